"""Files of a run appear together and replace those of an earlier run, and only those."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from mutations import contents

from ancestry_ddvi import api
from ancestry_ddvi.api._places import prepare_outputs
from ancestry_ddvi.api.outputs import replacing
from ancestry_ddvi.artefacts.container import write_container
from ancestry_ddvi.artefacts.relatives import write_relatives
from ancestry_ddvi.errors import OutputUnwritable, UsageProblem
from ancestry_ddvi.outputs import OUTPUTS, endings, output, stale, written_by
from ancestry_ddvi.storage import prepare_folder, together, whole


def write(path: Path, text: str = "new") -> None:
    with whole(path) as beside:
        beside.write_text(text)


def run(prefix: Path, command: str, kinds: list[str], levels: tuple[str, ...] = ()) -> None:
    """Write files of some kinds as a command does, and the summary last."""
    files = {kind: output(kind).path(str(prefix)) for kind in kinds}
    table = output("assign.{level}")
    files |= {f"assign.{level}": table.path(str(prefix), level=level) for level in levels}
    last = "assign" if command == "assign" else "summary"
    with replacing(str(prefix), command, files):
        for path in files.values():
            write(path, command)
        files[last] = output(last).path(str(prefix))
        listed = {kind: str(path) for kind, path in files.items()}
        write(files[last], json.dumps({"$schema": "urn:ddvi-ancestry:summary:2", "files": listed}))


def names(folder: Path) -> set[str]:
    return set(os.listdir(folder))


def test_what_a_rerun_does_not_write_again_is_removed(tmp_path) -> None:
    run(tmp_path / "x", "embed", ["coords", "relatives", "draws"])
    run(tmp_path / "x", "assign", [], ("pop", "superpop"))
    run(tmp_path / "x", "embed", ["coords", "relatives"])
    assert names(tmp_path) == {"x.coords.tsv", "x.relatives.tsv", "x.summary.json"}


def test_tables_of_levels_that_are_gone_are_removed(tmp_path) -> None:
    run(tmp_path / "x", "assign", [], ("pop", "a/b"))
    run(tmp_path / "x", "assign", [], ("pop",))
    assert names(tmp_path) == {"x.assign.pop.tsv", "x.assign.json"}


def test_an_assignment_leaves_the_coordinates(tmp_path) -> None:
    run(tmp_path / "x", "embed", ["coords", "draws"])
    run(tmp_path / "x", "assign", [], ("pop",))
    assert {"x.coords.tsv", "x.draws.npz", "x.summary.json"} < names(tmp_path)


def test_files_that_no_summary_lists_are_left(tmp_path) -> None:
    others = {"x.assign.notes.tsv", "x.draws.npz", "x.y.coords.tsv", "x.vcf.gz", "x.ddvi"}
    for name in others:
        (tmp_path / name).write_text("mine")
    run(tmp_path / "x", "embed", ["coords"])
    run(tmp_path / "x", "embed", ["coords"])
    assert others < names(tmp_path)


def test_a_summary_cannot_name_other_files(tmp_path) -> None:
    """Not a model, not another prefix, not another folder."""
    (tmp_path / "in").mkdir()
    files = {"a": "../x.draws.npz", "b": "y.draws.npz", "c": "x.ddvi", "d": "x.vcf.gz", "e": "/etc"}
    for name in ("x.draws.npz", "in/y.draws.npz", "in/x.ddvi", "in/x.vcf.gz"):
        (tmp_path / name).write_text("mine")
    listing = {"$schema": "urn:ddvi-ancestry:summary:2", "files": files}
    (tmp_path / "in/x.summary.json").write_text(json.dumps(listing))
    run(tmp_path / "in/x", "embed", ["coords"])
    assert (tmp_path / "x.draws.npz").exists()
    assert {"y.draws.npz", "x.ddvi", "x.vcf.gz"} < names(tmp_path / "in")


@pytest.mark.parametrize("text", ["", "[]", '{"files": 3}', '{"$schema": "other", "files": {}}'])
def test_a_summary_of_another_program_is_not_removed(tmp_path, text: str) -> None:
    (tmp_path / "x.assign.json").write_text(text)
    run(tmp_path / "x", "embed", ["coords"])
    assert (tmp_path / "x.assign.json").read_text() == text


def fail_half_way(prefix: str) -> None:
    with replacing(prefix, "embed", {}):
        write(Path(f"{prefix}.coords.tsv"))
        raise ZeroDivisionError


def test_a_run_that_fails_changes_nothing(tmp_path) -> None:
    run(tmp_path / "x", "embed", ["coords", "draws"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ZeroDivisionError):
        fail_half_way(str(tmp_path / "x"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_without_a_rename_there_is_no_summary(tmp_path) -> None:
    """A folder in the place of a file: old and new files may mix, and no summary says otherwise."""
    run(tmp_path / "x", "embed", ["coords"])
    (tmp_path / "x.eigenvec").mkdir()
    with pytest.raises(OutputUnwritable, match="eigenvec"):
        run(tmp_path / "x", "embed", ["coords", "eigenvec"])
    assert names(tmp_path) == {"x.coords.tsv", "x.eigenvec"}


def test_files_written_together_appear_together(tmp_path) -> None:
    with together():
        write(tmp_path / "a")
        write(tmp_path / "b")
        assert not (tmp_path / "a").exists()
    assert names(tmp_path) == {"a", "b"}


LEFT = """
import os, signal, sys
from ancestry_ddvi.storage import whole
with whole(sys.argv[1]) as part:
    part.write_text("half")
    if len(sys.argv) > 2:
        print("ready", flush=True)
        sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_is_removed_by_the_next_one(tmp_path) -> None:
    for name in ("x.coords.tsv", "other.coords.tsv"):
        subprocess.run([sys.executable, "-c", LEFT, str(tmp_path / name)], check=False)
    (tmp_path / ".x.notes").write_text("mine")
    assert len(names(tmp_path)) == 3
    prepare_folder(tmp_path / "x")
    (left,) = names(tmp_path) - {".x.notes"}
    assert left.startswith(".other.coords.tsv.")


