"""The normal likelihood of scores against that of binomial dosages: posteriors on a grid.

usage: likelihood.py COHORT LABELS

Fits on four fifths of the cohort. For held-out samples, with all, a tenth and a hundredth of the
variants, compares the posterior on a fine grid under the likelihood of the model with that under
independent binomial dosages at the frequencies of the same decoder. Prints one JSON
line for each share of variants.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import torch
from splits import CPU, fitted, part, split

from ancestry_ddvi.fitting.pipeline import Fit, revive
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.genotypes.store import GenotypeStore

SAMPLES = 60
SIDE = 181
REACH = 4.5


def grid() -> np.ndarray:
    """Latents on a square grid; (points, 2)."""
    axis = np.linspace(-REACH, REACH, SIDE)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)


def expected_scores(fit: Fit, places: np.ndarray) -> np.ndarray:
    """Scores that the decoder expects at each point; (points, components)."""
    with torch.no_grad():
        decoded = revive(fit.model, CPU).model.likelihood(torch.tensor(places, dtype=torch.float32))
    return np.asarray(decoded.double().numpy())


def score_law(fit: Fit, scores: Scores, expected: np.ndarray) -> np.ndarray:
    """Log likelihood of the scores of each sample at each point; (samples, points)."""
    rows = []
    for sample in range(len(scores)):
        apart = scores.value[sample] - expected
        rows.append(-0.5 * np.einsum("pi,ij,pj->p", apart, scores.precision[sample], apart))
    return np.stack(rows)


def binomial_law(fit: Fit, dosages: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Log likelihood of observed dosages, independent and binomial; (samples, points)."""
    f = fit.model.panel.frequency
    loadings = fit.model.projection.loadings[:, : fit.model.projection.kept]
    total = np.zeros((dosages.shape[1], len(expected)))
    for start in range(0, len(f), 512):
        rows = slice(start, start + 512)
        change = expected @ loadings[rows].T * np.sqrt(f[rows] * (1 - f[rows]) / 2)
        p = np.clip(f[rows] + change, 0.002, 0.998)
        g = dosages[rows].astype(float)
        seen = g >= 0
        total += (np.where(seen, g, 0).T @ np.log(p).T) + (
            np.where(seen, 2 - g, 0).T @ np.log1p(-p).T
        )
    return total / fit.model.projection.dispersion


def moments(log_likelihood: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means and standard deviations under a standard normal prior."""
    log_post = log_likelihood - 0.5 * (places**2).sum(1)
    weight = np.exp(log_post - log_post.max(1, keepdims=True))
    weight /= weight.sum(1, keepdims=True)
    mean = weight @ places
    return mean, np.sqrt(weight @ places**2 - mean**2)


def main() -> None:
    """Compare the two likelihoods at three shares of variants."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = GenotypeStore.open([given.cohort], Path(folder) / "cohort")
        held_out = split(store, 1)
        fit = fitted(part(store, np.flatnonzero(~held_out), Path(folder) / "a"), "ddvi", 1)
        some = np.flatnonzero(held_out)[:: max(1, int(held_out.sum()) // SAMPLES)]
        test = part(store, some, Path(folder) / "b")
    alignment = fit.model.panel.align(test.variants, test.counts(), None)
    variants = len(alignment.rows)
    dosages = alignment.dosages(test, 0, variants)
    places = grid()
    expected = expected_scores(fit, places)
    for share in (1.0, 0.1, 0.01):
        kept = np.random.default_rng(0).random(dosages.shape) < share
        seen = np.where(kept, dosages, -1).astype(np.int8)
        raw = fit.model.projection.read([(slice(0, variants), seen)], seen.shape[1])
        scores = fit.model.projection.newcomers(raw, np.zeros(len(raw), dtype=bool))
        mean, sd = moments(score_law(fit, scores, expected), places)
        exact_mean, exact_sd = moments(binomial_law(fit, seen, expected), places)
        shift = np.abs(mean - exact_mean) / exact_sd
        print(json.dumps({
            "share_of_variants": share,
            "samples": len(mean),
            "median_sd_binomial": np.median(exact_sd, axis=0).round(3).tolist(),
            "median_sd_scores": np.median(sd, axis=0).round(3).tolist(),
            "median_ratio_of_sd": round(float(np.median(sd / exact_sd)), 3),
            "median_shift_in_sd": round(float(np.median(shift)), 3),
            "p90_shift_in_sd": round(float(np.quantile(shift, 0.9)), 3),
        }))  # fmt: skip


if __name__ == "__main__":
    main()
