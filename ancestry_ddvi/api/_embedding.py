"""The steps of embed, condition and assign: read, match, score, draw, write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.coordinates import Coordinates, write_draws
from ..artefacts.flags import flag_samples
from ..artefacts.labels import Labels, LabelTable, read_labels
from ..artefacts.model import Model
from ..artefacts.summary import Clock
from ..errors import UsageProblem
from ..genotypes.formats.fields import GT
from ..genotypes.formats.reading import VAR_FILTER, ReadOptions
from ..genotypes.harmonise.panel import AlignedGenotypes, Alignment
from ..genotypes.harmonise.reference_calls import ReferenceCalls
from ..genotypes.harmonise.report import HarmonisationReport
from ..genotypes.projection.in_pieces import ScoredSamples, score_samples
from ..genotypes.projection.likelihood_scores import scores_of
from ..genotypes.projection.scores import Scores
from ..genotypes.qc.relatives import relatives_among, tallied, twins
from ..genotypes.store import GenotypeStore
from ..outputs import output
from ..progress import SILENT, Progress
from ..reference_models import AUTO
from ._absent import Absent, warn_of_shared_reference
from ._choice import Suits, choose, embeds
from ._common import Inputs, counted, paths_of
from ._finding import Found, Request, Store, checked_build, found_in, read_at, settled
from ._named import NamedModel, file_of, opened
from ._places import prepare_outputs
from ._results import Result
from .outputs import conclude, coordinates_of, replacing, write_embedding, write_multiqc

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from ..inference.posterior_draws import PosteriorDraws
    from ..methods.method import Method

log = logging.getLogger(__name__)

LOW_VARIANT_FRACTION = 0.1
"""Below this share of the model's variants a warning says that intervals will be wide."""


@dataclass(frozen=True, repr=False)
class Embedded(Result):
    """What ``embed`` wrote, the coordinates, and the draws they are means of.

    Attributes
    ----------
    files : dict from kind to Path
    summary : dict
    coordinates : Coordinates
    posterior : PosteriorDraws
    scores : Scores
        On the kept components.
    """

    files: dict[str, Path]
    summary: dict[str, Any]
    coordinates: Coordinates
    posterior: PosteriorDraws
    scores: Scores

    def to_frame(self) -> pd.DataFrame:
        """The table of coordinates, as ``PREFIX.coords.tsv`` has it."""
        return self.coordinates.to_frame()


@dataclass(frozen=True)
class EmbedRun:
    """One call of ``embed`` or ``condition``, its arguments read and checked.

    Attributes
    ----------
    command : str
    named : NamedModel
    method : Method
    request : Request
        The genotypes in question.
    prefix : str, optional
        Of what is written; None writes nothing.
    draws, seed : int
    device : torch.device
    threads : int, optional
    labels : LabelTable, optional
    draws_out : bool
    found : Found, optional
        The genotypes, where they have been read before.
    choice : mapping
        What the summary says of the choice of the model, if it was not named.
    clock : Clock
    """

    command: str
    named: NamedModel
    method: Method
    request: Request
    prefix: str | None
    draws: int
    seed: int
    device: torch.device
    threads: int | None
    labels: LabelTable | None
    draws_out: bool
    found: Found | None
    choice: Mapping[str, Any]
    clock: Clock = attribute(default_factory=Clock)

    @property
    def name(self) -> str:
        """Of the model, for messages."""
        return self.named.name

    @property
    def model(self) -> Model:
        """All that is needed to embed samples."""
        return self.named.model


@dataclass(frozen=True)
class MatchedInput:
    """Genotypes of a run, with each variant of the model found in them or absent."""

    run: EmbedRun
    store: Store
    labels: Labels | None
    alignment: Alignment
    report: HarmonisationReport
    reference_calls: ReferenceCalls


@dataclass(frozen=True)
class ScoredInput:
    """Scores of the samples of a run on the model's components.

    Attributes
    ----------
    matched : MatchedInput
    relatives : ndarray of ``kinship.PAIR``, optional
        Pairs of related samples; None where they are not looked for.
    in_panel : ndarray of bool, (samples,)
        Samples that look like members of the reference panel.
    scores : Scores
        On the kept components, as new samples have them.
    """

    matched: MatchedInput
    relatives: np.ndarray | None
    in_panel: np.ndarray
    scores: Scores


Embedder = Callable[[ScoredInput], "tuple[PosteriorDraws, dict[str, Any]]"]
"""Draws the posterior of every sample, on the axes of the latents; what the summary adds."""


