"""Scores of samples on principal components, and their precisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

import numpy as np

from ...seeding import stream
from .exact_sums import on_grid

Blocks = Iterable[tuple[slice, np.ndarray]]
"""Runs of model variants with their dosages: (slice of variants, int8 (variants, samples))."""

VARIANTS_AT_ONCE = 4096

MIN_EXPECTED_HETEROZYGOTES = 20.0
"""Calls without any heterozygote are of one allele per variant if more than these are expected;
by chance alone the probability is e^-20."""

UNKNOWN = 1e-7
"""A precision of scores that counts as 0: in directions without any observed variant."""


def runs(variants: int) -> Iterator[slice]:
    """Slices of all variants in order, 4,096 at a time."""
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
        Equivalent number of hard calls; ``observed`` where the data are hard calls.
    pseudo_haploid : ndarray of bool, (samples,)
        Whether calls are of one allele per variant, written twice (see ``pseudo_haploid``).
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
        """The same with variances multiplied by ``temperature``."""
        return replace(self, precision=self.precision / temperature)

    def __getitem__(self, samples: np.ndarray | slice) -> Scores:
        return Scores(*(getattr(self, f.name)[samples] for f in fields(self)))


@dataclass(frozen=True)
class Projection:
    """From dosages at the panel's variants to scores: least squares over observed variants.

    Given a sample's expected scores s, standardised dosages are V s plus noise of unit
    variance (a binomial dosage at the cohort's frequency), so b = V_o' x_o has mean A s and
    covariance A, with A = V_o' V_o over the observed variants o: the scores are A^-1 b with
    precision A. Linkage correlates neighbouring variants; ``dispersion`` is the ratio of the
    variance of a score to that of independent variants, and divides the precision.

    Attributes
    ----------
    loadings : ndarray of float64, (variants, components)
    frequency : ndarray of float64, (variants,)
    eigenvalues : ndarray of float64, (components,)
        Squared singular values of the samples that the loadings were estimated from.
    shrinkage : ndarray of float64, (kept,)
        Leave-one-out shrinkage of the kept components (``PrincipalComponents.shrinkage``).
    samples : int
        Number of those samples.
    dispersion : float
        Variance of a score relative to independent variants, at least 1.
    kept : int
        Number of leading components that carry structure; the others hold noise.
    temperature : float
        Further factor of the variances of scores, so that intervals have their nominal
        coverage. ``in_panel`` does not use it.
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
        """The same with variances of scores multiplied by ``temperature``."""
        return replace(self, temperature=self.temperature * temperature)

    def read(self, blocks: Blocks, samples: int) -> Scores:
        """Scores on all components, by exact sums that do not depend on order or other samples.

        Absent and missing variants add nothing to any sum. One allele written twice has twice the
        variance of a dosage about the same expectation: samples with such calls keep their
        scores, at half the precision and length.
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
        het_rate = on_grid(sd[:, None] ** 2, 1)[:, 0]
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
            expected += mask.T @ het_rate[variants]
        products_seen = np.empty((samples, k, k))
        products_seen[:, upper[0], upper[1]] = a
        products_seen[:, upper[1], upper[0]] = a
        value = np.linalg.solve(products_seen + ridge(products_seen), b[..., None])[..., 0]
        haploid = pseudo_haploid(heterozygous, expected)
        weight = np.where(haploid, 0.5, 1.0)
        share = weight * len(self.frequency) / np.maximum(observed, 1)
        precision = products_seen * (weight / self.dispersion)[:, None, None] / self.temperature
        return Scores(value, precision, length * share, observed, observed * weight, haploid)

    def newcomers(self, scores: Scores, in_panel: np.ndarray) -> Scores:
        """The kept components, with the leave-one-out shrinkage applied to panel members.

        The noise of a panel member is part of the loadings, which moves its scores away from
        those of a new sample with the same ancestry. Without sample i score k is smaller by the
        factor 1 + shrinkage_k times its squared length outside the kept components.

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
        """Squared length of the standardised dosages minus its expectation given the scores.

        A sample with expected standardised dosages y has the allele frequency f + sd y / 2 at a
        variant, and under Hardy-Weinberg proportions the expected square of its dosage is
        1 + y (1 - 2 f) / sd + y^2 / 2. Summed over variants, with y = V s, that is linear and
        quadratic in the scores s. One allele written twice, at half its square, lacks the last
        term. The square of the scores themselves is too large by their noise, which is 1 for each
        direction with any observed variant. Alleles that are rare in the panel, calls at the
        wrong variants or of the wrong allele, and contamination change the difference.

        Parameters
        ----------
        scores : Scores on the kept components

        Returns
        -------
        ndarray of float64, (samples,)
            In units of variants, scaled to all variants of the panel.
        """
        variants = len(self.frequency)
        sd = np.sqrt(2 * self.frequency * (1 - self.frequency))
        skew = ((1 - 2 * self.frequency) / sd) @ self.loadings[:, : self.kept]
        squared = np.einsum("ni,nij,nj->n", scores.value, scores.precision, scores.value)
        noise = self.kept - UNKNOWN * np.trace(
            np.linalg.inv(scores.precision + UNKNOWN * np.eye(self.kept)), axis1=1, axis2=2
        )
        variance = self.dispersion * self.temperature * variants / scores.effective_variants.clip(1)
        of_scores = variance * (squared - noise)
        part = np.where(scores.pseudo_haploid, 0.0, 0.5)
        return np.asarray(scores.length - variants - scores.value @ skew - part * of_scores)

    def in_panel(self, scores: Scores, prior: float = 0.01) -> np.ndarray:
        """Which samples look like those that the loadings were estimated from; bool (samples,).

        On components of noise the score of a new sample has the variance of the noise, and that
        of a panel member the variance of the fitted scores. The log ratio of the two normal
        densities, summed over those components, is compared to the prior odds.
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
        of_new = self._membership(normal[0] ** 2 * new, new)
        of_members = self._membership(normal[1] ** 2 * member, new)
        is_member = np.arange(2 * samples) >= samples
        return float(roc_auc_score(is_member, np.concatenate([of_new, of_members])))

    def _membership(self, squared: np.ndarray, new: np.ndarray) -> np.ndarray:
        """Log ratio of the densities of members and new samples; (samples,).

        Of squared scores on the components of noise, and their variance in new samples.
        """
        member = new - self.dispersion + self.eigenvalues[self.kept :] / self.samples
        member = np.maximum(member, new)
        terms = np.log(new / member) + squared * (1 / new - 1 / member)
        return np.asarray(0.5 * terms.sum(axis=1))


def pseudo_haploid(heterozygous: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Which samples have calls of one allele per variant, written as homozygotes; bool (samples,).

    Ancient DNA is often called so, from one read per variant. Inbred lines look the same, and the
    variance of their dosages is the same.

    Parameters
    ----------
    heterozygous : ndarray of int64, (samples,)
        Heterozygous calls.
    expected : ndarray of float64, (samples,)
        Their expected number at the observed variants, by Hardy-Weinberg at the frequencies of the
        panel.
    """
    return np.asarray((heterozygous == 0) & (expected > MIN_EXPECTED_HETEROZYGOTES))


def ridge(matrices: np.ndarray) -> np.ndarray:
    """A precision small enough to be negligible, which keeps a matrix invertible."""
    return 1e-9 * np.eye(matrices.shape[-1])


def _observed_products(seen: np.ndarray, mask: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Sums of products over observed variants; those that all samples have are added once."""
    complete = seen.all(axis=1)
    shared = products[complete].sum(axis=0)
    if complete.all():
        return np.broadcast_to(shared, (seen.shape[1], products.shape[1]))
    return np.asarray(shared + mask[~complete].T @ products[~complete])
