"""Simulated cohorts of any size, written to PLINK 1 files with their truth beside them.

Populations are leaves of a tree (``tree``), admixed samples descend from several of them, variants
are linked as in ``haplotype_copying``, and relatives are planted (``pedigree``). A call is missing
with probability 1 - exp(-a b), where a depends on the sample and b on the variant; at ``error`` of
the calls one allele is misread.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ...storage import whole
from ..formats.packing import packed_width
from ..formats.plink import BED_START
from ..variants import VariantTable
from .haplotype_copying import draw_variants, gaps_between
from .haplotype_stream import HaplotypeStream, Origins
from .pedigree import KINSHIP, Pedigree, plant
from .tree import Branch, expected_fst, frequencies, leaves

_RARE = 0.03
"""Smallest ancestral frequency; their log odds are uniform, as of neutral variants."""

_CLUSTER = 1.5
"""Mean number of variants in a cluster."""


def _default_tree() -> tuple[Branch, ...]:
    """Five superpopulations of four populations each; two of them share a branch."""
    inner = {"A": (-1, 0.02), "BCDE": (-1, 0.08), "B": (1, 0.05), "C": (1, 0.06),
             "DE": (1, 0.02), "D": (4, 0.03), "E": (4, 0.05)}  # fmt: skip
    branches = [Branch(name, parent, drift) for name, (parent, drift) in inner.items()]
    for above, branch in enumerate(branches[:]):
        if len(branch.name) == 1:
            drifts = (0.004, 0.006, 0.008, 0.010)
            branches += [Branch(f"{branch.name}{i}", above, f) for i, f in enumerate(drifts, 1)]
    return tuple(branches)


@dataclass(frozen=True)
class Design:
    """What a cohort is to be.

    Attributes
    ----------
    samples, variants : int
    seed : int
        The same seed and design give the same bytes.
    tree : tuple of Branch
    admixed : mapping from an admixed population to its sources
        Expected shares of a sample are uniform on the simplex.
    admixed_share : float
        Share of the samples that are admixed.
    relatives : float
        Pairs of each relation, as a share of the samples.
    missing : float
        Mean rate of missing calls; log-normal over samples and gamma over variants.
    error : float
        Probability that an allele of a call is misread.
    ld_length : float
        Base pairs over which correlation falls by a factor e.
    """

    samples: int
    variants: int
    seed: int = 1
    tree: tuple[Branch, ...] = field(default_factory=_default_tree)
    admixed: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"X": ("A1", "B1"), "Y": ("A2", "B2", "D1")}
    )
    admixed_share: float = 0.1
    relatives: float = 0.003
    missing: float = 0.004
    error: float = 0.0005
    ld_length: float = 20_000.0

    @property
    def sources(self) -> tuple[str, ...]:
        """Populations at the leaves."""
        return tuple(self.tree[i].name for i in leaves(self.tree))


@dataclass(frozen=True)
class _Samples:
    """IDs, labels and origins of the samples."""

    names: tuple[str, ...]
    population: np.ndarray
    superpopulation: np.ndarray
    origins: Origins


def write_cohort(design: Design, prefix: str | os.PathLike[str]) -> None:
    """Write ``prefix``.bed, .bim and .fam, and the folder ``prefix``.truth.

    The folder holds ``samples.tsv`` (labels), ``relatives.tsv`` (pairs with expected and realised
    kinship), ``ancestry.tsv`` (realised shares of admixed samples), ``fst.tsv`` (expected Hudson's
    F_ST of populations), ``frequencies.npy`` (float32, populations × variants) and ``design.json``.

    Raises
    ------
    OutputUnwritable
        If a file cannot be written.
    ValueError
        If there are too few samples for the relatives, or fewer variants than autosomes.
    """
    seeds = np.random.SeedSequence(design.seed).spawn(3)
    rng = np.random.default_rng(seeds[0])
    table = draw_variants(rng, design.variants, 0.0, _CLUSTER)
    odds = np.log(_RARE / (1 - _RARE)) * rng.uniform(-1, 1, design.variants)
    frequency = frequencies(rng, design.tree, 1 / (1 + np.exp(odds)))
    samples = _samples(rng, design)
    stream = HaplotypeStream(
        seeds[1], frequency, gaps_between(table), samples.origins, design.ld_length
    )
    with whole(f"{prefix}.bed") as bed, bed.open("wb") as out:
        out.write(BED_START)
        for packed in _calls(np.random.Generator(np.random.SFC64(seeds[2])), design, stream):
            out.write(packed)
    _write_fileset(Path(prefix), samples.names, table)
    _write_truth(Path(f"{prefix}.truth"), design, samples, stream)
    np.save(Path(f"{prefix}.truth") / "frequencies.npy", frequency.astype(np.float32))


def _samples(rng: np.random.Generator, design: Design) -> _Samples:
    """Draw the populations, shares and relatives of a cohort, in random order."""
    sources, groups = design.sources, {**{s: (s,) for s in design.sources}, **design.admixed}
    weights = rng.uniform(0.5, 1.5, len(sources))
    weights *= (1 - design.admixed_share) / weights.sum()
    mixed = np.full(len(design.admixed), design.admixed_share / max(1, len(design.admixed)))
    every = np.concatenate([weights, mixed])
    group = rng.choice(len(groups), design.samples, p=every / every.sum())
    single = np.flatnonzero(group < len(sources))
    pairs = round(design.relatives * design.samples)
    pedigree = plant(rng, single, design.samples, pairs)
    group[pedigree.second] = group[pedigree.first]
    shares = np.zeros((design.samples, len(sources)))
    for number, parents in enumerate(groups.values()):
        rows = np.flatnonzero(group == number)
        columns = np.array([sources.index(name) for name in parents])
        one = len(columns) == 1
        drawn = 1.0 if one else rng.dirichlet(np.ones(len(columns)), len(rows))
        shares[np.ix_(rows, columns)] = drawn
    inner = [design.tree[i] for i in leaves(design.tree)]
    above = [design.tree[b.parent].name if b.parent >= 0 else b.name for b in inner]
    labels = np.array(list(groups), dtype=object)
    return _Samples(
        tuple(f"S{i:06d}" for i in range(1, design.samples + 1)),
        labels[group],
        np.array([*above, *design.admixed], dtype=object)[group],
        Origins(shares, pedigree),
    )


def _calls(rng: np.random.Generator, design: Design, stream: HaplotypeStream) -> Iterator[bytes]:
    """Packed calls of one variant after the other, with errors and missing calls."""
    rate = design.missing * rng.lognormal(-0.5, 1.0, design.samples)
    of_variant = rng.gamma(2.0, 0.5, design.variants)
    total = rate.cumsum()
    bits = np.zeros((4 * packed_width(design.samples), 2), dtype=bool)
    low, high = bits[: design.samples].T
    for alleles, factor in zip(stream, of_variant, strict=True):
        misread = rng.integers(0, alleles.size, rng.poisson(design.error * design.samples))
        alleles.reshape(-1)[misread] ^= True
        # Codes of ``packing``: 11 no copy, 10 one, 00 two, 01 missing; the low bit comes first.
        np.logical_not(np.logical_or(*alleles), out=low)
        np.logical_not(np.logical_and(*alleles), out=high)
        picks = rng.random(rng.poisson(factor * total[-1])) * total[-1]
        lost = total.searchsorted(picks, side="right")
        low[lost], high[lost] = True, False
        yield np.packbits(bits, bitorder="little").tobytes()


def _write_fileset(prefix: Path, samples: tuple[str, ...], table: VariantTable) -> None:
    """Write the .fam and the .bim."""
    with whole(f"{prefix}.fam") as path:
        path.write_text("".join(f"0\t{name}\t0\t0\t0\t-9\n" for name in samples))
    with whole(f"{prefix}.bim") as path:
        columns = (table.chromosome, table.id, table.position.tolist(), table.alt, table.ref)
        path.write_text("".join(
            f"{chromosome}\t{name}\t0\t{position}\t{alt}\t{ref}\n"
            for chromosome, name, position, alt, ref in zip(*columns, strict=True)
        ))  # fmt: skip


def _write_truth(folder: Path, design: Design, samples: _Samples, stream: HaplotypeStream) -> None:
    """Write what is known of samples, relatives and populations."""
    folder.mkdir(parents=True, exist_ok=True)
    shares = samples.origins.shares
    tables = {
        "samples": pd.DataFrame({
            "sample": samples.names,
            "population": samples.population,
            "superpopulation": samples.superpopulation,
        }),
        "relatives": _relatives(samples.origins.pedigree, samples.names, stream.kinship()),
        "fst": pd.DataFrame(expected_fst(design.tree), design.sources, design.sources)
        .rename_axis("population").reset_index(),
    }  # fmt: skip
    mixed = np.flatnonzero(shares.max(axis=1) < 1)
    ancestry = pd.DataFrame(stream.ancestry(shares)[mixed], columns=list(design.sources))
    ancestry.insert(0, "sample", [samples.names[i] for i in mixed])
    for name, table in {**tables, "ancestry": ancestry}.items():
        table.to_csv(folder / f"{name}.tsv", sep="\t", index=False, float_format="%.5f")
    (folder / "design.json").write_text(json.dumps(asdict(design), indent=1) + "\n")


def _relatives(pedigree: Pedigree, names: tuple[str, ...], kinship: np.ndarray) -> pd.DataFrame:
    """The planted pairs, one a row."""
    return pd.DataFrame({
        "sample_1": [names[i] for i in pedigree.first],
        "sample_2": [names[i] for i in pedigree.second],
        "relation": pedigree.relation,
        "expected_kinship": [KINSHIP[name] for name in pedigree.relation],
        "kinship": kinship,
    })  # fmt: skip
