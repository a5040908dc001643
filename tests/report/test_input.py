"""What is wrong with the files of a run is one sentence and an exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ancestry_ddvi import api
from ancestry_ddvi.errors import InputsDisagree, InputUnreadable, UsageProblem
from ancestry_ddvi.outputs import prefix_of


def refused(kind, *prefixes: str, **options) -> str:
    with pytest.raises(kind) as caught:
        api.report(prefixes, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert not Path(f"{prefixes[0]}.report.html").exists()
    return message


def test_a_prefix_without_a_run(tmp_path):
    message = refused(InputUnreadable, str(tmp_path / "nothing"))
    assert "nothing.coords.tsv cannot be read: No such file" in message


@pytest.mark.parametrize(
    "ending", ["coords.tsv", "pcs.tsv", "relatives.tsv", "ancestry.tsv", "assign.population.tsv"]
)
def test_a_half_set_of_files(copy_of, ending):
    run = copy_of()
    (run.folder / f"query.{ending}").unlink()
    assert f"query.{ending}" in refused(InputUnreadable, run.query)


def test_a_summary_of_another_version(copy_of):
    run = copy_of()
    path = run.folder / "query.summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"$schema": "urn:other:9"}))
    message = refused(InputUnreadable, run.query)
    assert "query.summary.json is of another version, 'urn:other:9'" in message


@pytest.mark.parametrize(
    ("part", "content", "lacks"),
    [
        ("samples", None, "summary.samples is missing"),
        ("samples", "8", "summary.samples is not of the type int"),
        ("versions", None, "summary.versions is missing"),
        ("files", {}, "lists no coordinates"),
        ("files", [], "summary.files is no object"),
        ("harmonisation", {}, "summary.harmonisation.matched is missing"),
        ("movement", {"r2": 1}, "summary.movement.refits is missing"),
        ("steps", [{"name": "maf"}], "summary.steps[0].variants_before is missing"),
        ("skipped_records", {"not a SNP": "two"}, "skipped_records.not a SNP is not of the type"),
        (
            "calibration",
            {"samples": 8, "temperature": 1, "coverage": [{"share": 0.5}]},
            "summary.calibration.coverage[0].covered_50 is missing",
        ),
    ],
)
def test_a_summary_that_lacks_a_part(copy_of, part, content, lacks):
    run = copy_of()
    path = run.folder / "query.summary.json"
    found = {k: v for k, v in json.loads(path.read_text()).items() if k != part}
    path.write_text(json.dumps(found | ({} if content is None else {part: content})))
    message = refused(InputUnreadable, run.query)
    assert "query.summary.json" in message and lacks in message


def test_what_a_summary_does_not_tell_is_left_out(copy_of):
    run = copy_of()
    path = run.folder / "cohort.summary.json"
    found = json.loads(path.read_text())
    found["movement"] = {"refits": 1, "r2": 0.99, "map_sd": None}
    found["options"]["labels"] = -1
    path.write_text(json.dumps(found))
    page = api.report([str(run.folder / "cohort")]).files["report"].read_text()
    assert "Stability of the map" not in page


@pytest.mark.parametrize("cell", ["-1", "1.5", "inf"])
def test_a_probability_that_is_none(copy_of, cell):
    run = copy_of()
    path = run.folder / "query.assign.population.tsv"
    head, first, *others = path.read_text().splitlines()
    first = "\t".join([*first.split("\t")[:-1], cell])
    path.write_text("\n".join([head, first, *others]) + "\n")
    assert "query.assign.population.tsv has a probability" in refused(InputUnreadable, run.query)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null"])
def test_a_summary_that_is_none(copy_of, content):
    run = copy_of()
    (run.folder / "query.summary.json").write_text(content)
    assert "query.summary.json" in refused(InputUnreadable, run.query)


def test_tables_of_different_samples(copy_of):
    run = copy_of()
    (run.folder / "query.pcs.tsv").write_bytes((run.folder / "cohort.pcs.tsv").read_bytes())
    assert "query.pcs.tsv, line 2: not the sample" in refused(InputsDisagree, run.query)


def test_a_model_that_is_not_there(copy_of):
    run = copy_of()
    path = run.folder / "query.summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model": "/gone/lost.ddvi"}))
    message = refused(InputUnreadable, run.query)
    assert "/gone/lost.ddvi, the model of" in message
    assert "--model" in message
    model = str(run.folder / "cohort.ddvi")
    assert api.report([run.query], model=model).samples == 8


def test_a_model_that_moved_with_its_runs_is_found(copy_of):
    run = copy_of()
    path = run.folder / "query.summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model": "/gone/cohort.ddvi"}))
    assert api.report([run.query]).samples == 8


def test_a_reference_model_is_found_by_its_name(copy_of, monkeypatch, tmp_path):
    run = copy_of()
    (run.folder / "cohort.ddvi").rename(tmp_path / "alpine.ddvi")
    monkeypatch.setenv("DDVI_ANCESTRY_REFERENCES", str(tmp_path))
    path = run.folder / "query.summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model": "alpine"}))
    assert "Model card of <bdi>alpine" in api.report([run.query]).files["report"].read_text()


def test_runs_of_different_models(copy_of):
    run = copy_of()
    path = run.folder / "query.summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_sha256": "0" * 64}))
    assert "another model" in refused(InputsDisagree, run.cohort, run.query)


def test_a_run_given_twice(copy_of):
    run = copy_of()
    assert "twice" in refused(UsageProblem, run.query, run.query)


def test_labels_of_other_samples(copy_of, tmp_path):
    run = copy_of()
    (tmp_path / "labels.tsv").write_text("sample\tlabel\nnone\tx\n")
    message = refused(InputsDisagree, run.query, labels=[str(tmp_path / "labels.tsv")])
    assert "labels.tsv is among the 8 samples" in message


def test_a_run_without_groups_has_a_report(copy_of):
    run = copy_of()
    for path in run.folder.glob("query.a*"):
        path.unlink()
    page = api.report([run.query]).files["report"].read_text()
    assert "No groups are assigned yet" in page
    assert "ddvi-ancestry assign MODEL <bdi>query.coords.tsv</bdi>" in page


def test_labels_are_by_default_those_of_the_run(copy_of, caplog):
    run = copy_of()
    assert '"name":"population"' in api.report([run.cohort]).files["report"].read_text()
    path = run.folder / "cohort.summary.json"
    found = json.loads(path.read_text())
    found["options"]["labels"] = "/gone/labels.tsv"
    path.write_text(json.dumps(found))
    assert '"name":"population"' not in api.report([run.cohort]).files["report"].read_text()
    assert "/gone/labels.tsv, are not found" in caplog.text


def test_the_command_prints_the_path_and_leaves_a_log(copy_of, monkeypatch):
    from ancestry_ddvi.cli import main

    run = copy_of()
    monkeypatch.chdir(run.folder)
    done = CliRunner().invoke(main, ["report", "cohort", "query", "--out", "both"])
    assert (done.exit_code, done.stdout) == (0, "both.report.html\n")
    assert "Exit code: 0" in (run.folder / "both.report.log").read_text()
    failed = CliRunner().invoke(main, ["report", "nothing"])
    assert failed.exit_code == 3
    assert failed.stderr.startswith("Error: nothing.coords.tsv cannot be read")


def test_a_command_can_write_the_report_at_its_end(copy_of, monkeypatch):
    from ancestry_ddvi.cli import main

    run = copy_of()
    monkeypatch.chdir(run.folder)
    words = ["assign", "cohort.ddvi", "query.coords.tsv", "--report"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "query.report.html"
    assert "8 samples" in Path("query.report.html").read_text()


def test_groups_under_another_prefix_have_a_report_with_the_coordinates_of_the_table(copy_of):
    run = copy_of()
    other = str(run.folder / "elsewhere" / "groups")
    api.assign(f"{run.cohort}.ddvi", [f"{run.query}.coords.tsv"], other)
    page = api.report([other]).files["report"]
    assert page == Path(f"{other}.report.html")
    assert "8 samples" in page.read_text()
    page.unlink()
    for path in run.folder.glob("query.*"):
        path.unlink()
    message = refused(InputUnreadable, other)
    assert "query.coords.tsv, the coordinates of" in message


@pytest.mark.parametrize("name", ["table.tsv", "moved.coords.tsv"])
def test_a_table_without_its_run_is_refused_before_groups_are_written(copy_of, monkeypatch, name):
    from ancestry_ddvi.cli import main

    run = copy_of()
    monkeypatch.chdir(run.folder)
    Path("query.coords.tsv").rename(name)
    Path("query.pcs.tsv").rename(f"{name.removesuffix('.tsv').removesuffix('.coords')}.pcs.tsv")
    words = ["assign", "cohort.ddvi", name, "--out", "groups", "--report"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 3, done.output
    assert "Error: " in done.stderr and name.split(".")[0] in done.stderr
    assert [path.name for path in run.folder.glob("groups.*")] == ["groups.assign.log"]
    assert CliRunner().invoke(main, words[:-1]).exit_code == 0


def test_the_report_of_assign_has_the_model_that_it_was_given(copy_of, monkeypatch, tmp_path):
    from ancestry_ddvi.cli import main

    run = copy_of()
    monkeypatch.chdir(run.folder)
    Path("cohort.ddvi").rename(tmp_path / "moved.ddvi")
    words = ["assign", str(tmp_path / "moved.ddvi"), "query.coords.tsv", "--report"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "Model card of <bdi>moved" in Path("query.report.html").read_text()


def test_draws_that_are_damaged_or_of_other_samples(copy_of):
    import numpy as np

    from ancestry_ddvi.artefacts.coordinates import write_draws

    run = copy_of()
    path = run.folder / "query.draws.npz"
    with np.load(path) as found:
        samples, draws = found["sample_id"].tolist(), found["draws"]
    for content in (b"", b"PK", path.read_bytes()[:400]):
        path.write_bytes(content)
        assert "query.draws.npz has no draws" in refused(InputUnreadable, run.query)
    for names, values in ((samples[::-1], draws), (samples, draws[:, :, :1])):
        write_draws(path, names, values)
        assert "query.draws.npz is not of the samples" in refused(InputsDisagree, run.query)
    path.unlink()
    assert "query.draws.npz is absent" in refused(InputUnreadable, run.query)


def test_groups_of_another_model_are_no_part_of_the_run(copy_of):
    run = copy_of()
    path = run.folder / "query.assign.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_sha256": "0" * 64}))
    assert "has changed since" in refused(InputsDisagree, run.query)
    assert "another model" in refused(InputsDisagree, run.cohort, run.query)


def test_names_of_runs_are_written_as_they_are(copy_of):
    run = copy_of()
    for path in run.folder.glob("query.*"):
        path.rename(path.with_name(path.name.replace("query", "a`b`[c](d) {e}", 1)))
    for path in run.folder.glob("*.a*"):
        path.unlink()
    page = api.report([str(run.folder / "a`b`[c](d) {e}")]).files["report"].read_text()
    assert "MODEL <bdi>a`b`[c](d) {e}.coords.tsv</bdi></code>" in page


def test_a_later_run_removes_the_report_of_the_files_it_replaces(copy_of):
    run = copy_of()
    page = api.report([run.query]).files["report"]
    other = run.folder / "cohort.report.html"
    other.write_text("<p>the page of another program</p>")
    api.assign(f"{run.cohort}.ddvi", [f"{run.query}.coords.tsv"], run.query)
    api.assign(f"{run.cohort}.ddvi", [f"{run.cohort}.coords.tsv"], run.cohort)
    assert not page.exists()
    assert other.exists()


def test_the_function_of_the_package_can_be_called_again(copy_of):
    import ancestry_ddvi

    run = copy_of()
    for _ in range(2):
        assert ancestry_ddvi.report([run.query]).samples == 8


@pytest.mark.parametrize("command", ["assign", "decode", "reference"])
def test_a_table_of_another_model_is_refused_before_anything_is_written(
    copy_of, labels, tmp_path, command
):
    run = copy_of()
    path = run.folder / "query.summary.json"
    other = {"model": "kgp", "model_sha256": "0" * 64}
    path.write_text(json.dumps(json.loads(path.read_text()) | other))
    model, table, out = f"{run.cohort}.ddvi", f"{run.query}.coords.tsv", str(tmp_path / "o")
    calls = {
        "assign": lambda: api.assign(model, [table], out),
        "decode": lambda: api.decode(model, table, out),
        "reference": lambda: api.assign(
            model, [f"{run.cohort}.coords.tsv"], out, labels=labels, reference=table
        ),
    }
    with pytest.raises(InputsDisagree) as caught:
        calls[command]()
    assert caught.value.problem == f"{table} is of the model kgp, not {model}"
    assert caught.value.remedy == "Give the model of that run, or the genotypes."
    assert not list(tmp_path.iterdir())


def test_a_table_of_a_fit_is_of_the_model_beside_it(copy_of, tmp_path):
    run = copy_of()
    table, out = f"{run.cohort}.coords.tsv", str(tmp_path / "o")
    own = shutil.copy(f"{run.cohort}.ddvi", tmp_path / "copied.ddvi")
    beside = api.assign(str(own), [table], out).files["ancestry"].read_text()
    (run.folder / "cohort.summary.json").unlink()
    assert api.assign(str(own), [table], out).files["ancestry"].read_text() == beside
    assert beside.count("\n") == len(Path(table).read_text().splitlines())


def test_a_table_of_a_fit_with_another_model_is_refused(copy_of, tmp_path):
    run = copy_of()
    other = str(shutil.copy(f"{run.cohort}.ddvi", tmp_path / "other.ddvi"))
    Path(f"{run.cohort}.ddvi").write_bytes(b"of another fit")
    with pytest.raises(InputsDisagree, match=r"cohort\.ddvi, not .*other\.ddvi"):
        api.assign(other, [f"{run.cohort}.coords.tsv"], str(tmp_path / "o"))


def test_a_table_of_a_model_that_has_changed_is_refused(copy_of, tmp_path):
    run = copy_of()
    path, model = run.folder / "query.summary.json", f"{run.cohort}.ddvi"
    other = {"model": model, "model_sha256": "0" * 64}
    path.write_text(json.dumps(json.loads(path.read_text()) | other))
    with pytest.raises(InputsDisagree, match=r"query\.coords\.tsv is of another model /"):
        api.assign(model, [f"{run.query}.coords.tsv"], str(tmp_path / "o"))


@pytest.mark.parametrize(
    "ending", ["coords.tsv", "ancestry.tsv", "assign.population.tsv", "assign.log", "summary.json"]
)
def test_a_file_of_the_run_stands_for_its_prefix(copy_of, ending):
    run = copy_of()
    assert api.report([run.query]).samples == 8
    files = api.report([f"{run.query}.{ending}"]).files
    assert files["report"] == Path(f"{run.query}.report.html")


def test_a_file_of_the_run_stands_for_its_prefix_on_the_command_line(copy_of):
    from ancestry_ddvi.cli import main

    run = copy_of()
    result = CliRunner().invoke(main, ["report", f"{run.query}.ancestry.tsv"])
    assert result.exit_code == 0, result.output
    assert Path(f"{run.query}.report.log").exists()
    assert not list(run.folder.glob("*.tsv.report.*"))


def test_a_prefix_that_ends_like_a_file_is_a_prefix(copy_of):
    run = copy_of()
    for path in run.folder.glob("query.*"):
        path.rename(run.folder / path.name.replace("query.", "query.png.", 1))
    assert prefix_of(f"{run.query}.png") == f"{run.query}.png"
    assert prefix_of(f"{run.query}.png.coords.tsv") == f"{run.query}.png"
