"""``ddvi-ancestry fit``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from . import _options as options
from ._running import running, tell
from .report import reported


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of methods, for shell completion."""
    from ancestry_ddvi.methods import METHODS

    return [name for name in METHODS if name.startswith(incomplete)]


@click.command(epilog=options.EXIT_CODES)
@options.inputs(example="ddvi-ancestry fit cohort.vcf.gz")
@options.out(default="INPUT without its suffix, in the working directory")
@options.labels(
    "Colours the figure and stores the groups of the labels in the model, for assign. Further "
    "columns may hold coarser levels, such as the superpopulation."
)
@options.dims
@click.option(
    "--method",
    metavar="NAME",
    default="ddvi",
    show_default=True,
    shell_complete=_names,
    help="Method to fit. See ddvi-ancestry methods.",
)
@click.option(
    "--prior",
    metavar="NAME[:NUMBER]",
    help="Prior of the coordinates, such as mixture:12, which also writes probabilities of 12 "
    "clusters to PREFIX.groups.tsv.  [default: adaptive, with as many parts as the samples allow; "
    "with --semi-supervised, a mixture with one component per label]",
)
@click.option(
    "--semi-supervised",
    is_flag=True,
    help="Use --labels in training. Probabilities of all labels are written to PREFIX.groups.tsv, "
    "also for samples without a label (NA, empty or absent from the table).",
)
@click.option(
    "--chain",
    metavar="FILE",
    type=options.PATH,
    help="UCSC chain file from the genome build of INPUT to another, such as "
    "hg19ToHg38.over.chain.gz, or a table of positions: tab-separated, with a column chromosome "
    "and columns named by builds (NCBI36, GRCh37, GRCh38), that of INPUT first. The model stores "
    "positions in all of them, and embed accepts each.",
)
@click.option(
    "--project-on",
    metavar="MODEL",
    type=options.MODEL,
    help="Also embed the samples in MODEL, the name of a reference model, auto or a .ddvi file, "
    "and assign them to its groups, before the fit: writes the files of assign under "
    "PREFIX.in.MODEL. Without --labels, the groups colour the figure.",
)
@options.seed
@options.device
@options.threads
@options.var_filter
@options.filters
@options.settings
@click.option(
    "--card",
    metavar="KEY=TEXT",
    multiple=True,
    callback=options.pairs,
    help="Text of the model card, such as source=... or terms=..., beside those that fit writes. "
    "Repeatable; it replaces a text of the same key.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print the plan: what is read, estimated memory and time, what is written, replaced and "
    "removed. Checks inputs and outputs; writes nothing.",
)
@options.verbosity
@options.report
@options.writes("fit")
def fit(
    inputs: tuple[str, ...],
    out: str | None,
    labels: str | None,
    dims: int,
    method: str,
    prior: str | None,
    semi_supervised: bool,
    chain: str | None,
    project_on: str | None,
    seed: int,
    device: str,
    threads: int,
    var_filter: str,
    filters: Mapping[str, Any],
    settings: Mapping[str, str],
    card: Mapping[str, str],
    dry_run: bool,
    and_report: bool,
) -> None:
    """Fit a model to a cohort and embed its samples.

    INPUT is a VCF (plain or bgzipped), BCF, PLINK 1, PLINK 2, EIGENSTRAT, BGEN or VCF Zarr file,
    or the prefix of a file set. The format is detected from the content. Several files, such as
    one per chromosome, are concatenated. - reads a VCF from standard input.

    {writes}

    Files of an earlier run with the same PREFIX are replaced; those that are not written again
    are removed. Genotypes are packed into PREFIX.genotypes.*, which later runs on the same INPUT
    reuse. Paths of the results are printed to standard output.
    """
    from ancestry_ddvi import Filters, api

    if api.assists():
        return
    chosen = Filters(**filters)
    prefix = out or api.default_prefix(inputs)
    run = api.fit  # loaded before anything is written
    with running(None if dry_run else prefix) as progress:
        fitted = run(
            inputs,
            prefix,
            labels=labels,
            dims=dims,
            seed=seed,
            device=device,
            threads=threads,
            var_filter=var_filter,
            filters=chosen,
            method=method,
            prior=prior,
            semi_supervised=semi_supervised,
            chain=chain,
            project_on=project_on,
            settings=settings,
            card=card,
            dry_run=dry_run,
            progress=progress,
        )
        pages = reported(prefix, and_report and not dry_run, labels)
    beside = fitted.reference.files.values() if fitted.reference else ()
    tell(fitted.summary["plan"] if dry_run else [*fitted.files.values(), *beside, *pages])
