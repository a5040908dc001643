"""``sample``: synthetic samples of a fitted model, on the shared small cohort."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.genotypes.chromosomes import LENGTHS
from ancestry_ddvi.genotypes.simulation.synthetic import frequencies, genotypes
from ancestry_ddvi.genotypes.store import GenotypeStore

GROUPS = ["East1", "North1", "North2", "South1"]
FLOW = {"steps": "24", "width": "16", "batch": "32", "rounds": "2",
        "flow_steps": "8", "posterior_steps": "8"}  # fmt: skip
"""A flow that has learnt next to nothing, quickly."""


@pytest.fixture(scope="module")
def model(fitted_model) -> Path:
    return fitted_model.files["model"]


@pytest.fixture(scope="module")
def thousands(model, tmp_path_factory) -> SimpleNamespace:
    """2,000 samples of the prior: ``done`` and ``store``."""
    out = tmp_path_factory.mktemp("thousands") / "x.bed"
    return SimpleNamespace(
        done=api.sample(str(model), str(out), n=2000), store=GenotypeStore.open([str(out)])
    )


@pytest.fixture(scope="module")
def groups(model, tmp_path_factory) -> dict[str, api.Sampled]:
    """500 samples of each group."""
    folder = tmp_path_factory.mktemp("groups")
    return {name: sample(model, folder / f"{name}.bed", n=500, population=name) for name in GROUPS}


@pytest.fixture(scope="module")
def flow(cohort_files, tmp_path_factory) -> Path:
    """A model with more latents than coordinates, whose decoder leaves nothing over."""
    made = api.fit(
        [str(cohort_files.cohort)], str(tmp_path_factory.mktemp("flow") / "m"),
        labels=str(cohort_files.labels), method="inflationary-flow", device="cpu", settings=FLOW,
    )  # fmt: skip
    return made.files["model"]


def sample(model: Path, out: Path, **options) -> api.Sampled:
    return api.sample(str(model), str(out), **({"n": 20} | options))


def header(path: Path) -> list[str]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [line for line in text.decode().splitlines() if line.startswith("##")]


def follows(coordinates: np.ndarray, model: Path, name: str) -> None:
    """Mean and covariance are those of a group's normals, within four standard errors."""
    found = Model.read(model).record.groups.coordinates_of(0, name)
    (mean,), (covariance,) = found.mean, found.covariance
    sd, error = np.sqrt(np.diagonal(covariance)), 4 / np.sqrt(len(coordinates))
    assert (np.abs(coordinates.mean(axis=0) - mean) < error * sd).all()
    bound = error * np.sqrt(np.outer(sd, sd) ** 2 + covariance**2)
    assert (np.abs(np.cov(coordinates.T) - covariance) < bound).all()


def dosages(path: Path) -> np.ndarray:
    return GenotypeStore.open([str(path)]).dosages(slice(None))


def frequency(dosages: np.ndarray) -> np.ndarray:
    return dosages.mean(axis=1) / 2


def real(model: Path, cohort_files, population: str | None = None) -> np.ndarray:
    """Frequencies of real samples at the variants of a model."""
    cohort = cohort_files.simulated
    place = dict(zip(cohort.variants.id, range(len(cohort.variants)), strict=True))
    rows = [place[name] for name in Model.read(model).panel.variants.id]
    who = slice(None) if population is None else cohort.population == population
    called = np.ma.masked_less(cohort.dosages[rows][:, who], 0)
    return np.asarray(called.mean(axis=1) / 2)


@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.gz", "x.bed"])
def test_the_same_seed_gives_the_same_bytes(model, tmp_path, name) -> None:
    first, again, other = (
        sample(model, tmp_path / str(k) / name, seed=seed, population=["North1", "East1"])
        for k, seed in enumerate((1, 1, 2))
    )
    for kind in first.files.keys() - {"sample"}:
        assert first.files[kind].read_bytes() == again.files[kind].read_bytes()
    kind = "bed" if name.endswith("bed") else "vcf"
    assert first.files[kind].read_bytes() != other.files[kind].read_bytes()


@pytest.mark.parametrize("population", [(), ("South1",), ("South1:0.3", "East1:0.7")])
def test_more_samples_are_the_same_ones_and_others(model, tmp_path, population) -> None:
    """Across the blocks in which samples are worked on."""
    few = sample(model, tmp_path / "few.bed", n=10, population=population)
    more = sample(model, tmp_path / "more.bed", n=150, population=population)
    assert np.array_equal(few.coordinates, more.coordinates[:10])
    assert few.population == more.population[:10]
    assert np.array_equal(dosages(few.files["bed"]), dosages(more.files["bed"])[:, :10])


