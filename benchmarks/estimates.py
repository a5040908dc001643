"""Fit the numbers of ``fit --dry-run`` to the fits in RESULTS.json, and print them.

usage: estimates.py [RESULTS.json]

Time and memory are sums of few terms (``ancestry_ddvi/fitting/estimate.py``) with factors of 0 or
more. Those of memory are the smallest for which no measured fit needs more than estimated, and
those of time the ones with the smallest largest ratio, either way. Paste what is printed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import results
from scipy.optimize import linprog

from ancestry_ddvi.fitting.estimate import MIB, SECONDS, terms

MARGIN = 1.03
"""By which memory is estimated above the largest measured."""


def envelope(design: np.ndarray, measured: np.ndarray) -> tuple[np.ndarray, float]:
    """Factors x of 0 or more with measured <= design x <= s measured, for the smallest s."""
    scaled = design / measured[:, None]
    count, width = scaled.shape
    above = np.hstack([-scaled, np.zeros((count, 1))])
    below = np.hstack([scaled, -np.ones((count, 1))])
    limits = np.concatenate([-np.ones(count), np.zeros(count)])
    cost = np.eye(width + 1)[width]
    solved = linprog(cost, np.vstack([above, below]), limits, bounds=(0, None))
    return solved.x[:width], float(solved.x[width])


def fitted(rows: Sequence[tuple[int, int, int, float, float]]) -> tuple[list[float], list[float]]:
    """Factors of time and of memory."""
    both = [terms(samples, variants, threads) for samples, variants, threads, *_ in rows]
    seconds, mib = np.array([row[3] for row in rows]), np.array([row[4] for row in rows])
    time, spread = envelope(np.array([[*t.values()] for t, _ in both]), seconds)
    memory, excess = envelope(np.array([[*m.values()] for _, m in both]), mib)
    print(f"# {len(rows)} fits; time within {spread**0.5:.2f} times, memory within "
          f"{MARGIN * excess:.2f} times")  # fmt: skip
    return (time / spread**0.5).tolist(), (MARGIN * memory).tolist()


def main() -> None:
    """Print the two tables."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("RESULTS.json")
    found = fitted(list(results.fits(results.load(path))))
    for name, known, factors in zip(("SECONDS", "MIB"), (SECONDS, MIB), found, strict=True):
        listed = ", ".join(f'"{k}": {v:.2g}' for k, v in zip(known, factors, strict=True))
        print(f"{name} = {{{listed}}}")


if __name__ == "__main__":
    main()
