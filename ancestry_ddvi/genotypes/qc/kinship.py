"""KING-robust kinship, and a set of samples without relatives."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

import numpy as np

from ..blocks import DosageReader, in_blocks, thin_evenly
from .degrees import SECOND_DEGREE

SAMPLES_AT_ONCE = 2048
MAX_VARIANTS = 20_000

PAIR = np.dtype([("i", "i8"), ("j", "i8"), ("kinship", "f8"), ("variants", "i8")])
"""One related pair: sample rows i < j, their kinship, the variants called in both."""


def king_robust(
    store: DosageReader, rows: np.ndarray, samples: np.ndarray, cutoff: float = SECOND_DEGREE
) -> np.ndarray:
    """Pairs of samples whose KING-robust kinship is at least ``cutoff``.

    Manichaikul et al. 2010 (Bioinformatics 26:2867), eq. 11, the between-family
    estimator: over the variants called in both samples, with H(i) the heterozygous variants of i,

        kinship = 1/2 - (4 IBS0 + H(i)hom(j) + hom(i)H(j)) / (4 min(H(i), H(j)))

    as plink2 --make-king-table reports it. It needs no allele frequencies; population structure
    makes it smaller, never larger. Pairs in which a sample has no heterozygous variant have no
    kinship and are not reported.

    Counts are matrix products of 0/1 indicators, exact in float32, over pairs of blocks of
    2,048 samples and blocks of 1,024 variants: memory is below 250 MB for any cohort.

    Parameters
    ----------
    store : DosageReader
    rows : ndarray of int
        Variant rows, best in linkage equilibrium; more than 20,000 are thinned evenly.
    samples : ndarray of int
        Rows of the samples to compare.
    cutoff : float

    Returns
    -------
    ndarray of ``PAIR``, sorted by i, then j, which are rows of the store
    """
    rows = thin_evenly(rows, MAX_VARIANTS)
    blocks = [
        np.sort(samples)[start : start + SAMPLES_AT_ONCE]
        for start in range(0, len(samples), SAMPLES_AT_ONCE)
    ]
    found = [
        _related(store, rows, left, right, cutoff)
        for a, left in enumerate(blocks)
        for right in blocks[a:]
    ]
    pairs = np.concatenate(found) if found else np.empty(0, dtype=PAIR)
    return pairs[np.lexsort((pairs["j"], pairs["i"]))]


def unrelated(
    pairs: np.ndarray, call_rate: np.ndarray, n: int, cutoff: float = SECOND_DEGREE
) -> np.ndarray:
    """A large set of samples no two of which are related at ``cutoff`` or closer.

    Greedy: while a related pair is left, the sample with the most relatives is left out; among
    equals the one with the lower call rate, then the later one.

    Parameters
    ----------
    pairs : ndarray of ``PAIR``
    call_rate : ndarray of float, one per sample
    n : int, number of samples that i and j count

    Returns
    -------
    ndarray of bool, shape (n,), true for the samples kept
    """
    relatives: dict[int, set[int]] = {}
    for i, j in pairs[pairs["kinship"] >= cutoff][["i", "j"]].tolist():
        relatives.setdefault(i, set()).add(j)
        relatives.setdefault(j, set()).add(i)
    keep = np.ones(n, dtype=bool)
    queue = [(-len(others), call_rate[i], -i) for i, others in relatives.items()]
    heapify(queue)
    while queue:
        degree, _, i = heappop(queue)
        others = relatives[-i]
        if not others or len(others) != -degree:
            continue  # outdated: leaving out a relative queued a new entry
        keep[-i] = False
        for other in others:
            relatives[other].remove(-i)
            heappush(queue, (-len(relatives[other]), call_rate[other], -other))
        relatives[-i] = set()
    return keep


def resolvable(variants: int, samples: int) -> float:
    """The largest kinship to be expected by chance between unrelated samples of a cohort.

    Between unrelated samples of one population KING-robust has a standard deviation close to
    1 / sqrt(variants) at common variants (0.0466 at 500, 0.0237 at 2,000 in 1000 Genomes), and
    the largest of many draws is about sqrt(2 ln(pairs)) standard deviations. A lower cutoff
    would report unrelated samples as relatives.
    """
    pairs = max(samples * (samples - 1) / 2, 1)
    return float(np.sqrt(2 * np.log(pairs) / max(min(variants, MAX_VARIANTS), 1)))


def _related(
    store: DosageReader, rows: np.ndarray, left: np.ndarray, right: np.ndarray, cutoff: float
) -> np.ndarray:
    """The pairs at or above ``cutoff`` between two blocks of samples, or within one."""
    counts = _Counts(len(left), len(right))
    same = left is right
    for dosages in in_blocks(store, rows, left if same else np.concatenate([left, right])):
        counts.add(dosages[:, : len(left)], None if same else dosages[:, len(left) :])
    i, j = np.nonzero(counts.kinship_at_least(cutoff))
    if same:
        i, j = i[i < j], j[i < j]
    pairs = np.empty(len(i), dtype=PAIR)
    pairs["i"], pairs["j"] = left[i], right[j]
    pairs["kinship"], pairs["variants"] = counts.kinship(i, j), counts.variants(i, j)
    return pairs


class _Counts:
    """Variants by the two genotypes, for every pair of a left and a right sample.

    ``het_het``, ``het_hom``, ``hom_het`` and ``hom_hom`` count variants called in both samples;
    ``agree`` is the same homozygotes minus the opposite ones. All float32 (left, right).
    """

    def __init__(self, left: int, right: int) -> None:
        shape = (left, right)
        self.het_het = np.zeros(shape, dtype=np.float32)
        self.het_hom = np.zeros(shape, dtype=np.float32)
        self.hom_het = np.zeros(shape, dtype=np.float32)
        self.hom_hom = np.zeros(shape, dtype=np.float32)
        self.agree = np.zeros(shape, dtype=np.float32)

    def add(self, left: np.ndarray, right: np.ndarray | None) -> None:
        """Count a block of variants; ``right`` is None when it is the left block again."""
        het, hom, sign = _indicators(left)
        het2, hom2, sign2 = (het, hom, sign) if right is None else _indicators(right)
        both = het.T @ het2
        self.het_het += both
        self.agree += sign.T @ sign2
        if (left >= 0).all() and (right is None or (right >= 0).all()):
            mine, theirs = het.sum(0)[:, None], het2.sum(0)
            self.het_hom += mine - both
            self.hom_het += theirs - both
            self.hom_hom += len(left) - mine - theirs + both
            return
        het_hom = het.T @ hom2
        self.het_hom += het_hom
        self.hom_het += het_hom.T if right is None else hom.T @ het2
        self.hom_hom += hom.T @ hom2

    def kinship_at_least(self, cutoff: float) -> np.ndarray:
        """Where kinship is defined and at least ``cutoff``; bool (left, right)."""
        fewer, unlike = self._parts(slice(None))
        return np.asarray((fewer > 0) & (unlike <= (2 - 4 * cutoff) * fewer))

    def kinship(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Kinship of chosen pairs; float64."""
        fewer, unlike = self._parts((i, j))
        return np.asarray(0.5 - unlike.astype(np.float64) / (4 * fewer.astype(np.float64)))

    def variants(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Variants called in both samples of chosen pairs."""
        counts = (self.het_het, self.het_hom, self.hom_het, self.hom_hom)
        return np.asarray(sum(count[i, j] for count in counts))

    def _parts(self, at: slice | tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Heterozygous variants of the sample with fewer, and the sum of squared differences.

        IBS0, the opposite homozygotes, is half of ``hom_hom - agree``; a difference of two
        alleles counts four, a difference of one counts one.
        """
        het_hom, hom_het = self.het_hom[at], self.hom_het[at]
        fewer = self.het_het[at] + np.minimum(het_hom, hom_het)
        return fewer, 2 * (self.hom_hom[at] - self.agree[at]) + het_hom + hom_het


def _indicators(dosages: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heterozygous (0/1), homozygous (0/1), and which homozygote (-1, 0, 1); float32."""
    het = (dosages == 1).astype(np.float32)
    hom = ((dosages == 0) | (dosages == 2)).astype(np.float32)
    return het, hom, hom * (dosages - 1)
