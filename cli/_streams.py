"""Standard streams that are closed, full, or of an encoding with few characters."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

NAMES = ("stdin", "stdout", "stderr")


def open_closed_streams() -> None:
    """Open the null device in place of closed streams.

    Otherwise the next file that is opened takes the number of the stream, and messages of
    libraries are written into it.
    """
    for number, name in enumerate(NAMES):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def escape_unknown_characters() -> None:
    """Write characters that the encoding of standard output lacks as escapes."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def say(message: str) -> None:
    """Print a message on standard error, if it can be written: a full one ends no run."""
    import click

    with suppress(OSError, ValueError):
        click.echo(message, err=True)


def flush() -> None:
    """Write what is buffered; what cannot be written is dropped, lest the interpreter complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
                stream.flush()
