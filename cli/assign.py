"""``ddvi-ancestry assign``."""

from __future__ import annotations

from typing import Any

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@click.argument("model", metavar="MODEL")
@options.inputs(example="ddvi-ancestry assign cohort.ddvi new.vcf.gz")
@options.out(default="INPUT.in.MODEL, or that of a table of coordinates, in this folder")
@options.labels(
    "the samples of --reference, or of INPUT, are grouped; a further column may hold coarser "
    "groups. Without, the groups of fit --labels are taken"
)
@click.option(
    "--reference",
    metavar="COORDS",
    help="Coordinates of labelled samples, as fit or embed wrote them with MODEL.  "
    "[default: the samples of INPUT]",
)
@click.option(
    "--min-prob",
    type=click.FloatRange(0, 1),
    metavar="P",
    default=0.8,
    show_default=True,
    help="Least probability of a group; below it a sample stays unassigned.",
)
@options.placing
def assign(
    model: str,
    inputs: tuple[str, ...],
    out: str | None,
    labels: str | None,
    reference: str | None,
    min_prob: float,
    **placing: Any,
) -> None:
    """Say which group of MODEL each sample in INPUT is most similar to, and how surely.

    INPUT is a PREFIX.coords.tsv that fit or embed wrote with MODEL, or genotypes, which are
    embedded first; of a table posteriors are taken as normal, so that close calls may differ from
    those of the genotypes. Probabilities are averaged over every sample's posterior and calibrated on
    samples held out of the fit. Who is unlike all of the panel, or seen at too few variants, is
    unassigned.

    Writes PREFIX.assign.LEVEL.tsv for each column of labels, PREFIX.assign.json and .assign.log,
    and for genotypes all that embed writes; prints the paths of all but the log.
    """
    from ancestry_ddvi import api

    prefix = out or api.assign_prefix(inputs, model)
    with running(f"{prefix}.assign") as progress:
        assigned = api.assign(
            model,
            inputs,
            prefix,
            labels=labels,
            reference=reference,
            min_prob=min_prob,
            progress=progress,
            **placing,
        )
    tell(assigned.files.values())