def test_formats_hold_the_same_genotypes(model, tmp_path) -> None:
    plain, packed, plink = (
        sample(model, tmp_path / f"x.{end}") for end in ("vcf", "vcf.gz", "bed")
    )
    text = plain.files["vcf"].read_bytes()
    assert gzip.decompress(packed.files["vcf"].read_bytes()) == text
    assert np.array_equal(dosages(plain.files["vcf"]), dosages(plink.files["bed"]))


def test_the_header_says_that_no_sample_is_real(model, tmp_path) -> None:
    asked = {"population": ["South1:0.25", "East1:0.75"], "seed": 5}
    lines = header(sample(model, tmp_path / "x.vcf.gz", **asked).files["vcf"])
    assert lines[0] == "##fileformat=VCFv4.3"
    assert lines[1].startswith("##source=ddvi-ancestry ")
    for words in ("SYNTHETIC", "model cohort.ddvi", "seed 5", "South1 0.25, East1 0.75",
                  "no linkage disequilibrium"):  # fmt: skip
        assert words in lines[2]


def test_contigs_have_the_lengths_of_the_build_where_it_is_known(model, tmp_path) -> None:
    fitted = Model.read(model)
    for build, said in (("GRCh38", f",length={LENGTHS['GRCh38'][-1]}"), (None, "")):
        panel = replace(fitted.panel, build=build)
        replace(fitted, panel=panel).write(tmp_path / "m.ddvi")
        lines = header(sample(tmp_path / "m.ddvi", tmp_path / "x.vcf").files["vcf"])
        assert f"##contig=<ID=22{said}>" in lines


def test_plink_samples_have_the_family_synthetic(model, tmp_path) -> None:
    rows = sample(model, tmp_path / "x.bed", n=2).files["fam"].read_text().splitlines()
    assert [row.split("\t")[:2] for row in rows] == [
        ["SYNTHETIC", "synthetic_000001"],
        ["SYNTHETIC", "synthetic_000002"],
    ]


@pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools absent")
def test_bcftools_indexes_and_reads_the_file(model, tmp_path) -> None:
    path = sample(model, tmp_path / "x.vcf.gz").files["vcf"]

    def bcftools(*words: str) -> str:
        done = subprocess.run(
            ["bcftools", *words, str(path)], capture_output=True, text=True, check=True
        )
        assert not done.stderr
        return done.stdout

    bcftools("index", "--tbi")
    assert bcftools("query", "-l").split()[-1] == "synthetic_000020"
    assert len(bcftools("query", "-f", "%ID\n").split()) == len(Model.read(model).panel)
    assert "##synthetic=All samples" in bcftools("view", "-h")


@pytest.mark.skipif(not shutil.which("plink2"), reason="plink2 absent")
@pytest.mark.parametrize("words", [["--vcf", "x.vcf.gz"], ["--bfile", "x"]])
def test_plink2_counts_the_same_alleles(model, tmp_path, words) -> None:
    for name in ("x.vcf.gz", "x.bed"):
        sample(model, tmp_path / name)
    command = ["plink2", *words, "--freq", "counts", "--threads", "1", "--out", "y"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    counts = pd.read_csv(tmp_path / "y.acount", sep="\t")["ALT_CTS"]
    assert counts.tolist() == dosages(tmp_path / "x.bed").sum(axis=1).tolist()


@pytest.mark.statistical
def test_frequencies_are_those_of_the_panel(model, thousands) -> None:
    panel = Model.read(model).panel.frequency
    assert np.corrcoef(frequency(thousands.store.dosages(slice(None))), panel)[0, 1] > 0.98


@pytest.mark.statistical
@pytest.mark.parametrize("name", GROUPS)
def test_coordinates_of_a_group_are_of_its_normals(model, groups, name) -> None:
    follows(groups[name].coordinates, model, name)


@pytest.mark.statistical
def test_in_a_mixed_cohort_all_samples_is_of_one_group(model, tmp_path) -> None:
    done = sample(model, tmp_path / "x.bed", n=800, population=["South1", "East1:3"])
    who = np.array(done.population)
    assert (who == "East1").mean() == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 800))
    for name in ("South1", "East1"):
        follows(done.coordinates[who == name], model, name)


