"""The command plot: figures of what other commands wrote."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..artefacts.flags import unlike_panel
from ..artefacts.label_table import quantity
from ..artefacts.labels import read_labels
from ..artefacts.model import Model
from ..artefacts.written import WrittenRun
from ..errors import DDVIError, InputsDisagree, InputUnreadable, UsageProblem, quoted
from ..outputs import prefix_of
from ..reference_models import SUFFIX, available
from ..storage import printable
from ._common import counted
from ._named import NamedModel
from .outputs import CAPTION, limits_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..plots.groups import Group
    from ..plots.limits import Limits
    from ..plots.reference import Reference
    from ..plots.shade import Shade
    from ..plots.views import View

log = logging.getLogger(__name__)

WIDTHS = (40.0, 1000.0)
"""Narrowest and widest figure, in millimetres."""

MAX_PANELS = 28
"""All pairs of eight coordinates."""

ALL = "all"


@dataclass(frozen=True)
class Plotted:
    """What ``plot`` wrote.

    Attributes
    ----------
    files : dict from kind to Path
        The figure.
    figure : matplotlib.figure.Figure
    """

    files: dict[str, Path]
    figure: Figure


@dataclass(frozen=True)
class _Drawing:
    """What is drawn.

    Attributes
    ----------
    name : str
        Of the run or the model, for the title.
    model : Model, optional
        None where it is not found.
    run : WrittenRun, optional
        None for the groups of a model alone.
    """

    name: str
    model: Model | None
    run: WrittenRun | None

    @property
    def samples(self) -> list[str]:
        """Sample IDs."""
        return self.run.coordinates.samples if self.run else []

    @property
    def dims(self) -> int:
        """Number of coordinates."""
        if self.run:
            return len(self.run.coordinates.axes)
        return self.model.record.options.dims if self.model else 0

    @property
    def components(self) -> int:
        """Number of component scores that are known, or of groups in their space."""
        if self.run:
            return 0 if self.run.scores is None else self.run.scores.shape[1]
        known = self.reference
        return known.scores.mean.shape[1] if known and known.scores else 0

    @property
    def parents(self) -> Mapping[str, str]:
        """Every label that the model knows, with its parent."""
        from ..plots.reference import parents_of

        groups = self.model and self.model.record.groups
        return parents_of(groups) if groups else {}

    @property
    def reference(self) -> Reference | None:
        """The groups of the model, behind all but the samples of its own fit."""
        from ..plots.reference import reference_of

        groups = self.model and self.model.record.groups
        if self.model is None or not groups or (self.run and self.run.is_fit):
            return None
        return reference_of(groups, self.model.projection.noise)

    @property
    def limits(self) -> Limits:
        """What every figure of the model shows at least."""
        return limits_of(self.model) if self.model else {}

    @property
    def method(self) -> str:
        """Name of the method."""
        return self.model.record.options.method if self.model else "map"

    @property
    def seed(self) -> int | None:
        """Random seed of the run, or of the model."""
        if self.run and self.run.seed is not None:
            return self.run.seed
        return self.model.record.options.seed if self.model else None


def plot(
    target: str,
    out: str | None = None,
    *,
    axes: Sequence[str] = (),
    color_by: str | None = None,
    table: str | None = None,
    highlight: Sequence[str] = (),
    width: float | None = None,
    title: str | None = None,
    caption: bool = True,
) -> Plotted:
    """Draw what ``fit``, ``embed`` or ``condition`` wrote, or the groups of a model.

    Parameters
    ----------
    target : str
        The prefix of a run, or a model: a .ddvi file or the name of a reference model.
    out : str, optional
        The figure, whose ending says the format: .png, .svg or .pdf. By default
        ``<target>.plot.png`` in this folder.
    axes : sequence of str
        Pairs such as "1,3" or "PC1,PC3", a panel each; "all" for all pairs of coordinates. By
        default the first two coordinates, and the first two components.
    color_by : str, optional
        A column of ``table``, or of a table of the run: categories, or a quantity. By default
        the labels of the run.
    table : str, optional
        A table of sample IDs and other columns. Without ``color_by``, its labels.
    highlight : sequence of str
        Sample IDs, or files of them.
    width : float, optional
        Millimetres; by default a figure for a screen.
    title : str, optional
        By default the name of the target and the number of samples; "" for none.
    caption : bool
        Whether there is one.

    Raises
    ------
    DDVIError
        If something cannot be read or written, or there is no such axis, column or sample.

    Examples
    --------
    >>> import ancestry_ddvi
    >>> drawn = ancestry_ddvi.plot("cohort.ddvi", "figure.pdf", width=85)
    >>> drawn.files["pdf"].name
    'figure.pdf'
    """
    from ..plots.scatter import format_of, save_as

    if width is not None and not WIDTHS[0] <= width <= WIDTHS[1]:
        raise UsageProblem(
            f"--width is {width:g}", f"Give {WIDTHS[0]:g} to {WIDTHS[1]:,g} millimetres."
        )
    path = Path(out or plot_path(target))
    kind = format_of(path)
    drawing = _drawing(target)
    figure = _figure(drawing, axes, _Colours(color_by, table), highlight, width, title, caption)
    save_as(figure, path)
    return Plotted({kind: path}, figure)


def plot_path(target: str) -> str:
    """The name of the target, in this folder."""
    return f"{Path(prefix_of(target)).name}.plot.png"


@dataclass(frozen=True)
class _Colours:
    """What colours samples: a column of a table, or the labels of one."""

    column: str | None
    table: str | None


def _drawing(target: str) -> _Drawing:
    """Read a run with its model, or a model alone.

    Raises
    ------
    InputUnreadable
    """
    if target.endswith(SUFFIX) or target in {model.name for model in available()}:
        named = NamedModel.read(target)
        return _Drawing(named.stem, named.model, None)
    run = WrittenRun.read(prefix_of(target))
    return _Drawing(run.name, _model_of(run), run)


def _model_of(run: WrittenRun) -> Model | None:
    """The model of a run; None, with a warning, where it is not found."""
    try:
        return Model.read(run.model_file())
    except DDVIError as error:
        log.warning("The model is not found (%s): its groups are not drawn.", error.problem)
        return None


def _figure(
    drawing: _Drawing,
    axes: Sequence[str],
    asked: _Colours,
    highlight: Sequence[str],
    width: float | None,
    title: str | None,
    captioned: bool,
) -> Figure:
    """The figure of what was read."""
    from ..plots.canvas import Words
    from ..plots.scatter import composed, listed_groups, scene_of
    from ..plots.sheet import SCREEN, Sheet

    groups, shade, labelled = _coloured(drawing, asked)
    pairs = _pairs(drawing, axes)
    beside = drawing.run is not None and any(kind == "Z" for kind, *_ in pairs)
    views = [_view(drawing, pair, beside) for pair in pairs]
    scene = scene_of(groups, drawing.reference, shade, _highlighted(drawing, highlight))
    behind = drawing.reference if any(view.has_groups for view in views) else None
    listed = listed_groups(groups, labelled, behind)
    said = _title(drawing) if title is None else title
    seed = "" if drawing.seed is None else f" Seed {drawing.seed}."
    sheet = SCREEN if width is None else Sheet.printed(width)
    words = Words(printable(said), f"{CAPTION}{seed}")
    return composed(views, scene, listed, words, sheet, captioned)


def _title(drawing: _Drawing) -> str:
    if drawing.run is None:
        return f"{drawing.name}: reference groups"
    return f"{drawing.name}: {counted(len(drawing.samples))}"


def _coloured(drawing: _Drawing, asked: _Colours) -> tuple[list[Group], Shade | None, bool]:
    """Groups of samples, the quantity that colours them, whether the legend names the groups."""
    from ..plots.groups import shaded_groups
    from ..plots.scatter import groups_of
    from ..plots.shade import Shade

    if drawing.run is None:
        return [], None, False
    values = _values(drawing.run, asked)
    unlike = unlike_panel(drawing.run.coordinates.flag)
    numbers = None if values is None else quantity(values)
    known = drawing.parents, drawing.reference
    if numbers is None:
        found = groups_of(values, len(unlike), unlike, *known)
        return found, None, values is not None
    shade = Shade(printable(asked.column or ""), numbers)
    return shaded_groups(shade, unlike), shade, True


def _values(run: WrittenRun, asked: _Colours) -> list[str] | None:
    """What colours each sample; None for nothing.

    Raises
    ------
    InputUnreadable, InputsDisagree
    """
    samples = run.coordinates.samples
    if asked.table is None:
        return run.labels if asked.column is None else run.column(asked.column)
    read = read_labels(asked.table)
    if asked.column is None:
        return read.match(samples).of(samples)
    return read.column(asked.column, samples)


def _highlighted(drawing: _Drawing, highlight: Sequence[str]) -> dict[int, str]:
    """Rows and IDs of the samples that are asked for, by their IDs or files of them.

    Raises
    ------
    InputsDisagree
        If there is no such sample.
    """
    rows = {name: row for row, name in enumerate(drawing.samples)}
    names = [name for asked in highlight for name in ([asked] if asked in rows else _ids(asked))]
    for name in names:
        if name not in rows:
            raise InputsDisagree(
                f"{drawing.name} has no sample {quoted(name)}",
                "Give sample IDs of its .coords.tsv, or a file of them.",
            )
    return {rows[name]: name for name in names}


def _ids(path: str) -> list[str]:
    """The first column of a file, by tabs or blanks; the text itself where there is no such file.

    Raises
    ------
    InputUnreadable
    """
    try:
        if not Path(path).is_file():
            return [path]
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputUnreadable(f"{path} is no UTF-8 text", "Give one sample ID a line.") from None
    except OSError:  # no name of a file, such as one that is too long
        return [path]
    rows = (line.split("\t" if "\t" in line else None) for line in lines if line.strip())
    return [cells[0].strip() for cells in rows]


Pair = tuple[str, int, int]
"""Kind of axes, "Z" or "PC", and two of them, counted from 0."""


def _pairs(drawing: _Drawing, axes: Sequence[str]) -> list[Pair]:
    """The pairs of axes that are drawn, one panel each.

    Raises
    ------
    UsageProblem
    """
    if not axes:
        found = [("Z", 0, min(1, drawing.dims - 1))] if _has_map(drawing) else []
        return found + ([("PC", 0, 1)] if drawing.components > 1 else [])
    pairs = [pair for text in axes for pair in _asked(drawing, text)]
    if len(pairs) > MAX_PANELS:
        raise UsageProblem(
            f"--axes asks for {len(pairs)} panels and a figure has {MAX_PANELS} at most",
            "Name pairs, such as --axes 1,3.",
        )
    return pairs


def _has_map(drawing: _Drawing) -> bool:
    return drawing.run is not None or drawing.dims > 1


def _asked(drawing: _Drawing, text: str) -> list[Pair]:
    """The pairs that one --axes asks for.

    Raises
    ------
    UsageProblem
    """
    if text == ALL and drawing.dims > 1:
        return [("Z", i, j) for i, j in combinations(range(drawing.dims), 2)]
    found = re.fullmatch(r"(Z|PC)?(\d{1,6}),(Z|PC)?(\d{1,6})", text.replace(" ", ""), re.IGNORECASE)
    if found is None or (found[1] or "Z").upper() != (found[3] or found[1] or "Z").upper():
        raise UsageProblem(
            f"--axes is {quoted(text)}",
            "Give two coordinates, such as 1,3, or two components, such as PC1,PC3.",
        )
    kind, i, j = (found[1] or "Z").upper(), int(found[2]), int(found[4])
    most, word = (drawing.dims, "coordinate") if kind == "Z" else (drawing.components, "component")
    if not 1 <= i <= most or not 1 <= j <= most or i == j:
        known = f"{most} {word}{'s' * (most != 1)}"
        raise UsageProblem(
            f"--axes is {quoted(text)} and {drawing.name} has {known}", "Give two of them."
        )
    return [(kind, i - 1, j - 1)]


def _view(drawing: _Drawing, pair: Pair, beside: bool) -> View:
    """One panel; components may stand beside coordinates of the same samples."""
    from ..plots.scatter import component_view, coordinate_view

    kind, i, j = pair
    reference, run = drawing.reference, drawing.run
    if kind == "PC":
        scores = run.scores if run and run.scores is not None else _no_samples(drawing.components)
        variance = drawing.model.projection.variance if drawing.model else np.empty(0)
        title = "Principal components" + (" of the same samples" if beside else "")
        return component_view(scores, (i, j), variance, reference, title, drawing.limits)
    if run is None:
        mean, spread = _no_samples(drawing.dims), np.empty((0, drawing.dims, drawing.dims))
    else:
        unlike = unlike_panel(run.coordinates.flag)
        mean = run.coordinates.mean
        spread = np.where(unlike[:, None, None], np.nan, run.coordinates.covariance)
    return coordinate_view(mean, spread, (i, j), drawing.method, reference, drawing.limits)


def _no_samples(columns: int) -> np.ndarray:
    return np.empty((0, columns))
