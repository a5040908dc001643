"""Held-out samples: accuracy, and coordinates against those of a fit of all.

usage: held_out.py COHORT LABELS [--repeats 5] [--method ddvi]

Splits the cohort 80/20 with relatives on one side, fits on the 80 %, embeds the rest, and prints
one JSON line per repeat and a last one with means. Columns of LABELS: sample, population,
superpopulation. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.neighbors import KNeighborsClassifier
from splits import dosages_of, embedded, fitted, of_calls, opened, part, split

from ancestry_ddvi.fitting.refits import brought_onto
from ancestry_ddvi.genotypes.store import GenotypeStore

NEIGHBOURS = 10


def accuracy(train: np.ndarray, names: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Share of samples whose label their nearest neighbours in the fit give."""
    neighbours = KNeighborsClassifier(NEIGHBOURS).fit(train, names)
    return float((neighbours.predict(test) == truth).mean())


def shrinkage(
    whole: np.ndarray, partial: np.ndarray, held_out: np.ndarray
) -> dict[str, list[float]]:
    """Slope per axis of held-out coordinates on those of the same samples in a fit of all.

    The two fits are aligned by the similarity transform (rotation, scale and shift) that fits the
    samples in both.
    """
    moved, _ = brought_onto(whole, partial, ~held_out)

    def slopes(who: np.ndarray) -> list[float]:
        return [round(float(np.polyfit(whole[who, k], moved[who, k], 1)[0]), 3) for k in (0, 1)]

    return {"slope_held_out": slopes(held_out), "slope_in_both": slopes(~held_out)}


def repeat(
    store: GenotypeStore, labels: pd.DataFrame, whole: np.ndarray, seed: int, folder: Path,
    method: str,
) -> dict[str, Any]:  # fmt: skip
    """One split."""
    held_out = split(store, seed)
    train = part(store, np.flatnonzero(~held_out), folder / f"train{seed}")
    test = part(store, np.flatnonzero(held_out), folder / f"test{seed}")
    fit = fitted(train, method, seed)
    outside = embedded(fit, of_calls(fit, dosages_of(fit, test)), test, seed)
    inside = embedded(fit, fit.scores, train, seed)
    found = np.empty((len(store.samples), 2))
    found[~held_out], found[held_out] = inside.mean, outside.mean
    population = labels["population"].to_numpy(str)
    group = labels["superpopulation"].to_numpy(str)
    again = [
        accuracy(found[~held_out][kept], population[~held_out][kept], found[~held_out][~kept],
                 population[~held_out][~kept])
        for kept in folds(int((~held_out).sum()), seed)
    ]  # fmt: skip
    inside_means, outside_means = (
        np.array([found[who & (population == name)].mean(0) for name in np.unique(population)])
        for who in (~held_out, held_out)
    )
    return {
        "seed": seed,
        "held_out": int(held_out.sum()),
        "in_sample_accuracy": round(float(np.mean(again)), 4),
        "accuracy": round(accuracy(found[~held_out], population[~held_out], found[held_out],
                                   population[held_out]), 4),
        "superpopulation_accuracy": round(accuracy(found[~held_out], group[~held_out],
                                                   found[held_out], group[held_out]), 4),
        **shrinkage(whole, found, held_out),
        "slope_of_population_means": [
            round(float(np.polyfit(inside_means[:, k], outside_means[:, k], 1)[0]), 3)
            for k in (0, 1)
        ],
    }  # fmt: skip


def folds(samples: int, seed: int) -> Iterator[np.ndarray]:
    """Five masks of four fifths of the samples."""
    place_in_line = np.random.default_rng(seed).permutation(samples)
    for fold in range(5):
        yield place_in_line % 5 != fold


def main() -> None:
    """Run all repeats."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--method", default="ddvi")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store, labels = opened(given.cohort, given.labels, Path(folder))
        everyone = fitted(store, given.method, 42)
        whole = embedded(everyone, everyone.scores, store, 42).mean
        rows = []
        for seed in range(1, given.repeats + 1):
            rows.append(repeat(store, labels, whole, seed, Path(folder), given.method))
            print(json.dumps(rows[-1]), flush=True)
    means = {k: np.mean([row[k] for row in rows], axis=0).round(4).tolist() for k in rows[0]}
    print(json.dumps({"mean": means}))


if __name__ == "__main__":
    main()
