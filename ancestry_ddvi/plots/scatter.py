"""Coordinates with their posterior spread, beside the principal components of the same people."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..storage import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .groups import Group

SIDE, LEFT, GAP, TOP, BOTTOM, LINE = 5.0, 0.7, 0.75, 0.72, 0.55, 0.155
"""Inches: a panel, left of the first, between two, above, below, and a line of the caption."""

DPI = 200
CAPTION_SIZE = 8.0

STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.xmargin": 0.07,
    "axes.ymargin": 0.07,
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
    covariance: np.ndarray | None = None,
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
    covariance : ndarray, (people, dims, dims), optional
        Posterior covariances, for the shape of the ellipses; without it they stand upright.
    title, caption : str
        Above and below the panels; what the ellipses are is added to the caption.
    background : ndarray, (points, dims), optional
        Coordinates of a reference, in grey behind the people.
    """
    from .groups import grouped

    groups = grouped(labels, len(coordinates))
    spread = covariance if covariance is not None else sd[:, :, None] ** 2 * np.eye(sd.shape[1])
    shapes = "Bars" if coordinates.shape[1] == 1 else "Ellipses"
    caption = f"{caption} {shapes} reach two posterior standard deviations.".strip()
    with _style():
        panels = 1 if pcs is None else 2
        figure, axes = _canvas(panels, groups if labels is not None else [], title, caption)
        if coordinates.shape[1] == 1:
            _strip(axes[0], coordinates[:, 0], sd[:, 0], groups)
        else:
            _plane(axes[0], coordinates, spread, groups, background)
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
    lines = _wrapped(caption, width - LEFT - 0.1)
    bottom = BOTTOM + LINE * (len(lines) + 0.5) if lines else BOTTOM
    height = bottom + SIDE + TOP
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    size = (SIDE / width, SIDE / height)
    starts = [(LEFT + i * (SIDE + GAP)) / width for i in range(panels)]
    axes = [figure.add_axes((start, bottom / height, *size)) for start in starts]
    edge = LEFT / width
    figure.text(edge, 1 - 0.2 / height, title, fontsize=13, va="top", parse_math=False)
    figure.text(
        edge,
        0.1 / height,
        "\n".join(lines),
        fontsize=CAPTION_SIZE,
        color="#555555",
        parse_math=False,
    )
    draw_legend(figure, groups, right + 0.25, bottom + SIDE)
    return figure, axes


def _wrapped(caption: str, inches: float) -> list[str]:
    """The caption in lines that fit, with room to spare for a line of wide letters."""
    from .lettering import width

    letter = width(caption, CAPTION_SIZE) / max(len(caption), 1)
    return textwrap.wrap(caption, int(0.97 * inches / letter)) if caption else []


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
    draw_spread(axes, points, covariance[:, :2, :2], groups)
    axes.set_aspect("equal", adjustable="datalim")
    axes.apply_aspect()
    write_names(axes, points, groups)


def _strip(axes: Axes, values: np.ndarray, sd: np.ndarray, groups: Sequence[Group]) -> None:
    from .names import write_names
    from .panels import draw_points, draw_strip

    points = draw_strip(axes, values, sd, groups)
    axes.set(
        xlabel="Z1",
        ylabel=f"people, by {'label and ' if len(groups) > 1 else ''}Z1",
        title="DDVI coordinate",
        yticks=[],
    )
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
