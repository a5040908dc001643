"""Interruptions: Ctrl-C and SIGTERM as exceptions, and their message."""

from __future__ import annotations

import atexit
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NamedTuple

INTERRUPTED = "Interrupted by {}. No partial files are left."


class Terminated(BaseException):
    """SIGTERM arrived, from a scheduler or ``kill``."""


class Interruption(NamedTuple):
    """What a signal is called, what it raises, and the exit code."""

    name: str
    raises: type[BaseException]
    exit_code: int


INTERRUPTIONS = {
    signal.SIGINT: Interruption("Ctrl-C", KeyboardInterrupt, 130),
    signal.SIGTERM: Interruption("SIGTERM", Terminated, 143),
}

_arrived: list[Interruption] = []


def interruption(error: BaseException) -> Interruption | None:
    """The signal behind an error: its own exception, or one that a library made of it."""
    for one in INTERRUPTIONS.values():
        if isinstance(error, one.raises):
            return one
    return _arrived[0] if _arrived else None


@contextmanager
def signals_raise() -> Iterator[None]:
    """Raise an exception at the first Ctrl-C or SIGTERM, so that temporary files are removed.

    Later ones are ignored, so that the removal can finish. A signal that the caller ignores, as a
    shell does with Ctrl-C for jobs in the background, stays ignored.
    """
    _arrived.clear()
    before = {number: signal.getsignal(number) for number in INTERRUPTIONS}
    in_main_thread = threading.current_thread() is threading.main_thread()
    handled = [n for n, handler in before.items() if in_main_thread and handler != signal.SIG_IGN]
    for number in handled:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def _raise(number: int, frame: FrameType | None) -> None:
    del frame
    for each in INTERRUPTIONS:
        signal.signal(each, signal.SIG_IGN)
    _arrived.append(INTERRUPTIONS[signal.Signals(number)])
    raise _arrived[0].raises


@atexit.register
def _ignore_all() -> None:
    """Ignore both signals once the interpreter ends: the run is over."""
    for number in INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)
