"""Coordinates with their posterior spread, beside the principal components of the same samples."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..storage import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .groups import Group


def coordinates_figure(
    coordinates: np.ndarray,
    sd: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    pcs: np.ndarray | None = None,
    covariance: np.ndarray | None = None,
    title: str = "",
    caption: str = "",
    background: np.ndarray | None = None,
    method: str = "ddvi",
    unlike: np.ndarray | None = None,
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
    background : ndarray, (points, dims), optional
        Coordinates of reference samples, in grey behind the others.
    method : str
        Name of the method, for the heading of the panel.
    unlike : ndarray of bool, (samples,), optional
        Samples unlike the reference panel: hollow and grey, counted in the legend.
    """
    from .canvas import canvas, style
    from .groups import grouped, with_unlike

    groups = grouped(labels, len(coordinates))
    if unlike is not None:
        groups = with_unlike(groups, unlike)
    in_legend = [group for group in groups if labels is not None or group.style.hollow]
    spread = covariance if covariance is not None else sd[:, :, None] ** 2 * np.eye(sd.shape[1])
    if np.isfinite(sd).any():
        shapes = "Lines" if coordinates.shape[1] == 1 else "Ellipses"
        caption = f"{caption} {shapes} reach one posterior standard deviation.".strip()
    with style():
        panels = 1 if pcs is None else 2
        figure, axes = canvas(panels, in_legend, title, caption)
        if coordinates.shape[1] == 1:
            _strip(axes[0], coordinates[:, 0], sd[:, 0], groups, method)
        else:
            _plane(axes[0], coordinates, spread, groups, background, method)
        if pcs is not None:
            _components(axes[1], pcs, groups)
    return figure


def _plane(
    axes: Axes,
    coordinates: np.ndarray,
    covariance: np.ndarray,
    groups: Sequence[Group],
    background: np.ndarray | None,
    method: str,
) -> None:
    from .names import write_names
    from .panels import draw_background, draw_points, draw_spread

    points = coordinates[:, :2]
    dims = coordinates.shape[1]
    of_all = f", first 2 of {dims}" if dims > 2 else ""
    axes.set(xlabel="Z1", ylabel="Z2", title=f"{method.upper()} coordinates{of_all}")
    if background is not None:
        draw_background(axes, background)
    draw_points(axes, points, groups)
    if np.isfinite(covariance).any():
        draw_spread(axes, points, covariance[:, :2, :2], groups)
    axes.set_aspect("equal", adjustable="datalim")
    axes.apply_aspect()
    write_names(axes, points, groups)


def _strip(
    axes: Axes, values: np.ndarray, sd: np.ndarray, groups: Sequence[Group], method: str
) -> None:
    from .names import write_names
    from .panels import draw_points, draw_strip

    points = draw_strip(axes, values, sd, groups)
    axes.set(
        xlabel="Z1",
        ylabel=f"samples, by {'label and ' if len(groups) > 1 else ''}Z1",
        title=f"{method.upper()} coordinate",
        yticks=[],
    )
    draw_points(axes, points, groups)
    write_names(axes, points, groups)


def _components(axes: Axes, pcs: np.ndarray, groups: Sequence[Group]) -> None:
    from .names import write_names
    from .panels import draw_points

    axes.set(xlabel="PC1", ylabel="PC2", title="Principal components of the same samples")
    draw_points(axes, pcs[:, :2], groups)
    write_names(axes, pcs[:, :2], groups)


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
