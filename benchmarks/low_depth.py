"""Held-out people seen through few reads: information, bias, coverage of the nested law.

usage: low_depth.py COHORT LABELS [--repeats 3] [--method ddvi] [--set key=value ...]

Reads are simulated from the genotypes (Poisson depth, 5 errors in a thousand bases) and the people
placed by the likelihoods of their reads. If both posteriors are right, a draw from the full one is
distributed as the partial one. Prints one JSON line per repeat and depth: mean information in hard
calls, largest bias over axes in partial standard deviations, and the mean share of the full
posterior inside the central 50, 80 and 95 % of the partial one, by weighted draws (``covered``) and
by normal formulas as in partial_sites.py (``covered_normal``).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from held_out import CPU, accuracy, part, placed, split
from partial_sites import scores_of as scores_of_calls
from scipy.stats import norm

from ancestry_ddvi.artefacts.summary import Clock
from ancestry_ddvi.fitting import Fit, FitOptions, fit_model
from ancestry_ddvi.genotypes.evidence import scores_of
from ancestry_ddvi.genotypes.scores import Scores
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.models.runtime import computing
from ancestry_ddvi.placement import Placement
from ancestry_ddvi.progress import SILENT

DEPTHS = (0.5, 1.0, 4.0)
BASE_ERROR = 0.005
LEVELS = (50, 80, 95)


def likelihoods_of_reads(
    dosages: np.ndarray, depth: float, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Each person's likelihoods in whole phred units, as PL has them; float64 (sites, 3)."""
    alt = np.array([BASE_ERROR, 0.5, 1 - BASE_ERROR])
    for calls in dosages.T:
        reads = rng.poisson(depth, len(calls))
        counted = rng.binomial(reads, alt[calls])[:, None]
        log10 = counted * np.log10(alt) + (reads[:, None] - counted) * np.log10(1 - alt)
        yield 10 ** (-np.round(10 * (log10.max(axis=1, keepdims=True) - log10)) / 10)


def scores_of_reads(fit: Fit, people: Iterator[np.ndarray]) -> Scores:
    """Scores from likelihoods at the model's sites, as ``embed`` takes them."""
    projection = fit.model.projection
    everyone = scores_of(projection, people)
    return projection.newcomers(everyone, projection.in_panel(everyone))


def covered(full: Placement, some: Placement, level: int) -> float:
    """Mean share of full posteriors inside the central ``level`` % of the partial ones."""
    tail = 0.5 - level / 200
    full_weight, some_weight = full.weight, some.weight
    shares = []
    for person in range(len(some.draws)):
        for axis in range(some.draws.shape[2]):
            draws = some.draws[person, :, axis]
            order = np.argsort(draws)
            weight = some_weight[person][order]
            middle = np.cumsum(weight) - weight / 2
            low, high = np.interp([tail, 1 - tail], middle, draws[order])
            inside = (full.draws[person, :, axis] >= low) & (full.draws[person, :, axis] <= high)
            shares.append(float(full_weight[person][inside].sum()))
    return round(float(np.mean(shares)), 3)


def covered_normal(full: Placement, some: Placement, level: int) -> float:
    """Share of full means inside the central ``level`` % of a normal law of the difference."""
    width = np.sqrt(np.maximum(some.sd**2 - full.sd**2, 1e-24))
    apart = np.abs(full.mean - some.mean) / width
    return round(float((apart <= norm.ppf(0.5 + level / 200)).mean()), 3)


def main() -> None:
    """Run all repeats."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--method", default="ddvi")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    given = parser.parse_args()
    settings = dict(s.split("=", 1) for s in given.settings)
    with tempfile.TemporaryDirectory() as folder:
        store = GenotypeStore.open([given.cohort], Path(folder) / "cohort")
        table = pd.read_csv(given.labels, sep="\t", dtype=str, keep_default_na=False)
        labels = table.set_index(table.columns[0]).loc[list(store.samples)]
        group = labels["superpopulation"].to_numpy(str)
        for seed in range(1, given.repeats + 1):
            held_out = split(store, seed)
            train = part(store, np.flatnonzero(~held_out), Path(folder) / f"a{seed}")
            test = part(store, np.flatnonzero(held_out), Path(folder) / f"b{seed}")
            options = FitOptions(method=given.method, seed=seed, settings=settings)
            with computing(seed, None):
                fit = fit_model(train, options, CPU, SILENT, Clock())
            alignment = fit.model.panel.align(test.sites, test.counts(), None)
            dosages = alignment.dosages(test, 0, len(alignment.rows))
            full = placed(fit, scores_of_calls(fit, dosages), test, seed)
            inside = placed(fit, fit.scores, train, seed).mean
            for depth in DEPTHS:
                people = likelihoods_of_reads(dosages, depth, np.random.default_rng(seed))
                scores = scores_of_reads(fit, people)
                some = placed(fit, scores, test, seed)
                bias = np.abs((some.mean - full.mean).mean(0)) / some.sd.mean(0)
                right = accuracy(inside, group[~held_out], some.mean, group[held_out])
                print(json.dumps({
                    "seed": seed,
                    "depth": depth,
                    "sites": len(dosages),
                    "observed": round(float(scores.observed.mean())),
                    "information": round(float(scores.information.mean())),
                    "sd_full": np.median(full.sd, axis=0).round(3).tolist(),
                    "sd": np.median(some.sd, axis=0).round(3).tolist(),
                    "bias": round(float(bias.max()), 3),
                    **{f"covered_{level}": covered(full, some, level) for level in LEVELS},
                    **{f"covered_normal_{level}": covered_normal(full, some, level)
                       for level in LEVELS},
                    "superpopulation_accuracy": round(right, 4),
                    "effective_draws": round(float(np.median(some.effective_draws)), 1),
                }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
