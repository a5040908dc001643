"""The out-of-panel test: whether a sample resembles the reference panel, by three checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .empirical import EmpiricalTail
from .groups import MIN_GROUP_SIZE
from .normals import Normals, log_mean

CHECKS = ("position", "fit", "norm")
"""Position: do samples of the reference panel lie at these coordinates? Fit: does the decoder give
these scores there? Norm: do samples there have genotypes of this norm?"""

MAX_NORMALS, PER_NORMAL = 12, 20
"""Largest number of normals in the density of the panel, and samples per normal at least."""

FLOOR = 0.005
"""Added to the variance of such a normal along each axis."""


@dataclass(frozen=True)
class Diagnostics:
    """What the checks are computed from.

    Attributes
    ----------
    draws : ndarray, (samples, draws, dims)
        From every sample's posterior.
    weight : ndarray, (samples, draws)
        Rows sum to 1.
    misfit : ndarray, (samples, draws), optional
        Squared distance of the scores from the decoder at each draw, in their own covariance.
    excess : ndarray, (samples,)
        See ``Projection.norm_excess``.
    thinning : ndarray, (samples,)
        Number of variants of the model over the effective number observed.
    """

    draws: np.ndarray
    weight: np.ndarray
    misfit: np.ndarray | None
    excess: np.ndarray
    thinning: np.ndarray


@dataclass(frozen=True)
class OutOfPanelTest:
    """The three checks, each against the samples of the panel, and their combination.

    Attributes
    ----------
    places : Normals
        Density of the panel's posterior means.
    length_mean, length_sd : float
        Median and robust standard deviation of the panel's ``Projection.norm_excess``.
    tails : mapping from check to EmpiricalTail
    together : EmpiricalTail
        Of Fisher's combination of the three.
    allowance : tuple of two tuples of float
        Increase of minus the log density, in nats, at values of the log of ``thinning``.
    """

    places: Normals
    length_mean: float
    length_sd: float
    tails: Mapping[str, EmpiricalTail]
    together: EmpiricalTail
    allowance: tuple[tuple[float, ...], tuple[float, ...]] = ((0.0,), (0.0,))

    @classmethod
    def of(cls, diagnostics: Diagnostics, means: np.ndarray, seed: int) -> OutOfPanelTest:
        """The test calibrated on the samples of the panel.

        Parameters
        ----------
        diagnostics : Diagnostics
            Of the samples of the panel, computed as for new samples.
        means : ndarray, (samples, dims)
            Their posterior means.
        seed : int
        """
        middle = float(np.median(diagnostics.excess))
        spread = 1.4826 * float(np.median(np.abs(diagnostics.excess - middle)))
        found = cls(_where(means, seed), middle, max(spread, 1e-9), {}, EmpiricalTail((), 1.0))
        values = found.values(diagnostics)
        found = replace(found, tails={name: EmpiricalTail.of(values[name]) for name in values})
        return replace(found, together=EmpiricalTail.of(_fisher(found.chances(diagnostics))))

    def values(self, diagnostics: Diagnostics) -> dict[str, np.ndarray]:
        """The statistic of each check that there are diagnostics for; (samples,) each."""
        spread = self.length_sd * np.sqrt(diagnostics.thinning)
        found = {
            "position": self._out_of_place(diagnostics),
            "norm": np.abs(diagnostics.excess - self.length_mean) / spread,
        }
        if diagnostics.misfit is not None:
            found["fit"] = (diagnostics.weight * diagnostics.misfit).sum(axis=1)
        return found

    def _out_of_place(self, diagnostics: Diagnostics) -> np.ndarray:
        """Minus the log of the panel's mean density over the posterior, less the allowance."""
        allowance = np.interp(np.log(diagnostics.thinning), *self.allowance)
        density = self.places.log_density(diagnostics.draws)
        return np.asarray(-log_mean(density, diagnostics.weight) - allowance)

    def with_allowance(self, full: Diagnostics, thinned: Sequence[Diagnostics]) -> OutOfPanelTest:
        """The same test with an allowance for the wider posteriors of samples with few variants.

        Parameters
        ----------
        full : Diagnostics
            Of some samples of the panel.
        thinned : sequence of Diagnostics
            Of the same samples, from decreasing shares of their variants.
        """
        before = np.median(self._out_of_place(full))
        points = [(0.0, 0.0)]
        for diagnostics in thinned:
            more = np.median(self._out_of_place(diagnostics)) - before
            points.append((float(np.log(np.median(diagnostics.thinning))), max(float(more), 0.0)))
        knots, values = zip(*sorted(points), strict=True)
        return replace(self, allowance=(knots, values))

    def chances(self, diagnostics: Diagnostics) -> dict[str, np.ndarray]:
        """Empirical p-values of each check: the share of the panel that is more unusual."""
        values = self.values(diagnostics)
        return {name: self.tails[name].chance(values[name]) for name in CHECKS if name in values}

    def chance(self, diagnostics: Diagnostics) -> np.ndarray:
        """Empirical p-values of all checks combined; (samples,)."""
        return self.together.chance(_fisher(self.chances(diagnostics)))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "places": self.places.as_json(),
            "length_mean": self.length_mean,
            "length_sd": self.length_sd,
            "tails": {name: asdict(tail) for name, tail in self.tails.items()},
            "together": asdict(self.together),
            "allowance": [list(column) for column in self.allowance],
        }


def _where(means: np.ndarray, seed: int) -> Normals:
    """Normals of at least five samples: one of a single sample would reveal its coordinates."""
    from sklearn.mixture import GaussianMixture

    count = int(np.clip(len(means) // PER_NORMAL, 1, MAX_NORMALS))
    found = GaussianMixture(count, reg_covar=FLOOR, random_state=seed).fit(means)
    of_many = found.weights_ * len(means) > min(MIN_GROUP_SIZE, len(means)) - 0.5
    weight = found.weights_[of_many]
    return Normals(weight / weight.sum(), found.means_[of_many], found.covariances_[of_many])


def _fisher(chances: Mapping[str, np.ndarray]) -> np.ndarray:
    """Minus the sum of log p-values (Fisher 1925), without the factor of two; (samples,)."""
    return np.asarray(-sum(np.log(np.maximum(c, 1e-300)) for c in chances.values()))
