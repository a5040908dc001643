"""``embed`` from files of likelihoods and of single alleles to tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.genotypes.simulation.populations import SimulatedCohort

HEADER = (
    "##fileformat=VCFv4.2",
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">',
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">',
)
ERROR = 0.005


@pytest.fixture(scope="module")
def samples(cohort_files) -> SimulatedCohort:
    """Ten samples of the cohort at all variants."""
    return cohort_files.simulated.select(np.arange(0, 100, 10), np.arange(2400))


def phred(dosages: np.ndarray, depth: float, seed: int) -> np.ndarray:
    """PL of simulated reads; int (variants, samples, 3). Missing calls have no reads."""
    rng = np.random.default_rng(seed)
    alt = np.array([ERROR, 0.5, 1 - ERROR])
    reads = rng.poisson(depth, dosages.shape) * (dosages >= 0)
    count = rng.binomial(reads, alt[np.maximum(dosages, 0)])[..., None]
    log10 = count * np.log10(alt) + (reads[..., None] - count) * np.log10(1 - alt)
    return np.round(10 * (log10.max(axis=2, keepdims=True) - log10)).astype(int)


def written(path: Path, cohort: SimulatedCohort, form: str, calls: np.ndarray) -> str:
    """A VCF with ``calls``, an array of str (variants, samples)."""
    variants = cohort.variants
    columns = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
    lines = [*HEADER, "\t".join([*columns, *cohort.samples])]
    for i, row in enumerate(calls):
        variant = (
            variants.chromosome[i],
            str(variants.position[i]),
            ".",
            variants.ref[i],
            variants.alt[i],
        )
        lines.append("\t".join([*variant, ".", "PASS", ".", form, *row]))
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def with_likelihoods(path: Path, cohort: SimulatedCohort, values: np.ndarray) -> str:
    calls = np.array([["./.:" + ",".join(map(str, v)) for v in row] for row in values])
    return written(path, cohort, "GT:PL", calls)


def embed(model, path: str, prefix: Path, **options):
    return api.embed(str(model.files["model"]), [path], str(prefix), device="cpu", **options)


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype={"sample_id": str}, keep_default_na=False)


@pytest.fixture(scope="module")
def low(fitted_model, samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("low")
    path = with_likelihoods(folder / "x.vcf", samples, phred(samples.dosages, 2, 1))
    return embed(fitted_model, path, folder / "x")


def test_reads_without_a_call_place_samples_near_their_calls(low, fitted_model, samples) -> None:
    everyone = table(fitted_model.files["coords"]).set_index("sample_id")
    called, soft = everyone.loc[list(samples.samples)], table(low.files["coords"])
    for axis in ("Z1", "Z2"):
        apart = (soft[axis].to_numpy() - called[axis].to_numpy()) / soft[f"{axis}_sd"].to_numpy()
        assert np.abs(apart).max() < 4
    assert (soft["effective_variants"] < 0.8 * soft["n_variants"]).all()
    assert (called["effective_variants"] == called["n_variants"]).all()


def test_the_summary_says_which_field_was_read(low, fitted_model, cohort_files, tmp_path) -> None:
    assert json.loads(low.files["summary"].read_text())["field"] == "PL"
    assert low.summary["harmonisation"]["file_variants"] == 2400
    calls = embed(fitted_model, str(cohort_files.query), tmp_path / "q", draws=4)
    assert calls.summary["field"] == "GT"
    with pytest.raises(UsageProblem, match="hard calls only"):
        embed(fitted_model, "-", tmp_path / "y", field="PL")


def test_alone_or_turned_round_the_same_bytes(low, fitted_model, samples, tmp_path) -> None:
    values = phred(samples.dosages, 2, 1)
    places = low.files["coords"].read_text().splitlines()
    for chosen in ([3], [9, 3, 0]):
        some = samples.select(np.array(chosen), np.arange(2400))
        path = with_likelihoods(tmp_path / "s.vcf", some, values[:, chosen])
        found = embed(fitted_model, path, tmp_path / "s").files["coords"].read_text()
        assert found.splitlines()[1:] == [places[1 + i] for i in chosen]


@pytest.mark.parametrize("field", ["PL", "DS"])
def test_certain_evidence_places_samples_where_their_calls_do(
    fitted_model, samples, tmp_path, field: str
) -> None:
    whole = samples.select(np.arange(10), np.flatnonzero((samples.dosages >= 0).all(axis=1)))
    certain = {
        "PL": np.array(["0,99,99", "99,0,99", "99,99,0"]),
        "DS": np.array(["0", "1", "2"]),
    }
    calls = np.array(["0/0", "0/1", "1/1"])
    both = np.char.add(np.char.add(calls, ":"), certain[field])[whole.dosages]
    path = written(tmp_path / "x.vcf", whole, f"GT:{field}", both)
    soft = embed(fitted_model, path, tmp_path / "soft")
    hard = embed(fitted_model, path, tmp_path / "hard", field="GT")
    assert (soft.summary["field"], hard.summary["field"]) == (field, "GT")
    apart = np.abs(soft.coordinates.mean - hard.coordinates.mean) / hard.coordinates.sd
    assert apart.max() < 0.3
    assert np.array_equal(soft.coordinates["n_variants"], hard.coordinates["n_variants"])


def test_single_alleles_are_flagged_and_less_certain(fitted_model, samples, tmp_path) -> None:
    drawn = np.random.default_rng(2).integers(0, 2, samples.dosages.shape)
    single = np.where(samples.dosages == 1, 2 * drawn, samples.dosages)
    words = np.array(["0/0", "0/1", "1/1", "./."])
    found = embed(
        fitted_model, written(tmp_path / "x.vcf", samples, "GT", words[single]), tmp_path / "x"
    )
    assert all("pseudo_haploid" in flag.split(",") for flag in found.coordinates.flag)
    assert found.summary["flags"]["pseudo_haploid"] == 10
    assert np.array_equal(
        found.coordinates["effective_variants"], found.coordinates["n_variants"] / 2
    )
