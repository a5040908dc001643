"""Interruptions: SIGTERM as an exception, and their message."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = "Interrupted by {}. No partial files are left."


class Terminated(BaseException):
    """SIGTERM arrived, from a scheduler or ``kill``."""


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Raise ``Terminated`` at the first SIGTERM, so that temporary files are removed.

    Later ones are ignored, so that the removal can finish.
    """
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(number: int, frame: FrameType | None) -> None:
    del frame
    signal.signal(number, signal.SIG_IGN)
    raise Terminated
