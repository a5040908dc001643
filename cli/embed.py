"""``ddvi-ancestry embed``."""

from __future__ import annotations

from typing import Any

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@click.argument("model", metavar="MODEL")
@options.inputs(example="ddvi-ancestry embed cohort.ddvi new.vcf.gz")
@options.out(default="INPUT.in.MODEL, in this folder")
@options.labels("samples are coloured in the figure")
@click.option("--draws-out", is_flag=True, help="Write the draws too, to PREFIX.draws.npz.")
@options.placing
def embed(
    model: str,
    inputs: tuple[str, ...],
    out: str | None,
    labels: str | None,
    draws_out: bool,
    **placing: Any,
) -> None:
    """Place the samples in INPUT in the space of MODEL.

    MODEL is a .ddvi file that fit wrote. Its variants are matched by alleles and position, in every
    genome build the model knows (fit --chain), or by rsID; those that INPUT lacks count as
    unobserved and widen the error bars. One sample is enough, and likelihoods of a few reads will
    do: fields other than GT are read from VCF and BCF files.

    Writes PREFIX.coords.tsv, .eigenvec, .pcs.tsv, .relatives.tsv where some in INPUT are related
    or given twice, .png, .svg, .summary.json and .log, and prints the paths of all but the log.
    INPUT is given as to fit.
    """
    from ancestry_ddvi import api

    prefix = out or api.default_prefix(inputs, model)
    with running(prefix) as progress:
        embedded = api.embed(
            model,
            inputs,
            prefix,
            labels=labels,
            draws_out=draws_out,
            progress=progress,
            **placing,
        )
    tell(embedded.files.values())
