"""Scores of samples on principal components, and their precisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np

from ...errors import NothingLeft
from ...seeding import stream
from .leave_one_out import Deletion, alike, deletion, times
from .marks import marked, residual_level
from .observed_sums import Weights, observed_sums
from .own_noise import Loadings, expected_scores, own_noise, typical_noise

Blocks = Iterable[tuple[slice, np.ndarray]]
"""Runs of model variants with their dosages: (slice of variants, int8 (variants, samples))."""

VARIANTS_AT_ONCE = 4096

MIN_EXPECTED_HETEROZYGOTES = 20.0
"""Calls without any heterozygote are of one allele per variant if more than these are expected;
by chance alone the probability is e^-20."""


def runs(variants: int) -> Iterator[slice]:
    """Slices of all variants in order, 4,096 at a time."""
    for start in range(0, variants, VARIANTS_AT_ONCE):
        yield slice(start, min(start + VARIANTS_AT_ONCE, variants))


@dataclass(frozen=True)
class Projected:
    """Sums of samples over their observed variants o, and least-squares scores on all components.

    Attributes
    ----------
    value : ndarray of float64, (samples, components)
        Least-squares scores from the observed variants alone.
    products : ndarray of float64, (samples, components, components)
        V_o' V_o.
    noise : ndarray of float64, (samples, kept, kept)
        Covariance of V_o' x_o on the kept components, about its expectation: the sample's own
        binomial variances, inflated by linkage (``own_noise``).
    noise_level : ndarray of float64, (samples,)
        Variance of that noise on the components without structure, relative to the average
        sample of independent variants.
    length : ndarray of float64, (samples,)
        Sum of squared standardised dosages, scaled to all variants of the panel.
    observed : ndarray of int64, (samples,)
        Number of observed model variants.
    effective_variants : ndarray of float64, (samples,)
        Equivalent number of hard calls; ``observed`` where the data are hard calls.
    pseudo_haploid : ndarray of bool, (samples,)
        Whether calls are of one allele per variant, written twice (see ``pseudo_haploid``).
    marked : ndarray of float64, (samples, marks)
        Products with the marks of the panel (``marks.marked``).
    """

    value: np.ndarray
    products: np.ndarray
    noise: np.ndarray
    noise_level: np.ndarray
    length: np.ndarray
    observed: np.ndarray
    effective_variants: np.ndarray
    pseudo_haploid: np.ndarray
    marked: np.ndarray

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, samples: np.ndarray | slice) -> Projected:
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        products = found.pop("products")
        some = {name: array[samples] for name, array in found.items()}
        if alike(products):
            some["products"] = np.broadcast_to(
                products[0], (len(some["value"]), *products.shape[1:])
            )
        else:
            some["products"] = products[samples]
        return Projected(**some)


@dataclass(frozen=True)
class Scores:
    """Scores of samples on the kept components, each with its own precision.

    Attributes
    ----------
    value : ndarray of float64, (samples, kept)
        As new samples would have them.
    precision : ndarray of float64, (samples, kept, kept)
        Inverse covariance of ``value`` about a sample's expected scores.
    excess : ndarray of float64, (samples,)
        Squared length of the standardised dosages minus its expectation (``norm_excess``).
    observed : ndarray of int64, (samples,)
    effective_variants : ndarray of float64, (samples,)
    pseudo_haploid : ndarray of bool, (samples,)
        As in ``Projected``.
    """

    value: np.ndarray
    precision: np.ndarray
    excess: np.ndarray
    observed: np.ndarray
    effective_variants: np.ndarray
    pseudo_haploid: np.ndarray

    def __len__(self) -> int:
        return len(self.value)

    @property
    def factor(self) -> np.ndarray:
        """Lower Cholesky factors of the precisions; (samples, kept, kept).

        Raises
        ------
        NothingLeft
            If some variants are copies of others, so that too few are left.
        """
        try:
            return np.linalg.cholesky(self.precision + ridge(self.precision))
        except np.linalg.LinAlgError as error:
            raise NothingLeft(
                "The variants do not tell the components of the panel apart: they are too few, or "
                "many are copies of others",
                "Give each variant once, in one genome build, or set fewer components.",
            ) from error

    def tempered(self, temperature: float) -> Scores:
        """The same with variances multiplied by ``temperature``."""
        return replace(self, precision=self.precision / temperature)

    def __getitem__(self, samples: np.ndarray | slice) -> Scores:
        return Scores(*(getattr(self, f.name)[samples] for f in fields(self)))


@dataclass(frozen=True)
class Projection:
    """From dosages at the panel's variants to scores: least squares over observed variants.

    Given a sample's expected scores s, standardised dosages are V s plus binomial noise of the
    sample's own variances h, so b = V_o' x_o has mean A s, with A = V_o' V_o over the observed
    variants o, and covariance B = V_o' diag(h) V_o, inflated by linkage: the scores are A^-1 b,
    with precision A B^-1 A. ``dispersion`` is what that leaves unexplained on samples that did
    not contribute to the loadings, and divides the precision.

    Attributes
    ----------
    loadings : ndarray of float64, (variants, components)
    frequency : ndarray of float64, (variants,)
    stretch : ndarray of int64, (variants,)
        Stretch of the genome of each variant (``own_noise.stretches``).
    eigenvalues : ndarray of float64, (components,)
        Squared singular values of the samples that the loadings were estimated from.
    spread : float
        Relative standard deviation of the squared singular values of all other components.
    signal : ndarray of float64, (kept,)
        Variance of expected scores over the panel, on the kept components.
    samples : int
        Number of those samples.
    kept : int
        Number of leading components that carry structure; the others hold noise.
    dispersion : float
        Variance of held-out scores relative to that expected, at least 1.
    temperature : float
        Further factor of the variances of scores, so that intervals have their nominal
        coverage. ``in_panel`` does not use it.
    trace : float
        Sum of the squared singular values of all components; 0 where it is not known.
    marks : ndarray of float64, (variants, marks)
        Directions of noise by which samples of the panel are recognised (``marks.Marks``).
    recurrence : ndarray of float64, (marks,)
        Mean squared product of such samples with each mark, relative to that of new samples.
    """

    loadings: np.ndarray
    frequency: np.ndarray
    stretch: np.ndarray
    eigenvalues: np.ndarray
    spread: float
    signal: np.ndarray
    samples: int
    kept: int
    dispersion: float = 1.0
    temperature: float = 1.0
    trace: float = 0.0
    marks: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    recurrence: np.ndarray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if not self.marks.size:
            object.__setattr__(self, "marks", np.empty((len(self.loadings), 0)))

    @property
    def variance(self) -> np.ndarray:
        """Share of the variance of the panel on each kept component; empty if not known."""
        return self.eigenvalues[: self.kept] / self.trace if self.trace > 0 else np.empty(0)

    @property
    def noise(self) -> float:
        """Variance of a score from all variants about the expected one, of the average sample."""
        return self.dispersion * self.temperature

    def tempered(self, temperature: float) -> Projection:
        """The same with variances of scores multiplied by ``temperature``."""
        return replace(self, temperature=self.temperature * temperature)

    def read(self, blocks: Blocks, samples: int) -> Projected:
        """Sums and scores on all components, which do not depend on order or other samples.

        Absent and missing variants add nothing to any sum. One allele written twice has twice the
        variance of a dosage about the same expectation: samples with such calls keep their
        scores, at half the precision and length.

        Parameters
        ----------
        blocks : iterable of (slice of variants, int8 (variants, samples))
            Iterated twice: the noise of a sample follows from its scores.
        samples : int
        """
        kept, ordinary = slice(0, self.kept), slice(0, self.loadings.shape[1])
        weights, known = self._rounded
        sums = observed_sums(weights, blocks, samples)
        products = sums.products[:, ordinary, ordinary]
        b = sums.b[:, ordinary, None]
        value = np.linalg.solve(products + ridge(products), b)[..., 0]
        expected = expected_scores(products[:, kept, kept], value[:, kept], self.signal)
        haploid = pseudo_haploid(sums.heterozygous, sums.expected)
        weight = np.where(haploid, 0.5, 1.0)
        noise = own_noise(known, blocks, expected, 1 / weight, sums.noise)
        rounding = known.rounding(sums.observed)[:, None, None] * np.eye(self.kept)
        share = weight * len(self.frequency) / np.maximum(sums.observed, 1)
        return Projected(
            value, products, noise.covariance + rounding, noise.level,
            sums.length * share, sums.observed, sums.observed * weight, haploid,
            marked(sums.b, sums.products, value),
        )  # fmt: skip

    @cached_property
    def _rounded(self) -> tuple[Weights, Loadings]:
        """What ``read`` sums, such that sums are exact."""
        known = Loadings.of(self.loadings, self.frequency, self.stretch, self.kept)
        return Weights.of(self.with_marks, self.frequency, known.squared), known

    @property
    def with_marks(self) -> np.ndarray:
        """Loadings on the components and the marks; (variants, components + marks)."""
        return np.hstack([self.loadings, self.marks])

    def deletion(self, projected: Projected) -> Deletion:
        """The loadings without each of some samples of the panel.

        Scores from a part of the variants are drawn to 0 by what the part leaves unknown of the
        scores from all of them.
        """
        unknown = np.diagonal(_inverse(projected.products), axis1=1, axis2=2) - 1
        spread = self.eigenvalues / self.samples
        value = projected.value * (spread / (spread + np.maximum(unknown, 0)))
        return deletion(value, projected.length, self.eigenvalues, self.spread, self.kept)

    def newcomers(
        self, projected: Projected, in_panel: np.ndarray, without: Deletion | None = None
    ) -> Scores:
        """Scores on the kept components, those of panel members on loadings without them.

        The noise of a panel member is part of the loadings, which moves its scores away from
        those of a new sample with the same ancestry (``leave_one_out``).

        Parameters
        ----------
        projected : Projected
        in_panel : ndarray of bool, (samples,)
        without : Deletion, optional
            Of all samples in the panel; by default found from ``projected``.
        """
        kept, members = slice(0, self.kept), np.flatnonzero(in_panel)
        b = times(projected.products[:, kept], projected.value)
        products = projected.products[:, kept, kept]
        value = np.linalg.solve(products + ridge(products), b[..., None])[..., 0]
        if len(members):
            of_them = projected[members]
            squared = of_them.length * of_them.observed / len(self.frequency)
            squared = np.where(of_them.pseudo_haploid, 2 * squared, squared)
            without = self.deletion(of_them) if without is None else without
            value[members] = without.project(of_them.products, of_them.value, squared)
        precision = products @ np.linalg.solve(projected.noise + ridge(products), products)
        precision = (precision + precision.swapaxes(1, 2)) / 2 / self.dispersion
        return Scores(
            value,
            precision / self.temperature,
            self.norm_excess(projected, value, precision),
            projected.observed,
            projected.effective_variants,
            projected.pseudo_haploid,
        )

    def typical_covariance(self, value: np.ndarray, effective_variants: np.ndarray) -> np.ndarray:
        """Covariance of scores whose genotypes are not at hand, if they miss variants at random.

        Parameters
        ----------
        value : ndarray of float64, (samples, kept)
        effective_variants : ndarray of float64, (samples,)

        Returns
        -------
        ndarray of float64, (samples, kept, kept)
        """
        share = np.maximum(effective_variants, 1)[:, None, None] / len(self.frequency)
        products = share * np.eye(self.kept)
        noise = typical_noise(self._rounded[1], expected_scores(products, value, self.signal))
        return np.asarray(noise * (self.noise / share))

    def norm_excess(
        self, projected: Projected, value: np.ndarray, precision: np.ndarray
    ) -> np.ndarray:
        """Squared length of the standardised dosages minus its expectation given the scores.

        A sample with expected standardised dosages y has the allele frequency f + sd y / 2 at a
        variant, and under Hardy-Weinberg proportions the expected square of its dosage is
        1 + y (1 - 2 f) / sd + y^2 / 2. Summed over variants, with y = V s, that is linear and
        quadratic in the expected scores s, and averaged over their normal posterior. One allele
        written twice, at half its square, lacks the last term. Alleles that are rare in the
        panel, calls at the wrong variants or of the wrong allele, and contamination change the
        difference.

        Parameters
        ----------
        projected : Projected
        value : ndarray of float64, (samples, kept)
            Scores on the kept components.
        precision : ndarray of float64, (samples, kept, kept)

        Returns
        -------
        ndarray of float64, (samples,)
            In units of variants, scaled to all variants of the panel.
        """
        variants, kept = len(self.frequency), slice(0, self.kept)
        sd = np.sqrt(2 * self.frequency * (1 - self.frequency))
        skew = ((1 - 2 * self.frequency) / sd) @ self.loadings[:, kept]
        products = projected.products[:, kept, kept]
        covariance = np.linalg.inv(precision + np.diag(1 / self.signal))
        mean = times(covariance, times(precision, value))
        squared = (mean * times(products, mean)).sum(axis=1)
        squared += np.einsum("nij,nji->n", products, covariance)
        scale = variants / np.maximum(projected.effective_variants, 1)
        part = np.where(projected.pseudo_haploid, 0.0, 0.5)
        return np.asarray(
            projected.length - variants - (mean * skew).sum(axis=1) - part * scale * squared
        )

    def in_panel(self, projected: Projected, prior: float = 0.01) -> np.ndarray:
        """Which samples look like those that the loadings were estimated from; bool (samples,).

        The product of a new sample with a component of noise, or with a mark of the panel, has the
        variance of its noise. That of a panel member has the variance of the fitted scores, or
        ``recurrence`` times its own, less where variants are missing. The log ratio of the two
        normal densities, summed over components or over marks, is compared to the prior odds.
        Either is enough: components say more where there are few variants for each sample, but
        are those of the samples with most noise, and marks are of all alike.
        """
        odds = np.log((1 - prior) / prior)
        found = np.maximum(self._by_components(projected), self._by_marks(projected))
        return np.asarray(found > odds)

    def _by_components(self, projected: Projected) -> np.ndarray:
        """Log ratio by the components of noise; (samples,)."""
        noise = slice(self.kept, None)
        new = np.diagonal(_inverse(projected.products), axis1=1, axis2=2)[:, noise]
        new = new * self.dispersion * projected.noise_level[:, None]
        member = new - self.dispersion + self.eigenvalues[noise] / self.samples
        return _log_ratio(projected.value[:, noise] ** 2, new, member)

    def _by_marks(self, projected: Projected) -> np.ndarray:
        """Log ratio by the marks; (samples,)."""
        value, observed = projected.value, projected.observed
        squared = projected.length * observed / len(self.frequency)
        squared = np.where(projected.pseudo_haploid, 2 * squared, squared)
        explained = (value * times(projected.products, value)).sum(axis=1)
        level = residual_level(squared, explained, observed, value.shape[1]) * self.dispersion
        share = projected.effective_variants[:, None] / len(self.frequency)
        new = np.ones_like(projected.marked)
        member = 1 + (self.recurrence - 1) * share
        return _log_ratio(projected.marked**2 / level[:, None], new, member)

    def membership_area(self, seed: int, samples: int = 2000) -> float:
        """Area under the curve of telling members from others, for complete data.

        By simulation: that of components of noise or that of marks, whichever is larger.
        """
        noise = self.eigenvalues[self.kept :] / self.samples
        pairs = [(np.full(len(noise), self.dispersion), noise)]
        pairs.append((np.ones(len(self.recurrence)), self.recurrence))
        areas = []
        for new, member in pairs:
            normal = stream(seed, "membership").standard_normal((2, samples, len(new)))
            variances = np.stack([new, np.maximum(member, new)])[:, None]
            others, members = (
                _log_ratio(squared, new[None], member[None]) for squared in normal**2 * variances
            )
            areas.append(area_under_curve(members, others))
        return max(areas)


def area_under_curve(members: np.ndarray, others: np.ndarray) -> float:
    """How well a value tells members from others: the share of pairs in which theirs is larger.

    Ties count half. Of the sum of ranks (Mann & Whitney 1947), as scikit-learn has it, which takes
    a second to load.
    """
    ordered = np.sort(others)
    smaller = np.searchsorted(ordered, members, "left") + np.searchsorted(ordered, members, "right")
    return float(smaller.mean() / (2 * len(others)))


def _log_ratio(squared: np.ndarray, new: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Log ratio of the densities of members and new samples; (samples,).

    Of squared products, (samples, directions), with their variances in either; those of members
    are no smaller.
    """
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


def _inverse(products: np.ndarray) -> np.ndarray:
    """Covariances of scores for noise of unit variance; (samples, components, components)."""
    some = products[:1] if alike(products) else products
    return np.broadcast_to(np.linalg.inv(some + ridge(some)), products.shape)
