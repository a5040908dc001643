"""Simulated samples of a model: latents of its prior, and true scores at latents."""

from __future__ import annotations

import numpy as np
import torch

from ..models.latent import LatentModel
from ..models.likelihoods.scores import NormalScores
from .sampling import SAMPLES_AT_ONCE


def sample_prior(model: LatentModel, count: int, seed: int) -> np.ndarray:
    """Latents drawn from the prior; float64 (count, dims)."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        return np.asarray(model.prior.sample(count).double().cpu().numpy())


def decode_scores(model: LatentModel, z: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """True scores of samples at latents: the decoder's expectation plus a draw of the residual.

    The sampling noise of scores is not included; it comes with genotypes.

    Parameters
    ----------
    model : LatentModel of scores
    z : ndarray of float64, (samples, dims)
    normal : ndarray of float64, (samples, components)
        Standard normals, from which the residual is made.

    Returns
    -------
    ndarray of float64, (samples, components)
        Row i depends on row i of ``z`` and ``normal`` alone, to the last bit.
    """
    likelihood = model.likelihood
    assert isinstance(likelihood, NormalScores)
    model.eval()
    device = likelihood.log_residual_variance.device
    found = []
    for start in range(0, len(z), SAMPLES_AT_ONCE):
        some = start + np.resize(
            np.arange(len(z[start : start + SAMPLES_AT_ONCE])), SAMPLES_AT_ONCE
        )
        latents, noise = (
            torch.tensor(part[some], dtype=torch.float32, device=device) for part in (z, normal)
        )
        with torch.no_grad():
            found.append(likelihood.truth(latents, noise).double().cpu().numpy())
    return np.concatenate(found)[: len(z)]
