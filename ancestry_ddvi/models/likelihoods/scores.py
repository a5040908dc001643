"""The likelihood of component scores: sampling noise plus a residual variance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..batch import Batch
from ..nets import MLP, zero_init
from ..normal import HALF_LOG_2PI
from ..surface import Surface
from .base import Likelihood

INITIAL_RESIDUAL_VARIANCE = 0.1
"""Initial residual variance: a tenth of the sampling noise of complete data."""


@dataclass(frozen=True)
class Whitening:
    """The linear map that makes residuals of scores white, and its determinant.

    Attributes
    ----------
    matrix : Tensor, (n, features, features)
    log_det : Tensor, (n,)
        Log determinant of ``matrix``.
    """

    matrix: Tensor
    log_det: Tensor

    @property
    def precision(self) -> Tensor:
        """Inverse of the total covariance; (n, features, features)."""
        return self.matrix.mT @ self.matrix


class NormalScores(Likelihood):
    """p(scores | z) = N(expected scores at z, precision^-1 + diag(residual variance)).

    The precision comes with the data: with standardised dosages x, orthonormal loadings V and
    unit noise, ||x - V g(z)||^2 = ||scores - g(z)||^2 + const, so this is the Gaussian genotype
    model, and its noise is that of binomial dosages, not a setting. The residual variance is that
    of true scores about their expectation at z, one number per component, as in factor analysis.
    More variants reduce the first and not the second.

    Attributes
    ----------
    log_residual_variance : Tensor, (features,)
        Minus infinity where z determines the true scores.
    """

    log_residual_variance: Tensor

    def truth(self, z: Tensor, normal: Tensor) -> Tensor:
        """True scores at each latent, with the residual from ``normal``; (n, features)."""
        out: Tensor = self(z) + (0.5 * self.log_residual_variance).exp() * normal
        return out

    def log_prob(self, batch: Batch, z: Tensor) -> Tensor:
        """Log density of the scores, in nats; (latents,)."""
        whitened, log_det = self._whitened(batch, z)
        constant = log_det - whitened.shape[1] * HALF_LOG_2PI
        return (constant[:, None] - 0.5 * whitened.square().sum(1)).flatten()

    def _whitened(self, batch: Batch, z: Tensor) -> tuple[Tensor, Tensor]:
        """Residuals of unit covariance, and half the log determinant of the whitening.

        Shapes (n, features, latents of a row) and (n,). With precision L L' and residual variance
        E, the inverse of the total covariance is L M^-1 L' with M = I + L' E L. M is never
        singular, even with few variants.
        """
        factor, inner = batch.factor, self._inner(batch)
        assert factor is not None
        expected = self(z).unflatten(0, (len(batch), -1))
        raw = factor.mT @ (batch.x[:, None] - expected).mT
        whitened = torch.linalg.solve_triangular(inner, raw, upper=False)
        return whitened, _log_diagonal(factor) - _log_diagonal(inner)

    def _inner(self, batch: Batch) -> Tensor:
        """The Cholesky factor of M; (n, features, features)."""
        factor = batch.factor
        assert factor is not None
        unit = torch.eye(factor.shape[-1], dtype=factor.dtype, device=factor.device)
        apart = (0.5 * self.log_residual_variance).exp()[:, None] * factor
        inner: Tensor = torch.linalg.cholesky(unit + apart.mT @ apart)
        return inner

    def whitening(self, batch: Batch) -> Whitening:
        """What makes residuals white, for use with latents of many steps."""
        inner = self._inner(batch)
        factor = batch.factor
        assert factor is not None
        matrix = torch.linalg.solve_triangular(inner, factor.mT, upper=False)
        log_det = _log_diagonal(factor) - _log_diagonal(inner)
        return Whitening(matrix, log_det)

    def log_density(
        self, x: Tensor, z: Tensor, precision: Tensor, log_det: Tensor, *, learn_noise: bool = False
    ) -> Tensor:
        """``log_prob`` of scores ``x`` by a whitening computed before; (n,).

        ``learn_noise`` gives it the gradient by the residual variance, at that of the whitening.
        With S the precision and r the residual, the gradient by r is -S r: one product is enough.
        """
        residual = x - self(z)
        drawn = (precision @ residual.detach()[..., None])[..., 0]
        squared = ((2 * residual - residual.detach()) * drawn).sum(-1)
        density: Tensor = log_det - x.shape[-1] * HALF_LOG_2PI - 0.5 * squared
        if learn_noise:
            density = density + self._noise_slope(precision, drawn)
        return density

    def _noise_slope(self, precision: Tensor, drawn: Tensor) -> Tensor:
        """Zeros with the gradient of the log density by the log residual variance; (n,).

        The gradient by a residual variance is ((S r)^2 - diag S) / 2. No matrix is factored for it.
        """
        variance = self.log_residual_variance.detach().exp()
        slope = 0.5 * variance * (drawn.square() - precision.diagonal(dim1=-2, dim2=-1))
        moved = self.log_residual_variance - self.log_residual_variance.detach()
        return (slope * moved).sum(-1)

    def simulate(self, batch: Batch, z: Tensor) -> Batch:
        """Scores drawn at ``z`` with the precision of each row of ``batch``."""
        return replace(batch, x=self.truth(z, torch.randn_like(batch.x)) + batch.noise())


class ScoreLikelihood(NormalScores):
    """Expected scores by a network and a surface, with a learnt residual variance.

    Parameters
    ----------
    scale : Tensor, (features,)
        Standard deviation of the scores over the cohort, most varied first.
    dims, width, depth : int
        Latent dimensions; width and number of hidden layers of the decoder.
    """

    scale: Tensor
    log_residual_variance: nn.Parameter

    def __init__(self, scale: Tensor, dims: int, width: int, depth: int = 2) -> None:
        super().__init__()
        features = len(scale)
        self.register_buffer("scale", scale.clone())
        self.net = MLP(dims, features, width, depth)
        self.linear = nn.Linear(dims, features, bias=False)
        self.surface = Surface(dims, features)
        self.log_residual_variance = nn.Parameter(
            torch.full((features,), INITIAL_RESIDUAL_VARIANCE).log()
        )
        with torch.no_grad():  # start from the leading components, the same for every seed
            self.linear.weight.copy_(torch.eye(features, dims))

    def start_at(self, places: Tensor, x: Tensor, sd: float) -> None:
        """Set the expectation to a smooth surface through scores at their places.

        Parameters
        ----------
        places : Tensor, (n, dims)
        x : Tensor, (n, features)
            Scores.
        sd : float
            Standard deviation of latents about their places.
        """
        with torch.no_grad():
            zero_init(self.net.head)
            found = self.surface.fit(places, x / self.scale, sd)
            self.net.head.bias.copy_(found.constant)
            self.linear.weight.copy_(found.slope)

    def forward(self, z: Tensor) -> Tensor:
        """Expected scores at each latent; (n, features)."""
        out: Tensor = (self.linear(z) + self.net(z) + self.surface(z)) * self.scale
        return out

    def noise_parameters(self) -> list[nn.Parameter]:
        """The residual variance."""
        return [self.log_residual_variance]


def _log_diagonal(factor: Tensor) -> Tensor:
    """Half the log determinant of the matrix with this Cholesky factor; (n,)."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
