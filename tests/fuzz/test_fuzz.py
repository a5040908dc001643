"""Damaged files are read right or refused in one sentence: a short run of `make fuzz`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import fuzz
import numpy as np
import pytest
from fuzz import Report
from fuzz import fuzz as run
from fuzz_damage import CONTENT, PACKED, damaged
from fuzz_oracles import verdict
from fuzz_seeds import bgzf, seeds


def test_damaged_files_are_read_right_or_refused_in_a_sentence() -> None:
    report = run(range(220), 0)
    assert not report.faults
    results: Counter[str] = Counter()
    for (*_, result), count in report.counts.items():
        results[result.split(" ")[0]] += count
    assert results.keys() == {"read", "refused"} and min(results.values()) > 100
    assert {family for family, *_ in report.counts} == {seed.family for seed in seeds()}


@pytest.mark.slow
def test_many_damaged_files_are_read_right_or_refused_in_a_sentence() -> None:
    assert not run(range(4000), 4).faults


def test_an_input_is_the_same_each_time() -> None:
    first, again, other = (
        [damaged(seeds(), run, number).files for number in range(60)] for run in (1, 1, 2)
    )
    assert first == again != other


@pytest.mark.parametrize("name", [*CONTENT, *PACKED])
def test_every_kind_of_damage_changes_files_and_raises_nothing(name: str) -> None:
    table = CONTENT if name in CONTENT else PACKED
    contents = [next(iter(seed.files.values())) for seed in seeds()]
    contents = [*contents, b"", b"\n", b"x", b"\t\n\t"]
    changed = 0
    for number, content in enumerate(contents):
        given = bgzf(content) if name in PACKED and number % 2 else content
        changed += table[name](given, np.random.default_rng(number)) != given
    assert changed > 8


# The judge --------------------------------------------------------------------------------------

SAID = "/x.vcf, line 3: the call 'a' is not a genotype. Check the file."
OUTCOMES = {
    "a message of two lines": {"code": 3, "said": "a b.\nCheck it."},
    "a message that ends the line": {"code": 3, "said": "a \x1b[31m b. Check it."},
    "an exit code of another meaning": {"code": 2, "said": SAID},
    "a message without a remedy": {"code": 3, "said": "x is damaged"},
    "a message that quotes the input": {"code": 3, "said": f"x is {'abc' * 40}. Check it."},
    "a long message": {"code": 3, "said": f"x is {'1 2 ' * 200}. Check it."},
    "another exception": {"fault": "IndexError"},
    "a death": {},
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_judge_finds(name: str) -> None:
    content = b"abc" * 50
    assert fuzz._fault({"code": 3, "said": SAID}, content, Path("/x")) is None
    assert fuzz._fault(OUTCOMES[name], content, Path("/x"))


DYING = """
import json, os, signal, sys
for path in sys.argv[3::2]:
    line = {"path": path, "reader": "blocks"}
    print(json.dumps(line), flush=True)
    if path.endswith("7/x.bed"):
        WHAT
    print(json.dumps({**line, "rows": []}), flush=True)
"""


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "ended with -11"),
        ("sys.exit(1)", "ended with 1"),
        ("sys.exit(0)", "ended with 0"),
        ("import time; time.sleep(60)", "no end within 2 s"),
    ],
)
def test_a_process_that_dies_or_hangs_names_its_input_and_the_others_are_read(
    what: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "dying.py"
    program.write_text(DYING.replace("WHAT", what))
    monkeypatch.setattr(fuzz, "PROGRAM", str(program))
    monkeypatch.setattr(fuzz, "SECONDS", 2)
    inputs = [damaged(seeds(), 0, number) for number in range(10)]
    paths = [tmp_path / f"{number}" / "x.bed" for number in range(10)]
    found = fuzz._read(inputs, paths)
    faults = {
        path: one["blocks"]["fault"] for path, one in found.items() if "fault" in one["blocks"]
    }
    assert list(faults) == [str(paths[7])]
    assert fault in faults[str(paths[7])]
    assert all(one["blocks"].get("rows") == [] for path, one in found.items() if path not in faults)


def test_other_calls_are_found(tmp_path: Path) -> None:
    """Against bcftools, of a file whose calls were read wrongly."""
    (item,) = (seed for seed in seeds() if (seed.family, seed.name) == ("VCF", "GT"))
    path = tmp_path / "x.vcf"
    path.write_bytes(item.files[".vcf"])
    theirs = verdict("variants", path)
    if theirs is None:
        pytest.skip("bcftools is not installed")
    wrong = json.loads(json.dumps(theirs.rows))
    wrong[0][3][0] = 1 - wrong[0][3][0]
    given = damaged([item], 0, 0)
    assert not [*fuzz._against_another(given, path, theirs.rows, True, Report())]
    assert [*fuzz._against_another(given, path, wrong, True, Report())]
