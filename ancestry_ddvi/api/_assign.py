"""The command assign."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.assignments import Assignment, reasons
from ..artefacts.coordinates import Coordinates, looks_like_coordinates, read_coordinates
from ..artefacts.labels import Levels, labels_of, read_levels
from ..artefacts.model import Model
from ..artefacts.summary import Clock, complete, write_summary
from ..errors import InputsDisagree, UsageProblem
from ..fitting.plan import check_folder
from ..progress import SILENT, Progress
from ._common import default_prefix
from ._embed import embed

if TYPE_CHECKING:
    from ..inference.posterior_draws import PosteriorDraws
    from ..reference.groups import Groups

log = logging.getLogger(__name__)

FOLDS = 5
"""One in so many labelled samples judges the groups of the others."""


@dataclass(frozen=True)
class Assigned:
    """What ``assign`` wrote, and the tables."""

    files: dict[str, Path]
    summary: dict[str, Any]
    assignments: list[Assignment] = attribute(repr=False)


def assign(
    model: str,
    inputs: Sequence[str],
    out: str | None = None,
    *,
    labels: str | None = None,
    reference: str | None = None,
    min_prob: float = 0.8,
    draws: int = 64,
    seed: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    min_variants: int = 100,
    build: str | None = None,
    field: str = "auto",
    progress: Progress = SILENT,
) -> Assigned:
    """Say to which labelled group each sample is most similar genetically, and how surely.

    Parameters
    ----------
    model : str
        A .ddvi file written by ``fit``.
    inputs : sequence of str
        One table of coordinates that ``fit`` or ``embed`` wrote with this model, or genotype
        files, which are embedded first.
    out : str, optional
        Prefix of everything that is written; by default as in ``embed``.
    labels : str, optional
        Groups of the samples in ``reference``; by default those that ``fit --labels`` left in
        the model.
    reference : str, optional
        Table of coordinates of labelled samples; by default the samples of the input.
    min_prob : float
        Least probability of a group that is said.
    draws, seed, device, threads, min_variants, build, field, progress
        As in ``embed``.

    Raises
    ------
    DDVIError
        If something cannot be read or written, or there are no groups.
    """
    from ..fitting.pipeline import revive
    from ..models.runtime import computing, pick

    if reference and not labels:
        raise UsageProblem("--reference needs --labels", "Give the labels of its samples.")
    if draws < 2:
        raise UsageProblem(f"--draws is {draws}", "Give 2 or more.")
    clock, prefix = Clock(), out or assign_prefix(inputs, model)
    check_folder(Path(prefix))
    fitted = Model.read(Path(model))
    levels = _levels(fitted, labels)
    tables = looks_like_coordinates(Path(inputs[0]))
    if tables and len(inputs) > 1:
        raise UsageProblem("Several tables of coordinates are given", "Give one at a time.")
    seed = fitted.record["options"]["seed"] if seed is None else seed

    def of_table(name: str) -> tuple[Coordinates, PosteriorDraws]:
        coordinates = read_coordinates(Path(name))
        _same_space(coordinates, fitted, name)
        return coordinates, _normal(coordinates, revive(fitted, pick("cpu")), draws, seed)

    files: dict[str, Path] = {}
    with computing(seed, threads):
        if tables:
            coordinates, posterior = of_table(inputs[0])
        else:
            embedded = embed(
                model, inputs, prefix, draws=draws, seed=seed, device=device, threads=threads,
                min_variants=min_variants, build=build, field=field, progress=progress,
            )  # fmt: skip
            coordinates, posterior = embedded.coordinates, embedded.posterior
            files |= embedded.files
        clock.lap("placing")
        known, figures = _groups(
            fitted, coordinates, posterior, levels, labels, reference, of_table
        )
        assignments = _assignments(known, coordinates, posterior, min_prob)
    for assignment in assignments:
        path = Path(f"{prefix}.assign.{assignment.level.replace('/', '_')}.tsv")
        assignment.write(path)
        files[f"assign.{assignment.level}"] = path
        log.info("Most similar %s: %s", assignment.level, _spoken(assignment))
    clock.lap("writing")
    files["assign"] = Path(f"{prefix}.assign.json")
    summary = {
        "command": "assign",
        "inputs": list(inputs),
        "model": model,
        "options": {
            "labels": labels,
            "reference": reference,
            "min_prob": min_prob,
            "draws": draws,
            "seed": seed,
        },
        "samples": len(coordinates.samples),
        "levels": {a.level: a.counts for a in assignments},
        "assignment": figures,
    }
    completed = complete(summary, files, clock)
    write_summary(files["assign"], completed)
    return Assigned(files, completed, assignments)


def assign_prefix(inputs: Sequence[str], model: str) -> str:
    """A table's own prefix, or that of ``embed``."""
    if looks_like_coordinates(Path(inputs[0])):
        return Path(inputs[0]).name.removesuffix(".tsv").removesuffix(".coords")
    return default_prefix(inputs, model)


