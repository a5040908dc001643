"""Simulated cohorts: what is asked for is what is drawn."""

from __future__ import annotations

import gzip
import runpy
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ancestry_ddvi.genotypes.formats.vcf_writer import bgzf
from ancestry_ddvi.genotypes.harmonise.alleles import is_ambiguous
from ancestry_ddvi.genotypes.simulation.haplotype_copying import CHROMOSOME_LENGTHS
from ancestry_ddvi.genotypes.simulation.populations import SimulatedCohort, simulate
from ancestry_ddvi.genotypes.variants import MISSING

EXAMPLE = Path(__file__).parents[2] / "example_data"
TREE = {"North": ("N1", "N2"), "South": ("S1",)}
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends a BGZF file (SAM specification, 4.1.2)."""


@pytest.fixture(scope="module")
def cohort() -> SimulatedCohort:
    return simulate(1, TREE, 60, 8000, fst_superpopulation=0.10, fst_population=0.02)


@pytest.fixture(scope="module")
def mixed() -> SimulatedCohort:
    return simulate(2, TREE, 30, 2000, admixed={"Centre": ("N1", "S1")}, missing=0.0)


@pytest.fixture(scope="module")
def family() -> SimulatedCohort:
    return simulate(3, TREE, 10, 3000, missing=0.0, trios=2, duplicates=1)


def alt_counts(cohort: SimulatedCohort, population: str) -> np.ndarray:
    """REF and ALT alleles seen, (variants, 2)."""
    g = cohort.dosages[:, cohort.population == population]
    return np.stack([((2 - g) * (g >= 0)).sum(1), (g * (g >= 0)).sum(1)], axis=1)


@pytest.mark.parametrize(
    ("pair", "asked"),
    [(("N1", "N2"), 0.02), (("N1", "S1"), 1 - 0.9 * 0.98), (("N2", "S1"), 1 - 0.9 * 0.98)],
)
def test_hudsons_fst_is_the_one_asked_for(cohort, pair, asked):
    allel = pytest.importorskip("allel")
    num, den = allel.hudson_fst(*(alt_counts(cohort, name) for name in pair))
    jackknife = [
        np.delete(num, block).sum() / np.delete(den, block).sum()
        for block in np.array_split(np.arange(len(num)), 40)
    ]
    standard_error = np.sqrt(39 * np.var(jackknife))
    assert standard_error < 0.01
    assert num.sum() / den.sum() == pytest.approx(asked, abs=4 * standard_error)


def test_no_drift_means_no_structure():
    cohort = simulate(4, TREE, 40, 3000, fst_superpopulation=0.0, fst_population=0.0)
    allel = pytest.importorskip("allel")
    num, den = allel.hudson_fst(alt_counts(cohort, "N1"), alt_counts(cohort, "S1"))
    assert abs(num.sum() / den.sum()) < 0.003


def test_genotypes_are_in_hardy_weinberg_proportions_within_a_population():
    cohort = simulate(5, {"A": ("A1",)}, 400, 500, missing=0.0)
    p = cohort.dosages.mean(axis=1) / 2
    expected, observed = (2 * p * (1 - p)).sum(), (cohort.dosages == 1).mean(axis=1).sum()
    assert observed == pytest.approx(expected, rel=0.01)


def test_correlation_falls_with_distance_as_stated():
    length = 200_000.0
    cohort = simulate(6, {"A": ("A1",)}, 1000, 3000, missing=0.0, ld_length=length)
    g = cohort.dosages.astype(float)
    p = g.mean(axis=1) / 2
    distance = np.diff(cohort.variants.position).astype(float)
    same = cohort.variants.chromosome[1:] == cohort.variants.chromosome[:-1]
    covariance = ((g[1:] - 2 * p[1:, None]) * (g[:-1] - 2 * p[:-1, None])).mean(axis=1) / 2
    low, high = np.minimum(p[1:], p[:-1]), np.maximum(p[1:], p[:-1])
    either = [low - low * high, np.maximum(p[1:] + p[:-1] - 1, 0) - low * high]
    for near, far in ((0, 20_000), (20_000, 100_000), (100_000, 400_000)):
        pairs = same & (distance > near) & (distance <= far)
        expected = np.stack(either)[:, pairs] * np.exp(-distance[pairs] / length)
        nearest = np.abs(expected - covariance[pairs]).argmin(axis=0)
        got = np.abs(covariance[pairs]).sum()
        stated = np.abs(expected[nearest, np.arange(pairs.sum())]).sum()
        assert pairs.sum() > 50
        assert got == pytest.approx(stated, rel=0.1)
    across = np.corrcoef(g[::150])[np.triu_indices(20, 1)]
    assert (across**2).mean() == pytest.approx(1 / 1000, rel=0.5)


def test_the_same_seed_gives_the_same_cohort_and_another_does_not(cohort):
    again = simulate(1, TREE, 60, 8000, fst_superpopulation=0.10, fst_population=0.02)
    other = simulate(7, TREE, 60, 8000, fst_superpopulation=0.10, fst_population=0.02)
    assert (again.dosages == cohort.dosages).all()
    assert (again.variants.position == cohort.variants.position).all()
    assert (other.dosages != cohort.dosages).mean() > 0.1


def test_shapes_labels_and_names_go_together(cohort):
    assert cohort.dosages.shape == (8000, 180) and cohort.dosages.dtype == np.int8
    assert len(set(cohort.samples)) == 180
    assert cohort.population.tolist() == ["N1"] * 60 + ["N2"] * 60 + ["S1"] * 60
    assert cohort.superpopulation.tolist() == ["North"] * 120 + ["South"] * 60
    assert (cohort.ancestry == np.repeat(np.eye(3), 60, axis=0)).all()


def test_variants_increase_along_every_autosome_and_stay_inside(cohort):
    variants = cohort.variants
    assert list(dict.fromkeys(variants.chromosome)) == list(CHROMOSOME_LENGTHS)
    assert len(set(variants.id)) == 8000
    for name, length in CHROMOSOME_LENGTHS.items():
        position = variants.position[variants.chromosome == name]
        assert (np.diff(position) > 0).all()
        assert position[0] >= 1 and position[-1] <= length


def test_variants_are_few_or_none_ambiguous_as_asked(cohort):
    assert is_ambiguous(cohort.variants.ref, cohort.variants.alt).mean() == pytest.approx(
        0.02, abs=0.01
    )
    assert (cohort.variants.ref != cohort.variants.alt).all()


def test_twenty_two_variants_are_the_fewest():
    assert len(set(simulate(8, TREE, 2, 22).variants.chromosome)) == 22
    with pytest.raises(ValueError, match="22 or more"):
        simulate(8, TREE, 2, 21)


def test_calls_go_missing_at_the_rate_stated_for_each_sample(cohort):
    assert (cohort.dosages == MISSING).mean() == pytest.approx(0.003, rel=0.1)
    rates = np.array([0.0] * 5 + [0.5] + [0.0] * 6)
    missing = (simulate(9, TREE, 4, 2000, missing=rates).dosages == MISSING).mean(axis=0)
    assert missing[5] == pytest.approx(0.5, abs=0.05)
    assert (np.delete(missing, 5) == 0).all()


def test_admixed_samples_have_alleles_in_proportion_to_ancestry(mixed):
    """Regress each sample's dosages on the sources' frequencies: the slope is the share."""
    samples = mixed.population == "Centre"
    assert (mixed.superpopulation[samples] == "Centre").all()
    assert np.allclose(mixed.ancestry.sum(axis=1), 1)
    assert (mixed.ancestry[samples, mixed.sources.index("N2")] == 0).all()
    north, south = (
        mixed.dosages[:, mixed.population == name].mean(axis=1) / 2 for name in ("N1", "S1")
    )
    contrast = (north - south) - (north - south).mean()
    slope = contrast @ (mixed.dosages[:, samples] / 2 - south[:, None]) / (contrast @ contrast)
    truth = mixed.ancestry[samples, mixed.sources.index("N1")]
    assert truth.std() > 0.2
    assert np.corrcoef(slope, truth)[0, 1] > 0.95


def test_a_child_shares_an_allele_with_each_parent_at_every_variant(family):
    pairs = [r for r in family.relatives if r[2] == "parent-child"]
    assert len(pairs) == 4
    for parent, child, _ in pairs:
        a, b = (family.dosages[:, family.samples.index(name)] for name in (parent, child))
        assert (np.abs(a - b) <= 1).all()
    unrelated = family.dosages[:, 8], family.dosages[:, 9]
    assert (np.abs(unrelated[0] - unrelated[1]) == 2).any()


def test_a_child_is_half_of_each_parent(family):
    """Over a trio, child = half of mother + half of father + Mendelian noise of mean zero."""
    g = {name: family.dosages[:, i].astype(float) for i, name in enumerate(family.samples)}
    for i in (0, 2):
        mother, father = family.relatives[i][0], family.relatives[i + 1][0]
        child = family.relatives[i][1]
        expected = (g[mother] + g[father]) / 2
        assert np.polyfit(expected, g[child], 1) == pytest.approx([1, 0], abs=0.05)


def test_a_duplicate_repeats_a_sample(family):
    ((one, two, _),) = [r for r in family.relatives if r[2] == "duplicate"]
    a, b = (family.dosages[:, family.samples.index(name)] for name in (one, two))
    assert one != two and (a == b).all()


def test_a_selection_keeps_samples_variants_and_truth_together(family):
    samples, variants = np.array([20, 0, 5]), np.array([7, 2999])
    chosen = family.select(samples, variants)
    assert chosen.samples == tuple(family.samples[i] for i in samples)
    assert (chosen.dosages == family.dosages[variants][:, samples]).all()
    assert chosen.population.tolist() == family.population[samples].tolist()
    assert chosen.variants.id.tolist() == family.variants.id[variants].tolist()
    assert chosen.relatives == ()
    assert family.select(np.arange(len(family.samples)), variants).relatives == family.relatives


def parse(text: str) -> tuple[list[str], list[list[str]], np.ndarray]:
    """Samples, variant columns and dosages of a VCF, by splitting strings."""
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("##")]
    calls = [[line[9 + i].split("/") for i in range(len(lines[0]) - 9)] for line in lines[1:]]
    dosages = [[-1 if "." in c else sum(map(int, c)) for c in row] for row in calls]
    return lines[0][9:], [line[:5] for line in lines[1:]], np.array(dosages)


@pytest.mark.parametrize("name", ["c.vcf", "c.vcf.gz"])
def test_a_written_vcf_has_the_genotypes_of_the_cohort(tmp_path, cohort, name):
    small = cohort.select(np.arange(0, 180, 9), np.arange(0, 8000, 40))
    small.write_vcf(tmp_path / name)
    raw = (tmp_path / name).read_bytes()
    text = (gzip.decompress(raw) if name.endswith("gz") else raw).decode()
    samples, variants, dosages = parse(text)
    columns = zip(
        *(getattr(small.variants, c) for c in ("chromosome", "position", "id")), strict=True
    )
    assert text.startswith("##fileformat=VCFv4.3\n")
    assert samples == list(small.samples)
    assert [variant[:3] for variant in variants] == [[c, str(p), i] for c, p, i in columns]
    assert [variant[3] for variant in variants] == small.variants.ref.tolist()
    assert [variant[4] for variant in variants] == small.variants.alt.tolist()
    assert (dosages == small.dosages).all() and (dosages == MISSING).any()


def test_writing_twice_gives_the_same_bytes(tmp_path, mixed):
    small = mixed.select(np.arange(12), np.arange(300))
    for name in ("a.vcf.gz", "b.vcf.gz"):
        small.write_vcf(tmp_path / name)
    assert (tmp_path / "a.vcf.gz").read_bytes() == (tmp_path / "b.vcf.gz").read_bytes()


@pytest.mark.parametrize("size", [0, 1, 65_280, 65_281, 200_000])
def test_bgzf_blocks_are_bounded_linked_and_ended(size):
    text = np.random.default_rng(10).bytes(size)
    data = b"".join(bgzf([text[: size // 2], text[size // 2 :]]))
    assert gzip.decompress(data) == text
    assert data.endswith(BGZF_END)
    at, blocks = 0, 0
    while at < len(data):
        assert data[at : at + 4] == b"\x1f\x8b\x08\x04" and data[at + 12 : at + 14] == b"BC"
        at, blocks = at + 1 + int.from_bytes(data[at + 16 : at + 18], "little"), blocks + 1
    assert at == len(data)
    assert blocks == -(-size // 65_280) + 1


@pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools absent")
def test_bcftools_indexes_and_reads_the_compressed_file(tmp_path, cohort):
    cohort.write_vcf(tmp_path / "c.vcf.gz")

    def bcftools(*arguments: str) -> str:
        command = ["bcftools", *arguments, "c.vcf.gz"]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    bcftools("index", "--tbi")
    assert bcftools("query", "-l").split() == list(cohort.samples)
    on_22 = np.flatnonzero(cohort.variants.chromosome == "22")
    assert parse(bcftools("view", "-r", "22"))[2].tolist() == cohort.dosages[on_22].tolist()


@pytest.mark.skipif(not shutil.which("plink2"), reason="plink2 absent")
def test_plink2_counts_the_same_alleles(tmp_path, cohort):
    cohort.write_vcf(tmp_path / "c.vcf")
    command = ["plink2", "--vcf", "c.vcf", "--freq", "counts", "--threads", "1", "--out", "c"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    rows = [line.split() for line in (tmp_path / "c.acount").read_text().splitlines()]
    alt, total = rows[0].index("ALT_CTS"), rows[0].index("OBS_CT")
    observed = cohort.dosages != MISSING
    assert [int(row[alt]) for row in rows[1:]] == (cohort.dosages * observed).sum(axis=1).tolist()
    assert [int(row[total]) for row in rows[1:]] == (2 * observed.sum(axis=1)).tolist()


@pytest.mark.slow
def test_the_example_data_are_what_their_script_writes_and_stay_small(tmp_path):
    """Compared uncompressed, since versions of zlib compress differently."""
    runpy.run_path(str(EXAMPLE / "make.py"))["main"](tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 7
    for name in names:
        here, there = ((folder / name).read_bytes() for folder in (EXAMPLE, tmp_path))
        read = gzip.decompress if name.endswith(".gz") else bytes
        assert read(here) == read(there), name
    shipped = [EXAMPLE / name for name in (*names, "README.md", "make.py")]
    assert sum(path.stat().st_size for path in shipped) < 1_000_000
