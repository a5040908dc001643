"""Coordinates with their posterior spread, beside the principal components of the same people."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..storage import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .groups import Group

SIDE, LEFT, GAP, TOP, BOTTOM, LINE = 5.0, 0.7, 0.75, 0.75, 0.62, 0.155
"""Inches: a panel, left of the first, between two, above, below, and a line of the caption."""

STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#EBEBEB",
    "grid.linewidth": 0.6,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "svg.hashsalt": "ddvi-ancestry",
    "svg.fonttype": "none",
}


def coordinates_figure(
    coordinates: np.ndarray,
    sd: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    pcs: np.ndarray | None = None,
    draws: np.ndarray | None = None,
    title: str = "",
    caption: str = "",
    background: np.ndarray | None = None,
) -> Figure:
    """Draw the first two coordinates and, beside them, the first two principal components.

    An ellipse of two posterior standard deviations surrounds each person. With one coordinate,
    people are stacked by label and value instead, each with a bar of the same reach.

    Parameters
    ----------
    coordinates, sd : ndarray, (people, dims)
        Posterior means and standard deviations.
    labels : sequence of str, one per person, optional
        Colours, markers, names and legend; ``NA`` is no label.
    pcs : ndarray, (people, 2 or more), optional
        Without it there is one panel.
    draws : ndarray, (people, draws, dims), optional
        Posterior draws, from which the ellipses take their tilt.
    title, caption : str
        Above and below the panels.
    background : ndarray, (points, dims), optional
        Coordinates of a reference, in grey behind the people.
    """
    from .groups import grouped

    groups = grouped(labels, len(coordinates))
    with _style():
        panels = 1 if pcs is None else 2
        figure, axes = _canvas(panels, groups if labels is not None else [], title, caption)
        if coordinates.shape[1] == 1:
            _strip(axes[0], coordinates[:, 0], sd[:, 0], groups)
        else:
            _plane(axes[0], coordinates, covariances(sd, draws), groups, background)
        if pcs is not None:
            _components(axes[1], pcs, groups)
    return figure


@contextmanager
def _style() -> Iterator[None]:
    """Matplotlib's settings for one figure; a letter that the font lacks is no reason to warn."""
    import matplotlib

    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def _canvas(
    panels: int, groups: Sequence[Group], title: str, caption: str
) -> tuple[Figure, list[Axes]]:
    """A figure with empty square panels, and with title, caption and legend around them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from .legend import draw_legend, widths

    right = LEFT + panels * SIDE + (panels - 1) * GAP
    width = right + 0.25 + sum(widths(groups))
    lines = textwrap.wrap(caption, int((width - LEFT) / 0.074))
    bottom = BOTTOM + LINE * (len(lines) + 1) if lines else BOTTOM
    height = bottom + SIDE + TOP
    figure = Figure(figsize=(width, height), dpi=150)
    FigureCanvasAgg(figure)
    size = (SIDE / width, SIDE / height)
    starts = [(LEFT + i * (SIDE + GAP)) / width for i in range(panels)]
    axes = [figure.add_axes((start, bottom / height, *size)) for start in starts]
    edge = LEFT / width
    figure.text(edge, 1 - 0.2 / height, title, fontsize=12, va="top", parse_math=False)
    figure.text(
        edge, 0.12 / height, "\n".join(lines), fontsize=8, color="#555555", parse_math=False
    )
    draw_legend(figure, groups, right + 0.25, bottom + SIDE)
    return figure, axes


def covariances(sd: np.ndarray, draws: np.ndarray | None) -> np.ndarray:
    """Posterior covariance of the first two coordinates; (people, 2, 2).

    The variances are those of ``sd``; the correlation is that of the draws, or none.
    """
    spread = sd[:, :2, None] * sd[:, None, :2]
    correlation = np.zeros(len(sd))
    if draws is not None:
        apart = draws[:, :, :2] - draws[:, :, :2].mean(axis=1, keepdims=True)
        first, second = (apart**2).sum(axis=1).T
        both = (apart[..., 0] * apart[..., 1]).sum(axis=1)
        correlation = both / np.maximum(np.sqrt(first * second), 1e-12)
    spread[:, [0, 1], [1, 0]] *= correlation[:, None]
    return spread


def _plane(
    axes: Axes,
    coordinates: np.ndarray,
    covariance: np.ndarray,
    groups: Sequence[Group],
    background: np.ndarray | None,
) -> None:
    from .names import write_names
    from .panels import draw_background, draw_points, draw_spread

    points = coordinates[:, :2]
    dims = coordinates.shape[1]
    axes.set(xlabel="Z1", ylabel="Z2", title="DDVI coordinates")
    if dims > 2:
        axes.set_title(f"DDVI coordinates, first 2 of {dims}")
    if background is not None:
        draw_background(axes, background)
    draw_points(axes, points, groups)
    draw_spread(axes, points, covariance, groups)
    axes.set_aspect("equal", adjustable="datalim")
    axes.apply_aspect()
    write_names(axes, points, groups)


def _strip(axes: Axes, values: np.ndarray, sd: np.ndarray, groups: Sequence[Group]) -> None:
    from .names import write_names
    from .panels import draw_points, draw_strip

    points = draw_strip(axes, values, sd, groups)
    axes.set(xlabel="Z1", ylabel="people, by label and Z1", title="DDVI coordinate", yticks=[])
    draw_points(axes, points, groups)
    write_names(axes, points, groups)


def _components(axes: Axes, pcs: np.ndarray, groups: Sequence[Group]) -> None:
    from .names import write_names
    from .panels import draw_points

    axes.set(xlabel="PC1", ylabel="PC2", title="Principal components of the same people")
    draw_points(axes, pcs[:, :2], groups)
    write_names(axes, pcs[:, :2], groups)


def save(figure: Figure, prefix: str | Path) -> dict[str, Path]:
    """Write PREFIX.png and PREFIX.svg; the same figure gives the same bytes.

    Raises
    ------
    OutputUnwritable
        If there is no writing at ``prefix``.
    """
    files = {"png": Path(f"{prefix}.png"), "svg": Path(f"{prefix}.svg")}
    undated = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}
    with _style():
        for kind, path in files.items():
            with whole(path) as part:
                figure.savefig(part, format=kind, metadata=undated[kind])
    return files
