"""``ddvi-ancestry assign``."""

from __future__ import annotations

from typing import Any

import click

from . import _options as options
from ._running import running, tell
from .report import reportable, reported


@click.command(epilog=options.EXIT_CODES)
@options.model
@options.inputs(example="ddvi-ancestry assign kgp new.vcf.gz")
@options.out(default="INPUT.in.MODEL, or the prefix of a .coords.tsv, in the working directory")
@options.labels(
    "Groups the samples of --reference, else those of INPUT. Further columns may hold coarser "
    "levels.  [default: the groups stored by fit --labels]"
)
@click.option(
    "--reference",
    metavar="COORDS",
    type=options.PATH,
    help="Coordinates of the labelled samples: a .coords.tsv written by fit or embed with MODEL, "
    "beside its .pcs.tsv. Needs --labels.  [default: the samples of INPUT]",
)
@click.option(
    "--min-prob",
    type=click.FloatRange(0, 1),
    metavar="P",
    default=0.8,
    show_default=True,
    help="Minimum probability of a group. Samples below it are unassigned.",
)
@options.embedding
@options.report
@options.writes("assign")
def assign(
    model: str,
    inputs: tuple[str, ...],
    out: str | None,
    labels: str | None,
    reference: str | None,
    min_prob: float,
    and_report: bool,
    **embedding: Any,
) -> None:
    """Assign samples to the labelled groups of a model.

    MODEL is the name of a reference model (see references), auto for the one of which INPUT tells
    most, or a .ddvi file written by fit. INPUT is a .coords.tsv written by fit or embed with MODEL,
    or genotype files, which are embedded first. Groups are compared by component scores, which are
    in the .pcs.tsv beside a .coords.tsv, and by the noise that the scores of the sample have.
    Probabilities are calibrated on samples that are judged by groups of others. Samples unlike the
    reference panel, unlike every group or with too few variants are unassigned.

    {writes}

    There is a table for each level of the labels. For genotypes all files of embed are written
    too. Paths of the results are printed to standard output.
    """
    from ancestry_ddvi import api

    prefix = out or api.assign_prefix(inputs, model)
    run = api.assign  # loaded before anything is written
    with running(f"{prefix}.assign") as progress:
        reportable(and_report, model, inputs)
        assigned = run(
            model,
            inputs,
            prefix,
            labels=labels,
            reference=reference,
            min_prob=min_prob,
            progress=progress,
            **embedding,
        )
        pages = reported(prefix, and_report, labels, model)
    tell([*assigned.files.values(), *pages])
