"""Wall time, CPU time and peak memory of whole processes, run in turn."""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LOOK = 0.25
"""Seconds between two looks at the memory of running processes."""


WRAPPER = """
import os, sys, time
start = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
took = time.perf_counter() - start
with open(sys.argv[1], "w") as out:
    print(status, took, used.ru_utime + used.ru_stime, used.ru_maxrss, file=out)
"""
"""Starts a command and writes what it used. A process inherits the peak memory of the one that
started it, so the one that does must be small."""


@dataclass(frozen=True)
class Command:
    """A command line, and what to read of the files it leaves.

    Attributes
    ----------
    argv : sequence of str
    facts : callable from its folder to a dict, optional
        Called when it has ended.
    limit : float
        Seconds after which it is ended and reported as not done.
    """

    argv: Sequence[str]
    facts: Callable[[Path], dict[str, Any]] = lambda folder: {}
    limit: float = 4 * 3600


@dataclass(frozen=True)
class Run:
    """One run of a command.

    Attributes
    ----------
    seconds, cpu : float
        Wall time; and user and system time of the process and all that it started.
    peak_mib : float
        Largest resident set of one process, with pages of mapped files.
    own_mib : float
        Largest sum over its processes of memory that is not a page of a file.
    facts : dict
    """

    seconds: float
    cpu: float
    peak_mib: float
    own_mib: float
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Rounded, as it is stored."""
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}


class NotDone(Exception):
    """A command failed or was ended at its limit."""


def measure(command: Command, folder: Path, threads: int) -> Run:
    """Run a command in a folder.

    Raises
    ------
    NotDone
    """
    report, errors = folder / "usage.txt", folder / "stderr.txt"
    with errors.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-ISc", WRAPPER, str(report), *command.argv],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=written,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)}, start_new_session=True,
        )  # fmt: skip
        watch = _Watch(process.pid)
        try:
            process.wait(command.limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise NotDone(f"stopped after {command.limit:.0f} s") from None
        finally:
            own = watch.stop()
    status, *numbers = report.read_text().split()
    if status != "0":
        last = errors.read_text(errors="replace").strip().splitlines() or [""]
        raise NotDone(f"failed: {last[-1][:200]}")
    seconds, cpu, peak = map(float, numbers)
    return Run(seconds, cpu, peak / 1024, own / 1024, command.facts(folder))


class _Watch(threading.Thread):
    """Largest sum of anonymous memory of all processes below one, in KiB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid, self._most, self._over = pid, 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(LOOK):
            self._most = max(self._most, sum(_anonymous(pid) for pid in _tree(self._pid)[1:]))

    def stop(self) -> int:
        self._over.set()
        self.join()
        return self._most


def _tree(pid: int) -> list[int]:
    """A process and all below it; those that have ended are left out."""
    found = [pid]
    for one in found:
        try:
            lines = [p.read_text() for p in Path(f"/proc/{one}/task").glob("*/children")]
        except OSError:
            continue
        found += [int(word) for line in lines for word in line.split()]
    return found


def _anonymous(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return sum(
        int(line.split()[1])
        for line in text.splitlines()
        if line.startswith(("RssAnon:", "RssShmem:"))
    )


def in_turn(
    commands: Mapping[str, Command], runs: int, threads: int, *, warm: bool = True
) -> dict[str, list[Run] | str]:
    """Every command once a round, in a fresh folder each.

    Where there are several rounds, one before them is not counted. A command that fails, or runs
    into its limit, is replaced by the reason.
    """
    warm = warm and runs > 1
    results: dict[str, list[Run] | str] = {name: [] for name in commands}
    for _ in range(runs + warm):
        for name, command in commands.items():
            found = results[name]
            if isinstance(found, str):
                continue
            with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
                try:
                    found.append(measure(command, Path(folder), threads))
                except NotDone as error:
                    results[name] = str(error)
    return {
        name: found if isinstance(found, str) else found[warm:] for name, found in results.items()
    }


def median(runs: Sequence[Mapping[str, Any]], quantity: str) -> float:
    """Median of a quantity over stored runs."""
    return statistics.median(float(run[quantity]) for run in runs)


def ratios(
    ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]], quantity: str
) -> tuple[float, float, float]:
    """Median, smallest and largest ratio of the runs of one round."""
    each = [float(a[quantity]) / float(b[quantity]) for a, b in zip(ours, theirs, strict=False)]
    return statistics.median(each), min(each), max(each)


def program(name: str) -> str | None:
    """Path of a program, beside this interpreter or on the path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)
