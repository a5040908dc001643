"""``ddvi-ancestry sample``."""

from __future__ import annotations

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@click.argument("model", metavar="MODEL")
@click.option(
    "-n",
    "n",
    type=click.IntRange(min=1),
    metavar="N",
    default=500,
    show_default=True,
    help="How many samples; more are the same ones and others.",
)
@click.option(
    "--population",
    metavar="NAME[:WEIGHT]",
    multiple=True,
    help="A group of the model (fit --labels), on any level of its labels; places are drawn from "
    "the normals by which the model knows it. May be given several times: each sample is then of "
    "one of these groups, by the weights or alike, which makes a mixed cohort and not admixed "
    "samples.  [default: the prior of the model]",
)
@options.seed
@click.option(
    "--out",
    metavar="FILE",
    help="Ends in .vcf.gz, .vcf or .bed (with .bim and .fam), which says the format; PREFIX is "
    "the rest of it. Files of these names are replaced.  "
    "[default: MODEL.synthetic.vcf.gz, in this folder]",
)
@options.verbosity
def sample(model: str, n: int, population: tuple[str, ...], seed: int, out: str | None) -> None:
    """Draw synthetic samples from MODEL and write their genotypes.

    MODEL is a .ddvi file that fit wrote with a method that trains a decoder, such as ddvi, vae or
    aae. A sample is a place on the map, drawn from the prior or like those of a group, allele
    frequencies that go with it, and a genotype drawn at every variant of the model by itself:
    structure of populations is in the files, and linkage disequilibrium is not. Every file says
    that its samples are synthetic. They are no more anonymous than the model: who holds a sample's
    genotypes can guess whether that sample was in its panel.

    Writes FILE, PREFIX.samples.tsv with every sample's place, PREFIX.sample.json and .sample.log, and
    prints the paths of all but the log.
    """
    from ancestry_ddvi import api

    path, prefix = api.sample_files(model, out)
    with running(f"{prefix}.sample") as progress:
        sampled = api.sample(
            model, str(path), n=n, population=population, seed=seed, progress=progress
        )
    tell(sampled.files.values())
