"""Synthetic genotypes drawn from true scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...seeding import stream
from ..chromosomes import LENGTHS, autosome
from ..harmonise.panel import Panel
from ..projection.likelihood_scores import own_frequency
from ..projection.scores import Projection
from ..variants import Block

VARIANTS = 1024
SAMPLES = 64
"""Variants and samples in every matrix product, so that frequencies do not depend, to the last bit,
on the other samples."""


def names(count: int) -> tuple[str, ...]:
    """IDs of synthetic samples."""
    return tuple(f"synthetic_{number:06d}" for number in range(1, count + 1))


def genotypes(
    panel: Panel, projection: Projection, scores: np.ndarray, samples: Sequence[str], seed: int
) -> Iterator[Block]:
    """Dosages drawn at the panel's variants, in order of position.

    A sample with true scores s has the allele frequency p = f + sd v's / 2 at a variant, as in
    ``likelihood_scores.scores_of``, and a dosage drawn from binomial(2, p): variants are
    independent given the scores.

    Parameters
    ----------
    panel : Panel
    projection : Projection
    scores : ndarray of float64, (samples, kept)
    samples : sequence of str
    seed : int

    Yields
    ------
    Block
        A column depends only on its scores, its sample ID and the seed, to the last bit.
    """
    streams = [stream(seed, f"genotypes {sample}") for sample in samples]
    order = _order(panel)
    for start in range(0, len(order), VARIANTS):
        rows = order[start : start + VARIANTS]
        dosages = np.empty((len(rows), len(samples)), dtype=np.int8)
        for first in range(0, len(samples), SAMPLES):
            some = slice(first, first + SAMPLES)
            p = frequencies(projection, scores[some], rows)
            uniform = np.stack([draw.random(len(rows)) for draw in streams[some]], axis=1)
            dosages[:, some] = (uniform >= (1 - p) ** 2).astype(np.int8) + (uniform >= 1 - p**2)
        yield Block(panel.variants[rows], dosages)


def expected_dosages(panel: Panel, projection: Projection, scores: np.ndarray) -> Iterator[Block]:
    """Twice the allele frequencies at true scores, in order of position; float64."""
    order = _order(panel)
    for start in range(0, len(order), VARIANTS):
        rows = order[start : start + VARIANTS]
        parts = [
            frequencies(projection, scores[first : first + SAMPLES], rows)
            for first in range(0, len(scores), SAMPLES)
        ]
        yield Block(panel.variants[rows], 2 * np.concatenate(parts, axis=1))


def frequencies(projection: Projection, scores: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Allele frequencies of up to ``SAMPLES`` samples; float64 (variants, samples)."""
    filled = scores[np.resize(np.arange(len(scores)), SAMPLES)]
    expected = projection.loadings[rows, : projection.kept] @ filled.T
    frequency = projection.frequency[rows, None]
    sd = np.sqrt(2 * frequency * (1 - frequency))
    return own_frequency(frequency, sd, expected)[:, : len(scores)]


def contigs(panel: Panel) -> dict[str, int | None]:
    """Chromosomes of the panel with their lengths, None where the build is unknown."""
    found = list(dict.fromkeys(panel.variants.chromosome.tolist()))
    lengths = LENGTHS.get(panel.build or "")
    numbers = autosome(found)
    return {
        name: lengths[number - 1] if lengths and number else None
        for name, number in zip(found, numbers, strict=True)
    }


def _order(panel: Panel) -> np.ndarray:
    """Order of the variants by chromosome, as they first appear, and position."""
    chromosome = panel.variants.chromosome.tolist()
    number = {name: i for i, name in enumerate(dict.fromkeys(chromosome))}
    return np.lexsort((panel.variants.position, np.array([number[name] for name in chromosome])))
