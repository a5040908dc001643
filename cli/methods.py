"""``ddvi-ancestry methods``."""

from __future__ import annotations

import click


@click.command()
def methods() -> None:
    """List the methods of fit --method.

    Prints a tab-separated table: name, embeds_new (embed accepts its models), posterior_sd
    (reports posterior standard deviations), uses_labels (accepts --semi-supervised), summary.
    """
    from ancestry_ddvi.methods import METHODS

    click.echo("name\tembeds_new\tposterior_sd\tuses_labels\tsummary")
    for name, row in METHODS.items():
        flags = (row.embeds_new_samples, row.gives_sd, row.uses_labels)
        click.echo("\t".join([name, *("yes" if flag else "no" for flag in flags), row.summary]))
