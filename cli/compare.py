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
@options.priors(default="adaptive")
@options.dims
@options.seeds("Repeats, each with another fifth of the samples held out.")
@options.device
@options.threads
@options.filters
@options.settings
@options.verbosity
def compare(inputs: tuple[str, ...], out: str | None, **given: Any) -> None:
    """Compare methods on the cohort in INPUT.

    Each method is fitted to four fifths of the unrelated samples and scored on the others: by
    the bound on their log evidence and, with --labels, by neighbours and clusters. Prints the
    table, and for each method whether its bound is better than that of vae. With two
    coordinates, posteriors are also judged alone: trained on the prior and decoder of one vae,
    by what they leave to the exact evidence. Writes
    PREFIX.compare.tsv, .json, .md and .log. Comparing several priors, such as mixture:5 and
    mixture:10, shows how many clusters the cohort has: with too many, the bound on held-out
    samples falls.
    """
    judge(inputs, f"{out or default_prefix(inputs)}.compare", **given)


def default_prefix(inputs: tuple[str, ...]) -> str:
    """The prefix that the API would choose."""
    from ancestry_ddvi import api

    return api.default_prefix(inputs)


def judge(inputs: tuple[str, ...], prefix: str, filters: Mapping[str, Any], **given: Any) -> None:
    """Compare methods and print the paths of the tables."""
    from ancestry_ddvi import Filters, api

    chosen = Filters(**filters)
    run = api.compare  # loaded before anything is written
    with running(prefix) as progress:
        compared = run(inputs, prefix, filters=chosen, progress=progress, **given)
    tell(compared.files.values())
