"""Scores: what the observed variants of a sample say about the leading components, and how firmly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from ...seeding import stream
from .exact_sums import on_grid

Blocks = Iterable[tuple[slice, np.ndarray]]
"""Runs of model variants with their dosages: (slice of variants, int8 (variants, samples))."""

VARIANTS_AT_ONCE = 4096

ENOUGH_HETEROZYGOTES = 20.0
"""Expected number from which none at all means one allele per variant: chance would be e^-20."""

UNKNOWN = 1e-7
"""A precision of scores that is none: of directions that no observed variant tells of."""


def runs(variants: int) -> Iterator[slice]:
    """All variants in order, a few thousand at once."""
    for start in range(0, variants, VARIANTS_AT_ONCE):
        yield slice(start, min(start + VARIANTS_AT_ONCE, variants))


@dataclass(frozen=True)
class Scores:
    """Component scores of samples, each with its own precision.

    Attributes
    ----------
    value : ndarray of float64, (samples, components)
        Least-squares scores from the observed variants alone.
    precision : ndarray of float64, (samples, components, components)
        Inverse covariance of ``value`` about a sample's expected scores.
    length : ndarray of float64, (samples,)
        Sum of squared standardised dosages, scaled to all variants of the panel.
    observed : ndarray of int64, (samples,)
        Number of observed model variants.
    effective_variants : ndarray of float64, (samples,)
        How many hard calls the observations are worth; ``observed`` where they are hard calls.
    pseudo_haploid : ndarray of bool, (samples,)
        Whose calls are of one allele per variant, written twice (see ``pseudo_haploid``).
    """

    value: np.ndarray
    precision: np.ndarray
    length: np.ndarray
    observed: np.ndarray
    effective_variants: np.ndarray
    pseudo_haploid: np.ndarray

    def __len__(self) -> int:
        return len(self.value)

    @property
    def factor(self) -> np.ndarray:
        """Lower Cholesky factors of the precisions; (samples, components, components)."""
        return np.linalg.cholesky(self.precision + ridge(self.precision))

    def tempered(self, temperature: float) -> Scores:
        """With variances so many times as large."""
        return replace(self, precision=self.precision / temperature)

    def __getitem__(self, samples: np.ndarray | slice) -> Scores:
        return Scores(*(getattr(self, f.name)[samples] for f in fields(self)))


@dataclass(frozen=True)
class Projection:
    """From dosages at the panel's variants to scores: least squares over observed variants.

    Given a sample's expected scores s, standardised dosages are V s plus noise of unit
    variance (a binomial dosage at the cohort's frequency), so b = V_o' x_o has mean A s and
    covariance A, with A = V_o' V_o over the observed variants o: the scores are A^-1 b with
    precision A. Linkage makes neighbouring variants repeat each other; ``dispersion`` says by how
    much the variance of a score exceeds that of independent variants, and divides the precision.

    Attributes
    ----------
    loadings : ndarray of float64, (variants, components)
    frequency : ndarray of float64, (variants,)
    eigenvalues : ndarray of float64, (components,)
        Squared singular values of the samples the loadings were learnt from.
    shrinkage : ndarray of float64, (kept,)
        How strongly a sample's own noise rotated the kept components (``Components.shrinkage``).
    samples : int
        How many samples that were.
    dispersion : float
        Variance of a score over its value for independent variants, at least 1.
    kept : int
        The leading components that carry structure; the rest only tell noise.
    temperature : float
        By which variances of scores are multiplied besides, so that error bars hold what they
        promise. Who is of the panel is told by what chance does to scores, without it.
    """

    loadings: np.ndarray
    frequency: np.ndarray
    eigenvalues: np.ndarray
    shrinkage: np.ndarray
    samples: int
    dispersion: float
    kept: int
    temperature: float = 1.0

    def tempered(self, temperature: float) -> Projection:
        """With variances of scores so many times as large."""
        return replace(self, temperature=self.temperature * temperature)

    def read(self, blocks: Blocks, samples: int) -> Scores:
        """Scores on all components; exact sums, so company and order change nothing.

        Absent and missing variants add nothing to any sum. One allele written twice has twice the
        variance of a dosage about the same expectation: whose calls are such keep their scores,
        at half the precision and length.
        """
        k = self.loadings.shape[1]
        sd = np.sqrt(2 * self.frequency * (1 - self.frequency))
        slope = self.loadings / sd[:, None]
        pair = on_grid(np.stack([slope, 2 * self.frequency[:, None] * slope], axis=1), 2)
        slope, offset = pair[:, 0], pair[:, 1]
        upper = np.triu_indices(k)
        products = on_grid(self.loadings[:, upper[0]] * self.loadings[:, upper[1]], 1)
        levels = on_grid(((np.arange(3) - 2 * self.frequency[:, None]) / sd[:, None]) ** 2, 1)
        b = np.zeros((samples, k))
        a = np.zeros((samples, len(upper[0])))
        length = np.zeros(samples)
        observed = np.zeros(samples, dtype=np.int64)
        heterozygous, expected = np.zeros(samples, dtype=np.int64), np.zeros(samples)
        often = on_grid(sd[:, None] ** 2, 1)[:, 0]
        for variants, dosages in blocks:
            seen = dosages >= 0
            mask = seen.astype(np.float64)
            b += np.where(seen, dosages, 0).astype(np.float64).T @ slope[variants]
            b -= mask.T @ offset[variants]
            a += _observed_products(seen, mask, products[variants])
            for g in range(3):
                length += (dosages == g).T.astype(np.float64) @ levels[variants, g]
            observed += seen.sum(axis=0)
            heterozygous += (dosages == 1).sum(axis=0)
            expected += mask.T @ often[variants]
        products_seen = np.empty((samples, k, k))
        products_seen[:, upper[0], upper[1]] = a
        products_seen[:, upper[1], upper[0]] = a
        value = np.linalg.solve(products_seen + ridge(products_seen), b[..., None])[..., 0]
        haploid = pseudo_haploid(heterozygous, expected)
        worth = np.where(haploid, 0.5, 1.0)
        share = worth * len(self.frequency) / np.maximum(observed, 1)
        precision = products_seen * (worth / self.dispersion)[:, None, None] / self.temperature
        return Scores(value, precision, length * share, observed, observed * worth, haploid)

    def newcomers(self, scores: Scores, in_panel: np.ndarray) -> Scores:
        """The kept components, with what panel members gave to the loadings taken out.

        A sample's own noise is part of the loadings they helped to estimate, which carries
        their scores away from where a stranger with the same ancestry would fall. Without
        sample i score k is smaller by the factor 1 + pull_k times their squared length outside
        the kept components.

        Parameters
        ----------
        scores : Scores on all components
        in_panel : ndarray of bool, (samples,)
        """
        kept = slice(0, self.kept)
        value = scores.value[:, kept]
        noise = np.maximum(scores.length - (value**2).sum(axis=1), 0)
        own = (in_panel * noise)[:, None] * self.shrinkage
        covariance = np.linalg.inv(scores.precision + ridge(scores.precision))
        precision = np.linalg.inv(covariance[:, kept, kept])
        return replace(scores, value=value / (1 + own), precision=precision)

    def norm_excess(self, scores: Scores) -> np.ndarray:
        """Squared length of the standardised dosages beyond what the scores lead to expect.

        A sample with expected standardised dosages y has the allele frequency f + sd y / 2 at a
        variant, and under Hardy-Weinberg proportions the expected square of their dosage is
        1 + y (1 - 2 f) / sd + y^2 / 2. Summed over variants, with y = V s, that is linear and
        quadratic in the scores s. One allele written twice, at half its square, lacks the last
        term. The square of the scores themselves is too large by the noise in them, one for each
        direction in which they are known at all. Alleles that are rare in the panel, calls at
        the wrong variants or of the wrong allele, and contamination all make it differ.

        Parameters
        ----------
        scores : Scores on the kept components

        Returns
        -------
        ndarray of float64, (samples,)
            In variants' worth, scaled to all variants of the panel.
        """
        variants = len(self.frequency)
        sd = np.sqrt(2 * self.frequency * (1 - self.frequency))
        skew = ((1 - 2 * self.frequency) / sd) @ self.loadings[:, : self.kept]
        squared = np.einsum("ni,nij,nj->n", scores.value, scores.precision, scores.value)
        noise = self.kept - UNKNOWN * np.trace(
            np.linalg.inv(scores.precision + UNKNOWN * np.eye(self.kept)), axis1=1, axis2=2
        )
        variance = self.dispersion * self.temperature * variants / scores.effective_variants.clip(1)
        of_places = variance * (squared - noise)
        part = np.where(scores.pseudo_haploid, 0.0, 0.5)
        return np.asarray(scores.length - variants - scores.value @ skew - part * of_places)

    def in_panel(self, scores: Scores, prior: float = 0.01) -> np.ndarray:
        """Who looks like one of the samples the loadings were learnt from; bool (samples,).

        On components that hold only noise a newcomer's score has the variance of the noise,
        a panel member's that of the fitted scores. The log ratio of the two normal densities,
        summed over those components, is set against the prior odds.
        """
        noise = slice(self.kept, None)
        covariance = np.linalg.inv(scores.precision + ridge(scores.precision))
        new = np.diagonal(covariance, axis1=1, axis2=2)[:, noise] / self.temperature
        ratio = self._membership(scores.value[:, noise] ** 2, new)
        return np.asarray(ratio > np.log((1 - prior) / prior))

    def membership_area(self, seed: int, samples: int = 2000) -> float:
        """Area under the curve of ``in_panel`` for complete data, by simulation."""
        from sklearn.metrics import roc_auc_score

        new = np.full((1, len(self.eigenvalues) - self.kept), self.dispersion)
        normal = stream(seed, "membership").standard_normal((2, samples, new.shape[1]))
        member = np.maximum(self.eigenvalues[self.kept :] / self.samples, new)
        stranger = self._membership(normal[0] ** 2 * new, new)
        insider = self._membership(normal[1] ** 2 * member, new)
        who = np.arange(2 * samples) >= samples
        return float(roc_auc_score(who, np.concatenate([stranger, insider])))

    def _membership(self, squared: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Log ratio of membership to not, of squared noise scores and their variance; (samples,)."""
        member = new - self.dispersion + self.eigenvalues[self.kept :] / self.samples
        member = np.maximum(member, new)
        terms = np.log(new / member) + squared * (1 / new - 1 / member)
        return np.asarray(0.5 * terms.sum(axis=1))


def pseudo_haploid(heterozygous: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Whose calls are one allele per variant, written as a homozygote; bool (samples,).

    Ancient DNA is often called so, from one read per variant; inbred lines look the same, and the
    variance of their dosages is the same.

    Parameters
    ----------
    heterozygous : ndarray of int64, (samples,)
        Heterozygous calls.
    expected : ndarray of float64, (samples,)
        Their expectation at the observed variants, under Hardy-Weinberg at the panel's frequencies.
    """
    return np.asarray((heterozygous == 0) & (expected > ENOUGH_HETEROZYGOTES))


def ridge(matrices: np.ndarray) -> np.ndarray:
    """So small a precision that it says nothing, yet keeps a matrix invertible."""
    return 1e-9 * np.eye(matrices.shape[-1])


def _observed_products(seen: np.ndarray, mask: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Sum of products over observed variants; variants that everyone has are added once for all."""
    everyone = seen.all(axis=1)
    shared = products[everyone].sum(axis=0)
    if everyone.all():
        return np.broadcast_to(shared, (seen.shape[1], products.shape[1]))
    return np.asarray(shared + mask[~everyone].T @ products[~everyone])
