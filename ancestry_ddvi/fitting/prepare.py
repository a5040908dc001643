"""First step of a fit: quality control, principal components and the scores of every sample."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np
import torch

from ..artefacts.labels import Labels
from ..artefacts.summary import Clock
from ..genotypes.harmonise.liftover import Lift
from ..genotypes.projection.dispersion import held_out_dispersion
from ..genotypes.projection.halves import Halves
from ..genotypes.projection.in_pieces import ScoredSamples, score_samples
from ..genotypes.projection.marks import Marks
from ..genotypes.projection.own_noise import stretches
from ..genotypes.projection.pca import from_products, principal_components, tolerances
from ..genotypes.projection.scores import Projection, Scores
from ..genotypes.projection.standardise import standardised
from ..genotypes.projection.structure import structure
from ..genotypes.qc.quality_control import QC, format_table, quality_control
from ..genotypes.store import GenotypeStore
from ..progress import SILENT, Progress
from ..seeding import stream
from .checkpoints import Checkpoints
from .options import FitOptions

log = logging.getLogger(__name__)

MAX_COMPONENTS = 40
"""Most components that are kept unless more are asked for."""

NOISE_COMPONENTS = 16
"""Components beyond the kept ones, with which these mix when a sample is left out."""

MIN_SIGNAL = 0.05
"""Least variance of expected scores that a kept component is taken to have."""

DIVISION_SEED = 42
"""Seed of the divisions by which components are found and counted and samples are held out,
whatever the seed of the fit: another seed trains another model on the same scores of the same
samples."""

HELD_OUT = 0.1
MIN_HELD_OUT = 20


@dataclass(frozen=True)
class FitRequest:
    """What is to be fitted to which genotypes.

    Attributes
    ----------
    store : GenotypeStore
    options : FitOptions
    device : torch.device
    labels : Labels, optional
        Groups of which the model stores a summary; their finest level guides the fit if
        ``options.classes`` names it.
    chain : Lift, optional
        To other genome builds, in which the model then knows its positions too. It also says
        of which build the store is, whatever a header says.
    card : mapping of str to str
        Texts of the model card beside those of the fit.
    progress : Progress
    clock : Clock
    checkpoints : Checkpoints
        Of the fit; by default nothing is kept.
    """

    store: GenotypeStore
    options: FitOptions
    device: torch.device
    labels: Labels | None = None
    chain: Lift | None = None
    card: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = SILENT
    clock: Clock = field(default_factory=Clock)
    checkpoints: Checkpoints = field(default_factory=Checkpoints)

    @property
    def class_numbers(self) -> np.ndarray | None:
        """The class of each sample as a number, -1 where unknown; int64 (samples,)."""
        if not self.options.classes or self.labels is None:
            return None
        number = {name: i for i, name in enumerate(self.options.classes)}
        labels = self.labels.of(self.store.samples)
        return np.array([number.get(label, -1) for label in labels], dtype=np.int64)


@dataclass(frozen=True)
class PreparedCohort:
    """Genotypes turned into component scores.

    Attributes
    ----------
    request : FitRequest
    qc : QC
    projection : Projection
    in_panel : ndarray of bool, (samples,)
        Samples that contributed to the loadings, or look as if they did.
    scores : Scores
        Of every sample on the kept components, as new samples would have them.
    held_out : ndarray of bool, (samples in the fit,)
        Left out of training.
    """

    request: FitRequest
    qc: QC
    projection: Projection
    in_panel: np.ndarray
    scores: Scores
    held_out: np.ndarray

    @property
    def fitted(self) -> Scores:
        """Scores of the samples in the fit."""
        return self.scores[self.qc.fit_samples]

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """IDs of the samples in the fit."""
        samples = self.request.store.samples
        return tuple(samples[i] for i in np.flatnonzero(self.qc.fit_samples))

    def tempered(self, temperature: float) -> PreparedCohort:
        """The same with variances of scores so many times as large."""
        projection = self.projection.tempered(temperature)
        return replace(self, projection=projection, scores=self.scores.tempered(temperature))


def prepare(request: FitRequest) -> PreparedCohort:
    """Filter variants and samples, find components, compute scores, hold samples out.

    Raises
    ------
    NothingLeft
        If quality control leaves too little.
    """
    store, options = request.store, request.options
    hint = request.chain.source if request.chain else store.build_hint
    recall = request.checkpoints.recall
    log.info("Filters: %s.", options.filters.in_words())
    qc = recall("qc", QC, lambda: quality_control(store, options.filters, hint))
    log.info("Quality control:\n%s", format_table(qc.table))
    request.clock.lap("quality control")
    recipe = options.recipe
    fewest = recipe.min_components(options.dims)
    projection = recall(
        "components",
        Projection,
        lambda: make_projection(
            store, qc, fewest, recipe.components, DIVISION_SEED, str(request.device)
        ),
    )
    request.clock.lap("components")
    scored = recall("scores", ScoredSamples, lambda: _score(request, qc, projection))
    request.clock.lap("scores")
    held_out = hold_out(int(qc.fit_samples.sum()), DIVISION_SEED)
    return PreparedCohort(request, qc, projection, scored.in_panel, scored.scores, held_out)


def _score(request: FitRequest, qc: QC, projection: Projection) -> ScoredSamples:
    """Scores of every sample, as new samples would have them."""
    store = request.store
    with request.progress.stage("scores", len(store.samples)) as advance:
        dosages = partial(_dosages, store, qc.variants)
        return score_samples(projection, dosages, qc.fit_samples, advance)


def _dosages(store: GenotypeStore, variants: np.ndarray, part: slice, samples: slice) -> np.ndarray:
    return store.dosages(variants[part], samples)


def make_projection(
    store: GenotypeStore, qc: QC, fewest: int, components: int, seed: int, device: str = "cpu"
) -> Projection:
    """Principal components of the samples in the fit, and how many of them carry structure.

    Parameters
    ----------
    store : GenotypeStore
    qc : QC
    fewest : int
        Least number of components to keep.
    components : int
        How many to keep; 0 for as many as carry structure, but no less than ``fewest``.
    seed : int
    device : str
        Where genotypes are multiplied.
    """
    variants = qc.variants
    matrix = standardised(store, variants, np.flatnonzero(qc.fit_samples), qc.frequency, device)
    halves = Halves.of(matrix, seed)
    most = max(1, min(max(MAX_COMPONENTS, components), matrix.shape[1] - 1 - NOISE_COMPONENTS))
    carried = structure(halves, most, seed)
    kept = min(max(components or carried.components, fewest), most)
    tolerance = tolerances(kept, kept + NOISE_COMPONENTS)
    if halves.matrix.shape == matrix.shape:
        found = from_products(matrix, halves.whole(), tolerance, seed)
    else:
        found = principal_components(matrix, tolerance, seed)
    used = len(found.eigenvalues)
    signal = np.full(kept, MIN_SIGNAL)
    signal[: len(carried.signal)] = np.maximum(carried.signal[:kept], MIN_SIGNAL)
    dispersion = held_out_dispersion(halves, qc.frequency, kept, used - kept, signal, seed)
    _say(carried.components, kept, dispersion, chosen=bool(components))
    loadings = _as_kept(found.loadings)
    marks = Marks.of(matrix, loadings, seed)
    return Projection(
        loadings=loadings,
        frequency=qc.frequency,
        stretch=stretches(store.variants.chromosome[variants]),
        eigenvalues=found.eigenvalues,
        spread=found.spread(used),
        signal=signal,
        samples=matrix.shape[1],
        kept=kept,
        dispersion=dispersion,
        trace=found.trace,
        marks=_as_kept(marks.loadings),
        recurrence=marks.recurrence,
    )


def _say(carried: int, kept: int, dispersion: float, chosen: bool) -> None:
    """Log how many components there are, and warn where there may be more."""
    log.info(
        "%d components carry structure (samples left out of them); %d are kept. Scores of "
        "held-out samples have %.2f times the variance that is expected.",
        carried,
        kept,
        dispersion,
    )
    if not chosen and carried >= MAX_COMPONENTS:
        log.warning(
            "All of %d components carry structure, and there may be more: --set components=%d "
            "keeps more.",
            MAX_COMPONENTS,
            2 * MAX_COMPONENTS,
        )


def _as_kept(loadings: np.ndarray) -> np.ndarray:
    """Loadings in the precision in which the model keeps them."""
    return loadings.astype(np.float16).astype(np.float64)


def hold_out(samples: int, seed: int) -> np.ndarray:
    """A tenth of the samples, or none where a tenth is too few to judge by; bool (samples,)."""
    mask = np.zeros(samples, dtype=bool)
    count = int(samples * HELD_OUT)
    if count >= MIN_HELD_OUT:
        mask[stream(seed, "held out").permutation(samples)[:count]] = True
    return mask
