"""``assign`` from genotypes and from tables of coordinates, on the shared small cohort."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.artefacts import tables
from ancestry_ddvi.artefacts.labels import read_labels
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.errors import InputsDisagree, InputUnreadable, UsageProblem

GROUPS = ["East1", "North1", "North2", "South1"]
SUPER = {"North1": "North", "North2": "North", "South1": "South", "East1": "East"}
HEADER = ["sample_id", "group", "most_similar", "probability", "entropy", "reason"]


def assign(model: Path, source: Path, prefix: Path, **options) -> api.Assigned:
    return api.assign(str(model), [str(source)], str(prefix), device="cpu", **options)


def table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype={"sample_id": str}, keep_default_na=False)


def altered(source: Path, target: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """A table of coordinates, read and written as text, with a change; its scores beside it."""
    cells = pd.read_csv(source, sep="\t", dtype=str, keep_default_na=False)
    change(cells).to_csv(target, sep="\t", index=False)
    shutil.copy(scores_of(source), scores_of(target))
    return target


def scores_of(coords: Path) -> Path:
    return Path(str(coords).removesuffix(".tsv").removesuffix(".coords") + ".pcs.tsv")


@pytest.fixture(scope="module")
def model(fitted_model) -> Path:
    return fitted_model.files["model"]


@pytest.fixture(scope="module")
def coords(fitted_model) -> Path:
    return fitted_model.files["coords"]


@pytest.fixture(scope="module")
def of_genotypes(model, cohort_files, tmp_path_factory) -> api.Assigned:
    return assign(model, cohort_files.query, tmp_path_factory.mktemp("assigned") / "query")


@pytest.fixture(scope="module")
def of_table(of_genotypes, model, tmp_path_factory) -> api.Assigned:
    prefix = tmp_path_factory.mktemp("from table") / "query"
    return assign(model, of_genotypes.files["coords"], prefix)


@pytest.fixture(scope="module")
def two_levels(cohort_files, tmp_path_factory) -> Path:
    """The labels with populations of one superpopulation under a name with a slash."""
    lines = ["sample\tpopulation\tsuper/population"]
    rows = [line.split("\t") for line in cohort_files.labels.read_text().splitlines()[1:]]
    lines += [f"{sample}\t{name}\t{SUPER[name]}" for sample, name in rows]
    path = tmp_path_factory.mktemp("levels") / "labels.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_samples_are_said_to_be_like_their_own_group(model, coords, cohort_files, tmp_path) -> None:
    """As for whom there is a reason not to, the most similar group is right all the same."""
    done = assign(model, coords, tmp_path / "x")
    found = table(done.files["assign.population"])
    samples = list(found["sample_id"])
    truth = read_labels(cohort_files.labels).match(samples).of(samples)
    assert (found["most_similar"] == truth).mean() > 0.85


def test_genotypes_are_embedded_on_the_way(of_genotypes, cohort_files) -> None:
    found = table(of_genotypes.files["assign.population"])
    assert list(found.columns) == [*HEADER, *GROUPS]
    assert list(found["sample_id"]) == list(table(of_genotypes.files["coords"])["sample_id"])
    left_out = (found[GROUPS] == 0).sum(axis=1) * 1e-4
    assert ((1 - found[GROUPS].sum(axis=1)).between(-1e-5, left_out + 1e-5)).all()
    assert not found[GROUPS].stack().between(0, 1e-4, inclusive="neither").any()
    np.testing.assert_allclose(found[GROUPS].max(axis=1), found["probability"])
    assert {"coords", "png", "summary"} <= of_genotypes.files.keys()
    assert all(path.stat().st_size for path in of_genotypes.files.values())


def test_a_table_of_coordinates_says_the_same(of_genotypes, of_table) -> None:
    """The noise of scores is that of samples with such scores: a close call may go otherwise."""
    own, typical = (table(d.files["assign.population"]) for d in (of_genotypes, of_table))
    assert list(own["most_similar"]) == list(typical["most_similar"])
    assert list(own["reason"]) == list(typical["reason"])
    np.testing.assert_allclose(own[GROUPS], typical[GROUPS], atol=0.05)
    assert of_table.files.keys() == {
        "ancestry", "assign.population", "assign", "multiqc", "multiqc_map",
    }  # fmt: skip


def test_one_table_has_what_a_report_needs(of_genotypes, of_table) -> None:
    """Groups as in the table of the level, coordinates as in theirs; the build of genotypes."""
    found, from_table = (table(done.files["ancestry"]) for done in (of_genotypes, of_table))
    level = table(of_genotypes.files["assign.population"])
    coords = table(of_genotypes.files["coords"])
    for column in ("sample_id", "Z1", "Z2", "Z1_sd", "Z2_sd", "n_variants", "flag"):
        assert list(found[column]) == list(coords[column])
    assert list(found["ancestry"]) == list(found["population_assigned"]) == list(level["group"])
    assert list(found["population_most_similar"]) == list(level["most_similar"])
    assert list(found["reason"]) == list(level["reason"])
    report = json.loads(of_genotypes.files["summary"].read_text())["harmonisation"]
    assert set(found["build"]) == {report["detected_build"] or "NA"}
    assert set(from_table["build"]) == {"NA"}
    assert set(found["model"]) == {"cohort"}


def test_the_summary_counts_all_samples_once(of_genotypes) -> None:
    summary = json.loads(of_genotypes.files["assign"].read_text())
    found = table(of_genotypes.files["assign.population"])
    counts = summary["levels"]["population"]
    assert counts["groups"] == found["group"].value_counts().to_dict()
    assert sum(counts["reasons"].values()) == counts["groups"].get("unassigned", 0)
    assert summary["samples"] == len(found) == sum(counts["groups"].values())
    assert {key: summary["ancestry"][key] for key in ("groups", "reasons")} == counts
    assigned = len(found) - counts["groups"].get("unassigned", 0)
    assert summary["ancestry"]["levels"] == {"population": assigned}


def test_alone_as_in_company(of_genotypes, of_table, model, tmp_path) -> None:
    whole = of_table.files["assign.population"].read_text().splitlines()
    one = altered(of_genotypes.files["coords"], tmp_path / "one.tsv", lambda t: t.iloc[[3]])
    done = assign(model, one, tmp_path / "one")
    assert done.files["assign.population"].read_text().splitlines() == [whole[0], whole[4]]
    whole = of_table.files["ancestry"].read_text().splitlines()
    assert done.files["ancestry"].read_text().splitlines() == [whole[0], whole[4]]


@pytest.mark.parametrize("ending", ["coords", "pcs"])
def test_a_reference_is_not_replaced_by_the_samples_in_question(
    fitted_model, cohort_files, tmp_path: Path, ending: str
) -> None:
    """``--out`` with the prefix of the reference would write its tables before they are read."""
    files = {kind: tmp_path / f"c.{kind}.tsv" for kind in ("coords", "pcs")}
    for kind, path in files.items():
        path.write_bytes(fitted_model.files[kind].read_bytes())
    before = files[ending].read_bytes()
    with pytest.raises(UsageProblem, match="is one of the inputs"):
        assign(
            str(fitted_model.files["model"]), [str(cohort_files.query)], str(tmp_path / "c"),
            labels=str(cohort_files.labels), reference=str(files["coords"]),
        )  # fmt: skip
    assert files[ending].read_bytes() == before


def test_labels_with_a_reference_make_the_groups(
    of_genotypes, model, coords, two_levels, tmp_path
) -> None:
    """On two levels; the name of one has a slash, which makes no folder."""
    done = assign(
        model, of_genotypes.files["coords"], tmp_path / "x",
        labels=str(two_levels), reference=str(coords),
    )  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {
        "x.ancestry.tsv", "x.assign.population.tsv", "x.assign.super_population.tsv",
        "x.assign.json", "x_mqc.json", "x.map_mqc.json",
    }  # fmt: skip
    fine, coarse = (table(done.files[f"assign.{a.level}"]) for a in done.assignments)
    assert list(coarse.columns[len(HEADER) :]) == ["East", "North", "South"]
    expected = table(of_genotypes.files["assign.population"])
    assert list(fine["most_similar"]) == list(expected["most_similar"])
    assert list(coarse["most_similar"]) == [SUPER[name] for name in fine["most_similar"]]
    assert [row["level"] for row in done.summary["assignment"]] == [
        "population",
        "super/population",
    ]
    assert done.summary["options"]["reference"] == str(coords)


def test_labels_of_the_input_itself(model, coords, two_levels, tmp_path) -> None:
    """Most have a label; those without are assigned like every sample else."""
    some = tmp_path / "some.tsv"
    lines = two_levels.read_text().splitlines()
    some.write_text("\n".join(lines[:1] + [line for i, line in enumerate(lines[1:]) if i % 4]))
    done = assign(model, coords, tmp_path / "x", labels=str(some))
    found = table(done.files["assign.population"])
    samples = list(found["sample_id"])
    truth = read_labels(two_levels).match(samples).of(samples)
    without = np.arange(len(found)) % 4 == 0
    assert (found["most_similar"] == truth)[without].mean() > 0.8
    judged = len(read_labels(some).match(samples).by_sample)
    assert done.summary["assignment"][0]["samples"] == judged < len(samples)


def test_labels_of_no_sample_there_are_refused(model, coords, tmp_path) -> None:
    strangers = tmp_path / "labels.tsv"
    strangers.write_text("sample\tpopulation\nstranger\tNorth1\n")
    with pytest.raises(InputsDisagree, match="none of the 1 IDs"):
        assign(model, coords, tmp_path / "x", labels=str(strangers))
    assert [path.name for path in tmp_path.iterdir()] == ["labels.tsv"]


def test_labels_of_too_few_samples_are_refused(model, coords, two_levels, tmp_path) -> None:
    few = tmp_path / "labels.tsv"
    few.write_text("\n".join(two_levels.read_text().splitlines()[:5]) + "\n")
    with pytest.raises(InputsDisagree, match="has 5 samples or more"):
        assign(model, coords, tmp_path / "x", labels=str(few))


def test_of_whom_one_is_not_certain_nothing_is_said(model, coords, tmp_path) -> None:
    """At least 1 is asked for, which leaves those whose probability is 1 to the last bit."""
    done = assign(model, coords, tmp_path / "x", min_prob=1.0).assignments[0]
    certain = done.probability.max(axis=1) == 1
    flagged = np.array([reason.startswith("unlike_") for reason in done.reason])
    assert 0.2 < certain.mean() < 0.8
    assert [name == "unassigned" for name in done.group] == list(~certain | flagged)
    assert [reason == "low_probability" for reason in done.reason] == list(~certain & ~flagged)


def test_at_no_least_probability_only_flags_leave_samples_out(model, coords, tmp_path) -> None:
    found = table(assign(model, coords, tmp_path / "x", min_prob=0.0).files["assign.population"])
    assert "low_probability" not in set(found["reason"])
    assert ((found["group"] == "unassigned") == (found["reason"] != "")).all()


def test_who_is_unlike_the_panel_is_not_assigned(model, of_genotypes, tmp_path) -> None:
    def flagged(cells: pd.DataFrame) -> pd.DataFrame:
        cells["flag"] = ["in_panel", "few_draws,unlike_panel:scores", *[""] * (len(cells) - 2)]
        return cells

    source = altered(of_genotypes.files["coords"], tmp_path / "flagged.coords.tsv", flagged)
    done = assign(model, source, tmp_path / "x", min_prob=0)
    found = table(done.files["assign.population"])
    assert list(found["reason"][:2]) == ["", "unlike_panel:scores"]
    assert found["group"][1] == "unassigned"
    assert found["most_similar"][1] in GROUPS
    assert done.summary["levels"]["population"]["reasons"] == {"unlike_panel:scores": 1}


def test_who_is_unlike_every_group_is_not_assigned(model, of_genotypes, tmp_path) -> None:
    """By scores alone; the flag that ``embed`` would have raised is taken away."""
    source = altered(
        of_genotypes.files["coords"],
        tmp_path / "far.coords.tsv",
        lambda cells: cells.assign(flag=""),
    )
    altered_scores = pd.read_csv(scores_of(source), sep="\t")
    altered_scores.loc[2, "PC1"] += 40
    altered_scores.to_csv(scores_of(source), sep="\t", index=False)
    done = assign(model, source, tmp_path / "x", min_prob=0)
    found = table(done.files["assign.population"])
    assert found["reason"][2] == "unlike_groups"
    assert found["group"][2] == "unassigned"
    assert (np.delete(found["reason"], 2) == "").sum() >= 5


def test_the_order_of_scores_does_not_matter(of_genotypes, of_table, model, tmp_path) -> None:
    source = altered(of_genotypes.files["coords"], tmp_path / "x.coords.tsv", lambda cells: cells)
    scores = pd.read_csv(scores_of(source), sep="\t", dtype=str)
    scores.iloc[::-1].to_csv(scores_of(source), sep="\t", index=False)
    done = assign(model, source, tmp_path / "x")
    expected = of_table.files["assign.population"].read_text()
    assert done.files["assign.population"].read_text() == expected


def test_a_table_without_standard_deviations_says_the_same(
    of_table, model, of_genotypes, tmp_path
) -> None:
    """As ``pca`` writes them: groups are compared by scores."""

    def bare(cells: pd.DataFrame) -> pd.DataFrame:
        return cells.assign(Z1_sd="NA", Z2_sd="NA", Z1_Z2_corr="NA")

    source = altered(of_genotypes.files["coords"], tmp_path / "bare.coords.tsv", bare)
    found = assign(model, source, tmp_path / "x").files["assign.population"]
    assert found.read_text() == of_table.files["assign.population"].read_text()


@pytest.fixture
def groupless(model, tmp_path) -> Path:
    fitted = Model.read(model)
    record = replace(fitted.record, groups=None)
    replace(fitted, record=record).write(tmp_path / "groupless.ddvi")
    return tmp_path / "groupless.ddvi"


def refusals(
    model: Path, groupless: Path, coords: Path, query: Path, folder: Path
) -> dict[str, tuple[type[Exception], str, Callable[[], api.Assigned]]]:
    def one_axis(cells: pd.DataFrame) -> pd.DataFrame:
        return cells.drop(columns=["Z2", "Z2_sd", "Z1_Z2_corr"])

    flat = altered(coords, folder / "flat.coords.tsv", one_axis)
    cut = folder / "cut.coords.tsv"
    cut.write_bytes(coords.read_bytes()[:5000])
    scores = pd.read_csv(scores_of(coords), sep="\t", dtype=str)
    bare, other, fewer, text = (
        folder / f"{n}.coords.tsv" for n in ("bare", "other", "few", "text")
    )
    for path in (bare, other, fewer, text):
        shutil.copy(coords, path)
    scores.iloc[:, :-1].to_csv(scores_of(other), sep="\t", index=False)
    scores.iloc[:5].to_csv(scores_of(fewer), sep="\t", index=False)
    scores.assign(PC1="NA").to_csv(scores_of(text), sep="\t", index=False)
    out, labels = folder / "x", {"labels": str(folder / "labels.tsv")}
    (folder / "labels.tsv").write_text("sample\tpopulation\na\tA\n")
    return {
        "no groups": (UsageProblem, "knows no groups", lambda: assign(groupless, query, out)),
        "no groups, table": (UsageProblem, "no groups", lambda: assign(groupless, coords, out)),
        "dimensions": (InputsDisagree, r"flat\S* has 1 coordinates, the model 2",
                       lambda: assign(model, flat, out)),
        "reference": (InputsDisagree, r"flat\S* has 1 coordinates",
                      lambda: assign(model, coords, out, reference=str(flat), **labels)),
        "no labels": (UsageProblem, "--reference needs --labels",
                      lambda: assign(model, coords, out, reference=str(coords))),
        "cut": (InputUnreadable, r"cut\S*, line \d+: not", lambda: assign(model, cut, out)),
        "no scores": (InputUnreadable, "bare.pcs.tsv cannot be read",
                      lambda: assign(model, bare, out)),
        "other scores": (InputsDisagree, "other.pcs.tsv does not have the columns sample_id and",
                         lambda: assign(model, other, out)),
        "few scores": (InputsDisagree, "few.pcs.tsv has no sample",
                       lambda: assign(model, fewer, out)),
        "no number": (InputUnreadable, "text.pcs.tsv has a score that is not a number",
                      lambda: assign(model, text, out)),
        "two": (UsageProblem, "Several tables",
                lambda: api.assign(str(model), [str(coords)] * 2, str(out))),
        "absent labels": (InputUnreadable, "cannot be read",
                          lambda: assign(model, query, out, labels=str(folder / "absent.tsv"))),
        "one draw": (UsageProblem, "--draws is 1", lambda: assign(model, coords, out, draws=1)),
    }  # fmt: skip


CASES = (
    "no groups", "no groups, table", "dimensions", "reference", "no labels", "cut", "no scores",
    "other scores", "few scores", "no number", "two",
    "absent labels", "one draw",
)  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_meant_is_one_sentence_and_writes_nothing(
    case: str, model, groupless, coords, cohort_files, tmp_path
) -> None:
    """Before anything is embedded, where that can be known before."""
    found = refusals(model, groupless, coords, cohort_files.query, tmp_path)
    assert tuple(found) == CASES
    error, said, call = found[case]
    with pytest.raises(error, match=said):
        call()
    assert not list(tmp_path.glob("x*"))


def test_where_a_table_cannot_be_written_the_old_one_stays(
    model, coords, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(array: np.ndarray) -> Iterator[str]:
        yield "half a table"
        raise OSError(28, "No space left on device")

    old = tmp_path / "x.assign.population.tsv"
    old.write_text("the old one")
    monkeypatch.setattr(tables, "cells", full)
    with pytest.raises(Exception, match="No space"):
        assign(model, coords, tmp_path / "x")
    assert old.read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir()] == [old.name]


def test_the_prefix_is_that_of_the_table(model, coords, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(coords, tmp_path / "samples.coords.tsv")
    assert api.assign_prefix(["samples.coords.tsv"], str(model)) == "samples"
    assert api.assign_prefix(["samples.vcf.gz"], "some/m.ddvi") == "samples.in.m"


def test_draws_written_out_have_the_moments_of_the_table(
    drawn_out: SimpleNamespace,
) -> None:
    """Within the error of the resampling of 400 draws from 1,600."""
    with np.load(drawn_out.all_samples["draws"], allow_pickle=False) as arrays:
        samples, draws = list(arrays["sample_id"]), arrays["draws"]
    places = table(drawn_out.all_samples["coords"])
    assert samples == list(places["sample_id"])
    assert draws.shape == (len(samples), 400, 2)
    like = ~places["flag"].str.contains("unlike_panel", na=False).to_numpy()
    places, draws = places[like], draws[like]
    mean, sd = places[["Z1", "Z2"]], places[["Z1_sd", "Z2_sd"]].to_numpy()
    assert (np.abs(draws.mean(axis=1) - mean) / sd).to_numpy().max() < 0.15
    np.testing.assert_allclose(draws.std(axis=1), sd, rtol=0.2)
    correlation = [np.corrcoef(d.T)[0, 1] for d in draws]
    np.testing.assert_allclose(correlation, places["Z1_Z2_corr"], atol=0.15)


def test_draws_of_a_sample_alone_are_the_same_bytes(drawn_out: SimpleNamespace) -> None:
    with (
        np.load(drawn_out.all_samples["draws"]) as company,
        np.load(drawn_out.alone["draws"]) as alone,
    ):
        assert list(alone["sample_id"]) == [company["sample_id"][2]]
        assert alone["draws"][0].tobytes() == company["draws"][2].tobytes()


@pytest.fixture(scope="module")
def drawn_out(model, cohort_files, tmp_path_factory) -> SimpleNamespace:
    """Files of ``embed --draws-out`` for the query, and for its third sample alone."""
    import gzip

    folder = tmp_path_factory.mktemp("draws")
    with gzip.open(cohort_files.query, "rt") as lines, (folder / "one.vcf").open("w") as one:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            one.write(line if line.startswith("##") else "\t".join([*cells[:9], cells[11]]) + "\n")

    def embed(path: Path, prefix: str) -> dict[str, Path]:
        return api.embed(
            str(model), [str(path)], str(folder / prefix), draws=400, draws_out=True, device="cpu"
        ).files

    return SimpleNamespace(
        all_samples=embed(cohort_files.query, "all"), alone=embed(folder / "one.vcf", "one")
    )
