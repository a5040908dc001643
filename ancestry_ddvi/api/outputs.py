"""What fit and embed both write: tables and pictures of every sample's place, and the summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.coordinates import Coordinates, write_components, write_groups
from ..artefacts.summary import Clock, complete, write_summary
from ..genotypes.projection.scores import Scores

if TYPE_CHECKING:
    from ..inference.posterior_draws import PosteriorDraws

MIN_EFFECTIVE_DRAWS = 4.0
"""With fewer effective draws a sample is flagged: the error bar is a guess."""

CAPTION = (
    "Distances are model-based: they depend on the panel, its variants and the prior. "
    "Position describes genetic similarity to the samples of the panel, not identity."
)


def coordinates_of(
    samples: Sequence[str],
    posterior: PosteriorDraws,
    scores: Scores,
    *,
    model_variants: int,
    variants_in_file: int,
    p_panel: np.ndarray,
    remarks: Sequence[str],
) -> Coordinates:
    """The table of coordinates.

    Parameters
    ----------
    samples : sequence of str
    posterior : PosteriorDraws, on the axes of the coordinates
    scores : Scores
    model_variants, variants_in_file : int
        Variants of the model, and how many of them the file has.
    p_panel : ndarray, (samples,)
        Share of the panel that is more unusual than each sample.
    remarks : sequence of str
        Flags known so far, one string per sample.
    """
    unsure = posterior.effective_draws < MIN_EFFECTIVE_DRAWS
    return Coordinates(
        samples=samples,
        mean=posterior.mean,
        sd=posterior.sd,
        correlation=posterior.correlation,
        n_variants=scores.observed,
        effective_variants=scores.effective_variants,
        variant_fraction=scores.observed / model_variants,
        call_rate=scores.observed / max(variants_in_file, 1),
        effective_draws=posterior.effective_draws,
        log_evidence=posterior.log_evidence,
        p_panel=p_panel,
        flag=[
            join_flags(r, "few_draws" if u else "") for r, u in zip(remarks, unsure, strict=True)
        ],
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
    """Write the tables and the pictures of every sample's place; the paths by kind."""
    from ..plots.scatter import coordinates_figure, save

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
    figure = coordinates_figure(
        coordinates.mean,
        coordinates.sd,
        labels=labels,
        pcs=scores.value,
        covariance=posterior.covariance,
        title=title,
        caption=CAPTION,
        method=method,
    )
    return files | save(figure, prefix)


def conclude(
    prefix: str,
    summary: dict[str, Any],
    files: dict[str, Path],
    coordinates: Coordinates,
    clock: Clock,
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Write the summary, which names every file, itself included; both as they are now."""
    flags = [flag for flags in coordinates.flag for flag in flags.split(",") if flag]
    files = files | {"summary": Path(f"{prefix}.summary.json")}
    counted = {name: flags.count(name) for name in sorted(set(flags))}
    completed = complete(summary | {"flags": counted}, files, clock)
    write_summary(files["summary"], completed)
    return files, completed


def join_flags(*remarks: str) -> str:
    """Remarks separated by commas, empty ones left out."""
    return ",".join(remark for remark in remarks if remark)
