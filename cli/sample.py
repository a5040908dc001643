"""``ddvi-ancestry sample``."""

from __future__ import annotations

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@options.model
@click.option(
    "-n",
    "n",
    type=click.IntRange(min=1),
    metavar="N",
    default=500,
    show_default=True,
    help="Number of samples. A larger N extends the same samples.",
)
@click.option(
    "--population",
    metavar="NAME[:WEIGHT]",
    multiple=True,
    help="Group of the model (fit --labels, any level) to simulate. Repeatable; each sample is "
    "then drawn from one of the groups, with these weights (default: equal weights). Samples are "
    "not admixed.  [default: the prior of the model]",
)
@options.seed
@click.option(
    "--out",
    metavar="FILE",
    type=options.PATH,
    help="Genotype file to write. The suffix .vcf.gz, .vcf or .bed (with .bim and .fam) sets the "
    "format; PREFIX is the name without it. Existing files are overwritten.  "
    "[default: MODEL.synthetic.vcf.gz, in the working directory]",
)
@options.verbosity
@options.writes("sample")
def sample(model: str, n: int, population: tuple[str, ...], seed: int, out: str | None) -> None:
    """Simulate samples from a model and write their genotypes.

    MODEL is the name of a reference model (see references), or a .ddvi file written by fit with a
    method that has a decoder, such as ddvi, vae or aae. Coordinates are drawn from the prior or
    from a group, decoded to allele frequencies, and genotypes are drawn independently at each
    variant. The data have population structure but no linkage disequilibrium. All files are marked
    as synthetic.

    Synthetic samples are no more anonymous than the model: with the genotypes of an individual, one
    can estimate whether it is in the reference panel.

    {writes} Another format of --out replaces .vcf.gz. Paths of the results are printed to
    standard output.
    """
    from ancestry_ddvi import api

    path, prefix = api.sample_files(model, out)
    run = api.sample  # loaded before anything is written
    with running(f"{prefix}.sample") as progress:
        sampled = run(model, str(path), n=n, population=population, seed=seed, progress=progress)
    tell(sampled.files.values())
