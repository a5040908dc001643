"""Pairs of samples that may be related, found by one matrix product for all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...seeding import stream
from ..blocks import DosageReader, thin_evenly
from .king_counts import Planes

VARIANTS = 2048
"""Variants of the product: the most heterozygous ones."""

ERRORS = 5.0
"""Standard errors below the cutoff at which a pair is passed over."""

COMPONENTS, MAX_SAMPLES, PASSES = 10, 1000, 3
"""Components that are known at all variants, samples that they are found from, and passes."""

GENOTYPES_AT_ONCE = 2**22


@dataclass(frozen=True)
class Screen:
    r"""Vectors of samples, whose products bound the kinship of pairs from above.

    Kinship is 1/2 - d / 4h, with d the squared distance of two samples and h the smaller number of
    heterozygous variants. Centred dosages x are W c + r, with c the scores on a few components
    whose loadings W are orthonormal, and r what they leave over. Then

        d = \|x_i\|^2 + \|x_j\|^2 - 2 c_i'c_j - 2 r_i'r_j,

    of which the last term alone is not known from one number or a few for each sample. It is
    taken to be \|r_i\| \|r_j\| times the correlation of r_i and r_j at ``VARIANTS`` variants. Its
    standard error is \|r_i\| \|r_j\| / sqrt(``VARIANTS``), which is 0.011 of kinship. Neither the
    structure of the cohort nor what relatives share matters: components only make the error small.
    A pair is passed over whose kinship is ``ERRORS`` of them below the cutoff: of relatives at
    the very cutoff one in three million, and fewer of closer ones. Among 163 pairs of relatives of
    1000 Genomes and HapMap the largest error was 2.4; one in a thousand unrelated pairs is let
    through.

    Missing calls count as the mean, and sums are scaled to all variants.

    Attributes
    ----------
    chosen : ndarray of int8, (samples, variants)
        Dosages at the variants of the product.
    mean : ndarray of float32, (variants,)
        Their means.
    loadings : ndarray of float32, (variants, components)
        W at these variants.
    scores : ndarray of float32, (samples, components)
        c.
    rest : ndarray of float32, (samples,)
        \|r\|.
    squared, het : ndarray of float32, (samples,)
        \|x\|^2, and heterozygous variants.
    call_rate : ndarray of float32, (samples,)
        By which c is still to be divided; ``rest``, ``squared`` and ``het`` are.
    """

    chosen: np.ndarray
    mean: np.ndarray
    loadings: np.ndarray
    scores: np.ndarray
    rest: np.ndarray
    squared: np.ndarray
    het: np.ndarray
    call_rate: np.ndarray

    def vectors(self, some: slice) -> np.ndarray:
        """A vector for each of some samples; float32 (samples, variants + components + 1).

        Their products are half of ``squared`` of both less the smallest d that the pair may have.
        """
        dosages, rest = self.chosen[some], self.rest[some]
        size, variants = dosages.shape
        found = np.empty((size, variants + self.loadings.shape[1] + 1), np.float32)
        copies = found[:, :variants]
        np.subtract(dosages, self.mean, out=copies, dtype=np.float32)
        if (self.call_rate[some] < 1).any():
            np.copyto(copies, 0, where=dosages < 0)
        copies -= self.scores[some] @ self.loadings.T
        norm = np.sqrt(np.einsum("ij,ij->i", copies, copies))
        copies *= (rest / np.maximum(norm, 1e-6))[:, None]
        found[:, variants:-1] = self.scores[some] / self.call_rate[some, None]
        found[:, -1] = np.sqrt(ERRORS / np.sqrt(variants)) * rest
        return found

    def candidates(
        self, left: np.ndarray, i: slice, right: np.ndarray, j: slice, cutoff: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of two blocks of samples, by their vectors, that may be related at ``cutoff``."""
        room = left @ right.T
        least = np.minimum(self.het[i, None], self.het[j])
        least *= np.float32(1 - 2 * cutoff)
        room += least
        room -= self.squared[i, None] / 2
        first, second = np.nonzero(room >= self.squared[j] / 2)
        return first + i.start, second + j.start


def screen(store: DosageReader, rows: np.ndarray, samples: np.ndarray) -> tuple[Screen, Planes]:
    """Read all genotypes once more for the screen, and the bits to measure pairs by.

    Memory: 7 kB for each sample at 20,000 variants, and 100 MB.
    """
    frequency, loadings = _components(store, rows, samples)
    het = 2 * frequency * (1 - frequency)
    chosen = np.sort(np.argsort(-het, kind="stable")[:VARIANTS])
    planes = Planes.empty(len(samples), len(rows))
    copies = np.empty((len(samples), len(chosen)), np.int8)
    scores, squared = np.zeros((loadings.shape[1], len(samples))), np.zeros(len(samples))
    step = max(8, GENOTYPES_AT_ONCE // len(samples) // 8 * 8)
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        dosages = store.dosages(rows[part], samples)
        planes.put(start, dosages)
        centred = _centred(dosages, frequency[part])
        scores += loadings[part].T @ centred
        squared += np.einsum("ij,ij->j", centred, centred)
        first, last = np.searchsorted(chosen, [start, start + step])
        copies[:, first:last] = dosages[chosen[first:last] - start].T
    call_rate = np.maximum(planes.called(), 1) / len(rows)
    rest = np.sqrt(np.maximum(squared - (scores**2).sum(axis=0), 0)) / call_rate
    found = (
        2 * frequency[chosen], loadings[chosen], scores.T, rest,
        squared / call_rate, planes.heterozygous() / call_rate, call_rate,
    )  # fmt: skip
    return Screen(copies, *(each.astype(np.float32) for each in found)), planes


def _components(
    store: DosageReader, rows: np.ndarray, samples: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies of ALT, and orthonormal loadings of a few components, by some of the samples.

    float64 (variants,) and float32 (variants, components). Randomised subspace iteration (Halko et
    al. 2011).
    """
    some = thin_evenly(samples, MAX_SAMPLES)
    step = max(8, GENOTYPES_AT_ONCE // len(store.samples))
    parts = [store.dosages(rows[s : s + step], some) for s in range(0, len(rows), step)]
    dosages = np.concatenate(parts)
    seen = np.maximum((dosages >= 0).sum(axis=1), 1)
    frequency = np.maximum(dosages, 0).sum(axis=1) / (2 * seen)
    x = _centred(dosages, frequency)
    start = stream(0, "kinship").standard_normal((len(some), 2 * COMPONENTS))
    basis = np.linalg.qr(x @ start.astype(np.float32))[0]
    for _ in range(PASSES):
        basis = np.linalg.qr(x @ (x.T @ basis))[0]
    turned = np.linalg.svd(x.T @ basis, full_matrices=False)[2].T
    return frequency, basis @ turned[:, :COMPONENTS]


def _centred(dosages: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Dosages less their means, 0 where missing; float32 (variants, samples)."""
    copies = dosages.astype(np.float32)
    copies -= (2 * frequency[:, None]).astype(np.float32)
    absent = dosages < 0
    if absent.any():
        copies[absent] = 0
    return copies
