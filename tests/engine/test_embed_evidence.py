"""``embed`` from files of likelihoods and of single alleles to tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.errors import NothingLeft, UsageProblem
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
    apart = (soft[["Z1", "Z2"]].to_numpy() - called[["Z1", "Z2"]].to_numpy()) / low.posterior.sd
    assert np.abs(apart).max() < 4
    assert (soft["effective_variants"] < 0.8 * soft["n_variants"]).all()
    assert (called["effective_variants"] == called["n_variants"]).all()


def test_the_summary_says_which_field_was_read(low, fitted_model, cohort_files, tmp_path) -> None:
    assert json.loads(low.files["summary"].read_text())["field"] == "PL"
    assert low.summary["harmonisation"]["file_variants"] == 2400
    calls = embed(fitted_model, str(cohort_files.query), tmp_path / "q", draws=4)
    assert calls.summary["field"] == "GT"
    assert low.summary["field_shares"] == {"PL": 1.0}
    with pytest.raises(UsageProblem, match="only hard calls"):
        embed(fitted_model, str(cohort_files.query), tmp_path / "y", field="PL")


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
    apart = np.abs(soft.coordinates.mean - hard.coordinates.mean) / hard.posterior.sd
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


def whole_calls(samples: SimulatedCohort) -> SimulatedCohort:
    """The samples at variants without missing calls."""
    return samples.select(np.arange(10), np.flatnonzero((samples.dosages >= 0).all(axis=1)))


def test_a_dosage_at_few_records_does_not_outweigh_complete_calls(
    fitted_model, samples, tmp_path
) -> None:
    """As it is where an imputed file was joined with one of calls."""
    whole = whole_calls(samples)
    calls = np.array(["0/0", "0/1", "1/1"])[whole.dosages]
    some = np.random.default_rng(4).random(len(calls)) < 0.05
    dosages = np.char.mod("%.2f", np.clip(whole.dosages + 0.02, 0, 2))
    text = np.where(some[:, None], np.char.add(np.char.add(calls, ":"), dosages), calls)
    both = written(tmp_path / "both.vcf", whole, "GT:DS", text)
    alone = written(tmp_path / "alone.vcf", whole, "GT", calls)
    mixed, hard = (embed(fitted_model, path, tmp_path / "x") for path in (both, alone))
    assert mixed.summary["field"] == "GT"
    assert 0.02 < mixed.summary["field_shares"]["DS"] < 0.08
    apart = np.abs(mixed.coordinates.mean - hard.coordinates.mean) / hard.posterior.sd
    assert apart.max() < 0.3
    assert np.array_equal(mixed.coordinates["n_variants"], hard.coordinates["n_variants"])


def test_sequenced_and_array_samples_in_one_file_have_each_what_they_have(
    fitted_model, samples, tmp_path
) -> None:
    """As ``bcftools merge`` writes them: PL of some samples, GT of all."""
    whole = whole_calls(samples)
    values = phred(whole.dosages, 3, 5)
    pl = np.array([["0/1:" + ",".join(map(str, v)) for v in row] for row in values])
    gt = np.char.add(np.array(["0/0", "0/1", "1/1"])[whole.dosages], ":.")
    merged = np.concatenate([pl[:, :5], gt[:, 5:]], axis=1)
    mixed = embed(fitted_model, written(tmp_path / "m.vcf", whole, "GT:PL", merged), tmp_path / "m")
    assert mixed.summary["field_shares"] == {"PL": 0.5, "GT": 0.5}
    reads = embed(fitted_model, written(tmp_path / "r.vcf", whole, "GT:PL", pl), tmp_path / "r")
    calls = embed(fitted_model, written(tmp_path / "c.vcf", whole, "GT:PL", gt), tmp_path / "c")
    assert calls.summary["field_shares"] == {"GT": 1.0}
    assert np.array_equal(mixed.coordinates.mean[:5], reads.coordinates.mean[:5])
    apart = np.abs(mixed.coordinates.mean[5:] - calls.coordinates.mean[5:])
    assert (apart / calls.posterior.sd[5:]).max() < 0.3
    observed = [table.coordinates["n_variants"] for table in (mixed, reads, calls)]
    assert np.array_equal(observed[0], [*observed[1][:5], *observed[2][5:]])


def test_single_alleles_written_once_are_those_written_twice(
    fitted_model, samples, tmp_path
) -> None:
    drawn = np.random.default_rng(2).integers(0, 2, samples.dosages.shape)
    single = np.where(samples.dosages == 1, 2 * drawn, samples.dosages)
    tables = []
    for name, words in (("once", ["0", "", "1", "."]), ("twice", ["0/0", "", "1/1", "./."])):
        path = written(tmp_path / f"{name}.vcf", samples, "GT", np.array(words)[single])
        tables.append(embed(fitted_model, path, tmp_path / name).files["coords"].read_bytes())
    assert tables[0] == tables[1]
    assert tables[0].count(b"pseudo_haploid") == 10


def test_filter_values_are_those_that_var_filter_says(fitted_model, samples, tmp_path) -> None:
    whole = whole_calls(samples)
    calls = np.array(["0/0", "0/1", "1/1"])[whole.dosages]
    path = Path(written(tmp_path / "x.vcf", whole, "GT", calls))
    path.write_text(path.read_text().replace("\tPASS\t", "\tLowQual\t"))
    why = f"all {len(calls):,} SNPs have FILTER LowQual. Give --var-filter LowQual, or `all`"
    with pytest.raises(NothingLeft, match=re.escape(why)):
        embed(fitted_model, str(path), tmp_path / "x")
    for value in ("LowQual", "all"):
        found = embed(fitted_model, str(path), tmp_path / "x", var_filter=value)
        assert found.summary["harmonisation"]["matched"] > 1000
        assert found.summary["options"]["var_filter"] == value
