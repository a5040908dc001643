"""The chapter in a MultiQC report: what is shown of the files, and MultiQC itself on real runs.

MultiQC runs where it is installed beside the package, in an environment of its own::

    pip install '.[multiqc]' pytest
    python -m pytest -m packages tests/ports/test_multiqc_plugin.py
"""

from __future__ import annotations

import csv
import importlib.util
import json
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ancestry_ddvi.artefacts.coordinates import Coordinates
from ancestry_ddvi.multiqc_plugin import patterns, results
from ancestry_ddvi.multiqc_plugin.results import Run
from ancestry_ddvi.plots.multiqc import QualityReport

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "example_data"

ASSIGNED = {
    "model": "panels/own.ddvi",
    "levels": {
        "population": {"groups": {"A1": 2, "B1": 1, "unassigned": 1}, "reasons": {}},
        "superpopulation": {"groups": {"A": 2, "B": 2}, "reasons": {}},
    },
    "ancestry": {"reasons": {"low_probability": 1}},
    "assignment": [
        {"level": "population", "samples": 9, "accuracy": 0.9, "calibration_error": None}
    ],
}
SUMMARY = {
    "model": "panels/own.ddvi",
    "flags": {"in_panel": 3},
    "harmonisation": {
        "model_variants": 100,
        "matched": 60,
        "same": 45,
        "swapped": 10,
        "strand_flipped": 3,
        "strand_flipped_and_swapped": 2,
        "allele_mismatch": 4,
        "ambiguous_dropped": 6,
        "absent": 30,
    },
}
CHART = {
    "pconfig": {"extra_series": [[{"annotation": "A1", "color": "#010203"}, {"name": "B1"}]]},
    "data": {},
}


def test_a_file_of_each_kind_belongs_to_the_run_of_its_prefix():
    names = {
        "multiqc": "my.run_mqc.json",
        "multiqc_map": "my.run.map_mqc.json",
        "summary": "my.run.summary.json",
        "assign": "my.run.assign.json",
        "coords": "my.run.coords.tsv",
        "assign.{level}": "my.run.assign.superpopulation.tsv",
    }
    assert names.keys() == patterns.KINDS.keys()
    assert {results.run_name(kind, name) for kind, name in names.items()} == {"my.run"}
    assert results.level_name(names["assign.{level}"]) == "superpopulation"


def test_a_run_has_the_name_of_its_model_whatever_folder_it_was_in():
    assert Run("q", assigned=ASSIGNED).model == "own"
    assert Run("q", summary={"model": "kgp"}).model == "kgp"
    assert Run("cohort", summary={"command": "fit"}).model == "cohort"


def test_every_variant_of_the_model_is_in_one_category():
    counts = results.match_counts([Run("q", summary=SUMMARY), Run("fit", summary={"flags": {}})])
    assert counts == {"q": {"same": 45, "changed": 15, "mismatch": 4, "ambiguous": 6, "absent": 30}}
    assert sum(counts["q"].values()) == SUMMARY["harmonisation"]["model_variants"]
    assert counts["q"].keys() == results.MATCHED.keys()


def test_models_of_one_name_are_told_apart_by_their_checksums():
    ours, theirs = (SUMMARY | {"model_sha256": digit * 64} for digit in "ab")
    runs = [Run("q", summary=ours), Run("r", summary=theirs), Run("own", summary={"model": ""})]
    assert [*results.by_model(results.told_apart(runs))] == ["", "own (aaaaaaaa)", "own (bbbbbbbb)"]
    alike = [runs[0], Run("r", summary=ours), Run("own")]
    assert [*results.by_model(results.told_apart(alike))] == ["own"]


def test_each_name_of_a_model_has_an_identifier_of_its_own():
    names = ("a.b", "a_b", "a b", "ab")
    assert len({results.identifier(name) for name in names}) == len(names)


def test_flags_and_reasons_are_counted_by_run():
    runs = [Run("q", summary=SUMMARY, assigned=ASSIGNED), Run("clean", summary={"flags": {}})]
    assert results.flag_counts(runs) == {"q": {"low_probability": 1, "in_panel": 3}, "clean": {}}


