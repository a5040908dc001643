"""Several processes read a file as one does: the same store, records left out, and messages."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from test_by_index import INDEXES, indexed, panel_of, written

from ancestry_ddvi.errors import DDVIError, InputUnreadable, OutOfResources
from ancestry_ddvi.genotypes.formats import index, vcf
from ancestry_ddvi.genotypes.formats.reading import ReadOptions
from ancestry_ddvi.genotypes.store import ingest

pytestmark = pytest.mark.skipif(
    not (shutil.which("bcftools") and shutil.which("bgzip") and shutil.which("tabix")),
    reason="bcftools or tabix is not installed",
)
ENDS = (".bed", ".bim", ".fam", ".json")


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MIN_BYTES", 0)
    monkeypatch.setattr(vcf, "MIN_SHARED", 0)
    monkeypatch.setattr(vcf, "PART_BYTES", 1 << 12)


def store(paths: list[Path], out: Path, processes: int) -> list[bytes] | str:
    try:
        ingest(list(map(str, paths)), out, None, ReadOptions(processes=processes))
    except DDVIError as error:
        return str(error)
    return [Path(f"{out}{end}").read_bytes() for end in ENDS]


def parts(path: Path) -> int:
    found = index.usable_index(path)
    assert found is not None
    return len(index.parts_of(path, found, vcf.PART_BYTES))


@pytest.mark.parametrize("how", INDEXES)
def test_the_store_is_the_same(tmp_path: Path, how: str) -> None:
    rng = random.Random(how)
    paths = []
    for kind in ("odd", "snp"):
        folder = tmp_path / kind
        folder.mkdir()
        paths.append(written(folder, rng, panel_of(rng), kind, how, 3))
    one, two = store(paths, tmp_path / "one", 1), store(paths, tmp_path / "two", 2)
    assert isinstance(one, list)
    assert one == two
    assert sum(map(parts, paths)) > 3


def lines_of(path: Path) -> list[bytes]:
    run = subprocess.run(["bgzip", "-dc", str(path)], check=True, capture_output=True)
    return run.stdout.split(b"\n")


def changed(path: Path, line: bytes, rows: list[int]) -> Path:
    """The file with another last column in some rows, counted from the end."""
    lines = lines_of(path)
    for row in rows:
        lines[row] = lines[row].rpartition(b"\t")[0] + b"\t" + line
    made = path.parent / "changed.vcf"
    made.write_bytes(b"\n".join(lines))
    return indexed(made, "tbi")


@pytest.mark.parametrize("call", [b"0/x", b"0/1\t0/1", b"0", b"1/1"])
def test_the_same_is_said_of_a_line(tmp_path: Path, call: bytes) -> None:
    """In the last part of a file."""
    rng = random.Random(2)
    path = changed(written(tmp_path, rng, panel_of(rng), "snp", "tbi", 1), call, [-40])
    one, two = store([path], tmp_path / "one", 1), store([path], tmp_path / "two", 2)
    assert isinstance(one, str) == (call in (b"0/x", b"0/1\t0/1"))
    assert one == two


def test_haploid_samples_are_settled_over_all_parts(tmp_path: Path) -> None:
    rng = random.Random(3)
    path = written(tmp_path, rng, panel_of(rng), "snp", "tbi", 1)
    first = next(i for i, line in enumerate(lines_of(path)) if not line.startswith(b"#"))
    rows = range(first, len(lines_of(path)) - 1)
    all_haploid = changed(path, b"1", list(rows))
    assert store([all_haploid], tmp_path / "one", 1) == store([all_haploid], tmp_path / "two", 2)
    late = changed(all_haploid, b"0/1", [-30])
    one, two = store([late], tmp_path / "one", 1), store([late], tmp_path / "two", 2)
    assert one == two


@pytest.mark.parametrize("how", ["tbi", "bcf"])
def test_an_index_of_another_file_changes_nothing(tmp_path: Path, how: str) -> None:
    rng = random.Random(3)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    path = written(tmp_path / "a", rng, panel_of(rng), "snp", how, 3)
    other = written(tmp_path / "b", rng, panel_of(rng), "gvcf", how, 1)
    end = "tbi" if how == "tbi" else "csi"
    shutil.copy(f"{other}.{end}", f"{path}.{end}")
    one, two = store([path], tmp_path / "one", 1), store([path], tmp_path / "two", 2)
    assert isinstance(one, list)
    assert one == two


def test_a_file_without_gt_is_refused_alike(tmp_path: Path) -> None:
    rng = random.Random(3)
    path = written(tmp_path, rng, panel_of(rng), "snp", "tbi", 1)
    text = (
        b"\n".join(lines_of(path)).replace(b"\tGT:DP:GQ\t", b"\tXX\t").replace(b"\tGT\t", b"\tXX\t")
    )
    made = tmp_path / "none.vcf"
    made.write_bytes(text)
    made = indexed(made, "tbi")
    one, two = store([made], tmp_path / "one", 1), store([made], tmp_path / "two", 2)
    assert "no hard calls" in one
    assert one == two


def test_a_damaged_block_is_told_alike(tmp_path: Path) -> None:
    rng = random.Random(3)
    path = written(tmp_path, rng, panel_of(rng), "snp", "tbi", 3)
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4] ^= 16
    path.write_bytes(content)
    Path(f"{path}.tbi").touch()
    one, two = store([path], tmp_path / "one", 1), store([path], tmp_path / "two", 2)
    assert isinstance(one, str)
    assert "byte" in one
    assert one == two


def test_a_process_that_is_killed_leaves_no_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(3)
    path = written(tmp_path, rng, panel_of(rng), "snp", "tbi", 3)
    monkeypatch.setattr("ancestry_ddvi.workers._START", "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(OutOfResources, match="ended from outside"):
        ingest([str(path)], tmp_path / "x", None, ReadOptions(processes=2))
    assert not [found for found in tmp_path.iterdir() if found.suffix in ENDS]
    assert not issubclass(OutOfResources, InputUnreadable)
