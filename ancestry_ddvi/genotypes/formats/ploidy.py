"""Calls of one allele: pseudo-haploid samples, and haploid calls of diploid ones."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, Self, TypeVar

import numpy as np

from ...errors import InputUnreadable, quoted
from ..chromosomes import bare_chromosome
from ..variants import MISSING, VariantTable
from .packing import pack, unpack

log = logging.getLogger(__name__)

HAPLOID_REF, HAPLOID_ALT = -2, -3
"""Calls of one allele, REF or ALT, among dosages."""

_NOT_DIPLOID = frozenset(["X", "Y", "XY", "MT", "W", "Z", "23", "24", "25", "26", "PAR1", "PAR2"])
"""Chromosomes on which calls of one allele are usual, without "chr" and version."""

MIN_HAPLOID = 20
"""Calls of one allele of a pseudo-haploid sample, in a file that has diploid calls of others."""

_GENOTYPES_HELD = 2**24
_VARIANTS_HELD = 20_000


class Calls(Protocol):
    """Variants, and their dosages with the codes of calls of one allele."""

    @property
    def variants(self) -> VariantTable: ...
    @property
    def dosages(self) -> np.ndarray: ...
    @property
    def is_haploid(self) -> bool:
        """Whether any call is of one allele."""

    def with_dosages(self, dosages: np.ndarray) -> Self: ...


C = TypeVar("C", bound=Calls)


class Called(NamedTuple):
    """Variants, their dosages with the codes of calls of one allele, and likelihoods with fields.

    See ``soft_values`` for the last.
    """

    variants: VariantTable
    dosages: np.ndarray
    soft: tuple[np.ndarray, np.ndarray] = (np.empty(0), np.empty(0))

    @property
    def is_haploid(self) -> bool:
        """Whether any call is of one allele."""
        return bool(self.dosages.size) and int(self.dosages.min()) < MISSING

    def with_dosages(self, dosages: np.ndarray) -> Called:
        return self._replace(dosages=dosages)


@dataclass(frozen=True)
class PackedCalls:
    """Calls of two alleles, packed; see ``Calls``."""

    variants: VariantTable
    packed: np.ndarray
    samples: int
    is_haploid = False

    @property
    def dosages(self) -> np.ndarray:
        return unpack(self.packed, self.samples)

    def with_dosages(self, dosages: np.ndarray) -> PackedCalls:
        return replace(self, packed=pack(dosages))


class Ploidy:
    """What calls of one allele mean in each sample of a file.

    A sample all of whose calls on autosomes are of one allele is pseudo-haploid: its calls are
    read as if the allele were written twice, as PLINK files have them. It needs 20 such calls, or
    no sample of the file may have a diploid one. In every other sample, and on sex chromosomes and
    organelles, a call of one allele is missing.

    Blocks are held back until each sample with such calls has shown a diploid one, or 20,000
    variants (2^24 genotypes) have shown none.

    Parameters
    ----------
    name : str
        Of the file.
    samples : tuple of str
    """

    def __init__(self, name: str, samples: tuple[str, ...]) -> None:
        self._name, self._samples = name, samples
        self._diploid = np.zeros(len(samples), bool)
        self._haploid = np.zeros(len(samples), np.int64)
        self._pseudo = np.zeros(len(samples), bool)
        self.missing = 0
        """Calls of one allele that were set to missing so far."""
        self.doubled = 0
        """Calls of one allele that were read as homozygous so far."""

    @property
    def is_haploid(self) -> np.ndarray:
        """Samples with calls of one allele on autosomes so far: bool (samples,)."""
        return self._haploid > 0

    def settled(self, blocks: Iterable[C]) -> Iterator[C]:
        """The blocks with dosages 0, 1, 2 and ``MISSING`` only.

        Raises
        ------
        InputUnreadable
            If a sample that was pseudo-haploid so far has a diploid call.
        """
        held: list[C] = []
        for block in blocks:
            self._see(block)
            held.append(block)
            if not self._undecided().any() or self._full(held):
                yield from map(self._settle, held)
                held.clear()
        self._decide()
        yield from map(self._settle, held)
        self._report()

    def _full(self, held: Sequence[Calls]) -> bool:
        variants = sum(len(block.variants) for block in held)
        if variants < _VARIANTS_HELD and variants * len(self._samples) < _GENOTYPES_HELD:
            return False
        self._decide()
        return True

    def _decide(self) -> None:
        """Decide which of the undecided samples are pseudo-haploid."""
        undecided = self._undecided()
        enough = (self._haploid >= MIN_HAPLOID) | (not self._diploid.any())
        self._pseudo |= undecided & enough
        self._diploid |= undecided & ~enough

    def _undecided(self) -> np.ndarray:
        """Samples with calls of one allele alone so far: bool (samples,)."""
        return (self._haploid > 0) & ~self._diploid & ~self._pseudo

    def _see(self, block: Calls) -> None:
        """Note which samples have calls of one and of two alleles on autosomes."""
        single = block.is_haploid
        if not single and self._diploid.all():
            return
        autosomal = block.dosages[_autosomal(block.variants)]
        self._diploid |= (autosomal >= 0).any(axis=0)
        if single:
            self._haploid += (autosomal < MISSING).sum(axis=0)
        if (self._pseudo & self._diploid).any():
            raise self._changed(int(np.flatnonzero(self._pseudo & self._diploid)[0]), block)

    def _settle(self, block: C) -> C:
        if not block.is_haploid:
            return block
        dosages = block.dosages.copy()
        single = dosages < MISSING
        double = single & self._pseudo & _autosomal(block.variants)[:, None]
        dosages[single] = MISSING
        dosages[double] = np.where(block.dosages[double] == HAPLOID_REF, 0, 2)
        self.doubled += int(double.sum())
        self.missing += int(single.sum() - double.sum())
        return block.with_dosages(dosages)

    def _changed(self, sample: int, block: Calls) -> InputUnreadable:
        variants = block.variants
        return InputUnreadable(
            f"{self._name}: sample {sample + 1} ({quoted(self._samples[sample])}) has calls of "
            f"one allele on all autosomes before, and of two alleles after, "
            f"{variants.chromosome[0]}:{variants.position[0]}",
            "Write all its calls in one way, for example with `bcftools +fixploidy`.",
        )

    def _report(self) -> None:
        if self.doubled:
            log.info(
                "%s: all calls of %d samples are of one allele; their %d calls are read as "
                "homozygous.",
                self._name,
                self._pseudo.sum(),
                self.doubled,
            )
        if self.missing:
            log.info("%s: %d haploid calls are set to missing", self._name, self.missing)


def _autosomal(variants: VariantTable) -> np.ndarray:
    """Whether each variant lies on an autosome: bool (variants,)."""
    names = {name: _is_autosome(name) for name in set(variants.chromosome)}
    return np.fromiter((names[name] for name in variants.chromosome), bool, len(variants))


def _is_autosome(name: str) -> bool:
    return bare_chromosome(name) not in _NOT_DIPLOID
