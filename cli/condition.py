"""``ddvi-ancestry condition``."""

from __future__ import annotations

from typing import Any

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@options.model
@click.option(
    "--given",
    metavar="INPUT",
    multiple=True,
    type=options.PATH,
    help="Genotype file of samples to embed, with any number of variants. Repeatable; several "
    "files are concatenated.",
)
@click.option(
    "--population",
    metavar="NAME[:WEIGHT]",
    multiple=True,
    help="Group of the model (fit --labels) to condition on. Repeatable; several groups are a "
    "mixture with these weights (default: equal weights).",
)
@options.out(default="INPUT.conditioned.MODEL or MODEL.conditioned, in the working directory")
@options.labels("Colours the figure.")
@options.draws_out
@click.option(
    "--sampler",
    type=click.Choice(["auto", "own", "outsourced"]),
    default="auto",
    show_default=True,
    help="Sampler for --given. own: no training; weighted draws of the method's posterior or, for "
    "up to four latents, of proposals spread over the prior. outsourced: a diffusion sampler "
    "trained on the constraint. auto: own, and outsourced for samples with too few effective "
    "draws.",
)
@click.option(
    "--sampler-steps",
    type=click.IntRange(min=3),
    metavar="N",
    default=3000,
    show_default=True,
    help="Training steps of the outsourced sampler.",
)
@options.embedding
@options.writes("condition")
def condition(
    model: str,
    given: tuple[str, ...],
    population: tuple[str, ...],
    out: str | None,
    labels: str | None,
    draws_out: bool,
    sampler: str,
    sampler_steps: int,
    **embedding: Any,
) -> None:
    """Sample the posterior given genotypes, populations, or both.

    MODEL is the name of a reference model (see references), with --given auto for the one of which
    INPUT tells most, or a .ddvi file written by fit with a method that has a generator, such as
    ddvi, vae, aae or inflationary-flow. With --given, samples are embedded by sampling the exact
    posterior, also for methods without an approximate posterior; --population conditions on a group
    as well. Without --given, the table has one row: the prior conditioned on --population.

    {writes}

    Without --given there are only .coords.tsv, .eigenvec, .summary.json and .log. Paths of the
    results are printed to standard output.
    """
    from ancestry_ddvi import api

    prefix = out or api.condition_prefix(model, given)
    run = api.condition  # loaded before anything is written
    with running(prefix) as progress:
        drawn = run(
            model,
            given,
            prefix,
            population=population,
            labels=labels,
            draws_out=draws_out,
            sampler=sampler,
            sampler_steps=sampler_steps,
            progress=progress,
            **embedding,
        )
    tell(drawn.files.values())
