"""Distributions of true scores, and their predictions of all variants from a part of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, softmax

from ancestry_ddvi.genotypes.projection.scores import Scores

LEAST = 0.05
"""Least variance of true scores along any direction, in units of that of measured ones."""


def covariance(scores: Scores) -> np.ndarray:
    """Of the noise of every sample's scores; (samples, components, components)."""
    return np.linalg.inv(scores.precision + 1e-9 * np.eye(scores.value.shape[1]))


def log_normal(apart: np.ndarray, cov: np.ndarray) -> np.ndarray:
    """Log density of N(0, cov); (..., d) and (..., d, d) -> (...)."""
    factor = np.linalg.cholesky(cov)
    white = np.linalg.solve(factor, apart[..., None])[..., 0]
    log_det = np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(-1)
    return -0.5 * (white**2).sum(-1) - log_det - 0.5 * apart.shape[-1] * np.log(2 * np.pi)


@dataclass(frozen=True)
class Mixture:
    """Normals of true scores: weights (k,), means (k, d), covariances (k, d, d)."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @classmethod
    def of(cls, weights: np.ndarray, means: np.ndarray, measured: np.ndarray,
           noise: np.ndarray) -> Mixture:  # fmt: skip
        """From covariances of measured scores, the mean noise taken out of each."""
        white = np.linalg.cholesky(measured)
        inner = np.linalg.solve(white, np.swapaxes(np.linalg.solve(white, noise[None]), 1, 2))
        values, vectors = np.linalg.eigh(inner)
        share = np.maximum(1 - values, LEAST)
        root = white @ vectors
        return cls(weights, means, np.einsum("kij,kj,klj->kil", root, share, root))

    def log_density(self, scores: Scores) -> np.ndarray:
        """Of measured scores; (samples,)."""
        return logsumexp(self._joint(scores), axis=1)

    def draws(self, scores: Scores, count: int, rng: np.random.Generator) -> np.ndarray:
        """Of true scores given measured ones; (samples, count, d)."""
        gain = self.covariances @ np.linalg.inv(covariance(scores)[:, None] + self.covariances)
        apart = scores.value[:, None] - self.means
        mean = self.means + np.einsum("nkij,nkj->nki", gain, apart)
        cov = self.covariances - gain @ self.covariances
        root = np.linalg.cholesky(0.5 * (cov + np.swapaxes(cov, 2, 3)))
        chance = np.cumsum(softmax(self._joint(scores), axis=1), axis=1)
        which = (rng.random((len(scores), count, 1)) > chance[:, None]).sum(2)
        which = which.clip(max=len(self.weights) - 1)
        row = np.arange(len(scores))[:, None]
        normal = rng.standard_normal((len(scores), count, self.means.shape[1]))
        return mean[row, which] + np.einsum("nsij,nsj->nsi", root[row, which], normal)

    def _joint(self, scores: Scores) -> np.ndarray:
        cov = covariance(scores)[:, None] + self.covariances
        return np.log(self.weights) + log_normal(scores.value[:, None] - self.means, cov)


class Ball:
    """No distribution: the measurement with its noise, as errors are propagated."""

    def log_density(self, scores: Scores) -> np.ndarray:
        """Constant."""
        return np.zeros(len(scores))

    def draws(self, scores: Scores, count: int, rng: np.random.Generator) -> np.ndarray:
        """The measurement and noise; (samples, count, d)."""
        root = np.linalg.cholesky(covariance(scores))
        normal = rng.standard_normal((len(scores), count, scores.value.shape[1]))
        return scores.value[:, None] + np.einsum("nij,nsj->nsi", root, normal)


def one_normal(inside: Scores) -> Mixture:
    """One normal fitted to the samples of the fit."""
    x, noise = inside.value, covariance(inside).mean(0)
    return Mixture.of(np.ones(1), x.mean(0)[None], np.cov(x, rowvar=False)[None], noise)


def mixture(inside: Scores, seed: int, most: int = 20) -> tuple[Mixture, int]:
    """As many normals as cross-validation within the fit likes best; and how many that is."""
    from sklearn.mixture import GaussianMixture
    from sklearn.model_selection import cross_val_score

    def made(k: int) -> GaussianMixture:
        ridge = 1e-3 * float(inside.value.var(0).min())
        return GaussianMixture(k, n_init=3, reg_covar=ridge, random_state=seed)

    tried = range(2, most + 1, 2)
    best = max(tried, key=lambda k: cross_val_score(made(k), inside.value, cv=5).mean())
    found = made(best).fit(inside.value)
    noise = covariance(inside).mean(0)
    return Mixture.of(found.weights_, found.means_, found.covariances_, noise), best


def of_groups(inside: Scores, label: np.ndarray) -> Mixture:
    """A normal for each label; covariances of small groups lean on the one within all groups."""
    names, which, count = np.unique(label, return_inverse=True, return_counts=True)
    x, d = inside.value, inside.value.shape[1]
    means = np.array([x[which == k].mean(0) for k in range(len(names))])
    within = np.cov(x - means[which], rowvar=False)
    own = np.array([np.cov(x[which == k], rowvar=False) for k in range(len(names))])
    share = (count / (count + d))[:, None, None]
    leant = share * own + (1 - share) * within
    return Mixture.of(count / count.sum(), means, leant, covariance(inside).mean(0))


def onwards(part: Scores, full: Scores, truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scores from all variants predicted by draws of true scores; (samples, draws, d).

    Least squares from all variants has as much in common with that from a part as with itself, so
    full | part, truth is normal about truth + S_full S_part^-1 (part - truth).
    """
    gain = covariance(full) @ np.linalg.inv(covariance(part))
    left = covariance(full) - gain @ covariance(full)
    root = np.linalg.cholesky(0.5 * (left + np.swapaxes(left, 1, 2)) + 1e-9 * np.eye(left.shape[1]))
    normal = rng.standard_normal(truth.shape)
    apart = np.einsum("nij,nsj->nsi", gain, part.value[:, None] - truth)
    return truth + apart + np.einsum("nij,nsj->nsi", root, normal)


