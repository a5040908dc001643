"""The group of commands: the one place where errors become messages and exit codes."""

from __future__ import annotations

from typing import Any

import click

from ancestry_ddvi import __version__

from . import _options as options
from ._failures import as_failure
from ._signals import sigterm_raises
from .assign import assign
from .benchmark import benchmark
from .compare import compare
from .condition import condition
from .decode import decode
from .embed import embed
from .fit import fit
from .ingest import ingest
from .methods import methods
from .sample import sample


class Commands(click.Group):
    """A group that reports errors of the user in one sentence; bugs keep their traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with sigterm_raises():
                return super().invoke(ctx)
        except BaseException as error:
            failure = as_failure(error)
            if failure is None:
                raise
            click.echo(f"Error: {failure.sentence}", err=True)
            ctx.exit(failure.exit_code)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use rather than the alphabet."""
        return list(self.commands)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ddvi-ancestry", message="%(prog)s %(version)s")
@options.verbosity
def main() -> None:
    """Genetic ancestry coordinates with posterior uncertainty, from VCF, BCF and PLINK files.

    \b
    ddvi-ancestry fit cohort.vcf.gz              fit a model to a reference panel
    ddvi-ancestry embed cohort.ddvi new.vcf.gz   embed new samples in the model
    ddvi-ancestry assign cohort.ddvi new.vcf.gz  assign them to labelled groups
    """  # noqa: D301


for command in (fit, embed, assign, condition, sample, decode, ingest, methods, compare, benchmark):
    main.add_command(command)
