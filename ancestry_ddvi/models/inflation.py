"""Inflations: how noise grows along each direction of a flow, and the scale of space."""

from __future__ import annotations

import abc
import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Inflation(abc.ABC):
    """A path of noise variances and of one scale for all directions.

    Data have variance xi_i along eigendirection i; at time t noise of variance gamma_i(t) is
    added and everything is multiplied by alpha(t), so that the variance of direction i becomes
    alpha^2 (xi_i + gamma_i) (de Albuquerque & Pearson, NeurIPS 2024, sections 3 and 4).

    Attributes
    ----------
    spectrum : Tensor, (dims,)
        xi, the variances of the data, largest first.
    rates : Tensor, (dims,)
        How fast noise grows along each direction, at most 1. Equal rates keep the participation
        ratio; slower directions are compressed by the factor exp(-(1 - rate) t).
    floor, full : float
        Noise at the start and at the end, in units of the data's variance.
    """

    spectrum: Tensor
    rates: Tensor
    floor: float
    full: float

    @property
    def end(self) -> float:
        """The time at which the fastest directions have noise ``full``."""
        return math.log(self.full / self.floor)

    @abc.abstractmethod
    def gamma(self, t: Tensor) -> Tensor:
        """Noise variances at times (n,); (n, dims)."""

    @abc.abstractmethod
    def gamma_dot(self, t: Tensor) -> Tensor:
        """Their derivatives; (n, dims)."""

    @abc.abstractmethod
    def alpha(self, t: Tensor) -> Tensor:
        """The scale at times (n,); (n,)."""

    @abc.abstractmethod
    def alpha_dot(self, t: Tensor) -> Tensor:
        """Its derivative; (n,)."""

    def at(self, share: Tensor) -> Tensor:
        """The times after shares of the path, spaced evenly for an integrator; (n,)."""
        return share * self.end

    def grid(self, steps: int) -> Tensor:
        """The times between steps, from the first to the last; (steps + 1,)."""
        return self.at(torch.linspace(0.0, 1.0, steps + 1)).to(self.spectrum)

    def variance(self, t: Tensor) -> Tensor:
        """Variances of the rescaled data at times (n,); (n, dims)."""
        return self.alpha(t)[:, None] ** 2 * (self.spectrum + self.gamma(t))


class Whitened(Inflation):
    """Noise in proportion to the data's variance: kept directions keep their variance exactly.

    gamma_i = xi_i h_i with h_i = floor exp(rate_i t), alpha = (1 + h_fastest)^(-1/2). The growth
    of gamma is constant, so even steps in time suit an integrator.
    """

    def gamma(self, t: Tensor) -> Tensor:
        return self.spectrum * self._relative(t)

    def gamma_dot(self, t: Tensor) -> Tensor:
        return self.rates * self.gamma(t)

    def alpha(self, t: Tensor) -> Tensor:
        return (1 + self.floor * t.exp()).rsqrt()

    def alpha_dot(self, t: Tensor) -> Tensor:
        fastest = self.floor * t.exp()
        return -0.5 * fastest * (1 + fastest) ** -1.5

    def _relative(self, t: Tensor) -> Tensor:
        return self.floor * (t[:, None] * self.rates).exp()


class Uniform(Whitened):
    """The same noise along all directions, as in the published code.

    gamma_i = xi_1 h_i, with h and alpha as in ``Whitened``. The end has the same variance along
    all kept directions, so the participation ratio becomes that of a sphere.
    """

    def gamma(self, t: Tensor) -> Tensor:
        return self.spectrum[0] * self._relative(t)


class Published(Inflation):
    """As printed in the paper's main text: gamma_i = xi_i (exp(rate_i t) - 1), from zero noise.

    alpha = exp(-t / 2). Growth of gamma is 1 / t at first, so steps are even in log time, and the
    first stands where ``floor`` of the data's variance has been added.
    """

    def gamma(self, t: Tensor) -> Tensor:
        return self.spectrum * torch.expm1(t[:, None] * self.rates)

    def gamma_dot(self, t: Tensor) -> Tensor:
        return self.spectrum * self.rates * (t[:, None] * self.rates).exp()

    def alpha(self, t: Tensor) -> Tensor:
        return (-0.5 * t).exp()

    def alpha_dot(self, t: Tensor) -> Tensor:
        return -0.5 * self.alpha(t)

    @property
    def end(self) -> float:
        return math.log1p(self.full)

    def at(self, share: Tensor) -> Tensor:
        first, last = math.log(math.log1p(self.floor)), math.log(self.end)
        return (first + (last - first) * share).exp()


INFLATIONS: dict[str, type[Inflation]] = {
    "whitened": Whitened,
    "uniform": Uniform,
    "published": Published,
}


def participation_ratio(variances: Tensor) -> Tensor:
    """(sum of variances)^2 / sum of their squares, over the last axis; between 1 and dims."""
    return variances.sum(-1).square() / variances.square().sum(-1)
