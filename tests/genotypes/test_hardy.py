"""The exact Hardy-Weinberg test against a count of all outcomes, and against plink2."""

from __future__ import annotations

import shutil
import subprocess
from fractions import Fraction
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore, variant_table, write_plink

from ancestry_ddvi.genotypes.qc.hardy import exact_p

few = st.integers(0, 12)


def ways(het: int, minor: int, samples: int) -> int:
    """Ways to hand ``minor`` alleles to samples such that ``het`` of them get exactly one."""
    homs = (minor - het) // 2
    return comb(samples, het) * comb(samples - het, homs) * 2**het


def enumerated(hom: int, het: int, other: int) -> Fraction:
    samples, minor = hom + het + other, 2 * hom + het
    possible = [
        ways(h, minor, samples)
        for h in range(minor % 2, min(minor, samples) + 1, 2)
        if (minor - h) // 2 + h <= samples
    ]
    seen = ways(het, minor, samples)
    return Fraction(sum(w for w in possible if w <= seen), sum(possible))


@given(few, few, few)
@settings(max_examples=100, deadline=None)
def test_p_is_the_share_of_outcomes_no_likelier(hom: int, het: int, other: int) -> None:
    p = exact_p(np.array([[hom, het, other, 5]]))
    assert p[0] == pytest.approx(float(enumerated(hom, het, other)), rel=1e-9)


def test_a_variant_no_sample_was_seen_at_is_in_equilibrium() -> None:
    assert exact_p(np.array([[0, 0, 0, 9]])).tolist() == [1.0]
    assert exact_p(np.empty((0, 4), dtype=np.int64)).shape == (0,)


def test_p_values_far_below_machine_precision_survive() -> None:
    p = exact_p(np.array([[0, 1000, 0, 0], [500, 0, 500, 0]]))
    assert 0 < p[1] < p[0] < 1e-200


@pytest.mark.skipif(shutil.which("plink2") is None, reason="needs plink2")
def test_p_values_equal_plink2(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    dosages = rng.integers(-1, 3, (60, 80)).astype(np.int8)
    dosages[30:] = rng.binomial(2, 0.3, (30, 80))
    store = MemoryStore(dosages, variant_table(60, "1" * 60, 1 + np.arange(60)))
    write_plink(store, tmp_path / "x")
    command = "plink2 --bfile x --hardy --nonfounders --threads 1 --out x"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    lines = (tmp_path / "x.hardy").read_text().splitlines()
    column = lines[0].split("\t").index("P")
    theirs = [float(line.split("\t")[column]) for line in lines[1:]]
    assert exact_p(store.counts()) == pytest.approx(np.array(theirs), rel=1e-4)
