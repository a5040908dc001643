"""Coordinates with their posterior spread, beside the principal components of the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..storage import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .groups import Group
    from .reference import GroupShapes, Reference


def coordinates_figure(
    coordinates: np.ndarray,
    sd: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    pcs: np.ndarray | None = None,
    covariance: np.ndarray | None = None,
    title: str = "",
    caption: str = "",
    method: str = "ddvi",
    unlike: np.ndarray | None = None,
    parents: Mapping[str, str] | None = None,
    reference: Reference | None = None,
) -> Figure:
    """Draw the first two coordinates and, beside them, the first two principal components.

    An ellipse of one posterior standard deviation surrounds each sample. With one coordinate,
    samples are stacked by label and value instead, each with a line of one standard deviation
    to either side.

    Parameters
    ----------
    coordinates, sd : ndarray, (samples, dims)
        Posterior means and standard deviations; NaN standard deviations are not drawn.
    labels : sequence of str, one per sample, optional
        Colours, markers, names and legend; ``NA`` is no label.
    pcs : ndarray, (samples, 2 or more), optional
        Without it there is one panel.
    covariance : ndarray, (samples, dims, dims), optional
        Posterior covariances, for the shape of the ellipses; by default axes are uncorrelated.
    title, caption : str
        Above and below the panels; the meaning of the ellipses is added to the caption.
    method : str
        Name of the method, for the heading of the panel.
    unlike : ndarray of bool, (samples,), optional
        Samples unlike the reference panel: hollow and grey, counted in the legend.
    parents : mapping of label to parent, optional
        Every label that the model knows: hues are of parents, the same in every figure.
    reference : Reference, optional
        Groups of the model behind the samples of a query, with their names.
    """
    from .canvas import canvas, style
    from .groups import grouped, with_unlike
    from .palette import QUERY, SINGLE_GROUP

    known = reference.parents if reference else parents
    groups = grouped(labels, len(coordinates), known, QUERY if reference else SINGLE_GROUP)
    if unlike is not None:
        groups = with_unlike(groups, unlike)
    spread = covariance if covariance is not None else sd[:, :, None] ** 2 * np.eye(sd.shape[1])
    caption = f"{caption} {_meaning(sd, reference)}".strip()
    with style():
        panels = 1 if pcs is None else 2
        listed = _listed(groups, labels is not None, reference)
        figure, axes = canvas(panels, listed, title, caption)
        if coordinates.shape[1] == 1:
            _strip(axes[0], coordinates[:, 0], sd[:, 0], groups, method)
        else:
            _plane(axes[0], coordinates, spread, _Scene(groups, reference, method))
        if pcs is not None:
            _components(axes[1], pcs, groups, reference)
    return figure


@dataclass(frozen=True)
class _Scene:
    """What a panel shows besides the samples themselves."""

    groups: Sequence[Group]
    reference: Reference | None
    method: str


def _meaning(sd: np.ndarray, reference: Reference | None) -> str:
    """What the ellipses or lines of the figure are."""
    if not np.isfinite(sd).any():
        said = ""
    elif sd.shape[1] == 1:
        said = "Lines reach one posterior standard deviation."
    else:
        said = "Ellipses reach one posterior standard deviation."
    if reference is None or sd.shape[1] == 1:
        return said
    return f"{said} Named ellipses hold 95 % of each group of the reference panel.".strip()


def _listed(groups: Sequence[Group], labelled: bool, reference: Reference | None) -> list[Group]:
    """The groups of the legend: those that have samples, and the others of the reference."""
    if reference is None:
        return [group for group in groups if labelled or group.style.hollow]
    named = {group.name: group for group in groups if group.name}
    known = [named.pop(group.name, group) for group in reference.groups]
    nameless = [group for group in groups if not group.name]
    return [*nameless, *named.values(), *known]


def _plane(axes: Axes, coordinates: np.ndarray, covariance: np.ndarray, scene: _Scene) -> None:
    from .names import medians, write_names
    from .panels import draw_points, draw_spread

    points, reference = coordinates[:, :2], scene.reference
    dims = coordinates.shape[1]
    of_all = f", first 2 of {dims}" if dims > 2 else ""
    axes.set(xlabel="Z1", ylabel="Z2", title=f"{scene.method.upper()} coordinates{of_all}")
    draw_points(axes, points, scene.groups)
    if np.isfinite(covariance).any():
        draw_spread(axes, points, covariance[:, :2, :2], scene.groups)
    names = medians(points, scene.groups)
    if reference:
        names = _behind(axes, reference.parents, reference.coordinates)
    axes.set_aspect("equal", adjustable="datalim")
    axes.apply_aspect()
    write_names(axes, names)


def _behind(axes: Axes, parents: Mapping[str, str], shapes: GroupShapes) -> dict[str, np.ndarray]:
    """Draw the groups of the reference; where their names are written."""
    from .reference import draw_reference

    draw_reference(axes, parents, shapes)
    axes.autoscale_view()
    return dict(zip(parents, shapes.mean[:, :2], strict=True))


def _strip(
    axes: Axes, values: np.ndarray, sd: np.ndarray, groups: Sequence[Group], method: str
) -> None:
    from .names import medians, write_names
    from .panels import draw_points, draw_strip

    points = draw_strip(axes, values, sd, groups)
    axes.set(
        xlabel="Z1",
        ylabel=f"samples, by {'label and ' if len(groups) > 1 else ''}Z1",
        title=f"{method.upper()} coordinate",
        yticks=[],
    )
    draw_points(axes, points, groups)
    write_names(axes, medians(points, groups))


def _components(
    axes: Axes, pcs: np.ndarray, groups: Sequence[Group], reference: Reference | None
) -> None:
    from .names import medians, write_names
    from .panels import draw_points

    axes.set(xlabel="PC1", ylabel="PC2", title="Principal components of the same samples")
    draw_points(axes, pcs[:, :2], groups)
    names = medians(pcs[:, :2], groups)
    if reference and reference.scores:
        names = _behind(axes, reference.parents, reference.scores)
    write_names(axes, names)


def save(figure: Figure, prefix: str | Path) -> dict[str, Path]:
    """Write PREFIX.png and PREFIX.svg; the same figure gives the same bytes.

    Raises
    ------
    OutputUnwritable
        If ``prefix`` is not writable.
    """
    from .canvas import style

    files = {"png": Path(f"{prefix}.png"), "svg": Path(f"{prefix}.svg")}
    undated = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    with style():
        for kind, path in files.items():
            with whole(path) as part:
                figure.savefig(part, format=kind, metadata=undated[kind])
    return files
