"""Damaged files of every format through every reader: `make fuzz`.

Each input is read or refused in one sentence, in bounded time and memory, and what is read is what
bcftools and plink2 read. The inputs of a seed are always the same.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "genotypes"))

from fuzz_damage import Input, damaged
from fuzz_oracles import ACCEPTED, explained, verdict
from fuzz_seeds import seeds

PROGRAM = str(Path(__file__).with_name("fuzz_readers.py"))
SECONDS, MIB = 20, 400
"""Limits of one reader."""

AT_ONCE = 100
LONGEST, QUOTED = 600, 80
"""Characters of a message without its paths, and of the input in it."""

CODES = {3, 4, 5}
"""Exit codes of what is wrong with an input (docs/exit-codes.md)."""

SAME = ("in_memory", "on_disk", "from_standard_input")
"""Readers that give what ``blocks`` gives."""

HUGE_INDEX = re.compile(rb"[0-9]{10,}[/|]|[/|][0-9]{10,}")
"""An index of an allele that htslib takes for another; here the call is missing."""

Outcomes = dict[str, dict[str, Any]]
"""By name of the reader."""


@dataclass
class Report:
    """What became of the inputs.

    Attributes
    ----------
    counts : Counter
        By format, reader and outcome.
    accepted : Counter
        Files that another program refuses, by class.
    compared : int
        Files whose calls were compared with those of another program.
    faults : list of str
    """

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    faults: list[str] = field(default_factory=list)


def fuzz(numbers: Sequence[int], run: int, keep: Path | None = None) -> Report:
    """Make, read and judge the inputs of some numbers; faulty ones are copied to ``keep``."""
    report, all_seeds = Report(), seeds()
    for start in range(0, len(numbers), AT_ONCE):
        inputs = [damaged(all_seeds, run, n) for n in numbers[start : start + AT_ONCE]]
        with tempfile.TemporaryDirectory() as folder:
            paths = [_written(item, Path(folder) / f"{item.number}") for item in inputs]
            found = _read(inputs, paths)
            for item, path in zip(inputs, paths, strict=True):
                faults = [*_judged(item, path, found[str(path)], report)]
                report.faults += [f"{_described(item, run)}: {fault}" for fault in faults]
                if faults and keep:
                    shutil.copytree(path.parent, keep / path.parent.name, dirs_exist_ok=True)
    return report


def _described(item: Input, run: int) -> str:
    what = ", ".join(item.damage) or "nothing"
    return f"--seed {run} --only {item.number} ({item.seed.family} {item.seed.name}: {what})"


def _written(item: Input, folder: Path) -> Path:
    """Write the files of an input; the path of the one that is given, or of their folder."""
    folder.mkdir()
    for end, content in item.files.items():
        path = folder / f"x{end}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / f"x{next(iter(item.files)).partition('/')[0]}"


def _read(inputs: Sequence[Input], paths: Sequence[Path]) -> dict[str, Outcomes]:
    """The outcomes of each path, in child processes; another one for what is left by a dead one."""
    found: dict[str, Outcomes] = {str(path): {} for path in paths}
    left = [(item.seed.kind, str(path)) for item, path in zip(inputs, paths, strict=True)]
    while left:
        done = ""
        for line in _lines(left):
            found[line["path"]][line.pop("reader")] = line
            done = line.pop("path")
        at = [path for _, path in left].index(done) + 1 if done else len(left)
        left = left[at:]
    return found


def _lines(left: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """What a child process says of inputs until it ends; how it ended if that is a fault."""
    words = [sys.executable, PROGRAM, str(MIB), *(word for pair in left for word in pair)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, env=environment) as child,
    ):
        last: dict[str, Any] = {}
        while line := _line_in_time(child):
            last = json.loads(line)
            yield dict(last)
        if child.wait() or last.keys() == {"path", "reader"}:
            errors.seek(0)
            said = errors.read()[-300:].decode(errors="replace")
            if not last:
                raise RuntimeError(f"{PROGRAM} does not start: {said}")
            why = f"no end within {SECONDS} s" if child.returncode == -signal.SIGKILL else said
            yield {**last, "fault": f"the process ended with {child.returncode}: {why}"}


def _line_in_time(child: subprocess.Popen[bytes]) -> bytes:
    """The next line of a process, which is killed if that takes too long; empty at its end."""
    timer = threading.Timer(SECONDS, child.kill)
    timer.start()
    try:
        return child.stdout.readline()
    finally:
        timer.cancel()


def _judged(item: Input, path: Path, found: Outcomes, report: Report) -> Iterator[str]:
    """The faults of an input, whose outcomes are counted."""
    content = b"\n".join(item.files.values()) + b"\n" + b"\n".join(item.seed.files.values())
    for reader, one in found.items():
        fault = _fault(one, content, path)
        result = "fault" if fault else "read" if "rows" in one else f"refused ({one['code']})"
        report.counts[item.seed.family, reader, result] += 1
        if fault:
            yield f"{reader}: {fault}"
    if not item.damage and not any("rows" in one for one in found.values()):
        yield "an undamaged file is refused"
    if "rows" in found.get("model", {}) and item.files != item.seed.files:
        yield "a changed model is read"
    first = found.get("blocks", {})
    for reader in SAME:
        if reader in found and _calls(found[reader]) != _calls(first):
            yield f"{reader} does not give what blocks gives"
    if "rows" in first:
        likelihoods = "rows" in found.get("likelihoods", {})
        yield from _against_another(item, path, _calls(first), likelihoods, report)


def _fault(one: dict[str, Any], content: bytes, path: Path) -> str | None:
    """What is wrong with an outcome."""
    if "fault" in one:
        return one["fault"]
    if "rows" in one:
        return None
    if "said" not in one:
        return "the process ended"
    said = one["said"].replace(str(path.parent), "")
    if one["code"] not in CODES:
        return f"exit code {one['code']}: {said}"
    if "\n" in said or not said.isprintable():
        return f"not one line of text: {said!r}"
    if len(said) > LONGEST or _quotes_too_much(said, content):
        return f"quotes too much: {said}"
    if not re.match(r".*[a-z].*\. [A-Z].*\.$", said):
        return f"not a sentence and a remedy: {said}"
    return None


def _quotes_too_much(said: str, content: bytes) -> bool:
    text = content.decode(errors="replace")
    return any(said[i : i + QUOTED + 1] in text for i in range(len(said) - QUOTED))


def _calls(one: dict[str, Any]) -> list | None:
    """Positions, alleles and dosages; None, or no rows, of what is refused."""
    if one.get("code") == 5:
        return []
    return [row[1:] for row in one["rows"]] if "rows" in one else None


def _against_another(
    item: Input, path: Path, ours: list, likelihoods: bool, report: Report
) -> Iterator[str]:
    """Faults against bcftools or plink2."""
    theirs = verdict(item.seed.kind, path)
    if theirs is None:
        return
    if theirs.rows is None:
        positions = frozenset(row[0] for row in ours)
        name = explained(theirs.said, item.contents.values(), positions, likelihoods)
        report.accepted[name or "unexplained"] += 1
        if name is None:
            yield f"read, though refused elsewhere: {' '.join(theirs.said.split())[-400:]}"
        return
    report.compared += 1
    if theirs.rows != ours and any(map(HUGE_INDEX.search, item.contents.values())):
        report.accepted["an allele that the record does not have"] += 1
    elif theirs.rows != ours:
        yield f"other calls: {_difference(ours, theirs.rows)}"


def _difference(ours: list, theirs: list) -> str:
    mine = [row for row in ours if row not in theirs]
    other = [row for row in theirs if row not in ours]
    return f"{len(ours)} rows for {len(theirs)}; only here {mine[:2]}, only there {other[:2]}"


def _printed(report: Report) -> None:
    families = sorted({(family, reader) for family, reader, _ in report.counts})
    for family, reader in families:
        of_it = {r: n for (f, name, r), n in report.counts.items() if (f, name) == (family, reader)}
        print(f"{family:20} {reader:24} " + ", ".join(f"{n} {r}" for r, n in sorted(of_it.items())))
    print(f"compared with bcftools or plink2: {report.compared} files")
    for name, count in report.accepted.most_common():
        why = f": {ACCEPTED[name].why}" if name in ACCEPTED else ""
        print(f"read here and refused there: {count} {name}{why}")
    for fault in report.faults:
        print(f"FAULT {fault}")
    print(f"{len(report.faults)} faults")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many inputs")
    parser.add_argument("--seed", type=int, default=1, help="of the run")
    parser.add_argument("--only", type=int, help="make the input of this number alone")
    parser.add_argument("--keep", type=Path, help="folder for inputs with faults")
    given = parser.parse_args()
    numbers = range(given.count) if given.only is None else [given.only]
    report = fuzz(numbers, given.seed, given.keep)
    _printed(report)
    return bool(report.faults)


if __name__ == "__main__":
    sys.exit(main())
