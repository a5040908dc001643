"""Progress of a run: bars on a terminal, else lines every ten seconds."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ancestry_ddvi.progress import Progress

from ._logging import CONSOLE_ONLY, FILE_ONLY

logger = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two progress lines of a stage."""


def listener(level: int) -> Progress:
    """Bars if stderr is a terminal and ``--quiet`` is not given, else lines."""
    terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return Bars() if terminal and level < logging.WARNING else Lines()


class Lines:
    """Log messages: the start and end of a stage, and its progress in between."""

    def __init__(self, every: float = EVERY, clock: Callable[[], float] = time.monotonic) -> None:
        self.every = every
        self.clock = clock

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        begin = last = self.clock()
        done = 0

        def advance(units: int) -> None:
            nonlocal done, last
            done += units
            now = self.clock()
            if now - last >= self.every:
                last = now
                state = progress_text(done, total, now - begin)
                logger.info("%s: %s", name, state, extra=CONSOLE_ONLY)

        logger.info("%s ...", name)
        yield advance
        logger.info("%s: done in %s", name, duration(self.clock() - begin))


class Bars:
    """A bar with the remaining time for each open stage, and a message at its end."""

    def __init__(self) -> None:
        from rich import progress
        from rich.console import Console

        self.display = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.open = 0

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        begin = time.monotonic()
        logger.info("%s ...", name, extra=FILE_ONLY)
        with self._bar(name, total) as advance:
            yield advance
        logger.info("%s: done in %s", name, duration(time.monotonic() - begin))

    @contextmanager
    def _bar(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A bar of the display, which runs while a stage is open and is erased afterwards."""
        task = self.display.add_task(name.replace("[", r"\["), total=total)
        self.open += 1
        self.display.start()
        try:
            yield lambda units: self.display.advance(task, units)
        finally:
            self.display.remove_task(task)
            self.open -= 1
            if not self.open:
                self.display.stop()


def progress_text(done: int, total: int | None, seconds: float) -> str:
    """Units done and remaining time of a stage, extrapolated from the time so far."""
    if not total or not done:
        return f"{done:,} done"
    left = duration(max(total - done, 0) * seconds / done)
    return f"{done:,} of {total:,} ({done / total:.0%}), {left} left"


def duration(seconds: float) -> str:
    """Seconds as text, such as ``2.3 s``, ``1 min 05 s`` or ``2 h 03 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
