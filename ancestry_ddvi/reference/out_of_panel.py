"""The out-of-panel test: whether a sample resembles the reference panel, by three checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .cells import MIN_GROUP_SIZE
from .empirical import EmpiricalTail
from .expectation import fitted_normals
from .normals import Normals, log_mean
from .rarity import rarity
from .score_clusters import cross_fitted, score_clusters

CHECKS = ("position", "scores", "norm")
"""Position: do samples of the reference panel lie at these coordinates? Scores: do they have such
scores on the kept components? Norm: do samples there have genotypes of this norm?"""

SURPLUS = "surplus"
"""The norm again, but only a larger one is unusual: that of samples whose ancestry the components
lack. Damage makes it larger or smaller. It counts together with position and scores."""

LINE = 0.01
"""Share of samples of the reference panel that may be flagged: the false flags."""

NORM_FACTOR = 10.0
"""What p-values of the norm are multiplied by. Damaged genotypes have a norm that no sample of the
panel has, so a tenth of the false flags that the other checks have is enough for it."""

MAX_NORMALS, PER_NORMAL = 40, 20
"""Largest number of normals in the density of the panel, and samples per normal at least."""

FLOOR = 0.002
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
    scores : ndarray, (samples, kept)
    covariance : ndarray, (samples, kept, kept)
        Of ``scores`` about their expectation.
    excess : ndarray, (samples,)
        See ``Projection.norm_excess``.
    thinning : ndarray, (samples,)
        Number of variants of the model over the effective number observed.
    """

    draws: np.ndarray
    weight: np.ndarray
    scores: np.ndarray
    covariance: np.ndarray
    excess: np.ndarray
    thinning: np.ndarray


@dataclass(frozen=True)
class OutOfPanelTest:
    """The three checks, each against the samples of the panel, and their combination.

    Attributes
    ----------
    places : Normals
        Density of the panel's posterior means.
    clusters : Normals
        Density of the panel's expected scores, without the noise of the scores.
    norm_mean, norm_sd : float
        Median and robust standard deviation of the panel's ``Projection.norm_excess``.
    tails : mapping of str to EmpiricalTail
        Of each check, and of ``SURPLUS``.
    together : EmpiricalTail
        Of all checks combined (``_strangeness``).
    line : float
        Samples with a smaller p-value are flagged.
    flagged : float
        Share of the samples of the panel for which this is so, each judged by clusters of scores
        that were found without it: the rate of false flags.
    allowance : tuple of two tuples of float
        Increase of minus the log density of ``places``, in nats, at values of the log of
        ``thinning``.
    """

    places: Normals
    clusters: Normals
    norm_mean: float
    norm_sd: float
    tails: Mapping[str, EmpiricalTail]
    together: EmpiricalTail
    line: float = LINE
    flagged: float = 0.0
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
        found = cls(
            _where(means, seed),
            score_clusters(diagnostics.scores, diagnostics.covariance, seed),
            middle,
            max(spread, 1e-9),
            {},
            EmpiricalTail((), 1.0),
        )
        rare = cross_fitted(diagnostics.scores, diagnostics.covariance, seed)
        values = found.values(diagnostics, rare)
        tails = {name: EmpiricalTail.of(each) for name, each in values.items()}
        strange = _strangeness({name: tails[name].chance(each) for name, each in values.items()})
        together = EmpiricalTail.of(strange)
        flagged = float((together.chance(strange) < LINE).mean())
        return replace(found, tails=tails, together=together, flagged=flagged)

    def values(
        self, diagnostics: Diagnostics, rare: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """The statistic of each check and of ``SURPLUS``; (samples,) each.

        ``rare`` is that of the scores if known.
        """
        surplus = (diagnostics.excess - self.norm_mean) / self.norm_sd
        surplus = surplus / np.sqrt(diagnostics.thinning)
        if rare is None:
            rare = rarity(self.clusters, diagnostics.scores, diagnostics.covariance)
        return {
            "position": self._out_of_place(diagnostics),
            "scores": rare,
            "norm": np.abs(surplus),
            SURPLUS: surplus,
        }

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
        """Empirical p-values of each check, and of ``SURPLUS``: the share of the panel beyond."""
        values = self.values(diagnostics)
        return {name: self.tails[name].chance(each) for name, each in values.items()}

    def chance(self, chances: Mapping[str, np.ndarray]) -> np.ndarray:
        """Empirical p-values of all checks combined, from those of each; (samples,)."""
        return self.together.chance(_strangeness(chances))

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "places": self.places.as_json(),
            "clusters": self.clusters.as_json(),
            "norm_mean": self.norm_mean,
            "norm_sd": self.norm_sd,
            "tails": {name: asdict(tail) for name, tail in self.tails.items()},
            "together": asdict(self.together),
            "line": self.line,
            "flagged": self.flagged,
            "allowance": [list(column) for column in self.allowance],
        }


def _where(means: np.ndarray, seed: int) -> Normals:
    """Normals of at least five samples: one of a single sample would reveal its coordinates."""
    count = int(np.clip(len(means) // PER_NORMAL, 1, MAX_NORMALS))
    found, _ = fitted_normals(means, count, FLOOR, seed)
    of_many = found.weight * len(means) > min(MIN_GROUP_SIZE, len(means)) - 0.5
    weight = found.weight[of_many]
    return Normals(weight / weight.sum(), found.mean[of_many], found.covariance[of_many])


def weighed(chances: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """P-values of each check, those of the norm times ``NORM_FACTOR``."""
    return {name: chances[name] * (NORM_FACTOR if name == "norm" else 1) for name in CHECKS}


def _strangeness(chances: Mapping[str, np.ndarray]) -> np.ndarray:
    """Minus the log of the smallest p-value of a sample; (samples,).

    Of each check (Tippett 1931): a sample that one finds strange is not made ordinary by others
    that see nothing. And of position, scores and surplus together (Fisher 1925): a sample may be
    somewhat unusual in each, as one beyond the end of a cline is.
    """
    from scipy.special import chdtrc

    parts = [_least(chances[name]) for name in ("position", "scores", SURPLUS)]
    combined = chdtrc(2 * len(parts), -2 * np.sum(np.log(parts), axis=0))
    smallest = np.min([*weighed(chances).values(), combined], axis=0)
    return np.asarray(-np.log(_least(smallest)))


def _least(chance: np.ndarray) -> np.ndarray:
    """P-values of which a logarithm can be taken."""
    return np.asarray(np.maximum(chance, 1e-300))
