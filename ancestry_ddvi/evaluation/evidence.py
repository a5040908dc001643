"""The exact evidence of scores under two latents, and what bounds leave to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..models.batch import Batch
from ..models.likelihoods.scores import NormalScores
from ..models.normal import HALF_LOG_2PI
from ..models.priors.base import Prior

SIDE, AT_ONCE = 601, 2**13
"""Nodes along each axis, and how many are decoded at once."""

MARGIN, DRAWS = 0.7, 20_000
"""The grid reaches so far beyond so many draws of the prior."""

GAPS = ("elbo_gap", "importance_gap", "effective_share")


@dataclass(frozen=True)
class Grid:
    """A fine grid of two latents with their joint density.

    The integral is a sum over nodes: for posteriors wider than a node's distance its error is far
    below that of draws.

    Attributes
    ----------
    z, expected, log_prior : Tensor of float64
        Nodes, (nodes, 2); expected scores, (nodes, features); log prior density, (nodes,).
    log_cell : float
        Log area of a cell.
    likelihood : NormalScores
    """

    z: Tensor
    expected: Tensor
    log_prior: Tensor
    log_cell: float
    likelihood: NormalScores

    @classmethod
    def of(cls, prior: Prior, likelihood: NormalScores, side: int = SIDE) -> Grid:
        """A grid that covers the prior; the same for the same prior and likelihood."""
        with torch.no_grad():
            drawn = prior.spread(DRAWS)
            low, high = drawn.amin(0) - MARGIN, drawn.amax(0) + MARGIN
            axes = [torch.linspace(*ends, side) for ends in zip(low.tolist(), high.tolist())]  # noqa: B905
            z = torch.cartesian_prod(*axes).to(drawn)
            parts = torch.split(z, AT_ONCE)
            expected = torch.cat([likelihood(part) for part in parts]).double()
            log_prior = torch.cat([prior.log_prob(part) for part in parts]).double()
            log_cell = float(((high - low) / (side - 1)).log().sum())
        return cls(z.double(), expected, log_prior, log_cell, likelihood)

    def log_joint(self, batch: Batch) -> Tensor:
        """Log p(x, z) of one row at every node; float64 (nodes,)."""
        with torch.no_grad():
            whitening = self.likelihood.whitening(batch)
        root = whitening.matrix[0].double()
        apart = (batch.x[0].double() - self.expected) @ root.T
        constant = whitening.log_det[0].double() - len(root) * HALF_LOG_2PI
        value: Tensor = constant - 0.5 * apart.square().sum(1) + self.log_prior
        return value

    def log_evidence(self, batch: Batch) -> np.ndarray:
        """Log p(x) of each row, in nats; float64 (n,)."""
        rows = (self.log_joint(batch[slice(i, i + 1)]) for i in range(len(batch)))
        return np.array([float(row.logsumexp(0)) + self.log_cell for row in rows])

    def moments(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """Posterior mean, (2,), and covariance, (2, 2), of one row."""
        weight = self.log_joint(batch).softmax(0)
        mean = weight @ self.z
        apart = self.z - mean
        return mean.numpy(), ((weight[:, None] * apart).T @ apart).numpy()


def gaps(log_weight: np.ndarray, log_evidence: np.ndarray) -> dict[str, np.ndarray]:
    """What draws of a posterior leave to the evidence, by row.

    Parameters
    ----------
    log_weight : ndarray, (n, draws)
        Path-wise log weights of the posterior's own draws, in nats.
    log_evidence : ndarray, (n,)

    Returns
    -------
    dict of str to ndarray, (n,)
        Evidence minus the evidence lower bound; evidence minus the importance-weighted bound of
        as many draws; effective draws per draw. An exact posterior has 0, 0 and 1.
    """
    draws = log_weight.shape[1]
    top = log_weight.max(1)
    weight = np.exp(log_weight - top[:, None])
    bound = top + np.log(weight.sum(1)) - math.log(draws)
    share = weight.sum(1) ** 2 / (weight**2).sum(1) / draws
    found = (log_evidence - log_weight.mean(1), log_evidence - bound, share)
    return dict(zip(GAPS, found, strict=True))
