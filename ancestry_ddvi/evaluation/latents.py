"""Distances between latents of data and the prior."""

from __future__ import annotations

import numpy as np

BANDWIDTHS = (0.05, 0.8, 0.1, 0.3, 0.5)
"""Of the kernel density of the DDVI paper, as in its code; 0.8 may be a misprint of 0.08."""

CHUNK = 500


def latent_nll(
    latents: np.ndarray, prior: np.ndarray, bandwidths: tuple[float, ...] = BANDWIDTHS
) -> float:
    """The DDVI paper's latent NLL: -E log of a kernel density of latents, at samples of the prior.

    The density is an equal mixture over bandwidths of Gaussian kernels at the latents. The value
    is large if latents leave parts of the prior empty, and has a floor set by the kernels. Compare
    it with the value for other draws of the prior (the oracle) and for N(0, I).

    Parameters
    ----------
    latents : ndarray, (n, d)
        One per datum.
    prior : ndarray, (m, d)

    Returns
    -------
    float
        In nats.
    """
    from scipy.special import logsumexp

    widths = np.array(bandwidths)
    n, d = latents.shape
    constant = -np.log(n * len(widths)) - d * np.log(widths) - 0.5 * d * np.log(2 * np.pi)
    total = 0.0
    for start in range(0, len(prior), CHUNK):
        some = prior[start : start + CHUNK]
        squared = ((some[:, None] - latents) ** 2).sum(-1)
        each = [logsumexp(-squared / (2 * w**2), axis=1) for w in widths]
        total += logsumexp(np.stack(each, 1) + constant, axis=1).sum()
    return float(-total / len(prior))


def sliced_wasserstein(a: np.ndarray, b: np.ndarray, directions: int = 128, seed: int = 0) -> float:
    """Mean distance of sorted projections of two equally large samples (Rabin et al. 2011)."""
    axes = np.random.default_rng(seed).normal(size=(a.shape[1], directions))
    axes /= np.linalg.norm(axes, axis=0)
    return float(np.abs(np.sort(a @ axes, axis=0) - np.sort(b @ axes, axis=0)).mean())