def embed_run(
    command: str,
    model: str | NamedModel,
    inputs: Inputs,
    prefix: str | None,
    *,
    draws: int = 64,
    seed: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    min_variants: int = 100,
    build: str | None = None,
    labels: str | None = None,
    draws_out: bool = False,
    field: str = "auto",
    var_filter: str = VAR_FILTER,
    absent: str = "missing",
    targets: str | None = None,
    suits: Suits = embeds,
    store: GenotypeStore | None = None,
    progress: Progress = SILENT,
) -> EmbedRun:
    """Check the arguments of ``embed``, read the model and the labels.

    For "auto" the genotypes are read too, and the reference model of which they tell most is
    taken, of those that ``suits`` has nothing against. ``store`` has the genotypes where they have
    been read before.

    Raises
    ------
    UsageProblem, InputUnreadable, InputsDisagree, OutputUnwritable
    """
    from ..fitting.pipeline import revive
    from ..models.runtime import pick

    check_draws(draws)
    inputs = paths_of(inputs)
    chosen, clock = pick(device), Clock()
    request = Request(
        inputs, field, ReadOptions.of(var_filter), checked_build(build), min_variants,
        Absent.of(absent, targets), progress,
    )  # fmt: skip
    if prefix is not None:
        prepare_outputs(prefix, command, [file_of(model), *inputs, labels])
    table = read_labels(labels) if labels else None
    choice = choose(request, suits, store) if model == AUTO and inputs else None
    named = choice.named if choice else opened(model)
    found = choice.found if choice else None
    if store is not None and found is None:
        found = found_in(request, store, named.model.panel)
    run = EmbedRun(
        command, named, revive(named.model, chosen), request, prefix, draws,
        named.model.record.options.seed if seed is None else seed, chosen, threads, table,
        draws_out, found, choice.as_json if choice else {}, clock,
    )  # fmt: skip
    clock.lap("loading")
    return run


def check_draws(draws: int) -> None:
    """Refuse fewer than two draws.

    Raises
    ------
    UsageProblem
    """
    if draws < 2:
        raise UsageProblem(f"--draws is {draws}", "Give 2 or more.")


def run_embedding(run: EmbedRun, embedder: Embedder, multiqc: bool = True) -> Embedded:
    """Read samples at the variants of a model, draw their posteriors, write what ``embed`` does.

    Without ``multiqc`` its files are left to the caller, who knows more of the samples.
    """
    from ..models.runtime import computing

    with computing(run.seed, run.threads):
        scored = _score(_match(run))
        posterior, said = embedder(scored)
        _warn_of_shared_reference(scored, posterior, embedder)
        run.clock.lap("embedding")
    return _write(scored, posterior.rotated(run.model.rotation), said, multiqc)


def draw_posteriors(scored: ScoredInput) -> tuple[PosteriorDraws, dict[str, Any]]:
    """Posterior draws of the method itself; the summary adds nothing."""
    from ..data.scores import ScoreData

    matched = scored.matched
    run = matched.run
    draws = run.draws * run.method.proposals
    data = ScoreData(scored.scores, run.device)
    return run.method.embed(data, matched.store.samples, draws=draws, seed=run.seed), {}


def _match(run: EmbedRun) -> MatchedInput:
    """Read the input and find the variants of the model in it."""
    found = run.found or _found(run)
    store, report = found.store, found.alignment.report
    labels = run.labels.match(store.samples) if run.labels else None
    if run.request.absent.meaning == "reference":
        log.info("%s", run.request.absent.said_of(report))
    _log_report(found.alignment, store)
    if report.observed_fraction < LOW_VARIANT_FRACTION:
        log.warning(
            "Only %.1f %% of the model's variants are in %s: intervals will be wide.",
            100 * report.observed_fraction,
            store.name,
        )
    run.clock.lap("matching")
    return MatchedInput(run, store, labels, found.alignment, report, found.reference_calls)


def _found(run: EmbedRun) -> Found:
    panel = run.model.panel
    store, (alignment,) = read_at(run.request, [panel])
    run.clock.lap("reading")
    return settled(run.request, store, alignment, panel)


def _field_shares(store: Store) -> dict[str, float]:
    """Share of the genotypes that were read from each field, the largest first."""
    return {GT: 1.0} if isinstance(store, GenotypeStore) else dict(store.field_shares)


def _log_report(alignment: Alignment, store: Store) -> None:
    """The harmonisation report; chromosome by chromosome in the log file only."""
    report, mixture = alignment.report, alignment.other.mixture if alignment.other else ""
    if store.by_index:
        log.info(
            "%s records of %s were read by its index: those at variants of the model.",
            f"{store.by_index.read:,}",
            store.name,
        )
    table = "\n".join(report.lines(store.skipped))
    log.info("Variants of %s matched to the model:\n%s", store.name, table)
    log.info("%s", "\n".join(report.by_chromosome()), extra={"only": "file"})
    for doubt in filter(None, (report.contradiction, report.foreign_ids, mixture)):
        log.warning("%s: %s.", store.name, doubt)


