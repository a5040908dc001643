"""What fit, embed and condition write: tables and figures of coordinates, and the summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.coordinates import Coordinates, write_components, write_groups
from ..artefacts.flags import flag_samples
from ..artefacts.records import EmbeddedSamples
from ..artefacts.summary import Clock, complete, write_summary
from ..genotypes.projection.scores import Scores

if TYPE_CHECKING:
    from ..inference.posterior_draws import PosteriorDraws

MIN_EFFECTIVE_DRAWS = 4.0
"""A sample with fewer effective draws is flagged."""

CAPTION = (
    "Distances depend on the reference panel, its variants and the prior. "
    "Coordinates describe genetic similarity to the samples of the panel, not identity."
)


def coordinates_of(
    samples: Sequence[str],
    posterior: PosteriorDraws,
    scores: Scores,
    *,
    model_variants: int,
    variants_in_file: int,
    p_panel: np.ndarray,
    flags: Sequence[str],
) -> Coordinates:
    """The table of coordinates.

    Parameters
    ----------
    samples : sequence of str
    posterior : PosteriorDraws
        On the axes of the coordinates.
    scores : Scores
    model_variants, variants_in_file : int
        Variants of the model, and how many of them the file has.
    p_panel : ndarray, (samples,)
        Out-of-panel p-values.
    flags : sequence of str
        Flags raised so far, separated by commas, for each sample; ``few_draws`` is added here.
    """
    few = posterior.effective_draws < MIN_EFFECTIVE_DRAWS
    raised = flag_samples({"few_draws": few}, flags)
    return Coordinates.of(
        EmbeddedSamples(
            samples, posterior, scores, model_variants, variants_in_file, p_panel, raised
        )
    )


def unobserved(components: int) -> Scores:
    """The scores of one sample of which no variant is observed."""
    return Scores(
        value=np.zeros((1, components)),
        precision=np.zeros((1, components, components)),
        length=np.zeros(1),
        observed=np.zeros(1, dtype=np.int64),
        effective_variants=np.zeros(1),
        pseudo_haploid=np.zeros(1, dtype=bool),
    )


def write_embedding(
    prefix: str,
    coordinates: Coordinates,
    posterior: PosteriorDraws,
    scores: Scores,
    labels: Sequence[str] | None,
    title: str,
    method: str = "ddvi",
    classes: Sequence[str] = (),
) -> dict[str, Path]:
    """Write the tables and the figures of embedded samples; the paths by kind."""
    from ..plots.figures import FigureData, write_figures

    files = {
        "coords": Path(f"{prefix}.coords.tsv"),
        "eigenvec": Path(f"{prefix}.eigenvec"),
        "pcs": Path(f"{prefix}.pcs.tsv"),
    }
    coordinates.write(files["coords"])
    coordinates.write_eigenvec(files["eigenvec"])
    write_components(files["pcs"], coordinates.samples, scores.value)
    if posterior.groups is not None:
        files["groups"] = Path(f"{prefix}.groups.tsv")
        write_groups(files["groups"], coordinates.samples, posterior.groups, classes)
    data = FigureData(
        coordinates.mean,
        coordinates.sd,
        posterior.covariance,
        scores.value,
        labels,
        title,
        CAPTION,
        method,
    )
    return files | write_figures(prefix, data)


def conclude(
    prefix: str,
    summary: dict[str, Any],
    files: dict[str, Path],
    coordinates: Coordinates,
    clock: Clock,
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Write the summary with the number of samples by flag; all files, and the summary."""
    raised = [flag for flags in coordinates.flag for flag in flags.split(",") if flag]
    files = files | {"summary": Path(f"{prefix}.summary.json")}
    counted = {name: raised.count(name) for name in sorted(set(raised))}
    completed = complete(summary | {"flags": counted}, files, clock)
    write_summary(files["summary"], completed)
    return files, completed
