"""What the tables are written from: one frozen record per table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..genotypes.projection.scores import Scores
from .flags import unlike_panel


class Posterior(Protocol):
    """What columns use of ``inference.posterior_draws.PosteriorDraws``."""

    @property
    def draws(self) -> np.ndarray:
        """Posterior draws; (samples, draws, dims)."""

    @property
    def mean(self) -> np.ndarray:
        """Posterior means; (samples, dims)."""

    @property
    def sd(self) -> np.ndarray:
        """Posterior standard deviations; (samples, dims)."""

    @property
    def correlation(self) -> np.ndarray:
        """Posterior correlations of pairs of axes; (samples, dims (dims - 1) / 2)."""

    @property
    def effective_draws(self) -> np.ndarray:
        """Effective sample size of the draws; (samples,)."""

    @property
    def log_evidence(self) -> np.ndarray:
        """Importance-weighted bound on the log evidence, in nats; (samples,)."""


@dataclass(frozen=True)
class EmbeddedSamples:
    """Embedded samples: posterior draws, scores, counts, p-values and flags.

    Attributes
    ----------
    samples : sequence of str
    posterior : Posterior
        On the axes of the coordinates.
    scores : Scores
    model_variants : int
        Variants of the model.
    variants_in_file : int
        Variants of the model that the file has.
    p_panel : ndarray of float64, (samples,)
        Out-of-panel p-values.
    flags : sequence of str
        Comma-separated names of ``FLAGS`` for each sample.
    map_sd : ndarray of float64, (samples,)
        Standard deviation of a coordinate between fits; NaN where no fit was repeated.
    panel : ndarray of float64, (dims, dims), optional
        Covariance of the coordinates of the reference panel; None where no sample is flagged.
    """

    samples: Sequence[str]
    posterior: Posterior
    scores: Scores
    model_variants: int
    variants_in_file: int
    p_panel: np.ndarray
    flags: Sequence[str]
    map_sd: np.ndarray
    panel: np.ndarray | None = None

    @property
    def sd(self) -> np.ndarray:
        """Posterior standard deviations; those of the panel for samples unlike it."""
        own = self.posterior.sd
        return own if self.panel is None else self._of_like(own, np.sqrt(np.diagonal(self.panel)))

    @property
    def correlation(self) -> np.ndarray:
        """Posterior correlations; those of the panel for samples unlike it."""
        own = self.posterior.correlation
        if self.panel is None:
            return own
        sd, pair = np.sqrt(np.diagonal(self.panel)), np.triu_indices(len(self.panel), 1)
        return self._of_like(own, self.panel[pair] / (sd[pair[0]] * sd[pair[1]]))

    def _of_like(self, own: np.ndarray, panel: np.ndarray) -> np.ndarray:
        """A posterior under the model says nothing of how wrong the model is for a stranger.

        Methods without uncertainty have none for strangers either.
        """
        known = np.isfinite(self.posterior.sd).all(axis=1)
        return np.where((unlike_panel(self.flags) & known)[:, None], panel, own)

    @property
    def variant_fraction(self) -> np.ndarray:
        """Observed variants over all variants of the model; (samples,)."""
        return np.asarray(self.scores.observed / self.model_variants)

    @property
    def call_rate(self) -> np.ndarray:
        """Observed variants over those in the file, NaN if it has none; (samples,)."""
        if not self.variants_in_file:
            return np.full(len(self.samples), np.nan)
        return np.asarray(self.scores.observed / self.variants_in_file)


@dataclass(frozen=True)
class ComponentScores:
    """Principal component scores, (samples, components)."""

    samples: Sequence[str]
    scores: np.ndarray


@dataclass(frozen=True)
class GroupProbabilities:
    """Probabilities of the classes or clusters of a model, (samples, groups)."""

    samples: Sequence[str]
    groups: Sequence[str]
    probability: np.ndarray

    @property
    def group(self) -> list[str]:
        """The most probable group of each sample."""
        return [self.groups[k] for k in self.probability.argmax(axis=1)]

    @property
    def best(self) -> np.ndarray:
        """Its probability; (samples,)."""
        return np.asarray(self.probability.max(axis=1))


class AssignedSamples(Protocol):
    """What columns use of ``assignments.Assignment``; one entry a sample."""

    samples: Sequence[str]
    probability: np.ndarray
    entropy: np.ndarray
    reason: Sequence[str]

    @property
    def group(self) -> list[str]:
        """The assigned group, or "unassigned"."""

    @property
    def most_similar(self) -> list[str]:
        """The most probable group."""

    @property
    def best(self) -> np.ndarray:
        """Its probability; (samples,)."""


@dataclass(frozen=True)
class RelatedPairs:
    """Pairs of relatives: rows of ``kinship.PAIR`` whose i and j count ``samples``."""

    samples: Sequence[str]
    pairs: np.ndarray

    def end(self, name: str) -> list[str]:
        """IDs at one end of the pairs, "i" or "j"."""
        return [self.samples[k] for k in self.pairs[name]]


@dataclass(frozen=True)
class SyntheticSamples:
    """The coordinates, (samples, dims), that synthetic samples were drawn at.

    ``population`` is "" for a sample drawn from the prior.
    """

    samples: Sequence[str]
    population: Sequence[str]
    coordinates: np.ndarray
