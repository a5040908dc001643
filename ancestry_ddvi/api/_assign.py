"""The command assign."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.ancestry import Ancestry
from ..artefacts.assignments import Assignment, reasons
from ..artefacts.coordinates import (
    Coordinates,
    looks_like_coordinates,
    read_components,
    read_coordinates,
)
from ..artefacts.labels import LabelTable, read_labels
from ..artefacts.model import Model
from ..artefacts.summary import Clock, complete, write_summary
from ..artefacts.written import check_is_of_model
from ..errors import InputsDisagree, UsageProblem
from ..genotypes.formats.reading import VAR_FILTER
from ..outputs import output
from ..progress import SILENT, Progress
from ._choice import embeds
from ._common import Inputs, counted, default_prefix, paths_of, scores_beside
from ._embedding import EmbedRun, check_draws, draw_posteriors, embed_run, run_embedding
from ._named import NamedModel, file_of, opened
from ._places import check_inputs, prepare_outputs
from ._results import Result
from .outputs import replacing, write_multiqc

if TYPE_CHECKING:
    import pandas as pd

    from ..reference.groups import Groups
    from ..reference.observed import ObservedScores

log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Assigned(Result):
    """What ``assign`` wrote, and the tables.

    Attributes
    ----------
    files : dict from kind to Path
    summary : dict
    ancestry : Ancestry
        The group of each sample at the finest level that is sure enough.
    """

    files: dict[str, Path]
    summary: dict[str, Any]
    ancestry: Ancestry

    @property
    def assignments(self) -> Sequence[Assignment]:
        """Probabilities of all groups, for each level of labels, the finest first."""
        return self.ancestry.assignments

    def to_frame(self) -> pd.DataFrame:
        """The groups of every sample and what a report needs, as ``PREFIX.ancestry.tsv``."""
        return self.ancestry.to_frame()


@dataclass(frozen=True)
class _Run:
    """One call of ``assign``, its arguments read and checked.

    Attributes
    ----------
    named : NamedModel
    inputs : tuple of str
    prefix : str, optional
        Of what is written; None writes nothing.
    labels : LabelTable, optional
        Groups of the reference; None for the groups that the model knows.
    reference : str, optional
        A table of coordinates of labelled samples.
    min_prob : float
    draws, seed : int
    embedding : EmbedRun, optional
        For genotypes; None where the input is a table of coordinates.
    threads : int, optional
    clock : Clock
    """

    named: NamedModel
    inputs: tuple[str, ...]
    prefix: str | None
    labels: LabelTable | None
    reference: str | None
    min_prob: float
    draws: int
    seed: int
    embedding: EmbedRun | None
    threads: int | None
    clock: Clock = field(default_factory=Clock)

    @property
    def model(self) -> Model:
        """All that is needed to embed samples, and the groups."""
        return self.named.model


@dataclass(frozen=True)
class _Query:
    """Coordinates and scores of the samples in question, and the files written of them.

    ``build`` is that of genotypes, None where it is not known.
    """

    coordinates: Coordinates
    observed: ObservedScores
    files: dict[str, Path] = field(default_factory=dict)
    build: str | None = None


def assign(
    model: str,
    inputs: Inputs,
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
    var_filter: str = VAR_FILTER,
    absent: str = "missing",
    targets: str | None = None,
    progress: Progress = SILENT,
) -> Assigned:
    """Name the most similar labelled group of each sample, or none, with a probability.

    Parameters
    ----------
    model : str
        The name of a reference model, "auto" for the one of which the genotypes tell most, or a
        .ddvi file written by ``fit``.
    inputs : str, path-like, or sequence of them
        One table of coordinates that ``fit`` or ``embed`` wrote with this model, or genotype
        files, which are embedded first. Groups are compared by the component scores of
        ``X.pcs.tsv``, which lies beside a table ``X.coords.tsv``.
    out : str, optional
        Prefix of everything that is written; by default as in ``embed``.
    labels : str, optional
        Groups of the samples in ``reference``; by default those stored by ``fit --labels``.
    reference : str, optional
        Table of coordinates of labelled samples; by default the samples of the input.
    min_prob : float
        Samples whose most similar group is less probable stay unassigned.
    draws, seed, device, threads, progress
        As in ``embed``.
    min_variants, build, field, var_filter, absent, targets
        As in ``embed``.

    Raises
    ------
    DDVIError
        If something cannot be read or written, or there are no groups.

    Examples
    --------
    >>> import ancestry_ddvi
    >>> assigned = ancestry_ddvi.assign("cohort.ddvi", ["query.vcf.gz"])
    >>> assigned.to_frame().columns[:3].tolist()
    ['sample_id', 'ancestry', 'level']
    """
    run = assign_run(
        model, inputs, out or assign_prefix(inputs, model), labels=labels, reference=reference,
        min_prob=min_prob, draws=draws, seed=seed, device=device, threads=threads,
        min_variants=min_variants, build=build, field=field, var_filter=var_filter, absent=absent,
        targets=targets, progress=progress,
    )  # fmt: skip
    return run_assignment(run)


def assign_run(
    model: str | NamedModel,
    inputs: Inputs,
    prefix: str | None,
    *,
    labels: str | None = None,
    reference: str | None = None,
    min_prob: float = 0.8,
    draws: int = 64,
    seed: int | None = None,
    threads: int | None = None,
    **embedding: Any,
) -> _Run:
    """Check the arguments of ``assign``, read the model and the labels.

    Raises
    ------
    UsageProblem, InputUnreadable, InputsDisagree, OutputUnwritable
    """
    if reference and not labels:
        raise UsageProblem("--reference needs --labels", "Give the labels of its samples.")
    check_draws(draws)
    inputs = paths_of(inputs)
    if prefix is not None:
        prepare_outputs(prefix, "assign", [file_of(model), *inputs, labels, reference])
    genotypes = None
    if not looks_like_coordinates(Path(inputs[0])):
        if prefix is not None and reference:
            check_inputs(prefix, "embed", [reference, str(scores_beside(reference))])
        genotypes = embed_run(
            "embed", model, inputs, prefix, draws=draws, seed=seed, threads=threads,
            suits=embeds if labels else unfit, **embedding,
        )  # fmt: skip
    elif len(inputs) > 1:
        raise UsageProblem("Several tables of coordinates are given", "Give one at a time.")
    named = genotypes.named if genotypes else opened(model)
    fitted = named.model
    if labels is None and fitted.record.groups is None:
        raise UsageProblem(
            "the model knows no groups",
            "Give --labels (with --reference for a table of the labelled samples), or fit "
            "with --labels.",
        )
    for coords in [*([] if genotypes else inputs), *([reference] if reference else [])]:
        check_is_of_model(Path(coords), named.name, named.sha256)
    seed = fitted.record.options.seed if seed is None else seed
    table = read_labels(labels) if labels else None
    return _Run(
        named, inputs, prefix, table, reference, min_prob, draws, seed, genotypes, threads
    )  # fmt: skip


def unfit(model: Model) -> str:
    """Why a model cannot assign samples; empty if it can."""
    return embeds(model) or ("" if model.record.groups else "it knows no groups")


def run_assignment(run: _Run) -> Assigned:
    """Find the groups and the samples in question, then assign and write."""
    from ..models.runtime import computing

    with computing(run.seed, run.threads):
        query = _query(run)
        run.clock.lap("embedding")
        groups, figures = _groups(run, query)
        assignments = _assignments(groups, query, run.min_prob)
    return _write(run, query, assignments, figures)


def assign_prefix(inputs: Inputs, model: str) -> str:
    """A table's own prefix, or that of ``embed``."""
    first = Path(paths_of(inputs)[0])
    if looks_like_coordinates(first):
        return first.name.removesuffix(".tsv").removesuffix(".coords")
    return default_prefix(inputs, model)