def _same_space(coordinates: Coordinates, fitted: Model, name: str) -> None:
    dims = fitted.record["options"]["dims"]
    if coordinates.mean.shape[1] != dims:
        raise InputsDisagree(
            f"{name} has {coordinates.mean.shape[1]} coordinates, the model {dims}",
            "Give the table that fit or embed wrote with this very model.",
        )


def _normal(coordinates: Coordinates, method: Any, draws: int, seed: int) -> PosteriorDraws:
    """Normal posteriors from a table; a place without an error bar is a point."""
    from dataclasses import replace

    from ..inference.posterior_draws import normal_posterior

    covariance = np.nan_to_num(coordinates.covariance)
    posterior = normal_posterior(
        coordinates.mean, covariance, coordinates.samples, draws=draws * method.proposals, seed=seed
    )
    return replace(posterior, log_prior=method.log_prior(posterior.draws))


def _levels(fitted: Model, labels: str | None) -> Levels | None:
    """What the labels say, or None where the model has groups of its own."""
    if labels is not None:
        return read_levels(Path(labels))
    if not fitted.record.get("groups"):
        raise UsageProblem(
            "the model knows no groups",
            "Give --labels (with --reference for a table of the labelled samples), or fit "
            "with --labels.",
        )
    return None


def _groups(
    fitted: Model,
    coordinates: Coordinates,
    posterior: PosteriorDraws,
    levels: Levels | None,
    labels: str | None,
    reference: str | None,
    of_table: Callable[[str], tuple[Coordinates, PosteriorDraws]],
) -> tuple[Groups, list[dict[str, Any]]]:
    """The groups of the model, or those that labels make of the reference."""
    from ..fitting.calibration import know_groups
    from ..reference.groups import MIN_GROUP_SIZE, Groups

    if levels is None or labels is None:
        return Groups.of_json(fitted.record["groups"]), fitted.record["assignment"]
    if reference:
        coordinates, posterior = of_table(reference)
    labels_of(coordinates.samples, levels.first, Path(labels))
    judges = np.arange(len(coordinates.samples)) % FOLDS == 0
    found, figures = know_groups(levels, coordinates.samples, posterior, judges)
    if found is None:
        raise InputsDisagree(
            f"no label in {labels} has {MIN_GROUP_SIZE} samples or more",
            "Give labels of more samples, or coarser ones.",
        )
    return found, figures


def _assignments(
    known: Groups, coordinates: Coordinates, posterior: PosteriorDraws, min_prob: float
) -> list[Assignment]:
    from scipy.stats import entropy

    found = []
    for number, level in enumerate(known.levels):
        chance = known.probabilities(number, posterior)
        found.append(
            Assignment(
                level,
                known.names(number),
                coordinates.samples,
                chance,
                entropy(chance, axis=1),
                reasons(coordinates.flag, chance.max(axis=1), min_prob),
            )
        )
    return found


def _spoken(assignment: Assignment) -> str:
    counts = assignment.counts
    groups = ", ".join(f"{name} {count:,}" for name, count in counts["groups"].items())
    why = ", ".join(f"{name} {count:,}" for name, count in counts["reasons"].items())
    return f"{groups} ({why})" if why else groups
