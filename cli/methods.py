"""``ddvi-ancestry methods``."""

from __future__ import annotations

import click


@click.command()
def methods() -> None:
    """List the methods that fit --method takes.

    Columns, separated by tabs: name, whether it places new samples (embed), whether it gives
    error bars, whether labels can guide it (--semi-supervised), and what it is.
    """
    from ancestry_ddvi.methods import METHODS

    click.echo("name\tplaces_new\terror_bars\tuses_labels\tsummary")
    for name, row in METHODS.items():
        flags = (row.embeds_new_samples, row.gives_sd, row.uses_labels)
        click.echo("\t".join([name, *("yes" if flag else "no" for flag in flags), row.summary]))
