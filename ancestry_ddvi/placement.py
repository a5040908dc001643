"""Places with error bars: draws from the posterior of each person, weighted to be exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .genotypes.scores import Scores
from .models.batch import Batch
from .models.variational import Variational
from .seeding import keyed_normals

PEOPLE_AT_ONCE = 64
"""Every batch is filled up to this size, so that a person alone meets the same arithmetic."""


@dataclass(frozen=True)
class Placement:
    """Where people are, and how firmly.

    Attributes
    ----------
    draws : ndarray of float64, (people, draws, dims)
        From the amortised posterior.
    log_weight : ndarray of float64, (people, draws)
        Path-wise log weight of each draw, in nats.
    """

    draws: np.ndarray
    log_weight: np.ndarray

    def turned(self, orientation: np.ndarray) -> Placement:
        """The same draws on turned axes; ``orientation`` is (dims, dims), orthogonal."""
        return Placement(self.draws @ orientation, self.log_weight)

    @property
    def weight(self) -> np.ndarray:
        """Truncated importance weights; (people, draws), rows sum to 1.

        No draw counts more than sqrt(draws) times the average (Ionides 2008): one lucky draw in
        a far corner must not carry a person there.
        """
        relative = self._relative_weight
        average = relative.mean(axis=1, keepdims=True)
        capped = np.minimum(relative, math.sqrt(relative.shape[1]) * average)
        return np.asarray(capped / capped.sum(axis=1, keepdims=True))

    @property
    def _relative_weight(self) -> np.ndarray:
        """Importance weights up to a factor per person; (people, draws), largest 1."""
        return np.asarray(np.exp(self.log_weight - self.log_weight.max(axis=1, keepdims=True)))

    @property
    def mean(self) -> np.ndarray:
        """Posterior means; (people, dims)."""
        return np.asarray((self.weight[..., None] * self.draws).sum(axis=1))

    @property
    def covariance(self) -> np.ndarray:
        """Posterior covariances; (people, dims, dims)."""
        weight = self.weight
        apart = self.draws - self.mean[:, None]
        lost = np.maximum(1 - (weight**2).sum(axis=1), 1e-9)
        product = np.einsum("ns,nsi,nsj->nij", weight, apart, apart)
        return np.asarray(product / lost[:, None, None])

    @property
    def sd(self) -> np.ndarray:
        """Posterior standard deviations; (people, dims)."""
        return np.asarray(np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2)))

    @property
    def effective_draws(self) -> np.ndarray:
        """Effective sample size of the draws, by their weights untruncated; (people,)."""
        relative = self._relative_weight
        return np.asarray(relative.sum(axis=1) ** 2 / (relative**2).sum(axis=1))

    @property
    def elbo(self) -> np.ndarray:
        """Evidence lower bound of each person, in nats; (people,)."""
        return np.asarray(self.log_weight.mean(axis=1))

    @property
    def importance_bound(self) -> np.ndarray:
        """Importance-weighted bound of each person, in nats (Burda et al. 2016); (people,)."""
        top = self.log_weight.max(axis=1)
        return np.asarray(top + np.log(np.exp(self.log_weight - top[:, None]).mean(axis=1)))


def place(
    model: Variational, scores: Scores, ids: Sequence[str], *, draws: int, seed: int
) -> Placement:
    """Draw from everybody's posterior; a row depends on its ID, its scores and the seed alone.

    Parameters
    ----------
    model : Variational, on the device to be used
    scores : Scores on the components the model was trained on
    ids : sequence of str
    draws : int
    seed : int
    """
    device = next(model.parameters()).device
    model.eval()
    z, log_weight = [], []
    for start in range(0, len(ids), PEOPLE_AT_ONCE):
        some = ids[start : start + PEOPLE_AT_ONCE]
        filled = np.resize(np.arange(len(some)), PEOPLE_AT_ONCE)
        noise = keyed_normals(some, draws, model.noise_shape, seed)[filled]
        batch = _batch(scores[start + filled], device).repeat(draws)
        with torch.no_grad():
            draw = model.encode(batch, torch.tensor(noise, device=device).flatten(0, 1))
            weights = model.log_weight(batch, draw)
        z.append(draw.z.double().cpu().numpy().reshape(PEOPLE_AT_ONCE, draws, -1)[: len(some)])
        log_weight.append(weights.double().cpu().numpy().reshape(-1, draws)[: len(some)])
    return Placement(np.concatenate(z), np.concatenate(log_weight))


def _batch(scores: Scores, device: torch.device) -> Batch:
    return Batch(
        torch.tensor(scores.value, dtype=torch.float32, device=device),
        torch.tensor(scores.factor, dtype=torch.float32, device=device),
    )


def orientation(mean: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The rotation or reflection that turns places to the leading scores (Procrustes).

    A model with a rotation-invariant prior is the same after turning its axes; without this
    the picture would flip from seed to seed.

    Parameters
    ----------
    mean : ndarray, (people, dims)
    scores : ndarray, (people, components)

    Returns
    -------
    ndarray of float64, (dims, dims)
        Orthogonal; places are multiplied by it from the right.
    """
    dims = mean.shape[1]
    target = np.zeros_like(mean)
    shared = min(dims, scores.shape[1])
    target[:, :shared] = scores[:, :shared] / scores[:, :shared].std(axis=0)
    u, _, vt = np.linalg.svd((mean - mean.mean(axis=0)).T @ target)
    return np.asarray(u @ vt)


def standard_error(values: np.ndarray) -> float:
    """Standard error of a mean over people."""
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan
