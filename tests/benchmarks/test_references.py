"""The measurements of reference models: files say what was meant, figures are right."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import ancestry_ddvi
from ancestry_ddvi.genotypes.simulation.cohort import Design, write_cohort
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.genotypes.variants import VariantTable

cyvcf2 = pytest.importorskip("cyvcf2")

FOLDER = Path(__file__).parents[2] / "benchmarks"
BASES = np.array(list("ACGT"))


@pytest.fixture(autouse=True)
def path(monkeypatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(str(FOLDER))


def script(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.fixture
def query():
    """Calls of 6 samples at 400 variants of two chromosomes, some missing."""
    rng = np.random.default_rng(3)
    ref = rng.integers(0, 4, 400)
    alt = (ref + rng.integers(1, 4, 400)) % 4
    position = np.tile(10_000 + 1_000 * np.arange(200), 2)
    variants = VariantTable(
        np.repeat(["1", "2"], 200).astype(object),
        position,
        np.array([f"rs{i}" for i in range(400)], dtype=object),
        BASES[ref].astype(object),
        BASES[alt].astype(object),
    )
    dosages = rng.binomial(2, 0.3, (400, 6)).astype(np.int8)
    dosages[rng.random(dosages.shape) < 0.05] = -1
    samples = tuple(f"S{i}" for i in range(6))
    panel = SimpleNamespace(
        store=SimpleNamespace(samples=samples),
        grch38=np.where(np.arange(400) % 50, position[::-1] + 7, 0),
        frequency=np.full(400, 0.3),
    )
    return script("reference_files").Query(panel, np.arange(6), variants, dosages, seed=1)


def calls(record) -> np.ndarray:
    return np.where(record.gt_types == 3, -1, record.gt_types)


def read(path: str) -> list:
    return list(cyvcf2.VCF(path, gts012=True))


def test_a_vcf_has_the_calls(query, tmp_path):
    files = script("reference_files")
    for write, name in ((files.vcf, "rs0"), (files.without_ids, None)):
        records = read(write(query, tmp_path / "x"))
        assert name == records[0].ID
        assert np.array_equal([calls(r) for r in records], query.dosages)


def test_a_part_of_the_variants_is_the_same_for_all_samples(query, tmp_path):
    files = script("reference_files")
    store = GenotypeStore.open([files.share(0.25)(query, tmp_path / "x")])
    assert 60 < len(store) < 140
    kept = np.isin(query.variants.id, store.variants.id)
    assert np.array_equal(store.dosages(slice(None)), query.dosages[kept])


def test_the_other_build_has_the_same_alleles_of_each_sample(query, tmp_path):
    files = script("reference_files")
    known = {
        (c, p): i
        for i, (c, p) in enumerate(zip(query.variants.chromosome, query.panel.grch38, strict=True))
    }
    turned = {"swapped": 0, "flipped": 0}
    records = read(files.other_build(query, tmp_path / "x"))
    assert len(records) == (query.panel.grch38 > 0).sum()
    for record in records:
        row = known[record.CHROM, record.POS]
        ref, alt = query.variants.ref[row], query.variants.alt[row]
        pair = record.REF, record.ALT[0]
        there = [a.translate(files.COMPLEMENT) for a in pair]
        flipped = set(pair) != {ref, alt}
        turned["flipped"] += flipped
        if {ref, alt} in ({"A", "T"}, {"C", "G"}):
            continue
        swapped = (there if flipped else list(pair))[0] == alt
        turned["swapped"] += swapped
        due = query.dosages[row]
        assert np.array_equal(calls(record), np.where(swapped & (due >= 0), 2 - due, due))
    assert min(turned.values()) > 50


def test_a_panel_in_the_order_of_its_source_is_asked_with_the_alleles_of_the_genome(query):
    query.panel.of_genome = True
    assert query.by_genome() is query
    query.panel.of_genome = False
    turned = query.by_genome()
    other = turned.variants.ref == query.variants.alt
    assert 150 < other.sum() < 250
    assert np.array_equal(turned.variants.alt[other], query.variants.ref[other])
    due = np.where(other[:, None] & (query.dosages >= 0), 2 - query.dosages, query.dosages)
    assert np.array_equal(turned.dosages, due)


def test_a_gvcf_covers_every_call_and_nothing_else(query, tmp_path):
    files = script("reference_files")
    found = np.full(400, -1)
    for record in read(files.gvcf(query, tmp_path / "x")):
        end = record.INFO.get("END", record.POS)
        within = (query.variants.chromosome == record.CHROM) & (
            (query.variants.position >= record.POS) & (query.variants.position <= end)
        )
        assert (record.ALT == ["<NON_REF>"]) == (calls(record)[0] == 0)
        found[within] = calls(record)[0]
        assert record.gt_phred_ll_homref[0] == (0, 900, 1350)[calls(record)[0]]
    assert np.array_equal(found, query.dosages[:, 0])


def test_variants_alone_have_no_reference_call(query, tmp_path):
    files = script("reference_files")
    records = read(files.variants_only(query, tmp_path / "x"))
    assert len(records) == (query.dosages[:, 0] > 0).sum()
    assert all(calls(record)[0] > 0 for record in records)


def test_deep_reads_say_what_the_calls_are(query, tmp_path):
    files = script("reference_files")
    records = read(files.at_depth(60)(query, tmp_path / "x"))
    likelihood = np.array([r.format("PL") for r in records])
    assert likelihood.shape == (400, 6, 3) and (likelihood.min(axis=2) == 0).all()
    seen = query.dosages >= 0
    assert (likelihood.argmin(axis=2) == query.dosages)[seen].mean() > 0.999
    none = np.array([r.format("PL") for r in read(files.at_depth(0.01)(query, tmp_path / "y"))])
    assert (none == 0).all(axis=2).mean() > 0.97


def test_families_are_in_one_fold(cohort_files, tmp_path):
    panels, splits = script("reference_panels"), script("splits")
    store = GenotypeStore.open([str(cohort_files.cohort)], tmp_path / "x")
    panel = panels.Panel("x", store, None, tmp_path, {}, None, None, tmp_path, tmp_path)
    family = splits.families(store)
    related = [np.flatnonzero(family == f) for f in np.unique(family)]
    assert max(map(len, related)) >= 3
    assert all(len(set(panel.fold[some])) == 1 for some in related)
    assert min(np.bincount(panel.fold, minlength=5)) > 10


def test_a_fit_takes_every_option_of_the_recipe_but_the_card():
    def options(path: Path) -> set[str | None]:
        calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
        (fit,) = [c for c in calls if ast.unparse(c.func) == "ancestry_ddvi.fit"]
        return {keyword.arg for keyword in fit.keywords}

    recipe = options(FOLDER.parent / "references" / "build.py")
    assert options(FOLDER / "reference_panels.py") == recipe - {"card"}


@pytest.mark.parametrize(("right", "of"), [(0, 9), (5, 9), (498, 500), (500, 500)])
def test_the_interval_of_a_share_is_wilsons(right, of):
    answers = script("reference_answers")
    share, low, high = answers.proportion(np.arange(of) < right)
    due = binomtest(right, of).proportion_ci(method="wilson")
    assert [share, low, high] == pytest.approx([right / of, due.low, due.high], abs=1e-4)


def said(method: str, level: str, named: list[str], samples: list[str]):
    answers = script("reference_answers")
    return answers.Answers(method, level, np.array(samples), np.array(["A"]),
                           np.ones((len(samples), 1)), *[np.array(named)] * 2)  # fmt: skip


def test_a_refused_file_counts_as_unassigned():
    answers = script("reference_answers")
    both = answers.joined([
        said("m", "population", ["A", "A"], ["s", "t"]),
        answers.none("m", "population", ["u"]),
    ])  # fmt: skip
    found = both.figures(np.array(["A", "A", "A"]))
    assert (found["samples"], found["answered"]) == (3, 2)
    assert found["unassigned"][0] == pytest.approx(1 / 3, abs=1e-4)
    assert found["accuracy"][0] == 1
    refused = answers.joined([answers.none("m", "population", ["u"])]).figures(np.array(["A"]))
    assert refused["answered"] == 0 and "accuracy" not in refused


def test_samples_of_a_group_left_out_are_right_only_within_their_superpopulation():
    outside = script("reference_outside")
    labels = pd.DataFrame(
        {"population": ["P", "Q", "R"], "superpopulation": ["X", "X", "Y"]}, list("pqr")
    )
    panel = SimpleNamespace(labels=labels.loc[[*"pqr"]])
    silent = outside.UNASSIGNED
    asked = ["p"] * 4
    answers = {
        "population": said("m", "population", [silent, silent, "Q", "R"], asked),
        "superpopulation": said("m", "superpopulation", [silent, "X", "X", "X"], asked),
    }
    assert outside.judged(panel, answers, whole=False)["counts"] == [1, 2, 1]
    assert outside.judged(panel, answers, whole=True)["counts"] == [1, 0, 3]


def test_the_classifier_of_peddy_counts_a_missing_call_as_three():
    rivals = script("reference_rivals")
    rng = np.random.default_rng(1)
    frequency = rng.uniform(0.1, 0.9, (2, 300))
    dosages = rng.binomial(2, frequency[np.arange(80) % 2]).astype(np.int8)
    names = np.array(["A", "B"])[np.arange(80) % 2]
    with_missing = dosages.copy()
    with_missing[:, ::10] = -1
    made = rivals.classifier(with_missing, names)
    same = rivals.classifier(np.where(with_missing < 0, 3, with_missing), names)
    assert (made.predict(dosages) == names).all()
    assert np.allclose(made.predict_proba(dosages), same.predict_proba(dosages))


def test_goals_say_what_is_reached_and_what_was_not_measured():
    page = script("reference_page")

    def figure(method: str, level: str, accuracy: float, ece: float) -> dict:
        share = [accuracy, accuracy, accuracy]
        return {"method": method, "level": level, "answered": 9, "accuracy": share, "ece": ece}

    row = {"figures": [
        figure(page.ASSIGN, "superpopulation", 0.995, 0.03),
        figure(page.ASSIGN, "population", 0.70, 0.01),
        figure("LDA", "population", 0.72, 0.1),
    ]}  # fmt: skip
    found = [reached for *_, reached in page.goals({"conditions": {"all": row}})]
    assert found[:5] == [True, False, None, False, True]
    assert set(found[5:]) == {None}


def test_the_page_is_drawn_from_the_stored_results():
    page = script("reference_page")
    results = json.loads((FOLDER / "REFERENCES.json").read_text())
    text = (FOLDER.parent / "docs" / "references.md").read_text()
    assert page.page(results) == text, "run: references.py --part none"


@pytest.fixture
def simulated(tmp_path):
    """A panel of simulated samples with a plan of few steps."""
    panels, splits = script("reference_panels"), script("splits")
    write_cohort(Design(240, 3000, seed=4), tmp_path / "c")
    truth = pd.read_csv(tmp_path / "c.truth" / "samples.tsv", sep="\t", dtype=str)
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    truth[["sample", *panels.LEVELS]].to_csv(inputs / "labels.tsv", sep="\t", index=False)
    store, labels = splits.opened(str(tmp_path / "c.bed"), str(inputs / "labels.tsv"), inputs)
    there = {"chromosome": store.variants.chromosome, "GRCh37": store.variants.position}
    moved = (store.variants.position - 2_000_000).clip(0)
    positions = pd.DataFrame(there | {"GRCh38": moved})
    positions.to_csv(inputs / "positions.tsv", sep="\t", index=False)
    plan = {"seed": 1, "settings": {"steps": 20}, "builds": {"complete": True}}
    source = np.full(len(store.samples), "c")
    grch38 = positions["GRCh38"].to_numpy()
    return panels.Panel("x", store, labels, inputs, plan, grch38, source, tmp_path, tmp_path)


@pytest.mark.slow
def test_left_out_samples_are_measured_and_finished_work_is_kept(simulated, monkeypatch):
    folds, outside, page = (script(f"reference_{n}") for n in ("folds", "outside", "page"))
    monkeypatch.setattr(folds, "COMPARED", 3)
    only = ["all", "share0.1"]
    found = dict(folds.by_conditions(simulated, range(1), only))
    kinds = folds.by_kinds(simulated)
    left = outside.outside(simulated, ["A1", "A"])
    monkeypatch.setattr(ancestry_ddvi, "fit", None)
    monkeypatch.setattr(ancestry_ddvi, "assign", None)
    assert found == dict(folds.by_conditions(simulated, range(1), only))
    assert kinds == folds.by_kinds(simulated) and left == outside.outside(simulated, ["A1", "A"])
    whole = {"conditions": found, "kinds": kinds, "outside": left}
    own = page.figures(whole, "all", "superpopulation")
    assert own["samples"] == (simulated.fold == 0).sum()
    assert own["accuracy"][0] > 0.9 and own["answered"] == own["samples"]
    assert page.figures(whole, "all", "superpopulation", "peddy's classifier")["accuracy"][0] > 0.8
    assert found["all"]["covered"] is None and len(found["share0.1"]["covered"]["error"]) == 3
    assert kinds["variants"]["refused"] == 3 and kinds["no_ids"]["shift_sd"] == 0
    assert all(sum(row["methods"]["LDA"]["counts"]) == row["samples"] for row in left.values())
    about = {"date": "today", "machine": "one"} | simulated.described()
    text = page.page({"x": whole | {"panel": {"panel": about}}})
    assert "### Groups that the model has not seen" in text and "| a tenth" not in text
