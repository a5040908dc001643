"""``ddvi-ancestry compare``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@options.inputs(example="ddvi-ancestry compare cohort.vcf.gz --labels populations.tsv")
@options.out(default="INPUT without its suffix, in this folder")
@options.labels("Clusters and nearest neighbours are scored against it.")
@options.methods(default="pca, umap, vae, ddvi")
@options.priors(default="normal")
@options.dims
@options.seeds("Repeats, each with another fifth of the samples held out.")
@options.device
@options.threads
@options.filters
@options.settings
@options.verbosity
def compare(
    inputs: tuple[str, ...],
    out: str | None,
    labels: str | None,
    methods: tuple[str, ...],
    priors: tuple[str, ...],
    dims: int,
    seeds: int,
    device: str,
    threads: int,
    filters: Mapping[str, Any],
    settings: Mapping[str, str],
) -> None:
    """See in one table which method suits the cohort in INPUT.

    Every method is fitted to four fifths of the unrelated samples and judged on the others: by
    the bound on their log evidence, and with --labels by neighbours and clusters too. Tells the
    table and what it says of ddvi, and writes PREFIX.compare.tsv, .json, .md and .log. Several
    priors, such as mixture:5 and mixture:10, tell how many clusters the cohort has: the bound on
    samples held out falls where there are too many.
    """
    judge(
        inputs,
        f"{out or default_prefix(inputs)}.compare",
        labels=labels,
        methods=methods,
        priors=priors,
        dims=dims,
        seeds=seeds,
        device=device,
        threads=threads,
        filters=filters,
        settings=settings,
    )


def default_prefix(inputs: tuple[str, ...]) -> str:
    """What the API would choose."""
    from ancestry_ddvi import api

    return api.default_prefix(inputs)


def judge(inputs: tuple[str, ...], prefix: str, filters: Mapping[str, Any], **given: Any) -> None:
    """Compare methods and print the paths of the tables."""
    from ancestry_ddvi import Filters, api

    chosen = Filters(**filters)
    with running(prefix) as progress:
        compared = api.compare(inputs, prefix, filters=chosen, progress=progress, **given)
    tell(compared.files.values())
