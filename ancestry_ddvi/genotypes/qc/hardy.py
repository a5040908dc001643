"""The exact test of Hardy-Weinberg equilibrium."""

from __future__ import annotations

import numpy as np


def exact_p(counts: np.ndarray) -> np.ndarray:
    """P-values of the exact test of Hardy-Weinberg proportions, by variant.

    Wigginton, Cutler and Abecasis 2005 (Am J Hum Genet 76:887), eq. 1: given the allele
    counts, the probability of all numbers of heterozygotes no likelier than the observed one.

    Parameters
    ----------
    counts : ndarray of int, shape (variants, >= 3)
        Samples with dosage 0, 1 and 2; further columns are ignored.

    Returns
    -------
    ndarray of float64, shape (variants,); 1 for a variant without calls
    """
    genotypes = counts[:, :3].astype(np.int64)
    most = int(genotypes.sum(1).max(initial=0))
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])
    distinct, where = np.unique(genotypes, axis=0, return_inverse=True)
    rows = distinct.tolist()
    p = np.array([_exact_p(a, b, c, log_factorial) for a, b, c in rows], dtype=np.float64)
    return p[where.ravel()]


def _exact_p(hom: int, het: int, other_hom: int, log_factorial: np.ndarray) -> float:
    """The p-value of one variant."""
    rare = 2 * min(hom, other_hom) + het
    hets = np.arange(rare % 2, rare + 1, 2)
    rare_homs = (rare - hets) // 2
    common_homs = hom + het + other_hom - hets - rare_homs
    log_weight = (
        hets * np.log(2.0)
        - log_factorial[hets]
        - log_factorial[rare_homs]
        - log_factorial[common_homs]
    )
    seen = log_weight[het // 2]
    # Rounding must not make an equally likely outcome more likely.
    unlikely = log_weight <= seen + 1e-9
    weight = np.exp(log_weight - log_weight.max())
    return float(weight[unlikely].sum() / weight.sum())