def _score(matched: MatchedInput) -> ScoredInput:
    """Relatives in the input, and the scores of every sample."""
    run, store, projection = matched.run, matched.store, matched.run.model.projection
    samples, pairs = len(store.samples), None
    if isinstance(store, GenotypeStore):
        aligned = AlignedGenotypes(store, matched.alignment)
        pairs = relatives_among(aligned, aligned.observed)
    run.clock.lap("relatives")
    with run.request.progress.stage("scores", samples) as advance:
        if isinstance(store, GenotypeStore):
            strangers = np.zeros(samples, dtype=bool)
            scored = score_samples(projection, aligned.dosages, strangers, advance)
        else:
            likelihoods = store.likelihoods(matched.alignment, run.model.panel.frequency)
            everyone = scores_of(projection, _counted(likelihoods, advance))
            scored = ScoredSamples.of(projection, everyone)
    run.clock.lap("scores")
    return ScoredInput(matched, pairs, scored.in_panel, scored.scores)


def _warn_of_shared_reference(
    scored: ScoredInput, posterior: PosteriorDraws, embedder: Embedder
) -> None:
    """Warn where variants that all samples are homozygous reference at were left out."""
    matched = scored.matched
    filled = matched.run.request.absent.completed(matched.alignment, matched.reference_calls)
    if filled is None:
        return
    other, _ = embedder(_score(replace(matched, alignment=filled)))
    shift = np.abs(other.mean - posterior.mean) / posterior.sd
    warn_of_shared_reference(matched.store.name, filled.report, matched.reference_calls, shift)


def _counted(samples: Iterator[np.ndarray], advance: Callable[[int], None]) -> Iterator[np.ndarray]:
    for sample in samples:
        yield sample
        advance(1)


def _write(
    scored: ScoredInput, posterior: PosteriorDraws, said: dict[str, Any], multiqc: bool
) -> Embedded:
    """Tables, pictures and summary of a run; none where it has no prefix."""
    matched = scored.matched
    run, store = matched.run, matched.store
    coordinates = _coordinates(scored, posterior)
    summary = _summary(scored) | said
    if run.prefix is None:
        return Embedded({}, summary, coordinates, posterior, scored.scores)
    options = run.model.record.options
    title = f"{Path(store.name).name} in {Path(run.name).name}: {counted(len(store.samples))}"
    files: dict[str, Path] = {}
    with replacing(run.prefix, run.command, files):
        files |= write_embedding(
            run.prefix,
            coordinates,
            posterior,
            scored.scores,
            matched.labels.of(store.samples) if matched.labels else None,
            title,
            options,
            scored.relatives,
            run.model,
            query=True,
        )
        if multiqc:
            files |= write_multiqc(run.prefix, run.named, coordinates)
        write_draws_of(run, store.samples, posterior, files)
        run.clock.lap("writing")
        summary = conclude(run.prefix, summary, files, coordinates, run.clock)
    return Embedded(files, summary, coordinates, posterior, scored.scores)


def write_draws_of(
    run: EmbedRun, samples: Sequence[str], posterior: PosteriorDraws, files: dict[str, Path]
) -> None:
    """Write the posterior draws if the run is asked for them."""
    if run.draws_out and run.prefix is not None:
        files["draws"] = output("draws").path(run.prefix)
        write_draws(files["draws"], samples, posterior.resampled(run.draws, samples, run.seed))


def _coordinates(scored: ScoredInput, posterior: PosteriorDraws) -> Coordinates:
    """The table of coordinates with all flags."""
    from ..fitting.diagnostics import out_of_panel

    matched, scores = scored.matched, scored.scores
    run, samples = matched.run, matched.store.samples
    model = run.model
    p_panel, unlike = out_of_panel(model.record, posterior, scores, model.projection)
    flags = {
        "in_panel": scored.in_panel,
        "duplicate_in_input": twins(scored.relatives, len(samples)),
        "few_variants": scores.observed < run.request.min_variants,
        "no_alt_calls": matched.reference_calls.without_alternative,
        "pseudo_haploid": scores.pseudo_haploid,
    }
    return coordinates_of(
        samples,
        posterior,
        scores,
        model_variants=len(model.panel),
        variants_in_file=matched.report.recorded,
        p_panel=p_panel,
        flags=flag_samples(flags, unlike),
        test=model.record.out_of_panel,
    )


def _summary(scored: ScoredInput) -> dict[str, Any]:
    """What ``PREFIX.summary.json`` says of the run."""
    matched = scored.matched
    run, store = matched.run, matched.store
    shares = _field_shares(store)
    return {
        "command": run.command,
        "inputs": list(run.request.inputs),
        **run.named.as_json,
        **run.choice,
        "field": next(iter(shares), GT),
        "field_shares": shares,
        "options": {
            "draws": run.draws,
            "seed": run.seed,
            "min_variants": run.request.min_variants,
            "build": run.request.build,
            "labels": run.labels and str(run.labels.path),
            "var_filter": run.request.reading.as_text(),
            **run.request.absent.as_json,
            "device": str(run.device),
        },
        "samples": len(store.samples),
        "reading": {
            "by_index": store.by_index is not None,
            "records": store.by_index.records if store.by_index else None,
            "records_read": store.by_index.read if store.by_index else None,
        },
        "skipped_records": dict(store.skipped),
        "harmonisation": matched.report.as_dict(),
        "relatives": tallied(scored.relatives),
    }
