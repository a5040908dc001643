"""``ddvi-ancestry condition``."""

from __future__ import annotations

from typing import Any

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@click.argument("model", metavar="MODEL")
@click.option(
    "--given",
    metavar="INPUT",
    multiple=True,
    help="Genotypes of samples, each of whom is placed; may be given several times, for files that "
    "belong together. As many or as few variants as there are.",
)
@click.option(
    "--population",
    metavar="NAME[:WEIGHT]",
    multiple=True,
    help="A group of the model (fit --labels) that draws are to be of. May be given several "
    "times, for a mixture by the weights, or alike.",
)
@options.out(default="INPUT.conditioned.MODEL or MODEL.conditioned, in this folder")
@options.labels("samples are coloured in the figure")
@click.option("--draws-out", is_flag=True, help="Write the draws too, to PREFIX.draws.npz.")
@click.option(
    "--sampler",
    type=click.Choice(["auto", "own", "outsourced"]),
    default="auto",
    show_default=True,
    help="With --given: the generator's own posterior, weighted and refined; a diffusion sampler "
    "trained for the purpose; or by auto the second for whom the first has too few effective "
    "draws.",
)
@click.option(
    "--sampler-steps",
    type=click.IntRange(min=3),
    metavar="N",
    default=3000,
    show_default=True,
    help="Training steps of that sampler.",
)
@options.placing
def condition(
    model: str,
    given: tuple[str, ...],
    population: tuple[str, ...],
    out: str | None,
    labels: str | None,
    draws_out: bool,
    sampler: str,
    sampler_steps: int,
    **placing: Any,
) -> None:
    """Draw from the posterior of MODEL under a constraint: sparse genotypes, a group, or both.

    MODEL is a .ddvi file that fit wrote with a method that has a generator, such as ddvi, vae, aae
    or inflationary-flow. With --given this is embed by exact means: the same table for the same
    samples, also by methods whose embed gives no error bars, and under the further condition that
    they are of --population. Without, the one row of the table is a sample of whom nothing is
    known but the population.

    Writes what embed does, without samples only PREFIX.coords.tsv, .eigenvec, .summary.json and
    .log, and prints the paths of all but the log.
    """
    from ancestry_ddvi import api

    prefix = out or api.condition_prefix(model, given)
    with running(prefix) as progress:
        drawn = api.condition(
            model,
            given,
            prefix,
            population=population,
            labels=labels,
            draws_out=draws_out,
            sampler=sampler,
            sampler_steps=sampler_steps,
            progress=progress,
            **placing,
        )
    tell(drawn.files.values())
