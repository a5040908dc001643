"""The diffusion posterior of DDVI."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..batch import Draw
from ..nets import zero_init
from ..normal import log_normal
from ..schedules import SCHEDULES
from .base import DensityPosterior
from .gaussian import REACH, Gaussian


class Diffusion(DensityPosterior):
    """q(y_T | x) prod_t q(y_{t-1} | y_t, x) with z = y_0, against the noising process r(y | z).

    Piriyakulkij, Wang & Kuleshov (AAAI 2025). Each step holds a normal belief about z given
    y_t and x, N(a, s^2), and takes the y_{t-1} that this belief implies under r:

        q(y_{t-1} | y_t, x) = N(c_0 a + c_1 y_t, c_0^2 s^2 + v_t),

    where r(y_{t-1} | y_t, z) = N(c_0 z + c_1 y_t, v_t). The belief is the encoder's Gaussian
    updated by y_t, plus a correction by a network that starts at zero. So the chain starts as
    the exact reversal for the Gaussian posterior, with the same bound, and training bends it
    from there. All log ratios are taken on the sampled path.

    Parameters
    ----------
    base : Gaussian
        The encoder's belief about z, trained along with the chain.
    context : int
        Width of the context.
    steps : int
        T, the number of reverse steps.
    width : int
        Hidden width of the correcting network.
    schedule : str
        A name of ``SCHEDULES``.
    conditional : bool
        Whether the chain depends on the context. If not, only y_T does, through the encoder's
        Gaussian, and the chain starts as the reversal for standard normal latents (the paper's
        simplified form).
    """

    signal: Tensor
    kept: Tensor
    half_log_beta: Tensor
    to_z: Tensor
    to_y: Tensor
    variance: Tensor

    def __init__(
        self,
        base: Gaussian,
        context: int,
        steps: int,
        width: int,
        schedule: str = "cosine",
        conditional: bool = True,
    ) -> None:
        super().__init__()
        dims = base.noise_shape[1]
        self.base = base
        self.steps = steps
        self.noise_shape = (steps + 1, dims)
        self.time = nn.Parameter(torch.randn(steps + 1, width))
        self.state_layer = nn.Linear(dims, width)
        self.context_layer = nn.Linear(context, width) if conditional else None
        self.middle = nn.Linear(width, width)
        self.correction = zero_init(nn.Linear(width, 2 * dims))
        self._register(SCHEDULES[schedule](steps))

    def _register(self, signal: Tensor) -> None:
        """Constants of r for t = 0 .. T (t = 0 unused), and of its reversal given z."""
        before = torch.cat([signal[:1], signal[:-1]])
        kept = signal / before
        beta = 1 - kept
        noise = (1 - signal).clamp_min(1e-12)
        constants = {
            "signal": signal,
            "kept": kept,
            "half_log_beta": 0.5 * beta.clamp_min(1e-12).log(),
            "to_z": before.sqrt() * beta / noise,
            "to_y": kept.sqrt() * (1 - before) / noise,
            "variance": beta * (1 - before) / noise,
        }
        for name, value in constants.items():
            self.register_buffer(name, value.to(torch.get_default_dtype()), persistent=False)

    def _belief(
        self, y: Tensor, t: Tensor | int, seen: Tensor, prior: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Mean and variance of z given y_t; ``t`` is one step, or (steps, 1) for all at once."""
        hidden = functional.silu(self.state_layer(y) + seen + self.time[t])
        hidden = functional.silu(hidden + self.middle(hidden))
        shift, stretch = self.correction(hidden).chunk(2, -1)
        mean, log_sd = prior
        variance = (2 * (log_sd + REACH * torch.tanh(stretch / REACH))).exp()
        mean = mean + log_sd.exp() * shift
        signal = self.signal[t][..., None]
        total = variance * signal + 1 - signal
        gain = variance * signal / total
        return mean + gain * (y / signal.sqrt() - mean), variance * ((1 - signal) / total)

    def _reverse(
        self, y: Tensor, t: Tensor | int, seen: Tensor, prior: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of q(y_{t-1} | y_t, x)."""
        mean, variance = self._belief(y, t, seen, prior)
        to_z, to_y = self.to_z[t][..., None], self.to_y[t][..., None]
        spread = to_z.square() * variance + self.variance[t][..., None]
        return to_z * mean + to_y * y, 0.5 * spread.log()

    def _inputs(self, context: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """What the chain is given of a row: a Gaussian belief about z, and a hidden input."""
        if self.context_layer:
            return self.base.moments(context), self.context_layer(context)
        nothing = context.new_zeros(len(context), self.noise_shape[1])
        return (nothing, nothing), context.new_zeros(1, self.state_layer.out_features)

    def _top(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of q(y_T | x): the Gaussian, noised if it is z's."""
        mean, log_sd = self.base.moments(context)
        if not self.context_layer:
            return mean, log_sd
        signal = self.signal[-1]
        spread = signal * (2 * log_sd).exp() + 1 - signal
        return signal.sqrt() * mean, 0.5 * spread.log()

    def _noised(self, y: Tensor, t: Tensor | int, below: Tensor) -> Tensor:
        """Log r(y_t | y_{t-1})."""
        kept, half_log_beta = self.kept[t][..., None], self.half_log_beta[t][..., None]
        return log_normal(y, kept.sqrt() * below, half_log_beta)

    def rsample(self, context: Tensor, noise: Tensor) -> Draw:
        """Run the chain down from y_T; ``noise`` is (n, T + 1, dims), used from the last."""
        prior, seen = self._inputs(context)
        mean, log_sd = self._top(context)
        y = mean + log_sd.exp() * noise[:, -1]
        path, log_q = [y], log_normal(y, mean, log_sd)
        for step in range(self.steps, 0, -1):
            mean, log_sd = self._reverse(y, step, seen, prior)
            below = mean + log_sd.exp() * noise[:, step - 1]
            log_q = log_q + log_normal(below, mean, log_sd) - self._noised(y, step, below)
            y = below
            path.append(y)
        return Draw(y, tuple(path[-2::-1]), log_q)

    def log_q(self, z: Tensor, path: tuple[Tensor, ...], context: Tensor) -> Tensor:
        """Score a given path; (n,)."""
        return log_normal(path[-1], *self._top(context)) + self.log_chain(z, path, context)

    def log_chain(self, z: Tensor, path: tuple[Tensor, ...], context: Tensor) -> Tensor:
        """Score a given path below y_T, all steps at once; (n,)."""
        prior, seen = self._inputs(context)
        below, above = torch.stack([z, *path[:-1]]), torch.stack(path)
        t = torch.arange(1, self.steps + 1, device=z.device)[:, None]
        mean, log_sd = self._reverse(above, t, seen, prior)
        steps = log_normal(below, mean, log_sd) - self._noised(above, t, below)
        return steps.sum(0)

    def complete(self, z: Tensor) -> tuple[Tensor, ...]:
        """Noise z step by step; (y_1, .., y_T)."""
        path = [z]
        for step in range(1, self.steps + 1):
            noise = torch.randn_like(z) * self.half_log_beta[step].exp()
            path.append(self.kept[step].sqrt() * path[-1] + noise)
        return tuple(path[1:])
