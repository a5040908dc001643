"""A probability flow between data and a normal law, by a denoiser that knows every noise."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from .inflation import INFLATIONS, Inflation
from .integrators import INTEGRATORS, rk4
from .nets import zero_init
from .normal import log_normal

LEVELS = 4.0
"""Log noise is divided by this for the network."""

FULL = 1e3
"""Noise in units of the data's variance that leaves nothing of their shape."""

DENSITY_STEPS = 16
"""Of the fourth order: densities of the scores of real samples come out within 0.01 nats."""

LOG_VARIANCE = -12.0, 3.0
"""Range of what the network says of the variance of its error."""

WIDER = -12.0, 3.0
"""Range of what it says of the log variance of data thereabouts, over that of all."""


class Denoiser(nn.Module):
    """E[x | x + noise], and the variance of x about it, for normal noise of any variances.

    The noise has its own variance along each direction, so one network serves every path of
    noise: all inflations, and any precision a measurement may have. With data of variance xi and
    noise gamma, and whitening in and out as de Albuquerque & Pearson (2024, appendix; after Karras
    et al. 2022),

        E[x | y] = xi / (xi + gamma) y + sqrt(xi gamma / (xi + gamma)) F(y / sqrt(xi + gamma)),

    where F is what the network says: a shift, and a multiple of what it sees that would be right
    if data thereabouts were normal with other variances, which it says too. Normals of several
    widths need such a product, and layers learn it late or never. It starts at zero: the right
    answer for normal data.

    Parameters
    ----------
    spectrum : Tensor, (dims,)
        xi, the variances of the data, which are centred.
    width, depth : int
        Of the hidden layers.
    """

    spectrum: Tensor

    def __init__(self, spectrum: Tensor, width: int, depth: int = 3) -> None:
        super().__init__()
        dims = len(spectrum)
        self.register_buffer("spectrum", spectrum.clone())
        self.first = nn.Linear(2 * dims, width)
        self.middle = nn.ModuleList(nn.Linear(width, width) for _ in range(depth - 1))
        self.last = zero_init(nn.Linear(width, 3 * dims))

    def raw(self, y: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor]:
        """F, and the log variance of what F should have been; each (n, dims)."""
        level = (gamma / self.spectrum).clamp_max(FULL).log()
        seen = y * self._in(gamma)
        hidden = functional.silu(self.first(torch.cat([seen, level / LEVELS], -1)))
        for layer in self.middle:
            hidden = hidden + functional.silu(layer(hidden))
        shift, wider, log_variance = self.last(hidden).chunk(3, -1)
        excess = (wider.clamp(*WIDER) - level).sigmoid() - (-level).sigmoid()
        mean = shift + 2 * (level / 2).cosh() * excess * seen
        return mean, log_variance.clamp(*LOG_VARIANCE)

    def _in(self, gamma: Tensor) -> Tensor:
        return (self.spectrum + gamma).rsqrt()

    def _spread(self, gamma: Tensor) -> Tensor:
        """Variance of x given y, were the data normal."""
        return self.spectrum * gamma / (self.spectrum + gamma)

    def forward(self, y: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variances of x given y; each (n, dims)."""
        mean, log_variance = self.raw(y, gamma)
        spread = self._spread(gamma)
        share = self.spectrum / (self.spectrum + gamma)
        return share * y + spread.sqrt() * mean, spread * log_variance.exp()

    def loss(self, x: Tensor, gamma: Tensor) -> Tensor:
        """Squared error of F, and the log density of its error; (n,)."""
        y = x + gamma.sqrt() * torch.randn_like(x)
        share = self.spectrum / (self.spectrum + gamma)
        target = (x - share * y) / self._spread(gamma).sqrt()
        mean, log_variance = self.raw(y, gamma)
        error = (mean - target).square()
        told = error.detach() * (-log_variance).exp() + log_variance
        return (error + 0.5 * told).sum(-1)


class Flow(nn.Module):
    """The probability flow from data to N(0, I) and back: unique for its inflation and denoiser.

    Data are given and taken as they are, latents in units of their standard deviation at the end.
    With D = E[x | y] the flow of rescaled data follows de Albuquerque & Pearson (2024),
    equation 8 with the score by Tweedie's formula:

        d(alpha y)/dt = alpha' y - alpha gamma' / (2 gamma) (D(y, gamma) - y).

    Parameters
    ----------
    dims : int
    width, depth : int
        Of the denoiser.
    inflation : str
        A name of ``INFLATIONS``.
    kept : int
        Leading directions that keep their variance.
    gap : float
        How much slower noise grows along the others: 0 preserves the participation ratio.
    floor : float
        Noise at the start, in units of the data's variance: detail below it is not told.
    integrator : str
        A name of ``INTEGRATORS``.
    steps : int
    """

    centre: Tensor
    denoiser: Denoiser

    def __init__(
        self,
        dims: int,
        width: int,
        depth: int,
        *,
        inflation: str = "whitened",
        kept: int = 0,
        gap: float = 0.0,
        floor: float = 1e-4,
        integrator: str = "rk4",
        steps: int = 32,
    ) -> None:
        super().__init__()
        self.denoiser = Denoiser(torch.ones(dims), width, depth)
        self.register_buffer("centre", torch.zeros(dims))
        self._made = INFLATIONS[inflation]
        self._integrate = INTEGRATORS[integrator]
        self.rates = torch.tensor([1.0 if i < kept else 1 - gap for i in range(dims)])
        self.floor, self.steps = floor, steps

    @property
    def dims(self) -> int:
        """Directions of the data, and of the latents."""
        return len(self.centre)

    def set_moments(self, centre: Tensor, spectrum: Tensor) -> None:
        """Take the centre and the variances of the data, each (dims,)."""
        self.centre.copy_(centre)
        self.denoiser.spectrum.copy_(spectrum)

    @property
    def inflation(self) -> Inflation:
        """The path of noise for these data."""
        spectrum = self.denoiser.spectrum
        return self._made(spectrum, self.rates.to(spectrum), self.floor, FULL)

    @property
    def blur(self) -> Tensor:
        """Variances of the noise at the start, (dims,): what is said of data is said of these."""
        path = self.inflation
        return path.gamma(path.grid(1)[:1])[0]

    def encode(self, x: Tensor) -> Tensor:
        """Latents of data; both (n, dims)."""
        path = self.inflation
        times = path.grid(self.steps)
        scaled = self._flow(path, path.alpha(times[:1]) * (x - self.centre), times)
        latents: Tensor = scaled / path.variance(times[-1:]).sqrt()
        return latents

    def decode(self, z: Tensor) -> Tensor:
        """Data of latents; both (n, dims)."""
        path = self.inflation
        times = path.grid(self.steps).flip(0)
        scaled = self._flow(path, z * path.variance(times[:1]).sqrt(), times)
        data: Tensor = scaled / path.alpha(times[-1:]) + self.centre
        return data

    def _flow(self, path: Inflation, scaled: Tensor, times: Tensor) -> Tensor:
        def field(scaled: Tensor, t: Tensor) -> Tensor:
            t = t[None]
            alpha, gamma = path.alpha(t), path.gamma(t)
            y = scaled / alpha
            growth = path.gamma_dot(t) / gamma
            expected, _ = self.denoiser(y, gamma.expand_as(y))
            change: Tensor = path.alpha_dot(t) * y - 0.5 * alpha * growth * (expected - y)
            return change

        moved: Tensor = self._integrate(field, scaled, times)
        return moved

    def log_density(self, x: Tensor, gamma: Tensor) -> Tensor:
        """Log density of data seen with normal noise of variances ``gamma``, (n, dims); (n,).

        Noise grows from ``gamma`` geometrically until nothing but a normal law is left, and the
        change of density along the flow is the trace of its Jacobian.
        """
        gamma = gamma + self.blur
        start = gamma.log()
        end = torch.maximum(FULL * self.denoiser.spectrum, gamma)
        rate = end.log() - start

        def field(state: Tensor, t: Tensor) -> Tensor:
            noise = (start + t * rate).exp()

            def velocity(y: Tensor) -> Tensor:
                expected, _ = self.denoiser(y, noise)
                away: Tensor = 0.5 * rate * (y - expected)
                return away

            change, divergence = with_divergence(velocity, state[:, :-1])
            return torch.cat([change, divergence[:, None]], -1)

        state = torch.cat([x - self.centre, x.new_zeros(len(x), 1)], -1)
        state = rk4(field, state, torch.linspace(0, 1, DENSITY_STEPS + 1).to(x))
        spread = 0.5 * (self.denoiser.spectrum + end).log()
        found: Tensor = log_normal(state[:, :-1], 0.0, spread) + state[:, -1]
        return found

    def posterior(self, x: Tensor, gamma: Tensor, noise: Tensor) -> Tensor:
        """Draws of data given what was seen of them with normal noise; (n, dims).

        The noise is taken away in steps, each with the mean and the variances that the denoiser
        believes of the data (Ho et al. 2020, equation 7, with the uncertainty of x added). Beyond
        ``FULL`` that belief is normal, so what exceeds it goes in the first step.

        Parameters
        ----------
        x : Tensor, (n, dims)
        gamma : Tensor, (n, dims)
            Variances of the noise.
        noise : Tensor, (n, steps, dims)
            Standard normals.
        """
        y, last, left = x - self.centre, self.blur, noise.shape[1]
        gamma = gamma + last
        for normal in noise.unbind(1):
            most = torch.minimum(gamma, FULL * self.denoiser.spectrum)
            below = most * (last / most) ** (1 / left)
            share = below / gamma
            mean, variance = self.denoiser(y, gamma)
            spread = below * (1 - share) + (1 - share).square() * variance
            y = share * y + (1 - share) * mean + spread.sqrt() * normal
            gamma, left = below, left - 1
        return y + self.centre


def with_divergence(field: Callable[[Tensor], Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    """The field at each row, (n, dims), and the trace of its Jacobian, (n,)."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        value = field(x)
        slopes = (
            torch.autograd.grad(value[:, i].sum(), x, retain_graph=True)[0][:, i]
            for i in range(x.shape[1])
        )
        total = torch.stack(list(slopes)).sum(0)
    return value.detach(), total
