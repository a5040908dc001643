"""Weighted draws from the posterior of each sample, and their moments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from ..seeding import stream
from .keyed_normals import keyed_normals
from .resampling import systematic


@dataclass(frozen=True)
class PosteriorDraws:
    """Weighted draws from the posterior of each sample.

    Attributes
    ----------
    draws : ndarray of float64, (samples, draws, dims)
        A single draw where the method gives no uncertainty.
    log_weight : ndarray of float64, (samples, draws), optional
        Path-wise log weight of each draw, in nats; None where draws have equal weights.
    groups : ndarray of float64, (samples, groups), optional
        Probabilities of classes or clusters, averaged over the posterior.
    log_prior : ndarray of float64, (samples, draws), optional
        Log density of the prior at each draw; None where there is no prior.
    own_log_weight : ndarray of float64, (samples, draws), optional
        Log weights of the draws that the method itself proposed, where adaptive importance
        sampling may have replaced them. The bounds of the method are computed from these.
    """

    draws: np.ndarray
    log_weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    log_prior: np.ndarray | None = None
    own_log_weight: np.ndarray | None = None

    def __getitem__(self, samples: np.ndarray | slice) -> PosteriorDraws:
        """Some of the samples."""
        parts = (getattr(self, f.name) for f in fields(self))
        return PosteriorDraws(*(None if part is None else part[samples] for part in parts))  # type: ignore[arg-type]

    def rotated(self, rotation: np.ndarray) -> PosteriorDraws:
        """The same draws on rotated axes; ``rotation`` is (dims, dims), orthogonal."""
        return replace(self, draws=self.draws @ rotation)

    @property
    def weight(self) -> np.ndarray:
        """Truncated importance weights; (samples, draws), rows sum to 1.

        No draw counts more than sqrt(draws) times the average (Ionides 2008), so that a single
        draw in the tail does not dominate the posterior mean.
        """
        if self.log_weight is None:
            return np.full(self.draws.shape[:2], 1 / self.draws.shape[1])
        relative = self._relative_weight
        average = relative.mean(axis=1, keepdims=True)
        capped = np.minimum(relative, math.sqrt(relative.shape[1]) * average)
        return np.asarray(capped / capped.sum(axis=1, keepdims=True))

    @property
    def belief(self) -> np.ndarray:
        """Log density of the prior at each draw; zero where there is no prior."""
        flat = np.zeros(self.draws.shape[:2])
        return flat if self.log_prior is None else self.log_prior

    @property
    def _relative_weight(self) -> np.ndarray:
        """Importance weights up to a factor per sample; (samples, draws), largest 1."""
        if self.log_weight is None:
            return np.ones(self.draws.shape[:2])
        return np.asarray(np.exp(self.log_weight - self.log_weight.max(axis=1, keepdims=True)))

    @property
    def mean(self) -> np.ndarray:
        """Posterior means; (samples, dims)."""
        return np.asarray((self.weight[..., None] * self.draws).sum(axis=1))

    @property
    def covariance(self) -> np.ndarray:
        """Posterior covariances, not a number where there is one draw; (samples, dims, dims)."""
        if self.draws.shape[1] == 1:
            return np.full((len(self.draws), *self.draws.shape[2:] * 2), math.nan)
        weight = self.weight
        apart = self.draws - self.mean[:, None]
        lost = np.maximum(1 - (weight**2).sum(axis=1), 1e-9)
        product = np.einsum("ns,nsi,nsj->nij", weight, apart, apart)
        return np.asarray(product / lost[:, None, None])

    @property
    def sd(self) -> np.ndarray:
        """Posterior standard deviations; (samples, dims)."""
        return np.asarray(np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2)))

    @property
    def correlation(self) -> np.ndarray:
        """Posterior correlations of pairs of axes, row by row; (samples, dims (dims - 1) / 2)."""
        sd = self.sd
        pair = np.triu_indices(sd.shape[1], 1)
        return np.asarray(self.covariance[:, *pair] / (sd[:, pair[0]] * sd[:, pair[1]]))

    def resampled(self, count: int, ids: Sequence[str], seed: int) -> np.ndarray:
        """Draws of equal weight, by systematic resampling; (samples, count, dims).

        Row i depends on its own draws, ``seed`` and ``ids[i]`` alone.
        """
        chosen = []
        for weight, sample in zip(self.weight, ids, strict=True):
            generator = stream(seed, f"resampling {sample}")
            rows = systematic(weight, count, generator.random())
            chosen.append(generator.permutation(rows))
        return np.take_along_axis(self.draws, np.array(chosen)[..., None], axis=1)

    @property
    def effective_draws(self) -> np.ndarray:
        """Effective sample size of the draws, from untruncated weights; (samples,)."""
        samples, draws = self.draws.shape[:2]
        if draws == 1:
            return np.full(samples, math.nan)
        return effective_sample_size(
            np.zeros((samples, draws)) if self.log_weight is None else self.log_weight
        )

    @property
    def elbo(self) -> np.ndarray:
        """Evidence lower bound of each sample, from the method's own draws, in nats; (samples,)."""
        own = self._own
        return np.full(len(self.draws), math.nan) if own is None else np.asarray(own.mean(axis=1))

    @property
    def importance_bound(self) -> np.ndarray:
        """Importance-weighted bound by the method's own draws, in nats (Burda et al. 2016)."""
        return self._bound(self._own)

    @property
    def log_evidence(self) -> np.ndarray:
        """The same by the best draws found, by any method; (samples,)."""
        return self._bound(self.log_weight)

    @property
    def _own(self) -> np.ndarray | None:
        return self.log_weight if self.own_log_weight is None else self.own_log_weight

    def _bound(self, log_weight: np.ndarray | None) -> np.ndarray:
        if log_weight is None:
            return np.full(len(self.draws), math.nan)
        top = log_weight.max(axis=1)
        return np.asarray(top + np.log(np.exp(log_weight - top[:, None]).mean(axis=1)))


