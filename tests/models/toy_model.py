"""A small latent-variable model whose exact answers are sums over a grid of latents."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor
from weights import stored

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.encoders import ScoreEncoder
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.posteriors.diffusion import Diffusion
from ancestry_ddvi.models.posteriors.gaussian import Gaussian
from ancestry_ddvi.models.priors.gaussian import StandardNormal
from ancestry_ddvi.models.variational import Variational

SCALE = (3.0, 2.0, 1.5, 1.0, 1.0)
SHARES = (0.05, 0.3, 1.0)
"""Precisions relative to complete data: samples with few, some and all of their variants."""

RESIDUAL_VARIANCE = (0.25, 0.5, 0.25, 0.1, 0.05)
"""Residual variances of true scores about the decoder."""

REACH, POINTS = 6.0, 321


def toy_model(seed: int = 3, steps: int = 5, schedule: str = "cosine") -> Variational:
    """Two latents, five scores, a curved decoder, and a diffusion posterior yet untrained."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        scale = torch.tensor(SCALE)
        likelihood = ScoreLikelihood(scale, 2, 16)
        with torch.no_grad():
            for weight in likelihood.net.parameters():
                weight.mul_(2.5)
            likelihood.log_residual_variance.copy_(torch.tensor(RESIDUAL_VARIANCE).log())
        chain = Diffusion(Gaussian(2, 48), 48, steps, 32, schedule)
        return Variational(StandardNormal(2), likelihood, chain, ScoreEncoder(scale, 48))


def factors(samples: int) -> Tensor:
    """Cholesky factors of precisions that take turns in being sharp and vague."""
    root = torch.tensor(np.random.default_rng(5).normal(0, 0.3, (5, 5)))
    precision = 1.5 * torch.eye(5) + (root @ root.T).to(torch.get_default_dtype())
    share = torch.tensor(SHARES)[torch.arange(samples) % len(SHARES)]
    return torch.linalg.cholesky(precision) * share.sqrt()[:, None, None]


def covariances(model: Variational, factor: Tensor) -> Tensor:
    """Covariance of scores about the decoder: sampling noise and residual variance."""
    excess = torch.diag(model.likelihood.log_residual_variance.detach().exp())
    return torch.linalg.inv(factor @ factor.mT) + excess


def simulate(model: Variational, samples: int, seed: int) -> tuple[Tensor, Batch]:
    """Samples of the model: latents and scores."""
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        z = torch.randn(samples, 2)
        factor = factors(samples)
        root = torch.linalg.cholesky(covariances(model, factor))
        error = (root @ torch.randn(samples, 5, 1))[..., 0]
        return z, Batch(model.likelihood(z) + error, factor)


def as_scores(batch: Batch) -> Scores:
    """As ``Scores``."""
    factor = batch.factor.double().numpy()
    samples = len(factor)
    return Scores(
        batch.x.double().numpy(),
        factor @ factor.swapaxes(1, 2),
        np.zeros(samples),
        np.zeros(samples, dtype=np.int64),
        np.zeros(samples),
        np.zeros(samples, dtype=bool),
    )


def sleep(model: Variational, batch: Batch) -> Tensor:
    """The sleep term: mean of -log q of simulated data seen as sharply as the batch."""
    return -model.log_q_simulated(batch).mean()


def as_data(batch: Batch) -> ScoreData:
    """The same samples as training data."""
    return ScoreData(as_scores(batch), torch.device("cpu"))


def asleep(model: Variational, steps: int, seed: int = 0, rate: float = 3e-3) -> Variational:
    """The model after its encoder and posterior have learnt from simulated data alone."""
    learners = [*model.encoder.parameters(), *model.posterior.parameters()]
    optimiser = torch.optim.Adam(learners, rate)
    batch = Batch(torch.zeros(384, 5), factors(384))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for step in range(steps):
            optimiser.param_groups[0]["lr"] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
            optimiser.zero_grad(set_to_none=True)
            sleep(model, batch).backward()
            torch.nn.utils.clip_grad_norm_(learners, 10.0)
            optimiser.step()
    return model


@cache
def rested() -> Variational:
    """One model after a good sleep, shared by the tests that only look at it."""
    model = toy_model()
    stored("toy", model, lambda: asleep(model, 600))
    return model


class Grid:
    """Sums over a fine grid of latents: evidence and posterior moments without any q.

    The box reaches six prior standard deviations; the step is a quarter of the narrowest
    posterior here, so that the sums are exact to many digits.
    """

    def __init__(self, model: Variational, batch: Batch) -> None:
        axis = torch.linspace(-REACH, REACH, POINTS)
        self.axis = axis.double().numpy()
        z = torch.cartesian_prod(axis, axis)
        with torch.no_grad():
            centre = model.likelihood(z).double().numpy()
        z = z.double().numpy()
        log_prior = -0.5 * (z**2).sum(1) - math.log(2 * math.pi)
        cell = 2 * math.log(self.axis[1] - self.axis[0])
        x = batch.x.double().numpy()
        covariance = covariances(model, batch.factor.double()).numpy()
        factor = np.linalg.cholesky(np.linalg.inv(covariance))
        self.log_evidence = np.empty(len(x))
        self.mean, self.covariance = np.empty((len(x), 2)), np.empty((len(x), 2, 2))
        self.entropy = np.empty(len(x))
        for i in range(len(x)):
            whitened = (x[i] - centre) @ factor[i]
            log_joint = log_prior + cell - 0.5 * (whitened**2).sum(1)
            log_joint += np.linalg.slogdet(factor[i])[1] - 2.5 * math.log(2 * math.pi)
            top = log_joint.max()
            weight = np.exp(log_joint - top)
            self.log_evidence[i] = top + math.log(weight.sum())
            weight /= weight.sum()
            self.mean[i] = weight @ z
            apart = z - self.mean[i]
            self.covariance[i] = (apart * weight[:, None]).T @ apart
            some = weight > 0
            self.entropy[i] = cell - (weight[some] * np.log(weight[some])).sum()

    @property
    def sd(self) -> np.ndarray:
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))
