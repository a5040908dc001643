"""Held-out people seen at a part of the sites: bias, coverage of the nested law, accuracy.

usage: partial_sites.py COHORT LABELS [--repeats 3] [--method ddvi] [--set key=value ...]

If both posteriors are right, the mean of the full one given the part is normal about the mean of
the partial one, with the difference of the two variances. Prints one JSON line per repeat and
share of sites: largest bias over axes in partial standard deviations, share of (person, axis)
pairs inside the central 50, 80 and 95 %, and accuracy of the superpopulation of the nearest
neighbours in the fit.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from held_out import CPU, accuracy, part, placed, split
from scipy.stats import norm

from ancestry_ddvi.artefacts.summary import Clock
from ancestry_ddvi.fitting import Fit, FitOptions, fit_model
from ancestry_ddvi.genotypes.scores import Scores
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.models.runtime import computing
from ancestry_ddvi.progress import SILENT

SHARES = (0.5, 0.1, 0.01)


def scores_of(fit: Fit, dosages: np.ndarray) -> Scores:
    """Scores from dosages at the model's sites, as ``embed`` takes them."""
    projection = fit.model.projection
    everyone = projection.read([(slice(0, len(dosages)), dosages)], dosages.shape[1])
    return projection.newcomers(everyone, projection.in_panel(everyone))


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
            full = placed(fit, scores_of(fit, dosages), test, seed)
            inside = placed(fit, fit.scores, train, seed).mean
            for share in SHARES:
                kept = np.random.default_rng(seed).random(dosages.shape) < share
                seen = np.where(kept, dosages, -1).astype(np.int8)
                some = placed(fit, scores_of(fit, seen), test, seed)
                width = np.sqrt(np.maximum(some.sd**2 - full.sd**2, 1e-24))
                apart = np.abs(full.mean - some.mean) / width
                bias = np.abs((some.mean - full.mean).mean(0)) / some.sd.mean(0)
                cover = {
                    f"covered_{level}": round(
                        float((apart <= norm.ppf(0.5 + level / 200)).mean()), 3
                    )
                    for level in (50, 80, 95)
                }
                right = accuracy(inside, group[~held_out], some.mean, group[held_out])
                print(json.dumps({
                    "seed": seed,
                    "share": share,
                    "sd_full": np.median(full.sd, axis=0).round(3).tolist(),
                    "sd_part": np.median(some.sd, axis=0).round(3).tolist(),
                    "bias": round(float(bias.max()), 3),
                    **cover,
                    "superpopulation_accuracy": round(right, 4),
                    "effective_draws": round(float(np.median(some.effective_draws)), 1),
                }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