def effective_sample_size(log_weight: np.ndarray) -> np.ndarray:
    """Effective sample size of weighted draws (Kish 1965); (..., draws) -> (...)."""
    weight = np.exp(log_weight - log_weight.max(axis=-1, keepdims=True))
    return np.asarray(weight.sum(axis=-1) ** 2 / (weight**2).sum(axis=-1))


def normal_posterior(
    mean: np.ndarray, covariance: np.ndarray, ids: Sequence[str], *, draws: int, seed: int
) -> PosteriorDraws:
    """Draws from normals of given means, (samples, dims), and covariances; equal weights."""
    noise = keyed_normals(ids, draws, mean.shape[1:], seed)
    factor = np.linalg.cholesky(covariance + 1e-12 * np.eye(mean.shape[1]))
    return PosteriorDraws(mean[:, None] + np.einsum("nij,nsj->nsi", factor, noise))


def joined(blocks: Iterable[PosteriorDraws], samples: int) -> PosteriorDraws:
    """The draws of several blocks of samples, one block after another.

    Each block is copied to its place and forgotten: kept among the work space of later ones, it
    would keep the memory between from being given back.

    Parameters
    ----------
    blocks : iterable of PosteriorDraws
        At least one; all have the same fields.
    samples : int
        Of all blocks together.
    """
    names, whole, done = [f.name for f in fields(PosteriorDraws)], dict[str, np.ndarray](), 0
    for block in blocks:
        size = len(block.draws)
        for name in names:
            part = getattr(block, name)
            if part is not None:
                if not done:
                    whole[name] = np.empty((samples, *part.shape[1:]), part.dtype)
                whole[name][done : done + size] = part
        done += size
    return PosteriorDraws(**whole)


def rotation(mean: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The rotation or reflection of coordinates towards the leading scores (Procrustes).

    A model with a rotation-invariant prior is unchanged by a rotation of its axes. Fixing the
    rotation makes figures comparable between seeds.

    Parameters
    ----------
    mean : ndarray, (samples, dims)
    scores : ndarray, (samples, components)

    Returns
    -------
    ndarray of float64, (dims, dims)
        Orthogonal; coordinates are multiplied by it from the right.
    """
    dims = mean.shape[1]
    target = np.zeros_like(mean)
    shared = min(dims, scores.shape[1])
    target[:, :shared] = scores[:, :shared] / scores[:, :shared].std(axis=0)
    u, _, vt = np.linalg.svd((mean - mean.mean(axis=0)).T @ target)
    return np.asarray(u @ vt)


def standard_error(values: np.ndarray) -> float:
    """Standard error of a mean over samples."""
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
