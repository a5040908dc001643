"""``ddvi-ancestry embed``."""

from __future__ import annotations

from typing import Any

import click

from . import _options as options
from ._running import running, tell
from .report import reportable, reported


@click.command(epilog=options.EXIT_CODES)
@options.model
@options.inputs(example="ddvi-ancestry embed cohort.ddvi new.vcf.gz")
@options.out(default="INPUT.in.MODEL, in the working directory")
@options.labels("Colours the figure.")
@options.draws_out
@options.embedding
@options.report
@options.writes("embed")
def embed(
    model: str,
    inputs: tuple[str, ...],
    out: str | None,
    labels: str | None,
    draws_out: bool,
    and_report: bool,
    **embedding: Any,
) -> None:
    """Embed new samples in a model.

    MODEL is the name of a reference model (see references), auto for the one of which INPUT tells
    most, or a .ddvi file written by fit. INPUT is one or more genotype files, as for fit; fields
    other than GT are read from VCF and BCF only. Variants are matched by position and alleles in
    every genome build stored in MODEL (see fit --chain), else by rsID. Variants absent from INPUT
    are treated as missing and increase the posterior standard deviations. Coordinates do not depend
    on the other samples in INPUT. Of VCF.gz and BCF of 4 MiB or more with an index (.tbi, .csi)
    only records at variants of MODEL are read.

    {writes}

    Files of an earlier run with the same PREFIX are replaced; those that are not written again
    are removed. Paths of the results are printed to standard output.
    """
    from ancestry_ddvi import api

    prefix = out or api.default_prefix(inputs, model)
    run = api.embed  # loaded before anything is written
    with running(prefix) as progress:
        reportable(and_report, model, inputs)
        embedded = run(
            model,
            inputs,
            prefix,
            labels=labels,
            draws_out=draws_out,
            progress=progress,
            **embedding,
        )
        pages = reported(prefix, and_report, labels, model)
    tell([*embedded.files.values(), *pages])
