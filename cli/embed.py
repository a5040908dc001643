"""``ddvi-ancestry embed``."""

from __future__ import annotations

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@click.argument("model", metavar="MODEL")
@options.inputs(example="ddvi-ancestry embed cohort.ddvi new.vcf.gz")
@options.out(default="INPUT.in.MODEL, in this folder")
@options.labels("people are coloured in the figure")
@click.option(
    "--draws",
    type=click.IntRange(min=2),
    metavar="N",
    default=64,
    show_default=True,
    help="Posterior draws for each person; their mean is the place and their sd the error bar.",
)
@click.option(
    "--field",
    type=click.Choice(["auto", "GT", "PL", "GL", "GP", "DS"]),
    default="auto",
    show_default=True,
    help="What to read of each person at a site: calls (GT), likelihoods (PL, GL), probabilities "
    "(GP) or dosages (DS). auto is the first of PL, GL, GP and DS that INPUT has, else GT.",
)
@click.option(
    "--min-sites",
    type=click.IntRange(min=1),
    metavar="N",
    default=100,
    show_default=True,
    help="Fewest sites of the model that INPUT must hold.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="Of the draws, with each sample's ID.  [default: the seed of the model, 42 unless it was "
    "fitted with another: the same person then meets the same draws]",
)
@options.device
@options.threads
@options.verbosity
def embed(
    model: str,
    inputs: tuple[str, ...],
    out: str | None,
    labels: str | None,
    draws: int,
    field: str,
    min_sites: int,
    seed: int | None,
    device: str,
    threads: int,
) -> None:
    """Place the people in INPUT in the space of MODEL.

    MODEL is a .ddvi file that fit wrote. Its sites are matched by position and alleles, or by rsID
    where the builds differ; those that INPUT lacks count as unobserved and widen the error bars.
    One sample is enough, and likelihoods of a few reads will do: fields other than GT are read from
    VCF and BCF files.

    Writes PREFIX.coords.tsv, .eigenvec, .pcs.tsv, .png, .svg, .summary.json and .log, and prints
    the paths of all but the log. INPUT is given as to fit.
    """
    from ancestry_ddvi import api

    prefix = out or api.default_prefix(inputs, model)
    with running(prefix) as progress:
        embedded = api.embed(
            model,
            inputs,
            prefix,
            draws=draws,
            seed=seed,
            device=device,
            threads=threads,
            min_sites=min_sites,
            labels=labels,
            field=field,
            progress=progress,
        )
    tell(embedded.files.values())
