"""Cohorts of any size: what is designed is what is written, and the truth is true."""

from __future__ import annotations

import shutil
import subprocess
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi.artefacts.labels import read_labels
from ancestry_ddvi.genotypes.formats.packing import unpack
from ancestry_ddvi.genotypes.formats.plink import PlinkSource
from ancestry_ddvi.genotypes.simulation.cohort import Design, write_cohort
from ancestry_ddvi.genotypes.simulation.tree import Branch, expected_fst, frequencies, two_levels
from ancestry_ddvi.genotypes.variants import MISSING

DESIGN = Design(samples=1000, variants=6000, seed=3, relatives=0.004)


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> Path:
    prefix = tmp_path_factory.mktemp("cohort") / "c"
    write_cohort(DESIGN, prefix)
    return prefix


def truth(prefix: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(Path(f"{prefix}.truth") / f"{name}.tsv", sep="\t")


def dosages(prefix: Path) -> np.ndarray:
    source = PlinkSource(f"{prefix}.bed")
    return unpack(source.packed[:], len(source.samples))


def test_the_same_design_gives_the_same_bytes_and_another_seed_does_not(tmp_path):
    small = Design(samples=90, variants=300, relatives=0.02)
    for name, design in (("a", small), ("b", small), ("c", replace(small, seed=2))):
        write_cohort(design, tmp_path / name)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    same = {str(f) for f in files if str(f).startswith("a")}
    assert len(same) == 9
    for name in same:
        assert (tmp_path / name).read_bytes() == (tmp_path / f"b{name[1:]}").read_bytes()
    assert (tmp_path / "a.bed").read_bytes() != (tmp_path / "c.bed").read_bytes()


def test_frequencies_are_those_of_the_truth(prefix):
    expected = np.load(Path(f"{prefix}.truth") / "frequencies.npy")
    calls, population = dosages(prefix), truth(prefix, "samples")["population"].to_numpy()
    second = set(truth(prefix, "relatives")["sample_2"])
    alone = ~truth(prefix, "samples")["sample"].isin(second).to_numpy()
    for row, name in enumerate(DESIGN.sources[:4]):
        g = calls[:, (population == name) & alone]
        p = expected[row].clip(1e-4, 1 - 1e-4)
        count = 2 * (g != MISSING).sum(axis=1)
        z = (np.where(g == MISSING, 0, g).sum(axis=1) - count * p) / np.sqrt(count * p * (1 - p))
        common = (p > 0.1) & (p < 0.9)
        assert abs(z[common].mean()) < 0.08
        assert z[common].var() == pytest.approx(1, abs=0.1)


def test_fst_of_the_frequencies_is_that_of_the_tree():
    tree = (Branch("R", -1, 0.05), Branch("A", 0, 0.02), Branch("BC", 0, 0.08),
            Branch("B", 2, 0.01), Branch("C", 2, 0.03))  # fmt: skip
    rng = np.random.default_rng(1)
    p = frequencies(rng, tree, rng.uniform(0.2, 0.8, 100_000))
    expected = expected_fst(tree)
    assert expected[0, 1] == pytest.approx(1 - (0.98 + 0.92 * 0.99) / 2)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        within = (p[i] * (1 - p[i]) + p[j] * (1 - p[j])).sum()
        between = (p[i] * (1 - p[j]) + p[j] * (1 - p[i])).sum()
        assert 1 - within / between == pytest.approx(expected[i, j], abs=0.003)


def test_two_levels_are_as_in_small_cohorts():
    fst = expected_fst(two_levels({"N": ("N1", "N2"), "S": ("S1",)}, 0.1, 0.02))
    assert fst[0, 1] == pytest.approx(0.02)
    assert fst[0, 2] == pytest.approx(1 - 0.9 * 0.98)


def test_correlation_is_within_clusters_and_falls_with_distance(tmp_path):
    design = Design(
        2000, 8000, tree=(Branch("A", -1, 0.01),), admixed={}, admixed_share=0, relatives=0,
        missing=0, error=0, ld_length=200_000,
    )  # fmt: skip
    write_cohort(design, tmp_path / "c")
    variants = PlinkSource(str(tmp_path / "c.bed")).variants
    g = dosages(tmp_path / "c").astype(float)
    p = g.mean(axis=1) / 2
    gap = np.diff(variants.position).astype(float)
    common = (p > 0.2) & (p < 0.8)
    same = (variants.chromosome[1:] == variants.chromosome[:-1]) & common[1:] & common[:-1]
    covariance = ((g[1:] - 2 * p[1:, None]) * (g[:-1] - 2 * p[:-1, None])).mean(axis=1) / 2
    low, high = np.minimum(p[1:], p[:-1]), np.maximum(p[1:], p[:-1])
    either = np.stack([low - low * high, np.maximum(p[1:] + p[:-1] - 1, 0) - low * high])
    for near, far in ((0, 50_000), (50_000, 300_000)):
        pairs = same & (gap > near) & (gap <= far)
        expected = either[:, pairs] * np.exp(-gap[pairs] / design.ld_length)
        nearest = np.abs(expected - covariance[pairs]).argmin(axis=0)
        stated = np.abs(expected[nearest, np.arange(pairs.sum())]).sum()
        assert pairs.sum() > 50
        assert np.abs(covariance[pairs]).sum() == pytest.approx(stated, rel=0.1)
    apart = np.corrcoef(g[common][::50])
    assert (apart[np.triu_indices(len(apart), 1)] ** 2).mean() == pytest.approx(1 / 2000, rel=0.3)


def test_calls_go_missing_at_the_mean_rate_and_more_in_some_samples(prefix):
    missing = dosages(prefix) == MISSING
    assert missing.mean() == pytest.approx(DESIGN.missing, rel=0.15)
    by_sample, by_variant = missing.mean(axis=0), missing.mean(axis=1)
    assert by_sample.std() > 0.7 * DESIGN.missing
    assert by_variant.std() > 0.5 * DESIGN.missing


def test_a_duplicate_differs_by_errors_alone(prefix):
    calls, names = dosages(prefix), truth(prefix, "samples")["sample"].tolist()
    relatives = truth(prefix, "relatives")
    pairs = relatives[relatives["relation"] == "duplicate"]
    assert len(pairs) == 4
    a, b = (calls[:, [names.index(s) for s in pairs[c]]] for c in ("sample_1", "sample_2"))
    both = (a != MISSING) & (b != MISSING)
    assert (a != b)[both].mean() == pytest.approx(2 * DESIGN.error, rel=0.5)


def test_admixed_samples_have_alleles_in_proportion_to_ancestry(prefix):
    expected = np.load(Path(f"{prefix}.truth") / "frequencies.npy")
    ancestry = truth(prefix, "ancestry").set_index("sample")
    assert np.allclose(ancestry.sum(axis=1), 1, atol=1e-4)
    rows = truth(prefix, "samples")["sample"].isin(ancestry.index).to_numpy()
    of_x = ancestry.to_numpy()[:, DESIGN.sources.index("B2")] == 0
    calls = dosages(prefix)[:, rows][:, of_x]
    one, other = (expected[DESIGN.sources.index(name)] for name in ("A1", "B1"))
    contrast = one - other
    value = np.where(calls == MISSING, 2 * other[:, None], calls) / 2 - other[:, None]
    slope = contrast @ value / (contrast @ contrast)
    stated = ancestry["A1"].to_numpy()[of_x]
    assert stated.std() > 0.2
    assert np.corrcoef(slope, stated)[0, 1] > 0.98
    assert np.polyfit(stated, slope, 1)[0] == pytest.approx(1, abs=0.08)


def test_the_labels_are_a_table_of_labels(prefix):
    samples = PlinkSource(f"{prefix}.bed").samples
    labels = read_labels(Path(f"{prefix}.truth") / "samples.tsv").match(samples)
    assert labels.names == ("population", "superpopulation")
    assert set(labels.by_sample) == set(samples)
    assert len(set(labels.classes)) == len(DESIGN.sources) + len(DESIGN.admixed)


def test_too_many_relatives_are_refused(tmp_path):
    with pytest.raises(ValueError, match="needed for the relatives"):
        write_cohort(Design(samples=50, variants=100, relatives=0.2), tmp_path / "c")
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_genotypes(tmp_path):
    """Packed, these genotypes are 8 MB, and their haplotypes 64 MB."""
    design = Design(samples=16_000, variants=2_000)
    tracemalloc.start()
    write_cohort(design, tmp_path / "c")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25e6


@pytest.mark.skipif(not shutil.which("plink2"), reason="plink2 absent")
def test_plink2_finds_the_planted_relatives_with_their_kinship(prefix):
    command = ["plink2", "--bfile", str(prefix), "--make-king-table", "--king-table-filter",
               "0.0442", "--threads", "1", "--out", f"{prefix}.king"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    found = pd.read_csv(f"{prefix}.king.kin0", sep="\t")
    king = {
        frozenset(pair): kinship
        for *pair, kinship in found[["IID1", "IID2", "KINSHIP"]].itertuples(index=False)
    }
    planted = truth(prefix, "relatives")
    pairs = [frozenset(pair) for pair in zip(planted.sample_1, planted.sample_2, strict=True)]
    assert len(set(pairs)) == 16
    assert [king[pair] for pair in pairs] == pytest.approx(planted.kinship.tolist(), abs=0.05)
    assert max((k for pair, k in king.items() if pair not in set(pairs)), default=0) < 0.0884