@pytest.mark.statistical
def test_a_population_has_its_own_frequencies(model, cohort_files, groups) -> None:
    """Thirty real samples have frequencies that are off by 0.09 by chance alone."""
    truth = {name: real(model, cohort_files, name) for name in GROUPS}
    for name in GROUPS:
        found = frequency(dosages(groups[name].files["bed"]))
        error = {other: np.sqrt(((found - f) ** 2).mean()) for other, f in truth.items()}
        assert min(error, key=error.get) == name, error


@pytest.mark.statistical
def test_dosages_are_binomial_given_the_scores(model) -> None:
    """Of 400 samples with the same scores: mean 2p and variance 2p(1 - p) at every variant."""
    fitted = Model.read(model)
    rows = np.arange(len(fitted.panel))
    chance = np.random.default_rng(1)
    scores = np.repeat(chance.normal(size=(1, fitted.projection.kept)) * 3, 2, axis=0)
    p = frequencies(fitted.projection, scores, rows)[:, 0]
    ids = [f"p{i}" for i in range(400)]
    blocks = genotypes(fitted.panel, fitted.projection, scores[np.zeros(400, int)], ids, 3)
    drawn = np.concatenate([block.dosages for block in blocks])
    z = (drawn.mean(axis=1) - 2 * p) / np.sqrt(2 * p * (1 - p) / 400)
    assert z.mean() == pytest.approx(0, abs=4 / np.sqrt(len(z)))
    assert z.std() == pytest.approx(1, abs=0.07)
    assert (drawn.var(axis=1) / (2 * p * (1 - p))).mean() == pytest.approx(1, abs=0.02)


@pytest.mark.statistical
def test_samples_are_embedded_near_where_they_were_made(model, tmp_path) -> None:
    """Bars allow for linkage, which the synthetic lack: they are too wide for them, if anything."""
    done = sample(model, tmp_path / "x.bed", n=300, seed=4)
    embedded = api.embed(
        str(model), [str(done.files["bed"])], str(tmp_path / "y"), device="cpu"
    ).coordinates
    apart = (embedded.mean - done.coordinates) / embedded.sd
    assert np.abs(apart.mean(axis=0)).max() < 0.15
    assert (np.abs(apart) < 1.96).mean() > 0.93
    assert np.corrcoef(embedded.mean.T, done.coordinates.T)[[0, 1], [2, 3]].min() > 0.85


def test_no_sample_is_taken_for_one_of_the_panel(model, tmp_path) -> None:
    done = sample(model, tmp_path / "x.bed", n=100)
    embedded = api.embed(str(model), [str(done.files["bed"])], str(tmp_path / "y"), device="cpu")
    assert embedded.summary["flags"].get("in_panel", 0) <= 2


def test_the_table_and_the_summary_say_who_was_made_where(model, tmp_path) -> None:
    done = sample(model, tmp_path / "x.vcf", population=["East1:3", "South1"], n=200)
    table = pd.read_csv(done.files["samples"], sep="\t", keep_default_na=False)
    assert list(table.columns) == ["sample_id", "population", "Z1", "Z2"]
    assert tuple(table["population"]) == done.population
    np.testing.assert_allclose(table[["Z1", "Z2"]], done.coordinates, rtol=1e-5)
    summary = json.loads(done.files["sample"].read_text())
    assert summary["synthetic"] is True
    assert summary["populations"] == [
        {
            "population": name,
            "level": "population",
            "share": share,
            "samples": done.population.count(name),
        }
        for name, share in (("East1", 0.75), ("South1", 0.25))
    ]


def test_one_name_need_not_be_a_list(model, tmp_path) -> None:
    one = sample(model, tmp_path / "a.bed", population="East1")
    listed = sample(model, tmp_path / "b.bed", population=["East1:7"])
    assert np.array_equal(one.coordinates, listed.coordinates)


def test_without_a_population_none_is_said(model, tmp_path) -> None:
    done = sample(model, tmp_path / "x.vcf", n=1)
    assert done.files["samples"].read_text().splitlines()[1].split("\t")[1] == "NA"
    assert done.summary["populations"] == [
        {"population": None, "level": None, "share": 1.0, "samples": 1}
    ]


@pytest.mark.parametrize("population", [(), ("South1:0.3", "East1:0.7")])
def test_a_flow_makes_samples_of_all_its_latents(flow, tmp_path, population) -> None:
    few = sample(flow, tmp_path / "few.bed", n=10, population=population)
    more = sample(flow, tmp_path / "more.bed", n=300, population=population)
    assert more.coordinates.shape == (300, 2)
    assert np.array_equal(few.coordinates, more.coordinates[:10])
    assert np.array_equal(dosages(few.files["bed"]), dosages(more.files["bed"])[:, :10])
    east = np.array(more.population) == "East1"
    if population:
        follows(more.coordinates[east], flow, "East1")


