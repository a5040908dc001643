"""The figures that fit and embed write, one row a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .scatter import coordinates_figure, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .limits import Limits
    from .reference import Reference


@dataclass(frozen=True)
class FigureData:
    """What figures of embedded samples are drawn from.

    Attributes
    ----------
    coordinates, sd : ndarray of float64, (samples, dims)
        Posterior means and standard deviations.
    covariance : ndarray of float64, (samples, dims, dims)
        Posterior covariances.
    scores : ndarray of float64, (samples, components)
        Component scores.
    labels : sequence of str, optional
        The finest label of each sample.
    title, caption : str
    method : str
    unlike : ndarray of bool, (samples,)
        Samples unlike the reference panel, whose standard deviations are not a number.
    parents : mapping of label to parent
        Every label that the model knows with the one that it is a part of; "" if there is none.
    reference : Reference, optional
        The groups of the model, behind the samples of a query.
    variance : ndarray of float64, (components,), optional
        Share of the variance of the reference panel on each component; empty if not known.
    limits : mapping of axis to two numbers
        What axes show at least.
    """

    coordinates: np.ndarray
    sd: np.ndarray
    covariance: np.ndarray
    scores: np.ndarray
    labels: Sequence[str] | None
    title: str
    caption: str
    method: str
    unlike: np.ndarray
    parents: Mapping[str, str] = field(default_factory=dict)
    reference: Reference | None = None
    variance: np.ndarray | None = None
    limits: Limits = field(default_factory=dict)


def _map(data: FigureData) -> Figure:
    return coordinates_figure(
        data.coordinates,
        data.sd,
        labels=data.labels,
        pcs=data.scores,
        covariance=data.covariance,
        title=data.title,
        caption=data.caption,
        method=data.method,
        unlike=data.unlike,
        parents=data.parents,
        reference=data.reference,
        variance=data.variance,
        limits=data.limits,
    )


FIGURES: dict[str, Callable[[FigureData], Figure]] = {"": _map}
"""Drawn by ``fit``, ``embed`` and ``condition --given`` as PREFIX.NAME.png and .svg.

The map has the empty name: PREFIX.png and PREFIX.svg."""


def write_figures(prefix: str, data: FigureData) -> dict[str, Path]:
    """Draw and write every figure; the paths by name and format.

    Raises
    ------
    OutputUnwritable
    """
    files: dict[str, Path] = {}
    for name, draw in FIGURES.items():
        dot = f"{name}." if name else ""
        written = save(draw(data), f"{prefix}.{name}" if name else prefix)
        files |= {f"{dot}{kind}": path for kind, path in written.items()}
    return files
