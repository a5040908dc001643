"""Genotypes of held-out samples: parts of the variants, simulated reads, and errors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from splits import as_newcomers, of_calls

from ancestry_ddvi.fitting.pipeline import Fit
from ancestry_ddvi.genotypes.projection.likelihood_scores import scores_of
from ancestry_ddvi.genotypes.projection.scores import Scores

SHARES = (0.5, 0.1, 0.01)
DEPTHS = (0.5, 1.0, 4.0)
BASE_ERROR = 0.005
SWAPPED = (0.02, 0.05, 0.2)
ALIEN = (0.1, 0.3)


def reads(
    dosages: np.ndarray, depth: float, rng: np.random.Generator, error: float = BASE_ERROR
) -> Iterator[np.ndarray]:
    """Each sample's likelihoods in whole phred units, as PL has them; float64 (variants, 3)."""
    alt = np.array([error, 0.5, 1 - error])
    for calls in dosages.T:
        count = rng.poisson(depth, len(calls))
        counted = rng.binomial(count, alt[calls])[:, None]
        log10 = counted * np.log10(alt) + (count[:, None] - counted) * np.log10(1 - alt)
        yield 10 ** (-np.round(10 * (log10.max(axis=1, keepdims=True) - log10)) / 10)


def thinned(fit: Fit, dosages: np.ndarray, share: float, seed: int) -> Scores:
    """Scores from a share of the variants, chosen at random for each sample."""
    kept = np.random.default_rng((seed, round(1 / share))).random(dosages.shape) < share
    return of_calls(fit, np.where(kept, dosages, -1))


def other_kinds(fit: Fit, dosages: np.ndarray, seed: int) -> Iterator[tuple[str, Scores]]:
    """Scores from one chromosome, from clumps similar to an exome, and from simulated reads."""
    variants = fit.model.panel.variants
    clump = variants.position // 50_000 % 10 == seed % 10
    for name, some in (("chromosome 2", variants.chromosome == "2"), ("clumps, 10 %", clump)):
        yield name, of_calls(fit, np.where(some[:, None], dosages, -1))
    for depth in DEPTHS:
        samples = reads(dosages, depth, np.random.default_rng(seed))
        yield f"{depth:g} reads", as_newcomers(fit, scores_of(fit.model.projection, samples))


def partners(samples: int, seed: int) -> np.ndarray:
    """Another sample for each, at random; int (samples,)."""
    order = np.random.default_rng(seed).permutation(samples)
    partner = np.empty(samples, dtype=int)
    partner[order] = np.roll(order, 1)
    return partner


def swapped(dosages: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Alleles exchanged at some of the variants, the same for every sample."""
    wrong = (rng.random(len(dosages)) < share)[:, None]
    return np.where(wrong & (dosages >= 0), 2 - dosages, dosages)


def mixed(
    dosages: np.ndarray, partner: np.ndarray, share: float, rng: np.random.Generator
) -> np.ndarray:
    """Each allele replaced at random by one of the partner; missing where either is."""
    other = dosages[:, partner]
    called = np.zeros_like(dosages)
    for own in (dosages >= 1, dosages == 2):
        alien = rng.random(dosages.shape) < other / 2
        called += np.where(rng.random(dosages.shape) < share, alien, own)
    return np.where((dosages < 0) | (other < 0), -1, called)
