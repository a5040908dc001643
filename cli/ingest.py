"""``ddvi-ancestry ingest``."""

from __future__ import annotations

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@options.inputs(example="ddvi-ancestry ingest cohort.vcf.gz")
@options.out(default="INPUT.genotypes in the working directory, where fit looks for it")
@options.var_filter
@options.threads
@options.verbosity
@options.writes("ingest")
def ingest(inputs: tuple[str, ...], out: str | None, var_filter: str, threads: int) -> None:
    """Pack genotypes into 2 bits each for later runs.

    INPUT is one or more genotype files, as for fit. fit packs its INPUT itself; ingest does so
    ahead of time. Large VCF.gz and BCF files with an index (.tbi, .csi) are read by as many
    many processes as --threads says.

    {writes} Paths of the results are printed to standard output.
    """
    from ancestry_ddvi import api

    prefix = out or f"{api.default_prefix(inputs)}.genotypes"
    run = api.ingest  # loaded before anything is written
    with running(prefix) as progress:
        ingested = run(inputs, prefix, var_filter=var_filter, threads=threads, progress=progress)
    tell(ingested.files.values())
