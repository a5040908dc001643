"""``ddvi-ancestry fit``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@options.inputs(example="ddvi-ancestry fit cohort.vcf.gz")
@options.out(default="INPUT without its suffix, in this folder")
@options.labels(
    "samples are coloured in the figure and the model knows groups, as assign needs; a further "
    "column may hold coarser groups"
)
@options.dims
@click.option(
    "--method",
    metavar="NAME",
    default="ddvi",
    show_default=True,
    help="What to fit: a row of ddvi-ancestry methods.",
)
@click.option(
    "--prior",
    metavar="NAME[:NUMBER]",
    help="Where the method expects samples before it sees them, such as mixture:12, which also "
    "gives every sample probabilities of 12 clusters (PREFIX.groups.tsv).  [default: normal; with "
    "--semi-supervised a mixture with a component for each label]",
)
@click.option(
    "--semi-supervised",
    is_flag=True,
    help="Let --labels guide the fit: labelled samples are a reference for those without a label "
    "(NA, empty or not in the table), who get probabilities of all labels (PREFIX.groups.tsv).",
)
@click.option(
    "--chain",
    metavar="FILE",
    help="UCSC chain file from the genome build of INPUT to another, such as "
    "hg19ToHg38.over.chain.gz: the model then knows its variants in both, and embed takes files of "
    "either.",
)
@options.seed
@options.device
@options.threads
@options.filters
@options.settings
@click.option("--dry-run", is_flag=True, help="Print the plan, its memory and time; write nothing.")
@options.verbosity
def fit(
    inputs: tuple[str, ...],
    out: str | None,
    labels: str | None,
    dims: int,
    method: str,
    prior: str | None,
    semi_supervised: bool,
    chain: str | None,
    seed: int,
    device: str,
    threads: int,
    filters: Mapping[str, Any],
    settings: Mapping[str, str],
    dry_run: bool,
) -> None:
    """Fit a model to the cohort in INPUT and place every sample in it.

    INPUT is a VCF, VCF.gz, BCF, PLINK 1 or PLINK 2 file, or the prefix of a PLINK file set, known
    by its content; several files, such as one for each chromosome, are joined; - reads a VCF from
    standard input.

    Writes PREFIX.ddvi (the model), .coords.tsv, .eigenvec, .pcs.tsv, .groups.tsv where there are
    labels or clusters to tell apart, .png, .svg, .summary.json and .log, and prints the paths of
    all but the log.
    """
    from ancestry_ddvi import Filters, api

    chosen = Filters(**filters)
    prefix = out or api.default_prefix(inputs)
    with running(None if dry_run else prefix) as progress:
        fitted = api.fit(
            inputs,
            prefix,
            labels=labels,
            dims=dims,
            seed=seed,
            device=device,
            threads=threads,
            filters=chosen,
            method=method,
            prior=prior,
            semi_supervised=semi_supervised,
            chain=chain,
            settings=settings,
            dry_run=dry_run,
            progress=progress,
        )
    tell(fitted.summary["plan"] if dry_run else fitted.files.values())
