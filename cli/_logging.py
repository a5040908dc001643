"""Messages of a run: on stderr, and in PREFIX.log as plink2 writes it."""

from __future__ import annotations

import logging
import os
import platform
import shlex
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from ancestry_ddvi import __version__
from ancestry_ddvi.resources import memory_bytes
from ancestry_ddvi.storage import whole

from ._failures import as_failure
from ._signals import Terminated
from ._streams import say

package = logging.getLogger("ancestry_ddvi")

CONSOLE_ONLY = {"only": "console"}
FILE_ONLY = {"only": "file"}


class Console(logging.Handler):
    """Messages on ``sys.stderr`` as it is at the time, which a progress bar may have replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "only", "console") == "console":
            say(self.format(record))


class LogFile(logging.FileHandler):
    """PREFIX.log; a full disk ends the run, as for any other file."""

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "only", "file") == "file":
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        raise  # the error being handled


@contextmanager
def console(level: int) -> Iterator[None]:
    """Messages of ``level`` and above on stderr."""
    handler = Console(level)
    before = package.level
    package.setLevel(min(level, logging.INFO))
    try:
        with _attached(handler):
            yield
    finally:
        package.setLevel(before)


@contextmanager
def log_file(prefix: str) -> Iterator[None]:
    """Write PREFIX.log, from the options in effect to the end time and exit code.

    The log is written to a temporary file, which is renamed when the run ends, with success or an
    error. An interrupted run leaves an existing PREFIX.log unchanged, like all other files.

    Raises
    ------
    OutputUnwritable
        If PREFIX.log cannot be written.
    """
    failed: BaseException | None = None
    with whole(f"{prefix}.log") as part:
        handler = LogFile(part, encoding="utf-8", errors="backslashreplace")
        with _attached(handler):
            _write_header(click.get_current_context())
            try:
                yield
            except (KeyboardInterrupt, Terminated):
                raise
            except BaseException as error:
                failed = error
            _write_footer(failed)
    if failed is not None:
        raise failed


@contextmanager
def _attached(handler: logging.Handler) -> Iterator[None]:
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)
        handler.close()


def _write_header(ctx: click.Context) -> None:
    seed = ctx.params.get("seed")
    lines = [
        f"ddvi-ancestry {__version__}",
        "Options in effect:",
        f"  {ctx.info_name}",
        *(f"  {line}" for line in options_in_effect(ctx)),
        "",
        f"Hostname: {platform.node()}",
        f"Working directory: {os.getcwd()}",
        f"Start time: {_now()}",
        *([f"Random number seed: {seed}"] if seed is not None else []),
        f"RAM: {memory_bytes() / 2**30:.1f} GiB",
        *([f"Threads: {ctx.params['threads']}"] if "threads" in ctx.params else []),
        "",
    ]
    package.info("%s", "\n".join(lines), extra=FILE_ONLY)


def options_in_effect(ctx: click.Context) -> list[str]:
    """One line for each argument and option with a value, as typed in a shell."""
    return [
        line
        for param in ctx.command.params
        if param.name in ctx.params
        for line in _as_typed(param, ctx.params[param.name])
    ]


def _as_typed(param: click.Parameter, value: Any) -> list[str]:
    if value is None or value is False:
        return []
    if isinstance(param, click.Argument):
        return [shlex.quote(word) for word in (value if isinstance(value, tuple) else (value,))]
    flag = max(param.opts, key=len)
    if value is True:
        return [flag]
    values = _each(value)
    words = [f"{word:g}" if isinstance(word, float) else str(word) for word in values]
    return [f"{flag} {shlex.quote(word)}" for word in words]


def _each(value: Any) -> list[Any]:
    """The values of an option, one for each time it is given."""
    if isinstance(value, dict):
        return [f"{k}={v}" for k, v in value.items()]
    return list(value) if isinstance(value, tuple) else [value]


def _write_footer(failed: BaseException | None) -> None:
    known = as_failure(failed) if failed else None
    if known:
        package.error("Error: %s", known.sentence, extra=FILE_ONLY)
    elif failed:
        package.error("%s", "".join(traceback.format_exception(failed)), extra=FILE_ONLY)
    code = known.exit_code if known else int(failed is not None)
    package.info("\nEnd time: %s\nExit code: %d", _now(), code, extra=FILE_ONLY)


def _now() -> str:
    return time.strftime("%a %b %d %H:%M:%S %Y %z")
