"""Coordinates with their posterior spread, beside the principal components of the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import UsageProblem
from ..storage import whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .canvas import Words
    from .groups import Group
    from .limits import Limits
    from .reference import Reference
    from .shade import Shade
    from .sheet import Sheet
    from .views import Plane, Scene, Strip, View


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
    variance: np.ndarray | None = None,
    limits: Limits | None = None,
) -> Figure:
    """Draw the first two coordinates and, beside them, the first two principal components.

    An ellipse of one posterior standard deviation surrounds each sample; of more than 300, those
    with the widest, and the median ellipse is in a corner. With one coordinate, samples are
    stacked by label and value instead, each with a line of one standard deviation to either side.

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
    variance : ndarray, (components,), optional
        Share of the variance of the reference panel on each component; empty if not known.
    limits : mapping of axis to two numbers, optional
        What axes show at least.
    """
    from .canvas import Words
    from .sheet import SCREEN

    groups = groups_of(labels, len(coordinates), unlike, parents, reference)
    spread = covariance if covariance is not None else sd[:, :, None] ** 2 * np.eye(sd.shape[1])
    views: list[View] = [coordinate_view(coordinates, spread, (0, 1), method, reference, limits)]
    if pcs is not None:
        views.append(component_view(pcs, (0, 1), variance, reference, limits=limits))
    listed = listed_groups(groups, labels is not None, reference)
    return composed(views, scene_of(groups, reference), listed, Words(title, caption), SCREEN)


def groups_of(
    labels: Sequence[str] | None,
    samples: int,
    unlike: np.ndarray | None = None,
    parents: Mapping[str, str] | None = None,
    reference: Reference | None = None,
) -> list[Group]:
    """The groups that samples are drawn in; see ``coordinates_figure``."""
    from .groups import grouped, with_unlike
    from .palette import QUERY, SINGLE_GROUP

    known = reference.parents if reference else parents
    groups = grouped(labels, samples, known, QUERY if reference else SINGLE_GROUP)
    return groups if unlike is None else with_unlike(groups, unlike)


def scene_of(
    groups: Sequence[Group],
    reference: Reference | None,
    shade: Shade | None = None,
    highlighted: Mapping[int, str] | None = None,
) -> Scene:
    """Samples by group or quantity, over the reference."""
    from .views import Scene

    return Scene(groups, reference.parents if reference else {}, shade, highlighted or {})


def listed_groups(
    groups: Sequence[Group], labelled: bool, reference: Reference | None
) -> list[Group]:
    """The groups of the legend: those that have samples, and the others of the reference."""
    groups = [group for group in groups if group.counted]
    if reference is None:
        return [group for group in groups if labelled or group.style.hollow]
    named = {group.name: group for group in groups if group.name}
    known = [named.pop(group.name, group) for group in reference.groups]
    nameless = [group for group in groups if not group.name]
    return [*nameless, *sorted([*named.values(), *known], key=lambda group: group.parent)]


def coordinate_view(
    coordinates: np.ndarray,
    covariance: np.ndarray,
    axes: tuple[int, int],
    method: str,
    reference: Reference | None = None,
    limits: Limits | None = None,
) -> Plane | Strip:
    """Two of the coordinates, (samples, dims), with covariances, (samples, dims, dims)."""
    from .limits import frame_of
    from .views import Plane, Strip

    dims, (i, j) = coordinates.shape[1], axes
    if dims == 1:
        sd, frame = np.sqrt(covariance[:, 0, 0]), frame_of(limits or {}, ["Z1"])
        return Strip(coordinates[:, 0], "Z1", f"{method.upper()} coordinate", sd, frame)
    of_all = "" if dims == 2 else f", first 2 of {dims}" if axes == (0, 1) else f", 2 of {dims}"
    names = f"Z{i + 1}", f"Z{j + 1}"
    return Plane(
        coordinates[:, [i, j]],
        names,
        f"{method.upper()} coordinates{of_all}",
        covariance[:, [i, j]][:, :, [i, j]],
        reference.coordinates.on(axes) if reference else None,
        equal=True,
        frame=frame_of(limits or {}, names),
    )


def component_view(
    pcs: np.ndarray,
    axes: tuple[int, int],
    variance: np.ndarray | None = None,
    reference: Reference | None = None,
    title: str = "Principal components of the same samples",
    limits: Limits | None = None,
) -> Plane:
    """Two of the principal components, (samples, components)."""
    from .limits import frame_of
    from .views import Plane

    i, j = axes
    shares = () if variance is None else [f" ({percent(share)} %)" for share in variance]
    names = [f"PC{k + 1}{shares[k] if k < len(shares) else ''}" for k in axes]
    known = reference and reference.scores
    shapes = known.on(axes) if known and known.mean.shape[1] > max(axes) else None
    frame = frame_of(limits or {}, [f"PC{k + 1}" for k in axes])
    return Plane(pcs[:, [i, j]], (names[0], names[1]), title, shapes=shapes, frame=frame)


def percent(share: float) -> str:
    """A share in percent, to one decimal or, below one percent, two."""
    return f"{100 * share:.{1 if share >= 0.01 else 2}f}"


def composed(
    views: Sequence[View],
    scene: Scene,
    listed: Sequence[Group],
    words: Words,
    sheet: Sheet,
    captioned: bool = True,
) -> Figure:
    """Panels with title, legend and caption, which says what ellipses mean."""
    from .canvas import Words, canvas, style

    caption = " ".join([words.caption, *_meanings(views)]).strip() if captioned else ""
    with style(sheet.scale):
        drawn = canvas(
            len(views), listed, Words(words.title, caption), sheet, scene.shade is not None
        )
        for axes, view in zip(drawn.panels, views, strict=True):
            view.draw(axes, scene, drawn.scale, drawn.marks)
        if scene.shade and drawn.bar:
            scene.shade.draw_bar(drawn.bar, drawn.scale)
    return drawn.figure


def _meanings(views: Sequence[View]) -> list[str]:
    """What the ellipses or lines of the figure are."""
    found = dict.fromkeys(view.meaning for view in views if view.meaning)
    if any(view.is_wider for view in views):
        found["Axes are longer than in the figure of the fit: samples lie outside it."] = None
    if any(view.has_groups for view in views):
        found["Named ellipses hold 95 % of each group of the reference panel."] = None
    return list(found)


FORMATS = ("png", "svg", "pdf")
_UNDATED: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def save(figure: Figure, prefix: str | Path) -> dict[str, Path]:
    """Write PREFIX.png and PREFIX.svg; the same figure gives the same bytes.

    Raises
    ------
    OutputUnwritable
        If ``prefix`` is not writable.
    """
    files = {"png": Path(f"{prefix}.png"), "svg": Path(f"{prefix}.svg")}
    for path in files.values():
        save_as(figure, path)
    return files


def format_of(path: Path) -> str:
    """The format that the ending of a path asks for.

    Raises
    ------
    UsageProblem
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise UsageProblem(
            f"{path} does not end in .png, .svg or .pdf", "Give one of these endings in --out."
        )
    return kind


def save_as(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the ending; the same figure gives the same bytes.

    Raises
    ------
    OutputUnwritable, UsageProblem
    """
    from .canvas import style

    kind = format_of(path)
    with style(), whole(path) as part:
        figure.savefig(part, format=kind, metadata=_UNDATED[kind])