def _query(run: _Run) -> _Query:
    """The samples to assign, from genotypes or from a table."""
    from ..fitting.diagnostics import observed

    if run.embedding is None:
        return _from_table(run, run.inputs[0])
    embedded = run_embedding(run.embedding, draw_posteriors, multiqc=False)
    report = embedded.summary["harmonisation"]
    build = report["detected_build"] or report["stated_build"]
    seen = observed(embedded.scores, run.model.projection)
    return _Query(embedded.coordinates, seen, embedded.files, build)


def _from_table(run: _Run, path: str) -> _Query:
    """Coordinates from a table, and scores from that beside it, with the noise typical of them.

    Raises
    ------
    InputUnreadable, InputsDisagree
    """
    from ..reference.observed import ObservedScores

    coordinates, model = read_coordinates(Path(path)), run.model
    dims, projection = model.record.options.dims, model.projection
    if coordinates.mean.shape[1] != dims:
        raise InputsDisagree(
            f"{path} has {coordinates.mean.shape[1]} coordinates, the model {dims}",
            "Give the table that fit or embed wrote with this very model.",
        )
    effective = np.nan_to_num(coordinates["effective_variants"]).clip(1, len(model.panel))
    value = read_components(scores_beside(path), coordinates.samples, projection.kept)
    noise = projection.typical_covariance(value, effective)
    return _Query(coordinates, ObservedScores(value, noise, len(model.panel) / effective))


