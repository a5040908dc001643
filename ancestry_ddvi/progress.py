"""How long work tells how far it has come, without knowing who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """A listener: opens a named stage and is told of each advance in it."""

    def stage(self, name: str, total: int | None) -> AbstractContextManager[Callable[[int], None]]:
        """Open a stage of ``total`` units (None if unknown); yields ``advance(units)``."""


class Silent:
    """The listener that no sample hears."""

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Yield an ``advance`` that does nothing."""
        del name, total
        yield lambda units: None


SILENT = Silent()
