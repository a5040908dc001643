"""``ddvi-ancestry references``."""

from __future__ import annotations

from typing import Any

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@click.argument("inputs", metavar="[INPUT...]", nargs=-1, type=options.PATH)
@click.option(
    "--card",
    metavar="MODEL",
    type=options.MODEL,
    help="Print the model card of one model instead: its panel, accuracy, calibration and limits.",
)
@options.reading
def references(inputs: tuple[str, ...], card: str | None, **reading: Any) -> None:
    """List the reference models: those whose name stands for MODEL in other commands.

    Some come with the package. DDVI_ANCESTRY_REFERENCES may name folders with .ddvi files of
    your own, separated as in PATH; the name of a file is that of the model, and these come first.

    Prints a tab-separated table: name, panel, samples, variants, builds (genome builds in which
    positions are known), levels (of labels), groups (on each level), accuracy (on each level, of
    samples judged by groups of others) and file.

    INPUT is one or more genotype files, as for embed. With INPUT the columns are: name, matched
    (variants of the model in INPUT), variants (of the model), build (of INPUT), information (what
    genotypes at the matched variants tell of the component scores of a sample, in nats) and note,
    which says why a model cannot be used. The best come first; auto in place of MODEL takes the
    first that is usable.
    """
    from ancestry_ddvi import api

    with running(None) as progress:
        if card and inputs:
            raise click.UsageError("--card is of a model, and takes no INPUT.")
        if card:
            lines = [f"{key}: {value}" for key, value in api.model_card(card).items()]
        else:
            listed = api.references(inputs, progress=progress, **reading)
            lines = ["\t".join(row) for row in (listed.columns, *listed.rows)]
    tell(lines)
