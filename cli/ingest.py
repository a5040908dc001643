"""``ddvi-ancestry ingest``."""

from __future__ import annotations

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@options.inputs(example="ddvi-ancestry ingest cohort.vcf.gz")
@options.out(default="INPUT.genotypes in this folder, where fit looks for it")
@options.verbosity
def ingest(inputs: tuple[str, ...], out: str | None) -> None:
    """Pack the genotypes in INPUT, two bits each, for later runs.

    fit does this by itself when it needs to; ingest does it ahead of time. INPUT is given as to
    fit.

    Writes PREFIX.bed, .bim, .fam (a PLINK 1 file set), .json and .log, and prints the paths of
    the first four.
    """
    from ancestry_ddvi import api

    prefix = out or f"{api.default_prefix(inputs)}.genotypes"
    with running(prefix) as progress:
        ingested = api.ingest(inputs, prefix, progress=progress)
    tell(ingested.files.values())
