"""Whether a sample looks like the samples of the panel, by three checks of different kinds."""

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
"""Normals that describe where the panel lies: at most, and samples for each at least."""

FLOOR = 0.005
"""Least variance of such a normal along each axis."""


@dataclass(frozen=True)
class Diagnostics:
    """What the checks look at.

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
        Variants of the model over those observed.
    """

    draws: np.ndarray
    weight: np.ndarray
    misfit: np.ndarray | None
    excess: np.ndarray
    thinning: np.ndarray


@dataclass(frozen=True)
class OutOfPanelTest:
    """The three checks, each against the samples of the panel, and all of them together.

    Attributes
    ----------
    places : Normals
        Where samples of the panel lie.
    length_mean, length_sd : float
        Of the panel's excess of length (``Projection.norm_excess``).
    tails : mapping from check to EmpiricalTail
    together : EmpiricalTail
        Of Fisher's combination of the three.
    allowance : tuple of two tuples of float
        By how much the surprise at a place is more, in nats, for a log of ``thinning``.
    """

    places: Normals
    length_mean: float
    length_sd: float
    tails: Mapping[str, EmpiricalTail]
    together: EmpiricalTail
    allowance: tuple[tuple[float, ...], tuple[float, ...]] = ((0.0,), (0.0,))

    @classmethod
    def of(cls, diagnostics: Diagnostics, means: np.ndarray, seed: int) -> OutOfPanelTest:
        """What the panel's own samples are like.

        Parameters
        ----------
        diagnostics : Diagnostics
            Of the samples of the panel, as newcomers would have it.
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
        """How unusual each sample is by each check there is diagnostics for; (samples,) each."""
        spread = self.length_sd * np.sqrt(diagnostics.thinning)
        found = {
            "position": self._out_of_place(diagnostics),
            "norm": np.abs(diagnostics.excess - self.length_mean) / spread,
        }
        if diagnostics.misfit is not None:
            found["fit"] = (diagnostics.weight * diagnostics.misfit).sum(axis=1)
        return found

    def _out_of_place(self, diagnostics: Diagnostics) -> np.ndarray:
        """Minus the log density of the panel, averaged over the posterior, less the allowance."""
        allowance = np.interp(np.log(diagnostics.thinning), *self.allowance)
        density = self.places.log_density(diagnostics.draws)
        return np.asarray(-log_mean(density, diagnostics.weight) - allowance)

    def with_allowance(self, full: Diagnostics, thinned: Sequence[Diagnostics]) -> OutOfPanelTest:
        """With room for the vagueness of samples of whom less is known.

        Parameters
        ----------
        full : Diagnostics
            Of some samples of the panel.
        thinned : sequence of Diagnostics
            Of the same, from less and less.
        """
        before = np.median(self._out_of_place(full))
        points = [(0.0, 0.0)]
        for diagnostics in thinned:
            more = np.median(self._out_of_place(diagnostics)) - before
            points.append((float(np.log(np.median(diagnostics.thinning))), max(float(more), 0.0)))
        knots, values = zip(*sorted(points), strict=True)
        return replace(self, allowance=(knots, values))

    def chances(self, diagnostics: Diagnostics) -> dict[str, np.ndarray]:
        """The share of the panel that is more unusual than each sample, by each check."""
        values = self.values(diagnostics)
        return {name: self.tails[name].chance(values[name]) for name in CHECKS if name in values}

    def chance(self, diagnostics: Diagnostics) -> np.ndarray:
        """The share of the panel that is more unusual than each sample, all in all; (samples,)."""
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

    @classmethod
    def of_json(cls, record: Mapping[str, Any]) -> OutOfPanelTest:
        """The inverse of ``as_json``."""
        return cls(
            Normals.of_json(record["places"]),
            record["length_mean"],
            record["length_sd"],
            {name: EmpiricalTail.of_json(tail) for name, tail in record["tails"].items()},
            EmpiricalTail.of_json(record["together"]),
            (tuple(record["allowance"][0]), tuple(record["allowance"][1])),
        )


def _where(means: np.ndarray, seed: int) -> Normals:
    """Normals of five samples or more: one of a single sample would say where that sample is."""
    from sklearn.mixture import GaussianMixture

    count = int(np.clip(len(means) // PER_NORMAL, 1, MAX_NORMALS))
    found = GaussianMixture(count, reg_covar=FLOOR, random_state=seed).fit(means)
    of_many = found.weights_ * len(means) > min(MIN_GROUP_SIZE, len(means)) - 0.5
    weight = found.weights_[of_many]
    return Normals(weight / weight.sum(), found.means_[of_many], found.covariances_[of_many])


def _fisher(chances: Mapping[str, np.ndarray]) -> np.ndarray:
    """Minus the sum of log chances (Fisher 1925), no factor of two; (samples,)."""
    return np.asarray(-sum(np.log(np.maximum(c, 1e-300)) for c in chances.values()))
