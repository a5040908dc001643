"""The diffusion posterior whose belief is the model's own: nothing of it is trained."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..batch import Draw
from ..normal import HALF_LOG_2PI
from ..recall import Mixtures
from ..schedules import MAX_SPREAD, MIN_SPREAD, growing

JITTER = 1e-6
"""Added to variances against rounding, in units of the whole variance."""


class Reversal(nn.Module):
    """The chain of ``Diffusion`` with the belief that a mixture of normals implies.

    Each step holds a belief about z given y_t, takes the moments of y_{t-1} that it implies
    under the noising process, and draws from the normal with these moments. The belief of
    ``Diffusion`` comes from an encoder and a network. Here it is that of the mixture, in closed
    form: every part is updated by y_t and weighted by how well it explains y_t. For one part the
    chain is the exact reversal; for several, it approaches it with smaller steps. All log ratios
    are taken on the sampled path, so bounds and weights are true for any mixture.

    The chain runs in units of the mixture's standard deviation, with noise that grows by a
    constant factor from ``MIN_SPREAD`` to ``MAX_SPREAD`` of these units.

    Parameters
    ----------
    dims, steps : int
        Latent dimensions; T, the number of reverse steps.
    """

    def __init__(self, dims: int, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.noise_shape = (steps + 1, dims)
        self.signal = growing(steps, MIN_SPREAD, MAX_SPREAD).tolist()

    def rsample(self, mixtures: Mixtures, noise: Tensor) -> Draw:
        """Draws of each row, its own in succession; ``noise`` is (n, draws, T + 1, d).

        Returns
        -------
        Draw
            The path is in units of the mixture.
        """
        log_q = (-0.5 * noise.square() - HALF_LOG_2PI).sum((-1, -2))
        normals = noise.permute(2, 0, 3, 1).contiguous().unbind()
        y = normals[-1]  # the mixture has mean 0 and variance 1 along each axis, and so has y_T
        path = [y]
        for t in range(self.steps, 0, -1):
            mean, factor = self._reverse(mixtures, y, t)
            below = mean + (factor * normals[t - 1][:, None]).sum(2)
            log_det = factor.diagonal(dim1=1, dim2=2).log().sum(-1)
            log_q = log_q - log_det - self._noised(y, t, below)
            y = below
            path.append(y)
        z = mixtures.centre[..., None] + mixtures.sd[..., None] * y
        log_q = log_q - mixtures.sd.log().sum(-1)[:, None]
        return Draw(_by_row(z), tuple(map(_by_row, path[-2::-1])), log_q.flatten(0, 1))

    def _reverse(self, mixtures: Mixtures, y: Tensor, t: int) -> tuple[Tensor, Tensor]:
        """Mean and Cholesky factor of q(y_{t-1} | y_t, x)."""
        mean, covariance = belief(mixtures, y, self.signal[t])
        before, kept = self.signal[t - 1], self.signal[t] / self.signal[t - 1]
        noise = 1 - self.signal[t]
        to_z, to_y = math.sqrt(before) * (1 - kept) / noise, math.sqrt(kept) * (1 - before) / noise
        own = (1 - kept) * (1 - before) / noise + JITTER
        covariance = to_z**2 * covariance
        covariance.diagonal(dim1=1, dim2=2).add_(own)
        return to_z * mean + to_y * y, _cholesky(covariance)

    def _noised(self, y: Tensor, t: int, below: Tensor) -> Tensor:
        """Log r(y_t | y_{t-1}); (n, draws)."""
        kept = self.signal[t] / self.signal[t - 1]
        log_sd = 0.5 * math.log(1 - kept)
        apart = (y - math.sqrt(kept) * below).square().sum(1)
        density: Tensor = -0.5 / (1 - kept) * apart - y.shape[1] * (log_sd + HALF_LOG_2PI)
        return density


def _by_row(values: Tensor) -> Tensor:
    """(n, d, draws) -> (n draws, d)."""
    return values.mT.flatten(0, 1)


def belief(mixtures: Mixtures, y: Tensor, signal: float) -> tuple[Tensor, Tensor]:
    """Mean and covariance of z given y = sqrt(signal) z + noise, exactly, for a mixture.

    Draws are the last axis of every array, so that all operations run along them.

    Parameters
    ----------
    mixtures : Mixtures
    y : Tensor, (n, d, draws)
    signal : float
        Its variance; that of the noise is 1 - signal.

    Returns
    -------
    Tensor, (n, d, draws), and Tensor, (n, d, d, draws)
        In units of the mixture.
    """
    root = math.sqrt(signal)
    total = signal * mixtures.variance + 1 - signal
    gain = signal * mixtures.variance / total
    constant = mixtures.log_weight - 0.5 * (
        signal * mixtures.mean.square() / total + total.log()
    ).sum(-1)
    slopes = torch.cat([-0.5 / total, root * mixtures.mean / total], -1)
    powers = torch.cat([y.square(), y], 1)
    share = torch.baddbmm(constant[:, None], powers.mT, slopes.mT).softmax(-1)
    fixed, moved = mixtures.mean * (1 - gain), gain / root
    own = mixtures.variance * (1 - signal) / total
    products = (_outer(fixed, fixed), _outer(fixed, moved), _outer(moved, moved))
    fields = [fixed, moved, own, *products]
    sizes = [field.shape[-1] for field in fields]
    a, b, c, aa, ab, bb = torch.split(torch.cat(fields, -1).mT @ share.mT, sizes, 1)
    mean = a + b * y
    square = (len(y), y.shape[1], *y.shape[1:])
    aa, ab, bb = (each.view(square) for each in (aa, ab, bb))
    across, down = y[:, None], y[:, :, None]
    covariance = aa + ab * across + ab.transpose(1, 2) * down + bb * (across * down)
    covariance -= mean[:, None] * mean[:, :, None]
    covariance.diagonal(dim1=1, dim2=2).add_(c.mT)
    return mean, covariance


def _outer(a: Tensor, b: Tensor) -> Tensor:
    """Products of every pair of entries, row by row; (..., d) -> (..., d d)."""
    return (a[..., None] * b[..., None, :]).flatten(-2)


def _cholesky(matrix: Tensor) -> Tensor:
    """Lower factors of many small matrices, (n, d, d, draws), faster than one at a time."""
    factor = torch.zeros_like(matrix)
    for j in range(matrix.shape[1]):
        left = matrix[:, j:, j] - (factor[:, j:, :j] * factor[:, None, j, :j]).sum(2)
        pivot = left[:, :1].clamp_min(JITTER).sqrt()
        factor[:, j:, j] = torch.cat([pivot, left[:, 1:] / pivot], 1)
    return factor
