"""``ddvi-ancestry references``."""

from __future__ import annotations

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@click.option(
    "--card",
    metavar="MODEL",
    type=options.MODEL,
    help="Print the model card of one model instead: its panel, accuracy, calibration and limits.",
)
@options.verbosity
def references(card: str | None) -> None:
    """List the reference models: those whose name stands for MODEL in other commands.

    Some come with the package. DDVI_ANCESTRY_REFERENCES may name folders with .ddvi files of
    your own, separated as in PATH; the name of a file is that of the model, and these come first.

    Prints a tab-separated table: name, panel, samples, variants, builds (genome builds in which
    positions are known), levels (of labels), groups (on each level), accuracy (on each level, of
    samples judged by groups of others) and file.
    """
    from ancestry_ddvi import api

    with running(None):
        if card:
            lines = [f"{key}: {value}" for key, value in api.model_card(card).items()]
        else:
            listed = api.references()
            lines = ["\t".join(row) for row in (listed.columns, *listed.rows)]
    tell(lines)
