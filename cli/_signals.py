"""SIGTERM as an exception, so that what is half-written is removed on the way out."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(BaseException):
    """SIGTERM arrived: a scheduler or ``kill`` ends the run."""


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Raise ``Terminated`` when SIGTERM arrives; only once, so that cleaning up can end."""
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(number: int, frame: FrameType | None) -> None:
    del frame
    signal.signal(number, signal.SIG_IGN)
    raise Terminated
