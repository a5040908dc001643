"""``ddvi-ancestry benchmark``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from . import _options as options
from ._running import running, tell
from .compare import default_prefix, judge


@click.group()
@options.verbosity
def benchmark() -> None:
    """Run the tables of papers again, with an honest protocol beside theirs."""


def _images(name: str, what: str, priors: str) -> click.Command:
    """The command for one set of images."""

    @benchmark.command(name, epilog=options.EXIT_CODES)
    @click.option(
        "--data",
        metavar="FOLDER",
        type=options.PATH,
        required=True,
        help=f"Where the original files of {what} are.",
    )
    @click.option("--download", is_flag=True, help="Fetch them into the folder first.")
    @options.methods(default="vae, iaf-vae, h-iaf-vae, aae, ddvi")
    @options.priors(default=priors)
    @options.seeds("Fits of each method and prior, from seed 1.")
    @click.option(
        "--labels",
        type=click.IntRange(min=10),
        metavar="N",
        help="Keep the labels of so many training images, of all classes alike, and let them "
        "guide the fit.  [default: none]",
    )
    @click.option(
        "--labels-per-class",
        type=click.IntRange(min=1),
        metavar="K",
        help="The same, said for each of the ten classes.",
    )
    @click.option(
        "--epochs",
        type=click.FloatRange(min=0, min_open=True),
        metavar="E",
        default=10.0,
        show_default=True,
        help="Passes over the training images.",
    )
    @click.option(
        "--out",
        metavar="FOLDER",
        type=options.PATH,
        default=f"benchmark-{name}",
        show_default=True,
        help="For tables, pictures and finished trials; a run that was interrupted goes "
        "on where it stopped.",
    )
    @options.device
    @options.threads
    @options.settings
    @options.verbosity
    def command(
        data: str,
        download: bool,
        methods: tuple[str, ...],
        priors: tuple[str, ...],
        seeds: int,
        labels: int | None,
        labels_per_class: int | None,
        epochs: float,
        out: str,
        device: str,
        threads: int,
        settings: Mapping[str, str],
    ) -> None:
        from ancestry_ddvi import api

        if labels and labels_per_class:
            raise click.UsageError("Give --labels or --labels-per-class, not both.")
        with running(f"{out}/{name}") as progress:
            done = api.benchmark_images(
                name,
                data,
                out,
                download=download,
                methods=methods,
                priors=priors,
                seeds=seeds,
                labels=labels or 10 * (labels_per_class or 0),
                epochs=epochs,
                device=device,
                threads=threads,
                settings=settings,
                progress=progress,
            )
        tell(done.files.values())

    command.help = f"""Fit {what} and judge latents, bounds and images (docs/validation.md).

    --method inflationary-flow fits a flow to the leading principal components of the pixels, as
    many as hold 95 % of the variance and 64 at most (--set components=64). It has no prior to
    choose and no use for labels, and a table of its own, {name}.flows.
    """
    return command


_images("mnist", "MNIST", "pinwheel, swiss-roll, square")
_images("cifar10", "CIFAR-10", "pinwheel, swiss-roll, square")


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
    help="How noise grows: in proportion to the variance of the data, alike along all directions "
    "as in the published code, or as in the paper's text.",
)
@options.seeds("Fits of each, from seed 1.")
@click.option(
    "--out",
    metavar="FOLDER",
    type=options.PATH,
    default="benchmark-toy",
    show_default=True,
    help="For the table and the pictures.",
)
@options.device
@options.threads
@options.settings
@options.verbosity
def toy(
    shapes: tuple[str, ...],
    inflation: str,
    seeds: int,
    out: str,
    device: str,
    threads: int,
    settings: Mapping[str, str],
) -> None:
    """Fit inflationary flows to circles, waves, moons, S-curves and rolls (docs/validation.md)."""
    from ancestry_ddvi import api

    with running(f"{out}/toy") as progress:
        done = api.benchmark_toys(
            out,
            shapes=shapes,
            inflation=inflation,
            seeds=seeds,
            device=device,
            threads=threads,
            settings=settings,
            progress=progress,
        )
    tell(done.files.values())


@benchmark.command(epilog=options.EXIT_CODES)
@click.option(
    "--data",
    metavar="FOLDER",
    type=options.PATH,
    required=True,
    help="Where the original files of MNIST are.",
)
@click.option("--download", is_flag=True, help="Fetch them into the folder first.")
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
@click.option(
    "--epochs",
    type=click.FloatRange(min=0, min_open=True),
    metavar="E",
    default=10.0,
    show_default=True,
    help="Passes of a generator over the training images.",
)
@click.option(
    "--out",
    metavar="FOLDER",
    type=options.PATH,
    default="benchmark-conditional",
    show_default=True,
    help="For tables, pictures and finished trials; a run that was interrupted goes on where it "
    "stopped.",
)
@options.device
@options.threads
@options.settings
@options.verbosity
def conditional(
    data: str,
    download: bool,
    methods: tuple[str, ...],
    dims: int,
    seeds: int,
    epochs: float,
    out: str,
    device: str,
    threads: int,
    settings: Mapping[str, str],
) -> None:
    """Draw MNIST digits of each class from generators that know no classes.

    As the CIFAR-10 experiment of the paper on outsourced diffusion sampling: a classifier says
    which draws are wanted, and rejection, Hamiltonian Monte Carlo and the diffusion sampler
    compete (docs/validation.md).
    """
    from ancestry_ddvi import api

    with running(f"{out}/conditional") as progress:
        done = api.benchmark_conditional(
            data,
            out,
            download=download,
            methods=methods,
            dims=dims,
            seeds=seeds,
            epochs=epochs,
            device=device,
            threads=threads,
            settings=settings,
            progress=progress,
        )
    tell(done.files.values())


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
def genotypes(
    inputs: tuple[str, ...],
    out: str | None,
    labels: str | None,
    seeds: int,
    device: str,
    threads: int,
    filters: Mapping[str, Any],
    settings: Mapping[str, str],
) -> None:
    """Judge every method on the cohort in INPUT, as compare does a few.

    With --labels this is the 1000 Genomes table of the DDVI paper: purity, completeness and
    mutual information of 20 clusters, beside neighbours, clusters and bounds by our protocol.
    Writes PREFIX.benchmark.tsv, .json, .md and .log.
    """
    from ancestry_ddvi.methods import METHODS

    judge(
        inputs,
        f"{out or default_prefix(inputs)}.benchmark",
        labels=labels,
        methods=list(METHODS),
        seeds=seeds,
        device=device,
        threads=threads,
        filters=filters,
        settings=settings,
    )