def part_given_full(part: Scores, full: Scores) -> np.ndarray:
    """Log density of scores from a part given those from all variants; (samples,)."""
    spare = covariance(part) - covariance(full) + 1e-9 * np.eye(part.value.shape[1])
    return log_normal(part.value - full.value, spare)


def judged(
    draws: np.ndarray, weight: np.ndarray, truth: np.ndarray, unit: np.ndarray
) -> dict[str, float]:
    """Width, continuous ranked probability score and coverage, means over samples and components.

    Parameters
    ----------
    draws : ndarray, (samples, draws, d)
    weight : ndarray, (samples, draws)
        Rows sum to 1.
    truth : ndarray, (samples, d)
    unit : ndarray, (d,)
        Unit of widths and scores.
    """
    mean = np.einsum("ns,nsd->nd", weight, draws)
    sd = np.sqrt(np.einsum("ns,nsd->nd", weight, (draws - mean[:, None]) ** 2))
    away = np.einsum("ns,nsd->nd", weight, np.abs(draws - truth[:, None]))
    spread = np.stack([_spread(draws[..., d], weight) for d in range(draws.shape[2])], -1)
    rank = np.einsum("ns,nsd->nd", weight, draws < truth[:, None])
    return {
        "sd": float((sd / unit).mean()),
        "crps": float(((away - 0.5 * spread) / unit).mean()),
        **{f"covered_{q}": float((np.abs(rank - 0.5) <= q / 200).mean()) for q in (50, 90)},
    }


def _spread(draws: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Mean distance of two draws; (samples, draws) twice -> (samples,)."""
    order = np.argsort(draws, axis=1)
    x, w = np.take_along_axis(draws, order, 1), np.take_along_axis(weight, order, 1)
    below = np.cumsum(w, axis=1) - 0.5 * w
    return 2 * (w * x * (2 * below - 1)).sum(1)
