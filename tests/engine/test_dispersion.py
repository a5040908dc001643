"""How much less certain scores are for linkage."""

from __future__ import annotations

import numpy as np
import pytest
from cohorts import balding_nichols
from memory_store import MemoryStore, variant_table

from ancestry_ddvi.genotypes.projection.dispersion import score_dispersion


def spread_out(
    repeats: int, variants: int, samples: int = 400, fst: float = 0.0, together: int = 1
) -> float:
    """Dispersion when each of ``variants`` variants is written ``repeats`` times, close by.

    ``together`` independent variants share a stretch of the genome.
    """
    cohort = balding_nichols(4, 3, samples, variants, fst)
    places = len(cohort.dosages)
    order = np.repeat(np.arange(places), repeats)
    start = 1 + 6_000_000 * (order // together)
    position = start + 1000 * (np.arange(len(order)) % (repeats * together))
    table = variant_table(len(order), ["1"] * len(order), position)
    store = MemoryStore(cohort.dosages[order], table)
    frequency = cohort.frequency[order]
    x = (store.all - 2 * frequency[:, None]) / np.sqrt(2 * frequency * (1 - frequency))[:, None]
    u = np.linalg.svd(x, full_matrices=False)[0]
    rows, everyone = np.arange(len(order)), np.arange(samples)
    return score_dispersion(store, rows, everyone, frequency, u[:, :2])


@pytest.mark.statistical
def test_independent_variants_have_none() -> None:
    assert spread_out(1, 1500, fst=0.05) == pytest.approx(1, abs=0.1)


@pytest.mark.statistical
def test_structure_that_variants_share_is_not_taken_for_linkage() -> None:
    """Thirty independent variants a stretch, in populations far apart."""
    assert spread_out(1, 1500, fst=0.2, together=30) == pytest.approx(1, abs=0.15)


@pytest.mark.statistical
@pytest.mark.parametrize("repeats", [2, 5])
def test_variants_repeated_so_many_times_disperse_so_many_times(repeats: int) -> None:
    single = spread_out(1, 1000, fst=0.05)
    assert spread_out(repeats, 1000, fst=0.05) == pytest.approx(repeats * single, rel=0.1)


def test_it_is_never_below_one() -> None:
    """Few variants and samples: the estimate falls short, and is not believed."""
    assert spread_out(1, 60, samples=30) >= 1
