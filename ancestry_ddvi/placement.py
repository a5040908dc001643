"""Places with error bars: draws from the posterior of each person, weighted to be exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from .data.dataset import Dataset
from .models.latent import LatentModel
from .seeding import keyed_normals

PEOPLE_AT_ONCE = 64
"""Every batch is filled up to this size, so that a person alone meets the same arithmetic."""


@dataclass(frozen=True)
class Placement:
    """Where people are, and how firmly.

    Attributes
    ----------
    draws : ndarray of float64, (people, draws, dims)
        From the posterior of each; a single one where the method claims no uncertainty.
    log_weight : ndarray of float64, (people, draws), optional
        Path-wise log weight of each draw, in nats; None where draws count alike.
    groups : ndarray of float64, (people, groups), optional
        Probabilities of classes or clusters, averaged over the posterior.
    """

    draws: np.ndarray
    log_weight: np.ndarray | None = None
    groups: np.ndarray | None = None

    def turned(self, orientation: np.ndarray) -> Placement:
        """The same draws on turned axes; ``orientation`` is (dims, dims), orthogonal."""
        return replace(self, draws=self.draws @ orientation)

    @property
    def weight(self) -> np.ndarray:
        """Truncated importance weights; (people, draws), rows sum to 1.

        No draw counts more than sqrt(draws) times the average (Ionides 2008): one lucky draw in
        a far corner must not carry a person there.
        """
        if self.log_weight is None:
            return np.full(self.draws.shape[:2], 1 / self.draws.shape[1])
        relative = self._relative_weight
        average = relative.mean(axis=1, keepdims=True)
        capped = np.minimum(relative, math.sqrt(relative.shape[1]) * average)
        return np.asarray(capped / capped.sum(axis=1, keepdims=True))

    @property
    def _relative_weight(self) -> np.ndarray:
        """Importance weights up to a factor per person; (people, draws), largest 1."""
        if self.log_weight is None:
            return np.ones(self.draws.shape[:2])
        return np.asarray(np.exp(self.log_weight - self.log_weight.max(axis=1, keepdims=True)))

    @property
    def mean(self) -> np.ndarray:
        """Posterior means; (people, dims)."""
        return np.asarray((self.weight[..., None] * self.draws).sum(axis=1))

    @property
    def covariance(self) -> np.ndarray:
        """Posterior covariances, not a number where there is one draw; (people, dims, dims)."""
        if self.draws.shape[1] == 1:
            return np.full((len(self.draws), *self.draws.shape[2:] * 2), math.nan)
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
        if self.draws.shape[1] == 1:
            return np.full(len(self.draws), math.nan)
        relative = self._relative_weight
        return np.asarray(relative.sum(axis=1) ** 2 / (relative**2).sum(axis=1))

    @property
    def elbo(self) -> np.ndarray:
        """Evidence lower bound of each person, in nats, where there are weights; (people,)."""
        if self.log_weight is None:
            return np.full(len(self.draws), math.nan)
        return np.asarray(self.log_weight.mean(axis=1))

    @property
    def importance_bound(self) -> np.ndarray:
        """Importance-weighted bound of each person, in nats (Burda et al. 2016); (people,)."""
        if self.log_weight is None:
            return np.full(len(self.draws), math.nan)
        top = self.log_weight.max(axis=1)
        return np.asarray(top + np.log(np.exp(self.log_weight - top[:, None]).mean(axis=1)))


def place(
    model: LatentModel, data: Dataset, ids: Sequence[str], *, draws: int, seed: int
) -> Placement:
    """Draw from everybody's posterior; a row depends on its ID, its data and the seed alone.

    Parameters
    ----------
    model : LatentModel, on the device of the data
    data : Dataset
    ids : sequence of str
    draws : int
        One is taken where the model claims no uncertainty.
    seed : int
    """
    model.eval()
    draws = draws if model.claims_uncertainty else 1
    blocks = []
    for start in range(0, len(ids), PEOPLE_AT_ONCE):
        some = ids[start : start + PEOPLE_AT_ONCE]
        filled = np.resize(np.arange(len(some)), PEOPLE_AT_ONCE)
        noise = keyed_normals(some, draws, model.noise_shape, seed)[filled]
        batch = data.batch(torch.tensor(start + filled)).repeat(draws)
        with torch.no_grad():
            draw = model.encode(batch, torch.tensor(noise, device=batch.x.device).flatten(0, 1))
            found = draw.z, model.weigh(batch, draw), model.groups(batch, draw.z)
        blocks.append(_placement(*(_rows(f, draws, len(some)) for f in found)))
    return _joined(blocks)


def _rows(values: Tensor | None, draws: int, people: int) -> np.ndarray | None:
    """Values of draws, of the people asked for; (people, draws, ...)."""
    if values is None:
        return None
    shaped = values.double().cpu().numpy().reshape(PEOPLE_AT_ONCE, draws, *values.shape[1:])
    return np.asarray(shaped[:people])


def _placement(
    z: np.ndarray | None, log_weight: np.ndarray | None, groups: np.ndarray | None
) -> Placement:
    """Draws of a few people; groups averaged over their weights."""
    assert z is not None
    placed = Placement(z, log_weight)
    if groups is None:
        return placed
    return replace(placed, groups=np.einsum("ns,nsg->ng", placed.weight, groups))


def _joined(blocks: Sequence[Placement]) -> Placement:
    parts = ([getattr(block, f.name) for block in blocks] for f in fields(Placement))
    return Placement(*(None if part[0] is None else np.concatenate(part) for part in parts))  # type: ignore[arg-type]


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
