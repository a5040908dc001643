"""``ddvi-ancestry benchmark``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from . import _options as options
from ._running import running, tell
from .compare import default_prefix, judge


@click.group()
@options.verbosity
def benchmark() -> None:
    """Run published experiments, and score every method on a cohort."""


def _run(name: str, out: str, **given: Any) -> None:
    """Run a benchmark and print the paths of its tables."""
    from ancestry_ddvi import api

    run = api.benchmark  # loaded before anything is written
    with running(f"{out}/{name}") as progress:
        done = run(name, out, progress=progress, **given)
    tell(done.files.values())


def _data(what: str) -> Callable[[options.Command], options.Command]:
    """The folder of the original files, and whether to fetch them."""

    def decorate(command: options.Command) -> options.Command:
        command = click.option(
            "--download", is_flag=True, help="Fetch the files into the folder first."
        )(command)
        return click.option(
            "--data",
            metavar="FOLDER",
            type=options.PATH,
            required=True,
            help=f"Folder of the original {what} files.",
        )(command)

    return decorate


def _out(name: str) -> Callable[[options.Command], options.Command]:
    return click.option(
        "--out",
        metavar="FOLDER",
        type=options.PATH,
        default=f"benchmark-{name}",
        show_default=True,
        help="Folder of tables, pictures and finished trials; an interrupted run resumes.",
    )


_epochs = click.option(
    "--epochs",
    type=click.FloatRange(min=0, min_open=True),
    metavar="E",
    default=10.0,
    show_default=True,
    help="Passes over the training images.",
)


def _images(name: str, what: str) -> None:
    """Add the command for one collection of images."""

    @benchmark.command(name, epilog=options.EXIT_CODES)
    @_data(what)
    @options.methods(default="vae, iaf-vae, h-iaf-vae, aae, ddvi")
    @options.priors(default="pinwheel, swiss-roll, square")
    @options.seeds("Fits of each method and prior, from seed 1.")
    @click.option(
        "--labels",
        type=click.IntRange(min=10),
        metavar="N",
        help="Keep the labels of N training images, as many of each class, to guide the fit.  "
        "[default: none]",
    )
    @click.option(
        "--labels-per-class",
        type=click.IntRange(min=1),
        metavar="K",
        help="The same, as a number for each of the ten classes.",
    )
    @_epochs
    @_out(name)
    @options.device
    @options.threads
    @options.settings
    @options.verbosity
    def command(out: str, labels: int | None, labels_per_class: int | None, **given: Any) -> None:
        if labels and labels_per_class:
            raise click.UsageError("Give --labels or --labels-per-class, not both.")
        _run(name, out, labels=labels or 10 * (labels_per_class or 0), **given)

    command.help = f"""Fit methods to {what}; score latents, bounds and images (docs/validation.md).

    --method inflationary-flow fits a flow to the leading principal components of the pixels: as
    many as hold 95 % of the variance, at most 64 (--set components=64). It has one prior, does not
    use labels, and has a table of its own, {name}.flows.
    """


_images("mnist", "MNIST")
_images("cifar10", "CIFAR-10")


@benchmark.command(epilog=options.EXIT_CODES)
@click.option(
    "--shape",
    "shapes",
    metavar="NAME",
    multiple=True,
    help="circles, sine, moons, s-curve, swiss-roll, circles-flat, circles-curved, moons-flat, "
    "moons-curved, s-curve-3d or swiss-roll-3d; may be given several times.  [default: all]",
)
@click.option(
    "--inflation",
    type=click.Choice(["whitened", "uniform", "published"]),
    metavar="whitened|uniform|published",
    default="whitened",
    show_default=True,
    help="How noise grows: in proportion to the variance of the data, equally along all directions "
    "as in the published code, or as in the paper's text.",
)
@options.seeds("Fits of each toy, from seed 1.")
@_out("toy")
@options.device
@options.threads
@options.settings
@options.verbosity
def toy(out: str, inflation: str, settings: Mapping[str, str], **given: Any) -> None:
    """Fit inflationary flows to toy data: circles, sine, moons, S-curves, Swiss rolls.

    What is measured is described in docs/validation.md.
    """
    _run("toy", out, settings={"inflation": inflation, **settings}, **given)


@benchmark.command(epilog=options.EXIT_CODES)
@_data("MNIST")
@options.methods(default="vae, aae")
@click.option(
    "--dims",
    type=click.IntRange(min=1, max=64),
    metavar="D",
    default=8,
    show_default=True,
    help="Latents of the generators.",
)
@options.seeds("Fits of each generator, from seed 1.")
@_epochs
@_out("conditional")
@options.device
@options.threads
@options.settings
@options.verbosity
def conditional(out: str, **given: Any) -> None:
    """Draw MNIST digits of each class from generators fitted without classes.

    The reward is the probability that a classifier gives to the class, as in the CIFAR-10
    experiment of the paper on outsourced diffusion sampling. Rejection sampling, Hamiltonian Monte
    Carlo and the diffusion sampler are compared (docs/validation.md).
    """
    _run("conditional", out, **given)


@benchmark.command(epilog=options.EXIT_CODES)
@options.inputs(example="ddvi-ancestry benchmark genotypes cohort.vcf.gz --labels populations.tsv")
@options.out(default="INPUT without its suffix, in this folder")
@options.labels("Clusters and nearest neighbours are scored against it.")
@options.seeds("Repeats, each with another fifth of the samples held out.")
@options.device
@options.threads
@options.filters
@options.settings
@options.verbosity
def genotypes(inputs: tuple[str, ...], out: str | None, **given: Any) -> None:
    """Compare all methods on the cohort in INPUT, as compare does with a few.

    With --labels this is the 1000 Genomes table of the DDVI paper: purity, completeness and
    mutual information of 20 clusters, beside neighbours, clusters and bounds by our protocol.
    Writes PREFIX.benchmark.tsv, .json, .md and .log.
    """
    from ancestry_ddvi.methods import METHODS

    prefix = f"{out or default_prefix(inputs)}.benchmark"
    judge(inputs, prefix, methods=list(METHODS), **given)