def test_what_a_run_is_writing_is_left_alone(tmp_path) -> None:
    command = [sys.executable, "-c", LEFT, str(tmp_path / "x.coords.tsv"), "wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        prepare_folder(tmp_path / "x")
        assert len(names(tmp_path)) == 1
        child.kill()
    time.sleep(0.05)
    prepare_folder(tmp_path / "x")
    assert names(tmp_path) == set()


def test_an_input_is_never_overwritten(tmp_path) -> None:
    path = str(tmp_path / "x.groups.tsv")
    with pytest.raises(UsageProblem, match="is one of the inputs"):
        prepare_outputs(str(tmp_path / "x"), "fit", ["cohort.vcf", None, path])


def test_relatives_are_written_even_if_there_are_none(tmp_path) -> None:
    path = write_relatives(str(tmp_path / "x"), ["a"], None)
    assert path == tmp_path / "x.relatives.tsv"
    assert path.read_text() == "sample_1\tsample_2\tkinship\tvariants\trelation\n"


def test_two_levels_of_one_file_name_are_refused(
    fitted_model: SimpleNamespace, tmp_path: Path
) -> None:
    record, tensors = contents(fitted_model.files["model"])
    groups = record["groups"]
    groups["levels"], groups["cells"] = ["a/b", "a_b"], [cell * 2 for cell in groups["cells"]]
    groups["temperature"] *= 2
    write_container(tmp_path / "m.ddvi", record, tensors)
    (tmp_path / "run").mkdir()  # without a summary, which says of which model they are
    coords = shutil.copy(fitted_model.files["coords"], tmp_path / "run" / "cohort.coords.tsv")
    shutil.copy(fitted_model.files["pcs"], tmp_path / "run" / "cohort.pcs.tsv")
    with pytest.raises(UsageProblem, match="Two levels have the same file name"):
        api.assign(str(tmp_path / "m.ddvi"), [str(coords)], str(tmp_path / "x"))
    assert names(tmp_path) == {"m.ddvi", "run"}


def test_every_kind_says_what_it_is() -> None:
    assert all(row.content and row.commands for row in OUTPUTS)
    assert endings("ingest") == "PREFIX.bed, .bim, .fam, .json and .log"
    assert {row.kind for row in written_by("decode")} == {"pcs", "vcf", "log"}


def test_only_files_under_the_prefix_are_stale() -> None:
    listed = [Path(name) for name in ("a/x.draws.npz", "b/xx.draws.npz", "x.assign.a.b.tsv")]
    assert stale("a/x", "embed", listed, []) == [
        Path("a/x.assign.a.b.tsv"), Path("a/x.draws.npz")
    ]  # fmt: skip


def test_embedding_another_input_replaces_all_results(
    fitted_model: SimpleNamespace, cohort_files: SimpleNamespace, tmp_path
) -> None:
    """From files: a first run with draws and groups of samples, a second one of one sample."""
    model, prefix = str(fitted_model.files["model"]), str(tmp_path / "q")
    query = [str(cohort_files.query)]
    api.embed(model, query, prefix, draws=4, draws_out=True, device="cpu")
    api.assign(model, [f"{prefix}.coords.tsv"], prefix)
    (tmp_path / "q.assign.log").write_text("of the command line")
    first = names(tmp_path)
    assert {"q.draws.npz", "q.assign.population.tsv", "q.assign.json"} < first
    api.embed(model, query, prefix, draws=8, device="cpu")
    left = {"q.draws.npz", "q.assign.population.tsv", "q.assign.json", "q.assign.log"}
    left |= {"q.ancestry.tsv"}
    assert names(tmp_path) == first - left
    summary = json.loads((tmp_path / "q.summary.json").read_text())
    assert {Path(path).name for path in summary["files"].values()} == names(tmp_path)
    assert np.isfinite(float((tmp_path / "q.coords.tsv").read_text().split("\n")[1].split("\t")[1]))
