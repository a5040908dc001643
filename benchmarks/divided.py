"""A cohort divided: components learnt from four fifths, scores of the rest, whole or in part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from splits import CPU, part, split

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.fitting.prepare import make_projection
from ancestry_ddvi.genotypes.projection.scores import Projection, Scores, runs
from ancestry_ddvi.genotypes.qc.quality_control import Filters, quality_control
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.methods import recipe
from ancestry_ddvi.methods.method import Spec
from ancestry_ddvi.methods.networks import NetworkMethod
from ancestry_ddvi.models.runtime import computing


@dataclass(frozen=True)
class Divided:
    """One split.

    Attributes
    ----------
    seed : int
    projection : Projection
        Learnt from the samples of the fit.
    inside : Scores
        Of these samples.
    dosages : ndarray of int8, (variants, samples)
        Of samples held out.
    ids : tuple of ndarray of str
        Of both.
    labels : tuple of DataFrame
        Of both.
    """

    seed: int
    projection: Projection
    inside: Scores
    dosages: np.ndarray
    ids: tuple[np.ndarray, np.ndarray]
    labels: tuple[pd.DataFrame, pd.DataFrame]

    def seen(self, kept: np.ndarray | None = None) -> Scores:
        """Scores of held-out samples from variants ``kept``, bool (variants, samples), or all."""
        some = self.dosages if kept is None else np.where(kept, self.dosages, -1).astype(np.int8)
        return _newcomers(self.projection, some, False)

    def share(self, share: float) -> Scores:
        """From a random share of the variants, another for each sample."""
        chance = np.random.default_rng(self.seed).random(self.dosages.shape)
        return self.seen(chance < share)

    def count(self, variants: int) -> Scores:
        """From this number of random variants, others for each sample."""
        chance = np.random.default_rng(self.seed).random(self.dosages.shape)
        return self.seen(chance.argsort(axis=0).argsort(axis=0) < variants)


def divided(store: GenotypeStore, labels: pd.DataFrame, seed: int, folder: Path) -> Divided:
    """The split of ``held_out.py`` with the same seed, relatives on one side."""
    outside = split(store, seed)
    samples = np.flatnonzero(~outside), np.flatnonzero(outside)
    train = part(store, samples[0], folder / f"divided{seed}")
    with computing(seed, None):
        qc = quality_control(train, Filters())
        projection = make_projection(train, qc, 2, 0, seed)
    scores = _newcomers(projection, train.dosages(qc.variants), True)
    chosen = samples[0][qc.fit_samples], samples[1]
    names = np.array(store.samples, dtype=object)
    return Divided(
        seed,
        projection,
        scores[qc.fit_samples],
        store.dosages(qc.variants, samples[1]),
        (names[chosen[0]], names[chosen[1]]),
        (labels.iloc[chosen[0]], labels.iloc[chosen[1]]),
    )


def _newcomers(projection: Projection, dosages: np.ndarray, in_panel: bool) -> Scores:
    blocks = [(rows, dosages[rows]) for rows in runs(len(dosages))]
    samples = dosages.shape[1]
    return projection.newcomers(projection.read(blocks, samples), np.full(samples, in_panel))


def fitted(cohort: Divided, method: str, seed: int, **settings: float) -> NetworkMethod:
    """A method fitted to all samples of the fit, with some settings replaced."""
    data = ScoreData(cohort.inside, CPU)
    with computing(seed, None):
        made = replace(recipe(method), **settings).build(Spec(data.modality, 2), CPU)
        made.fit(data, lambda done: None)
    assert isinstance(made, NetworkMethod)
    return made