def test_groups_are_counted_by_run_and_level():
    runs = [Run("q", assigned=ASSIGNED), Run("embedded", summary=SUMMARY)]
    assert results.group_counts(runs, "superpopulation") == {"q": {"A": 2, "B": 2}}


def test_groups_have_the_colours_of_the_figures():
    from ancestry_ddvi.plots.groups import label_styles

    parents = {"A1": "A", "A2": "A", "B1": "B", "C1": "C"}
    drawn = {name: style.colour for name, style in label_styles(parents).items()}
    run = Run("q", assigned=ASSIGNED, chart=CHART, groups={"superpopulation": ("C", "A", "B")})
    found = results.colours_of([run], "superpopulation")
    assert found == {name: drawn[name] for name in ("A", "B", "C", "unassigned")}
    assert results.colours_of([run], "population")["A1"] == "#010203"


def test_samples_have_their_call_rate_and_what_is_not_known_is_absent():
    table = ["sample_id\tcall_rate\tZ1\tp_panel\n", "s1\t0.5\t1\t0.25\n", "s2\tNA\t1\t0.75\n"]
    values = results.sample_values(table)
    assert values == {"s1": {"call_rate": 0.5, "p_panel": 0.25}, "s2": {"p_panel": 0.75}}
    content = {"headers": {"n": {}, "flag": {}}, "data": {"s1": {"n": 7, "flag": ""}}}
    columns, rows = results.general_statistics([Run("q", content=content, samples=values)])
    assert rows == {"s1": {"n": 7, "flag": "", "call_rate": 0.5, "p_panel": 0.25}}
    assert [*columns] == ["n", "call_rate", "p_panel"]
    content["data"]["s1"]["flag"] = "in_panel"
    assert [*results.general_statistics([Run("q", content=content)])[0]][-1] == "flag"


def test_a_sample_in_two_runs_of_a_model_has_a_row_and_a_point_of_each():
    content = {"headers": {"n": {}}, "data": {"s1": {"n": 7}, "s2": {"n": 8}}}
    other = {"headers": {"n": {}}, "data": {"s1": {"n": 9}}}
    charts = [{"data": {name: {"x": n}}} for n, name in enumerate(("s1", "s1"))]
    first = Run("q", content=content, chart=charts[0], samples={"s1": {"call_rate": 0.5}})
    runs = [first, Run("r", content=other, chart=charts[1])]
    _, rows = results.general_statistics(runs)
    assert rows == {"s1 (q)": {"n": 7, "call_rate": 0.5}, "s2": {"n": 8}, "s1 (r)": {"n": 9}}
    assert results.points(runs) == {"s1 (q)": {"x": 0}, "s1 (r)": {"x": 1}}


def test_a_run_of_which_there_is_custom_content_alone_has_its_model():
    columns = {"sample_id": ["s"], "n_variants": [1], "flag": [""]}
    table = Coordinates({name: np.array(values, object) for name, values in columns.items()})
    report = QualityReport("kgp", table)
    assert Run("q", content=report.statistics()).model == "kgp"


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("summary", {"flags": [1]}),
        ("summary", {"harmonisation": {"matched": 1}}),
        ("summary", {"calibration": {"coverage": [{"share": 0.1}]}}),
        ("summary", {"versions": "0.1"}),
        ("assigned", {"levels": {"population": {}}}),
        ("assigned", {"assignment": [{"level": "population"}]}),
        ("content", {"data": ["s1"], "headers": {}}),
        ("content", {"data": {"s1": 7}}),
        ("chart", {"data": {}}),
        ("chart", {"data": [1], "description": "", "pconfig": {}}),
    ],
)
def test_a_file_of_another_form_is_refused(part, content):
    with pytest.raises(ValueError, match="it has not the form of such a file"):
        results.checked(part, content)


def test_files_of_the_right_form_pass():
    chart = CHART | {"description": "", "data": {"s1": {"x": 1}}}
    for part, content in (("summary", SUMMARY), ("assigned", ASSIGNED), ("chart", chart)):
        assert results.checked(part, content) == content


@pytest.mark.parametrize("text", ["[]", "{", ""])
def test_a_damaged_file_is_refused(text):
    with pytest.raises(ValueError, match=r"object|Expecting"):
        results.parsed(text)