@pytest.mark.parametrize("prior", ["mixture:3", "ring"])
def test_other_priors_serve(cohort_files, tmp_path, prior) -> None:
    made = api.fit(
        [str(cohort_files.cohort)], str(tmp_path / "m"), labels=str(cohort_files.labels),
        method="aae", prior=prior, device="cpu", settings={"steps": "20"},
    )  # fmt: skip
    done = sample(made.files["model"], tmp_path / "x.bed", population="North1")
    assert np.isfinite(done.coordinates).all()


def test_latents_along_which_groups_are_unknown_are_warned_of(
    model, flow, tmp_path, caplog
) -> None:
    sample(model, tmp_path / "a.bed", population="East1")
    sample(flow, tmp_path / "b.bed")
    assert "latents" not in caplog.text
    sample(flow, tmp_path / "b.bed", population="East1")
    assert "known along 2 of the model's" in caplog.text


@pytest.fixture(scope="module")
def without_decoder(cohort_files, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("others")
    return {
        method: api.fit(
            [str(cohort_files.cohort)], str(folder / method), method=method, device="cpu"
        ).files["model"]
        for method in ("pca", "tsne")
    }


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_method_without_a_decoder_is_refused(without_decoder, method, tmp_path) -> None:
    with pytest.raises(UsageProblem, match=f"model of {method}, which has no decoder"):
        sample(without_decoder[method], tmp_path / "x.vcf")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"population": "Oz"}, "no group 'Oz'. Groups by level: population: East1, North1"),
        ({"population": "Oz:0.5"}, "no group 'Oz'"),
        ({"population": ["East1", "East1:2"]}, "given twice"),
        ({"population": "East1:0"}, "no weight above 0"),
        ({"population": "East1:nan"}, "no weight above 0"),
        ({"population": "East1:many"}, "no weight above 0"),
        ({"n": 0}, "-n is 0"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_and_writes_nothing(
    model, tmp_path, options, said
) -> None:
    with pytest.raises(UsageProblem, match=said):
        sample(model, tmp_path / "x.vcf", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x", "x.bcf", "x.pgen", ".vcf", "x.vcf.gz/"])
def test_a_name_that_says_no_format_is_refused(model, tmp_path, name) -> None:
    with pytest.raises(UsageProblem, match="says no format"):
        api.sample(str(model), f"{tmp_path}/{name}")
    assert not list(tmp_path.iterdir())


def test_the_cohort_of_the_model_is_not_replaced(model, tmp_path) -> None:
    shutil.copy(model, tmp_path / "m.ddvi")
    with pytest.raises(UsageProblem, match="may be the cohort that the model was fitted to"):
        sample(tmp_path / "m.ddvi", tmp_path / "m.vcf.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["m.ddvi"]


def test_files_of_other_verbs_are_not_replaced(model, cohort_files, tmp_path) -> None:
    """Whoever embeds the synthetic gives both one prefix."""
    done = api.assign(
        str(model), [str(cohort_files.query)], str(tmp_path / "x"), draws=4, device="cpu"
    )
    before = {path: path.read_bytes() for path in done.files.values()}
    made = sample(model, tmp_path / "x.vcf.gz")
    assert sorted(path.name for path in made.files.values()) == [
        "x.sample.json", "x.samples.tsv", "x.vcf.gz"
    ]  # fmt: skip
    assert {path: path.read_bytes() for path in before} == before


def test_a_model_without_groups_has_none_to_ask_for(model, tmp_path) -> None:
    fitted = Model.read(model)
    record = replace(fitted.record, groups=None)
    replace(fitted, record=record).write(tmp_path / "groupless.ddvi")
    with pytest.raises(UsageProblem, match="knows no groups"):
        sample(tmp_path / "groupless.ddvi", tmp_path / "x.vcf", population="East1")
    sample(tmp_path / "groupless.ddvi", tmp_path / "x.vcf")


def test_names_come_from_the_model(model, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path, prefix = api.sample_files("some/cohort.ddvi", None)
    assert (str(path), prefix) == ("cohort.synthetic.vcf.gz", "cohort.synthetic")
    assert api.sample_files("m.ddvi", "a.b/c.bed")[1] == "a.b/c"
