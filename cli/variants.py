"""``ddvi-ancestry variants``."""

from __future__ import annotations

import click

from . import _options as options
from ._running import running, tell

STANDARD_OUTPUT = "-"


@click.command(epilog=options.EXIT_CODES)
@options.model
@click.option(
    "--build",
    type=click.Choice(["NCBI36", "GRCh37", "GRCh38"]),
    metavar="NCBI36|GRCh37|GRCh38",
    help="Genome build of the positions, one that MODEL knows.  [default: its first]",
)
@click.option(
    "--format",
    type=click.Choice(["vcf", "bed", "range", "ids", "targets"]),
    help="Kind of list.  [default: by the ending of --out: .vcf, .bed, .range, .txt or .tsv; vcf "
    "on standard output]",
)
@click.option(
    "--chr-prefix/--no-chr-prefix",
    default=None,
    help="Name chromosomes chr1, or 1.  [default: as in MODEL]",
)
@click.option(
    "--out",
    metavar="FILE",
    type=options.PATH,
    default=STANDARD_OUTPUT,
    show_default=True,
    help="File to write, compressed by BGZF if it ends in .gz; -: standard output. An existing "
    "file is overwritten.",
)
@options.verbosity
def variants(
    model: str,
    out: str,
    build: str | None,
    format: str | None,  # noqa: A002
    chr_prefix: bool | None,
) -> None:
    """List the variants that a model uses, to call, target or extract them.

    MODEL is the name of a reference model (see references), or a .ddvi file written by fit. The
    list is sorted by chromosome and position.

    \b
    vcf      sites, with REF and ALT as in MODEL and the frequency of ALT as
             AF; for bcftools view -T, bcftools mpileup -T and tabix
    bed      0-based and half-open; the fourth column is ID|REF|ALT
    range    chromosome, first and last position counted from 1, ID; for
             plink2 --extract bed1 and plink1.9 --extract range
    ids      IDs, one a line; for plink2 --extract and bcftools view -i ID=@FILE
    targets  chromosome, position and REF,ALT; for bcftools call -C alleles -T

    The IDs are those of the reference panel, which need not be those of another file. REF may
    differ from the base of the genome. With --out FILE its path is printed to standard output.
    """  # noqa: D301
    from ancestry_ddvi import api

    path = None if out == STANDARD_OUTPUT else out
    with running(None):
        listed = api.variants(model, path, build=build, format=format, chr_prefix=chr_prefix)
        lines = listed.files.values() if path else ["\n".join(listed.lines())]
    tell(lines)
