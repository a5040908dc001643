"""Progress of long computations, reported to a listener."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """A listener, such as a progress bar."""

    def stage(self, name: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """Open a stage of ``total`` units (None if unknown); yields ``advance(units)``."""


class Silent:
    """A listener that ignores all progress."""

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Yield an ``advance`` that does nothing."""
        del name, total
        yield lambda units: None


SILENT = Silent()
