"""The frame of every run: messages, PREFIX.log and progress; then the paths of the results."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

import click

from ancestry_ddvi.errors import OutputUnwritable, UsageProblem
from ancestry_ddvi.progress import Progress
from ancestry_ddvi.resources import check_address_space

from ._logging import console, log_file
from ._matplotlib import matplotlib_folder
from ._options import LEVEL
from ._progress import listener


@contextmanager
def running(prefix: str | None) -> Iterator[Progress]:
    """Show messages on stderr and, with a prefix, write PREFIX.log; yields the progress.

    Raises
    ------
    OutputUnwritable, OutOfResources, UsageProblem
    """
    _check_working_directory()
    check_address_space()
    level = click.get_current_context().meta.get(LEVEL, logging.INFO)
    with ExitStack() as stack:
        stack.enter_context(console(level))
        stack.enter_context(matplotlib_folder())
        if prefix is not None:
            stack.enter_context(log_file(prefix))
        yield listener(level)


def _check_working_directory() -> None:
    """Refuse a working directory that was removed: libraries end the process there.

    Raises
    ------
    UsageProblem
    """
    try:
        os.getcwd()
    except OSError as error:
        problem = f"The working directory cannot be read: {error.strerror}"
        raise UsageProblem(problem, "Change to another folder.") from error


def tell(lines: Iterable[object]) -> None:
    """Print the results on stdout, one line each; bytes of paths as they are.

    Raises
    ------
    OutputUnwritable
        If standard output is full.
    """
    try:
        for line in lines:
            click.echo(os.fsencode(str(line)))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputUnwritable(
            f"Standard output cannot be written: {error.strerror}",
            "All files are in place; redirect standard output to a place with free space.",
        ) from error
