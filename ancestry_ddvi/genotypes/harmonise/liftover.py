"""Chain: positions of one genome build in another, as a UCSC chain file has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputsDisagree, InputUnreadable
from ..chromosomes import LENGTHS, autosome
from ..formats.streams import inflated, open_bytes
from ..variants import VariantTable
from .builds import infer_build

if TYPE_CHECKING:
    from pyliftover import LiftOver

UNKNOWN = 0
"""The position of a variant of which it is not known; positions count from 1."""


@dataclass(frozen=True)
class Chain:
    """A liftover from one human build to another; which ones, its chromosome lengths tell.

    Attributes
    ----------
    path : str
        As the user gave it, for messages.
    source, target : str
        Genome builds such as "GRCh37".
    names : mapping from the number of each autosome to its name in the file
    lifter : LiftOver
    """

    path: str
    source: str
    target: str
    names: Mapping[int, str]
    lifter: LiftOver

    @classmethod
    def read(cls, path: str) -> Chain:
        """Read a chain file, plain or gzipped.

        Raises
        ------
        InputUnreadable
            If it is absent, damaged, no chain file, or not from one human build to another.
        """
        from pyliftover import LiftOver

        with open_bytes(path) as handle:
            content = b"".join(inflated(handle, path))
        try:
            lifter = LiftOver(BytesIO(content))
        except Exception as error:  # the library raises the base class for all that is malformed
            said = " ".join(str(error).split())
            raise InputUnreadable(f"{path} is no whole chain file: {said}", _REMEDY) from error
        chains = lifter.chain_file.chains
        source = _build((c.source_name, c.source_size) for c in chains)
        target = _build((c.target_name, c.target_size) for c in chains)
        if source is None or target is None or source == target:
            raise InputUnreadable(
                f"{path} does not lead from one human genome build to another: the chromosome "
                f"lengths in it are of {source or 'no build known'} and {target or 'none known'}",
                _REMEDY,
            )
        names = {int(autosome([c.source_name])[0]): c.source_name for c in chains}
        return cls(path, source, target, names, lifter)

    def check(self, variants: VariantTable, name: str) -> None:
        """See that the variants of a file can be in the build the chain starts from.

        Raises
        ------
        InputsDisagree
            If the data speak for another build.
        """
        if infer_build(variants, self.source) == self.source:
            return
        found = infer_build(variants)
        raise InputsDisagree(
            f"{self.path} starts from {self.source}, and the positions in {name} are "
            f"{f'those of {found}' if found else 'not of that build'}",
            f"Give a chain file that starts from {found or 'the build of the cohort'}.",
        )

    def lift(self, variants: VariantTable) -> np.ndarray:
        """Positions in the target build, ``UNKNOWN`` where the chain leaves any doubt.

        A position is known if exactly one chain holds the variant, and leads to the same
        chromosome and strand and to a place where no other variant arrives.

        Returns
        -------
        ndarray of int64, shape (variants,), 1-based
        """
        number = autosome(variants.chromosome)
        lifted = np.array(
            [self._lifted(n, p) for n, p in zip(number.tolist(), variants.position, strict=True)],
            dtype=np.int64,
        )
        lifted[_crowded(number, variants.position, lifted)] = UNKNOWN
        return lifted

    def _lifted(self, chromosome: int, position: int) -> int:
        """One variant; the library counts positions from 0."""
        name = self.names.get(chromosome, "") if chromosome else ""
        found = self.lifter.convert_coordinate(name, int(position) - 1) or []
        if len(found) != 1:
            return UNKNOWN
        target, place, strand, _ = found[0]
        there = strand == "+" and int(autosome([target])[0]) == chromosome
        return int(place) + 1 if there else UNKNOWN


_REMEDY = "Give a UCSC chain file, such as hg19ToHg38.over.chain.gz."


def _build(sizes: Iterable[tuple[str, int]]) -> str | None:
    """The one build whose autosomes all have the lengths given; other sequences say nothing."""
    told = {(int(autosome([name])[0]), size) for name, size in set(sizes)}
    told = {(number, size) for number, size in told if number}
    fits = [b for b, ends in LENGTHS.items() if all(ends[n - 1] == size for n, size in told)]
    return fits[0] if told and len(fits) == 1 else None


def _crowded(number: np.ndarray, position: np.ndarray, lifted: np.ndarray) -> np.ndarray:
    """Variants that share their lifted place with a variant from elsewhere; bool (variants,)."""
    place, origin = number << 40 | lifted, number << 40 | position
    pairs = np.unique(np.stack([place, origin]), axis=1)
    places, origins = np.unique(pairs[0], return_counts=True)
    return np.isin(place, places[origins > 1])
