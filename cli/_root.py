"""The group of commands: the one place where errors become messages and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import click

from ancestry_ddvi import __version__

from . import _options as options
from ._failures import as_failure
from ._signals import signals_raise
from ._streams import escape_unknown_characters, flush, say
from .assign import assign
from .benchmark import benchmark
from .compare import compare
from .condition import condition
from .decode import decode
from .embed import embed
from .fit import fit
from .ingest import ingest
from .methods import methods
from .plot import plot
from .references import references
from .report import report
from .sample import sample
from .variants import variants


class Commands(click.Group):
    """A group that reports errors of the user in one sentence; bugs keep their traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and end the process with its exit code."""
        run: Callable[[], Any] = partial(super().main, *args, **extra | {"standalone_mode": False})
        if not extra.get("standalone_mode", True):
            return run()
        escape_unknown_characters()
        try:
            with signals_raise():
                code = run()
                if not code:  # an error was told already
                    sys.stdout.flush()
        except BaseException as error:
            code = _reported(error)
        finally:
            flush()
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BaseException as error:  # click would take some of them for Ctrl-D
            if as_failure(error) is None:
                raise
            ctx.exit(_reported(error))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use rather than the alphabet."""
        return list(self.commands)


def _reported(error: BaseException) -> int:
    """Print an error as one sentence; its exit code. A bug, and an exit, is raised again."""
    if isinstance(error, click.ClickException):
        with suppress(OSError):
            error.show()
        return error.exit_code
    failure = as_failure(error)
    if failure is None:
        raise error
    say(f"Error: {failure.sentence}")
    return failure.exit_code


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ddvi-ancestry", message="%(prog)s %(version)s")
@options.verbosity
def main() -> None:
    """Genetic ancestry coordinates with posterior uncertainty.

    Genotypes are read from VCF, BCF, PLINK, EIGENSTRAT, BGEN and VCF Zarr files.

    \b
    ddvi-ancestry fit cohort.vcf.gz              fit a model to a reference panel
    ddvi-ancestry embed cohort.ddvi new.vcf.gz   embed new samples in the model
    ddvi-ancestry assign cohort.ddvi new.vcf.gz  assign them to labelled groups
    """  # noqa: D301


for command in (
    fit, embed, assign, plot, report, condition, sample, decode, references, variants, ingest,
    methods, compare, benchmark,
):  # fmt: skip
    main.add_command(command)
