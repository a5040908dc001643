"""The command fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..artefacts.coordinates import Coordinates
from ..artefacts.flags import flag_samples
from ..artefacts.labels import Labels, LabelTable, read_labels
from ..artefacts.summary import Clock
from ..errors import UsageProblem
from ..genotypes.formats.reading import VAR_FILTER, ReadOptions
from ..genotypes.harmonise.liftover import Lift, read_lift
from ..genotypes.harmonise.other_build import check_ids
from ..genotypes.qc.filters import Filters
from ..genotypes.qc.relatives import tallied
from ..genotypes.store import GenotypeStore
from ..outputs import output
from ..progress import SILENT, Progress
from ..resources import usable_threads
from ._common import Inputs, counter, default_prefix, paths_of
from ._places import prepare_outputs
from ._project import OnReference, ReferenceTarget
from ._results import Result
from .outputs import (
    conclude,
    coordinates_of,
    planned_outputs,
    replacing,
    write_embedding,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch

    from ..fitting.checkpoints import Checkpoints
    from ..fitting.options import FitOptions
    from ..fitting.pipeline import Fit
    from ..fitting.refits import Movement
    from ..reference.groups import Groups
    from ._assign import Assigned


@dataclass(frozen=True, repr=False)
class Fitted(Result):
    """What ``fit`` wrote, and the coordinates; none of either after a dry run.

    Attributes
    ----------
    files : dict from kind to Path
    summary : dict
    coordinates : Coordinates, optional
    reference : Assigned, optional
        What ``project_on`` wrote, and the groups of the samples there.
    """

    files: dict[str, Path]
    summary: dict[str, Any]
    coordinates: Coordinates | None = None
    reference: Assigned | None = None

    def to_frame(self) -> pd.DataFrame:
        """The table of coordinates, as ``PREFIX.coords.tsv`` has it; empty after a dry run."""
        import pandas as pd

        return pd.DataFrame() if self.coordinates is None else self.coordinates.to_frame()


@dataclass(frozen=True)
class _Run:
    """One call of ``fit``, its arguments read and checked."""

    inputs: tuple[str, ...]
    reading: ReadOptions
    prefix: str
    options: FitOptions
    table: LabelTable | None
    chain_path: str | None
    chain: Lift | None
    card: Mapping[str, str]
    device: torch.device
    threads: int | None
    progress: Progress
    target: ReferenceTarget | None
    labels: Labels | None = None
    clock: Clock = field(default_factory=Clock)

    def read(self, labels: str | None) -> list[str | None]:
        """Files that are read, besides those of the reference models of the package."""
        model = self.target.file if self.target else None
        return [*self.inputs, labels, self.chain_path, model]

    @property
    def chosen(self) -> list[Any]:
        """What decides the results, beside the genotypes; values of JSON."""
        options, chain = self.options, self.chain and self.chain.source
        guided = [options.classes, self.labels.by_sample if self.labels else {}]
        return [
            options.method, options.dims, options.seed, options.filters.as_json(),
            dict(options.settings), chain, str(self.device), guided if options.classes else [],
        ]  # fmt: skip


@dataclass(frozen=True)
class _Embedded:
    """The fit of a run, and every sample of the store embedded by it."""

    run: _Run
    store: GenotypeStore
    fit: Fit
    movement: Movement
    reference: OnReference | None


def fit(
    inputs: Inputs,
    out: str | None = None,
    *,
    labels: str | None = None,
    dims: int = 2,
    seed: int = 42,
    device: str = "auto",
    threads: int | None = None,
    var_filter: str = VAR_FILTER,
    filters: Filters = Filters(),  # noqa: B008 (frozen)
    method: str = "ddvi",
    prior: str | None = None,
    semi_supervised: bool = False,
    chain: str | None = None,
    project_on: str | None = None,
    settings: Mapping[str, str] = {},
    card: Mapping[str, str] = {},
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> Fitted:
    """Fit a model to a cohort and embed every sample of it.

    Parameters
    ----------
    inputs : str, path-like, or sequence of them
        Genotype files of the cohort; several are joined.
    out : str, optional
        Prefix of everything that is written; by default the name of the first input.
    labels : str, optional
        Table of sample IDs and labels: colours of the figure, and groups of which the model
        stores a summary, for ``assign``.
    dims : int
        Number of coordinates.
    seed : int
    device : str
        "auto", "cpu", "cuda", "cuda:N" or "mps".
    threads : int, optional
        CPU threads; by default what the scheduler or the system grants.
    var_filter : str
        As in ``embed``.
    filters : Filters
    method : str
        A name of ``methods.METHODS``.
    prior : str, optional
        A name of ``models.priors.PRIORS``, such as "mixture:12"; by default the method's.
    semi_supervised : bool
        Let the labels guide the fit; samples without a label are used unlabelled.
    chain : str, optional
        UCSC chain file from the cohort's genome build to another, such as
        hg19ToHg38.over.chain.gz, or a table of positions with a column ``chromosome`` and one for
        each build, that of the cohort first: the model then knows its variants in all of them.
    project_on : str, optional
        The name of a reference model, "auto", or a .ddvi file. The same samples are embedded in
        it and assigned to its groups, under ``<out>.in.<model>``; without ``labels``, its groups
        colour the figure of the cohort.
    settings : mapping of str to str
        Settings of the method's recipe.
    card : mapping of str to str
        Texts of the model card beside those that the fit writes, such as the source of the data
        and their terms.
    dry_run : bool
        Write nothing; ``summary["plan"]`` says what would be done.
    progress : Progress

    Raises
    ------
    DDVIError

    Examples
    --------
    >>> import ancestry_ddvi
    >>> fitted = ancestry_ddvi.fit(["cohort.vcf.gz"], labels="labels.tsv", dry_run=True)
    >>> fitted.summary["plan"][0]
    'read cohort.vcf.gz: 122 samples, 2,400 records'
    """
    from ..fitting.checkpoints import Checkpoints
    from ..models.distributed import processes
    from ..models.runtime import computing, pick

    if prior:
        settings = {**settings, "prior": prior}
    prefix = out or default_prefix(inputs)
    run = _Run(
        inputs=paths_of(inputs),
        reading=ReadOptions.of(var_filter, threads or usable_threads()),
        prefix=prefix,
        options=_options(method, dims, seed, filters, settings),
        table=read_labels(labels) if labels else None,
        chain_path=chain,
        chain=_chain(chain, filters),
        card=card,
        device=pick(device),
        threads=threads,
        progress=progress,
        target=ReferenceTarget.of(project_on, prefix) if project_on else None,
    )
    if semi_supervised:
        run = _guided(run, run.table.classes if run.table else ())
    if dry_run:
        return Fitted({}, {"plan": _plan(run, labels)})
    prepare_outputs(run.prefix, "fit", run.read(labels))
    if run.target:
        run.target.prepare(run.read(labels))
    with computing(seed, threads), processes():
        store = _read(run)
        run = _labelled(run, store)
        reference = _on_reference(run, store)
        checkpoints = Checkpoints.of(run.prefix, store, run.chosen)
        embedded = _embed(run, store, checkpoints, reference)
    fitted = _write(embedded)
    checkpoints.clear()
    return fitted


def _plan(run: _Run, labels: str | None) -> list[str]:
    """What the run would do, one line each, after the checks that need no genotypes.

    Raises
    ------
    InputUnreadable, InputsDisagree, UsageProblem, OutputUnwritable
    """
    from ..fitting.estimate import plan

    planned = plan(run.inputs, run.reading, run.options, str(run.device), run.threads)
    if run.table:
        run.table.match(planned.samples)
    inputs = run.read(labels)
    beside = run.target.planned(inputs) if run.target else []
    return [*planned.lines, *planned_outputs(run.prefix, "fit", inputs, planned.disk_mib), *beside]


def _options(
    method: str, dims: int, seed: int, filters: Filters, settings: Mapping[str, str]
) -> FitOptions:
    from ..fitting.options import FitOptions

    options = FitOptions(method, dims, seed, filters, settings)
    _ = options.recipe  # unknown settings are refused before anything is read
    return options


def _chain(path: str | None, filters: Filters) -> Lift | None:
    if path and filters.allow_extra_chr:
        raise UsageProblem(
            "--chain leads between human genome builds, and --allow-extra-chr takes any species",
            "Leave out one of them.",
        )
    return read_lift(path) if path else None


def _guided(run: _Run, classes: tuple[str, ...]) -> _Run:
    """The run with labels as classes that guide the fit."""
    if len(classes) < 2:
        raise UsageProblem(
            "--semi-supervised needs labels of two classes or more", "Give them by --labels."
        )
    options = replace(run.options, classes=classes)
    _ = options.recipe
    return replace(run, options=options)


def _read(run: _Run) -> GenotypeStore:
    """The store of the inputs; it is of one build, and the chain is checked against it."""
    from ..fitting.estimate import log_estimate

    with run.progress.stage("reading", None) as advance:
        cache = Path(f"{run.prefix}.genotypes")
        store = GenotypeStore.open(run.inputs, cache, counter(advance), run.reading)
    if len(run.inputs) > 1:
        check_ids(store.variants, store.name)
    if run.chain:
        run.chain.check(store.variants, store.name)
    log_estimate(len(store.samples), len(store.variants), run.threads)
    run.clock.lap("reading")
    return store


def _labelled(run: _Run, store: GenotypeStore) -> _Run:
    """The run with the labels of the samples, as its classes where they guide the fit."""
    if run.table is None:
        return run
    run = replace(run, labels=run.table.match(store.samples))
    return _guided(run, run.labels.classes) if run.options.classes and run.labels else run


def _on_reference(run: _Run, store: GenotypeStore) -> OnReference | None:
    """The samples in the reference model, if there is one; before the fit, which takes longer.

    Raises
    ------
    InputsDisagree
    """
    if run.target is None:
        return None
    found = run.target.assign(
        run.inputs, store, var_filter=run.reading.as_text(), device=str(run.device),
        threads=run.threads, progress=run.progress,
    )  # fmt: skip
    run.clock.lap("reference")
    return found


def _embed(
    run: _Run, store: GenotypeStore, checkpoints: Checkpoints, reference: OnReference | None
) -> _Embedded:
    """Fit the model and embed every sample, in the fit or not."""
    from ..data.scores import ScoreData
    from ..fitting.pipeline import fit_model
    from ..fitting.prepare import FitRequest
    from ..fitting.refits import movement

    request = FitRequest(
        store, run.options, run.device, run.labels, run.chain, run.card, run.progress, run.clock,
        checkpoints,
    )  # fmt: skip
    fit = fit_model(request)

    def data(some: np.ndarray) -> ScoreData:
        return ScoreData(fit.scores[some], run.device)

    places, chosen = fit.posterior.mean, fit.qc.fit_samples
    moved = movement(fit.refits, places, chosen, data, store.samples, run.options.seed)
    run.clock.lap("refits")
    return _Embedded(run, store, fit, moved, reference)


def _write(embedded: _Embedded) -> Fitted:
    """The model, tables, pictures and the summary."""
    from ..plots.limits import limits_of_samples

    run, fit, reference = embedded.run, embedded.fit, embedded.reference
    coordinates = _coordinates(embedded)
    model = fit.model.with_limits(limits_of_samples(coordinates, fit.scores.value))
    files = {"model": output("model").path(run.prefix)}
    with replacing(run.prefix, "fit", files):
        model.write(files["model"])
        labels, groups, shown = _colours(embedded)
        files |= write_embedding(
            run.prefix,
            coordinates,
            fit.posterior,
            fit.scores,
            labels,
            f"{Path(run.prefix).name}: {shown}",
            run.options,
            fit.qc.relatives,
            model,
            groups=groups,
        )
        run.clock.lap("writing")
        summary = conclude(run.prefix, _summary(embedded), files, coordinates, run.clock)
    return Fitted(files, summary, coordinates, reference.assigned if reference else None)


def _colours(embedded: _Embedded) -> tuple[list[str] | None, Groups | None, str]:
    """Labels that colour the figure, the groups they belong to, and what the title says."""
    run, fit, reference = embedded.run, embedded.fit, embedded.reference
    samples = embedded.store.samples
    shown = f"{len(samples):,} samples, {len(fit.qc.variants):,} variants"
    if run.labels:
        return run.labels.of(samples), fit.model.record.groups, shown
    if reference is None:
        return None, None, shown
    return reference.labels, reference.within, f"{shown}, colours of {reference.name}"


def _coordinates(embedded: _Embedded) -> Coordinates:
    """The table of coordinates with the flags of quality control and of the out-of-panel test."""
    from ..fitting.diagnostics import out_of_panel

    fit, posterior = embedded.fit, embedded.fit.posterior
    model, scores, variants = fit.model, fit.scores, len(fit.qc.variants)
    p_panel, unlike = out_of_panel(model.record, posterior, scores, model.projection)
    return coordinates_of(
        embedded.store.samples,
        posterior,
        scores,
        model_variants=variants,
        variants_in_file=variants,
        p_panel=p_panel,
        flags=flag_samples({"pseudo_haploid": scores.pseudo_haploid}, fit.qc.flags, unlike),
        test=model.record.out_of_panel,
        map_sd=embedded.movement.sd,
    )


def _summary(embedded: _Embedded) -> dict[str, Any]:
    """What ``PREFIX.summary.json`` says of the run."""
    run, fit = embedded.run, embedded.fit
    record, projection = fit.model.record, fit.model.projection
    options = record.as_json()["options"]
    return {
        "command": "fit",
        "inputs": list(run.inputs),
        "options": options
        | {
            "var_filter": run.reading.as_text(),
            "labels": run.table and str(run.table.path),
            "chain": run.chain_path,
            "project_on": run.target and run.target.name,
            "device": str(run.device),
        },
        "build": fit.qc.build,
        "positions": fit.model.panel.known,
        **record.counts,
        "relatives": tallied(fit.qc.relatives),
        "components": projection.kept,
        "dispersion": projection.dispersion,
        "bounds": record.bounds,
        "calibration": record.calibration,
        "movement": embedded.movement.as_json(),
        "out_of_panel": record.out_of_panel
        and {"line": record.out_of_panel.line, "flagged": record.out_of_panel.flagged},
        "assignment": list(record.assignment),
        "privacy": record.privacy,
    }