def _groups(run: _Run, query: _Query) -> tuple[Groups, list[dict[str, Any]]]:
    """The groups of the model, or those that labels make of the reference; how right they are."""
    from ..fitting.groups import learn_groups
    from ..inference.posterior_draws import PosteriorDraws
    from ..reference.cells import MIN_GROUP_SIZE

    if run.labels is None:
        record = run.model.record
        assert record.groups is not None
        return record.groups, [dict(row) for row in record.assignment]
    labelled = _from_table(run, run.reference) if run.reference else query
    samples = labelled.coordinates.samples
    labels = run.labels.match(samples)
    points = PosteriorDraws(labelled.coordinates.mean[:, None])
    found, figures = learn_groups(labels, samples, points, labelled.observed, run.seed)
    if found is None:
        raise InputsDisagree(
            f"no label in {run.labels.path} has {MIN_GROUP_SIZE} samples or more",
            "Give labels of more samples, or coarser ones.",
        )
    return found, figures


def _assignments(groups: Groups, query: _Query, min_prob: float) -> list[Assignment]:
    """Probabilities and reasons on every level."""
    from scipy.special import entr

    flags, unlike = query.coordinates.flag, groups.unlike(query.observed)
    found = []
    for number, level in enumerate(groups.levels):
        chance = groups.probabilities(number, query.observed)
        found.append(
            Assignment(
                level,
                groups.names(number),
                query.coordinates.samples,
                chance,
                entr(chance).sum(axis=1),
                reasons(flags, unlike, chance.max(axis=1), min_prob),
            )
        )
    return found


def _write(
    run: _Run, query: _Query, assignments: list[Assignment], figures: list[dict[str, Any]]
) -> Assigned:
    """The tables and the summary; nothing where the run has no prefix."""
    name = run.named.stem
    ancestry = Ancestry(query.coordinates, assignments, query.build, name)
    summary = _summary(run, ancestry, figures)
    if run.prefix is None:
        return Assigned({}, summary, ancestry)
    table = output("assign.{level}")
    paths = [table.path(run.prefix, level=assignment.level) for assignment in assignments]
    if len({*paths}) < len(paths):
        raise UsageProblem("Two levels have the same file name", "Rename a column of --labels.")
    files = {"ancestry": output("ancestry").path(run.prefix), **query.files}
    with replacing(run.prefix, "assign", files):
        ancestry.write(files["ancestry"])
        for assignment, path in zip(assignments, paths, strict=True):
            assignment.write(path)
            files[f"assign.{assignment.level}"] = path
        files |= write_multiqc(run.prefix, run.named, query.coordinates, ancestry)
        run.clock.lap("writing")
        files["assign"] = output("assign").path(run.prefix)
        completed = complete(summary, files, run.clock)
        write_summary(files["assign"], completed)
    log.info("Most genetically similar groups of %s:\n%s", *_told(ancestry))
    return Assigned(files, completed, ancestry)


def _summary(run: _Run, ancestry: Ancestry, figures: list[dict[str, Any]]) -> dict[str, Any]:
    """What ``PREFIX.assign.json`` says of the run."""
    return {
        "command": "assign",
        "inputs": list(run.inputs),
        **run.named.as_json,
        **(run.embedding.choice if run.embedding else {}),
        "options": {
            "labels": run.labels and str(run.labels.path),
            "reference": run.reference,
            "min_prob": run.min_prob,
            "draws": run.draws,
            "seed": run.seed,
        },
        "samples": len(ancestry.samples),
        "ancestry": ancestry.counts,
        "levels": {assignment.level: assignment.counts for assignment in ancestry.assignments},
        "assignment": figures,
    }


def _told(ancestry: Ancestry) -> tuple[str, str]:
    """The number of samples, and how many have a group on each level."""
    return counted(len(ancestry.samples)), "\n".join(ancestry.lines())
