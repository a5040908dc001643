"""A store of genotypes in memory, the least that quality control can work on."""

from __future__ import annotations

import csv
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from ancestry_ddvi.genotypes.formats.packing import PackedRows, pack
from ancestry_ddvi.genotypes.variants import VariantTable

DATA = Path(__file__).parents[3] / "shared" / "data"


class MemoryStore:
    """Dosages int8 (variants, samples) beside their variants; counts what is asked of it."""

    def __init__(self, dosages: np.ndarray, variants: VariantTable | None = None) -> None:
        self.all = np.asarray(dosages, dtype=np.int8)
        self.variants = variant_table(len(self.all)) if variants is None else variants
        self.samples = tuple(f"p{i}" for i in range(self.all.shape[1]))

    @cached_property
    def packed(self) -> PackedRows:
        return PackedRows(pack(self.all))

    def counts(self) -> np.ndarray:
        return np.stack([(self.all == g).sum(1) for g in (0, 1, 2, -1)], axis=1)

    def dosages(self, rows: np.ndarray | slice, samples: np.ndarray | None = None) -> np.ndarray:
        found = self.all[rows]
        return found if samples is None else found[:, samples]


def column(values: object) -> np.ndarray:
    return np.array(list(values), dtype=object)  # type: ignore[call-overload]


def variant_table(
    n: int,
    chromosome: object = None,
    position: object = None,
    name: object = None,
    ref: object = None,
    alt: object = None,
) -> VariantTable:
    """``n`` A/G variants, two megabases apart on the 22 autosomes, by default."""
    index = np.arange(n)
    return VariantTable(
        column(str(1 + i % 22) for i in index) if chromosome is None else column(chromosome),
        1 + 2_000_000 * (index // 22) if position is None else np.asarray(position, dtype=np.int64),
        column("." for _ in index) if name is None else column(name),
        column("A" for _ in index) if ref is None else column(ref),
        column("G" for _ in index) if alt is None else column(alt),
    )


def hardy_weinberg(
    rng: np.random.Generator, variants: int, samples: int, missing: float = 0.0
) -> np.ndarray:
    """Independent variants in equilibrium, ALT at frequencies of 0.2 to 0.8."""
    frequency = rng.uniform(0.2, 0.8, (variants, 1))
    dosages = rng.binomial(2, frequency, (variants, samples)).astype(np.int8)
    dosages[rng.random(dosages.shape) < missing] = -1
    return dosages


def write_plink(store: MemoryStore, prefix: Path) -> None:
    """The store as PLINK 1 files that count ALT as A1."""
    bed_reader = pytest.importorskip("bed_reader")
    values = np.where(store.all < 0, np.nan, store.all).T
    properties = {
        "iid": list(store.samples),
        "fid": list(store.samples),
        "chromosome": list(store.variants.chromosome),
        "bp_position": store.variants.position.tolist(),
        "sid": [f"s{i}" for i in range(len(store.variants))],
        "allele_1": list(store.variants.alt),
        "allele_2": list(store.variants.ref),
    }
    bed_reader.to_bed(str(prefix) + ".bed", values, properties=properties, num_threads=1)


def real(name: str) -> MemoryStore:
    """One of the real cohorts; skips the test where they are not at hand."""
    bed_reader = pytest.importorskip("bed_reader")
    prefix = DATA / name / name
    if not prefix.with_suffix(".bed").exists():
        pytest.skip(f"no real data {name}")
    with open(prefix.with_suffix(".bim"), newline="") as lines:
        c, names, _, position, alt, ref = zip(*csv.reader(lines, delimiter="\t"), strict=True)
    dosages = bed_reader.open_bed(f"{prefix}.bed", count_A1=True).read(dtype="int8", num_threads=1)
    dosages[dosages == -127] = -1
    variants = variant_table(len(c), c, [int(p) for p in position], names, ref, alt)
    return MemoryStore(np.ascontiguousarray(dosages.T), variants)
