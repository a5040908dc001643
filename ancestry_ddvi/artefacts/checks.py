"""What holds for every model that ``fit`` writes; a file for which it does not is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..genotypes.chromosomes import LENGTHS
from ..genotypes.harmonise.panel import Panel
from ..genotypes.projection.scores import Projection
from ..reference.empirical import KNOTS, EmpiricalTail
from ..reference.groups import THINNINGS, Groups
from ..reference.normals import Normals
from ..reference.out_of_panel import CHECKS, SURPLUS, OutOfPanelTest
from .record import ModelRecord
from .typed import require

if TYPE_CHECKING:
    from .model import Model

MAX_COMPONENTS = 256
"""More than ``fit`` keeps; work space for scores grows with the square of their number."""

Shape = tuple[str, tuple[str, ...]]
"""Type and names of sizes of an array; a name stands for the same size everywhere."""

ARRAYS: dict[str, Shape] = {
    "variants.position": ("int64", ("variants",)),
    "variants.frequency": ("float64", ("variants",)),
    "projection.loadings": ("float16", ("variants", "components")),
    "projection.eigenvalues": ("float64", ("components",)),
    "projection.marks": ("float16", ("variants", "marks")),
    "projection.recurrence": ("float64", ("marks",)),
    "projection.signal": ("float64", ("kept",)),
    "rotation": ("float64", ("dims", "dims")),
}
"""Arrays of every model; there are texts, positions in other builds and weights as well."""

TEXTS = ("chromosome", "id", "ref", "alt")
"""Arrays ``variants.*`` of bytes: one word for each variant, divided by line feeds."""

LIFTED = "variants.position."
"""Begins the names of arrays of positions in other builds."""


def check_arrays(tensors: Mapping[str, np.ndarray], sizes: Mapping[str, int]) -> None:
    """Check the types, shapes and numbers of all arrays of a file.

    Parameters
    ----------
    tensors : mapping from name to ndarray
    sizes : mapping from name to int
        Sizes that the record states.

    Raises
    ------
    Malformed
    """
    known = dict(sizes)
    lifted = {name: ARRAYS["variants.position"] for name in tensors if name.startswith(LIFTED)}
    texts = {f"variants.{name}": ("uint8", (f"bytes of {name}",)) for name in TEXTS}
    for name, (kind, axes) in (ARRAYS | lifted | texts).items():
        require(name in tensors, f"{name} is missing")
        shape = tensors[name].shape
        right = tensors[name].dtype == kind and len(shape) == len(axes)
        due = [known.setdefault(axis, size) for axis, size in zip(axes, shape, strict=False)]
        require(right and list(shape) == due, f"{name:.40} is not {kind} of {' by '.join(axes)}")
    for name, array in tensors.items():
        if array.dtype.kind == "f":
            require(bool(np.isfinite(array).all()), f"{name:.40} has a value that is not finite")


def check_model(model: Model) -> None:
    """Check the values of a model whose arrays have their types and shapes.

    Raises
    ------
    Malformed
    """
    _check_panel(model.panel)
    _check_projection(model.projection)
    _check_record(model.record)
    require(len(model.record.scale) == model.projection.kept, "record.scale has not kept values")
    dims, rotation = len(model.rotation), model.rotation
    require(_close(rotation @ rotation.T, np.eye(dims), 1e-6), "rotation is not orthogonal")
    if model.record.groups is not None:
        _check_groups(model.record.groups, dims, model.projection.kept)
    if model.record.out_of_panel is not None:
        _check_test(model.record.out_of_panel, dims, model.projection.kept)


def _check_panel(panel: Panel) -> None:
    variants, frequency = panel.variants, panel.frequency
    for name in TEXTS:
        words = getattr(variants, name)
        require(len(words) == len(panel), f"variants.{name} has not one word for each variant")
        require(_are_words(words), f"variants.{name} has a word that is empty or unprintable")
    for name in ("ref", "alt"):
        require(set(getattr(variants, name)) <= set("ACGT"), f"variants.{name} is not A, C, G or T")
    require(bool((variants.ref != variants.alt).all()), "a variant has the same allele twice")
    require(bool((variants.position > 0).all()), "variants.position has a value below 1")
    require(bool(((frequency > 0) & (frequency < 1)).all()), "variants.frequency is not in (0, 1)")
    require({panel.build, *panel.lifted} <= {None, *LENGTHS}, "a genome build is unknown")
    for build, lifted in panel.lifted.items():
        require(bool((lifted >= 0).all()), f"{LIFTED}{build} has a negative value")


def _check_projection(projection: Projection) -> None:
    loadings, components = projection.loadings, len(projection.eigenvalues)
    require(1 <= projection.kept <= components, "kept is not between 1 and all components")
    require(components <= MAX_COMPONENTS, f"it has more than {MAX_COMPONENTS} components")
    require(projection.samples > 0, "samples is below 1")
    require(projection.dispersion >= 1, "dispersion is below 1")
    require(projection.temperature > 0, "temperature is not above 0")
    require(bool((projection.eigenvalues > 0).all()), "projection.eigenvalues are not above 0")
    require(bool((projection.signal > 0).all()), "projection.signal is not above 0")
    require(bool((projection.recurrence >= 1).all()), "projection.recurrence is below 1")
    require(len(projection.recurrence) <= MAX_COMPONENTS, "it has too many marks")
    require(0 <= projection.spread <= 1, "spread is not between 0 and 1")
    with np.errstate(over="ignore"):
        products = loadings.T @ loadings
        of_marks = (projection.marks**2).sum(axis=0)
    require(_close(products, np.eye(components), 0.1), "projection.loadings are not orthonormal")
    require(_close(of_marks, np.ones(len(of_marks)), 0.1), "projection.marks have no unit length")


def _check_record(record: ModelRecord) -> None:
    require(min(record.scale, default=0) > 0, "record.scale is not above 0")
    dims = record.options.dims
    require(1 <= dims <= MAX_COMPONENTS, f"dims is not between 1 and {MAX_COMPONENTS}")
    require(record.options.seed >= 0, "seed is below 0")
    classes = record.options.classes
    require(_are_words(classes) and _differ(classes), "names of classes are not words")


def _check_groups(groups: Groups, dims: int, kept: int) -> None:
    levels, cells = groups.levels, groups.cells
    require(bool(levels) and _are_words(levels) and _differ(levels), "names of levels are no words")
    require(bool(cells) and _differ(cells), "groups.cells are none, or the same twice")
    require(all(len(cell) == len(levels) for cell in cells), "a cell has not a label on each level")
    require(all(map(_are_words, cells)), "a label is empty or unprintable")
    require(len(groups.temperature) == len(levels), "groups.temperature has not a value a level")
    for each in groups.temperature:
        require(len(each) == len(THINNINGS), "groups.temperature has not a value a thinning")
        require(min(each) > 0, "groups.temperature is not above 0")
    _check_normals(groups.scores, len(cells), kept, "groups.scores")
    _check_normals(groups.coordinates, len(cells), dims, "groups.coordinates")
    if groups.tail is not None:
        _check_tail(groups.tail, "groups.tail")


def _check_test(test: OutOfPanelTest, dims: int, kept: int) -> None:
    _check_normals(test.places, test.places.weight.size, dims, "out_of_panel.places")
    _check_normals(test.clusters, test.clusters.weight.size, kept, "out_of_panel.clusters")
    require(test.norm_sd > 0, "out_of_panel.norm_sd is not above 0")
    require(0 < test.line < 1, "out_of_panel.line is not between 0 and 1")
    require(0 <= test.flagged <= 1, "out_of_panel.flagged is not between 0 and 1")
    require(test.tails.keys() == {*CHECKS, SURPLUS}, "out_of_panel.tails has other checks")
    for tail in (*test.tails.values(), test.together):
        _check_tail(tail, "out_of_panel.tails")
    knots, allowance = test.allowance
    require(len(knots) == len(allowance) > 0, "out_of_panel.allowance has not two equal columns")
    require(_ascend(knots), "out_of_panel.allowance does not ascend")


def _check_tail(tail: EmpiricalTail, name: str) -> None:
    require(len(tail.knots) == len(KNOTS) and _ascend(tail.knots), f"{name}: bad knots")
    require(tail.excess > 0, f"{name}: an excess is not above 0")


def _check_normals(normals: Normals, count: int, dims: int, name: str) -> None:
    shapes = ((count,), (count, dims), (count, dims, dims))
    found = tuple(array.shape for array in (normals.weight, normals.mean, normals.covariance))
    require(count > 0 and found == shapes, f"{name} are not {count} normals of {dims} dimensions")
    require(bool((normals.weight > 0).all()), f"{name}.weight is not above 0")
    require(_close(normals.weight.sum(), np.ones(()), 1e-6), f"{name}.weight does not sum to 1")
    turned = normals.covariance.swapaxes(1, 2)
    require(_close(normals.covariance, turned, 1e-6), f"{name}.covariance is not symmetric")
    least = np.linalg.eigvalsh(normals.covariance).min()
    require(bool(least > 1e-9), f"{name}.covariance is not positive definite")


def _close(found: np.ndarray, due: np.ndarray, bound: float) -> bool:
    return bool((np.abs(found - due) <= bound).all())


def _are_words(words: Iterable[str]) -> bool:
    """Whether no word is empty or has a character that divides lines or columns of a table."""
    return not any(not word or min(word) < " " for word in words)


def _differ(values: tuple[object, ...]) -> bool:
    return len(set(values)) == len(values)


def _ascend(values: tuple[float, ...]) -> bool:
    return list(values) == sorted(values)