def test_a_table_with_a_broken_row_is_refused():
    with pytest.raises(ValueError, match="cells"):
        results.sample_values(["sample_id\tcall_rate\tp_panel\n", "s1\t0.5\n"])


def test_a_model_has_one_row_of_its_fit_and_its_queries():
    fit = {"calibration": {"coverage": [{"share": 0.1, "covered_95": 0.94}]}}
    runs = [Run("own", summary=fit), Run("q", assigned=ASSIGNED), Run("r", assigned=ASSIGNED)]
    columns, rows = results.accuracy_rows(runs)
    assert rows == {"own": {"accuracy: population": 90.0}}
    assert columns["accuracy: population"]["title"] == "Accuracy, population"
    columns, rows = results.coverage_rows(runs)
    assert rows == {"own": {"coverage: 10 %": 94.0}}
    assert columns["coverage: 10 %"]["title"] == "From 10 % of the variants"


def test_custom_content_of_others_stays_where_it_is(monkeypatch):
    config = SimpleNamespace(
        sp={"custom_content": {"fn_re": "x"}}, run_modules=[], exclude_modules=[]
    )
    monkeypatch.setitem(sys.modules, "multiqc", SimpleNamespace(config=config))
    patterns.add_patterns()
    (row,) = config.sp.pop("custom_content")
    assert row == {"fn_re": "x", "exclude_contents": ['"id": "ddvi_ancestry'], "shared": True}
    assert len(config.sp) == len(patterns.KINDS)


def test_without_the_module_custom_content_is_untouched(monkeypatch):
    config = SimpleNamespace(
        sp={"custom_content": {"fn_re": "x"}}, run_modules=[], exclude_modules=["ddvi_ancestry"]
    )
    monkeypatch.setitem(sys.modules, "multiqc", SimpleNamespace(config=config))
    patterns.add_patterns()
    assert config.sp["custom_content"] == {"fn_re": "x"}


def test_the_entry_points_name_what_there_is():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    points = tomllib.loads(text)["project"]["entry-points"]
    hook, _, function = points["multiqc.hooks.v1"]["config_loaded"].partition(":")
    assert callable(getattr(import_module(hook), function))
    name, module = next(iter(points["multiqc.modules.v1"].items()))
    assert name == patterns.MODULE
    path = ROOT.joinpath(*module.partition(":")[0].split(".")).with_suffix(".py")
    assert f"class {module.partition(':')[2]}(" in path.read_text("utf-8")


