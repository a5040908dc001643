"""Around every run: messages, PREFIX.log and progress before it, the paths written after it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import click

from ancestry_ddvi.progress import Progress

from ._logging import console, log_file
from ._options import LEVEL
from ._progress import listener


@contextmanager
def running(prefix: str | None) -> Iterator[Progress]:
    """Tell of a run on stderr and, if it has a prefix, in PREFIX.log; yields its progress."""
    level = click.get_current_context().meta.get(LEVEL, logging.INFO)
    with ExitStack() as stack:
        stack.enter_context(console(level))
        if prefix is not None:
            stack.enter_context(log_file(prefix))
        yield listener(level)


def tell(lines: Iterable[object]) -> None:
    """Print the result on stdout, one line each."""
    for line in lines:
        click.echo(str(line))