def test_the_hook_that_every_run_of_multiqc_calls_imports_little():
    code = (
        "import sys, ancestry_ddvi.multiqc_plugin.patterns;"
        "print([n for n in ('numpy', 'torch', 'pandas', 'matplotlib') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> Path:
    """The folder of a MultiQC report on a fit, its query, and the synthetic human samples."""
    if importlib.util.find_spec("multiqc") is None:
        pytest.skip("MultiQC is not installed")
    from ancestry_ddvi import api

    folder = tmp_path_factory.mktemp("shown")
    cohort, query = str(EXAMPLE / "cohort.vcf.gz"), str(EXAMPLE / "query.vcf.gz")
    labels, steps = str(EXAMPLE / "labels.tsv"), {"steps": "300"}
    api.fit([cohort], str(folder / "in" / "cohort"), labels=labels, settings=steps, device="cpu")
    model = str(folder / "in" / "cohort.ddvi")
    api.assign(model, [query], str(folder / "in" / "query"), device="cpu")
    human = str(EXAMPLE / "synthetic_human.vcf.gz")
    api.assign("kgp", [human], str(folder / "in" / "human"), device="cpu")
    twin = shutil.copy(model, folder / "twin.ddvi")
    api.assign(str(twin), [query], str(folder / "in" / "again"), device="cpu")
    other = {"id": "other", "plot_type": "generalstats", "data": {"sim0023": {"depth": 31}}}
    (folder / "in" / "other_mqc.json").write_text(json.dumps(other))
    (folder / "in" / "damaged.summary.json").write_text(f'{{{patterns.KINDS["summary"]}2",')
    form = f'{{\n{patterns.KINDS["summary"]}2",\n"harmonisation": {{"matched": 1}}}}'
    (folder / "in" / "form.summary.json").write_text(form)
    command = [sys.executable, "-m", "multiqc", "--strict", "--no-ansi", "-o", "out", "in"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for name in ("damaged", "form"):
        assert f"{name}.summary.json is damaged" in done.stderr
    return folder


def rows_of(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row.pop("Sample"): row for row in csv.DictReader(file, delimiter="\t")}


def table_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.packages
@pytest.mark.slow
def test_multiqc_shows_every_sample_in_every_model_with_its_group_and_call_rate(shown):
    found = rows_of(shown / "out" / "multiqc_data" / "multiqc_general_stats.txt")
    due = [
        (model, row, more)
        for model, run in (("cohort", "query"), ("kgp", "human"), ("twin", "again"))
        for row, more in zip(
            table_of(shown / "in" / f"{run}.ancestry.tsv"),
            table_of(shown / "in" / f"{run}.coords.tsv"),
            strict=True,
        )
    ]
    assert found.keys() == {row["sample_id"] for _, row, _ in due}
    for model, row, more in due:
        shown_row = found[row["sample_id"]]
        assert shown_row[f"ddvi_ancestry_{model}-ancestry"] == row["ancestry"]
        assert float(shown_row[f"ddvi_ancestry_{model}-call_rate"]) == float(more["call_rate"])
        assert float(shown_row[f"ddvi_ancestry_{model}-n_variants"]) == float(row["n_variants"])
    depth = [name for name in found["sim0023"] if name.endswith("depth")]
    assert [float(found["sim0023"][name]) for name in depth] == [31.0]


@pytest.mark.packages
@pytest.mark.slow
@pytest.mark.parametrize(("run", "model"), [("query", "cohort"), ("human", "kgp")])
@pytest.mark.parametrize("level", ["population", "superpopulation"])
def test_multiqc_counts_the_groups_of_each_run(shown, run, model, level):
    data = shown / "out" / "multiqc_data"
    found = rows_of(data / f"ddvi_ancestry_groups_{model}_plot_{level}.txt")
    due = json.loads((shown / "in" / f"{run}.assign.json").read_text())["levels"][level]["groups"]
    assert {name: float(n) for name, n in found[run].items()} == due
    assert len(found) == 1


@pytest.mark.packages
@pytest.mark.slow
def test_multiqc_has_one_chapter_and_no_second_map(shown):
    report = json.loads((shown / "out" / "multiqc_data" / "multiqc_data.json").read_text())
    plots = {name for name in report["report_plot_data"] if "ddvi_ancestry" in name}
    assert {name for name in plots if "map" in name} == {
        "ddvi_ancestry_map_cohort_plot",
        "ddvi_ancestry_map_kgp_plot",
        "ddvi_ancestry_map_twin_plot",
    }
    page = (shown / "out" / "multiqc_report.html").read_text("utf-8")
    for name in ("Most similar groups: kgp", "Map: kgp", "Flags", "Coverage of the intervals"):
        assert name in page
    assert "map of kgp" not in page


@pytest.mark.packages
@pytest.mark.slow
def test_multiqc_shows_matched_variants_and_calibration(shown):
    data = shown / "out" / "multiqc_data"
    matched = rows_of(data / "ddvi_ancestry_variants_plot.txt")
    assert matched.keys() == {"query", "human", "again"}
    told = json.loads((shown / "in" / "human.summary.json").read_text())["harmonisation"]
    assert float(matched["human"]["matched"]) == told["matched"]
    assert float(matched["human"]["absent"]) == told["absent"]
    assert rows_of(data / "ddvi_ancestry_accuracy_table.txt").keys() == {"cohort", "kgp", "twin"}
    models = rows_of(data / "ddvi_ancestry_coverage_table.txt")
    assert models.keys() == {"cohort"}
    coverage = json.loads((shown / "in" / "cohort.summary.json").read_text())["calibration"]
    for row in coverage["coverage"]:
        found = float(models["cohort"][f"From {100 * row['share']:g} % of the variants"])
        assert found == pytest.approx(100 * row["covered_95"])
