"""Posteriors from one warm start against the exact evidence of held-out samples.

usage: posteriors.py COHORT LABELS [--prior NAME] [--method NAME ...] [--splits 3]

Fits `vae` to four fifths of the families, with the prior of a default fit, which has a map stage,
or with another one. Its prior and decoder stay as they are; every method's posterior is trained
alone on them, by its own objective, for half of its steps. Held-out samples, with all, a half and a
tenth of their variants, are then judged by what their draws leave to the evidence on a grid of the
two latents. Prints a table for each share of variants: the evidence minus the evidence lower bound,
and minus the importance-weighted bound of 256 draws, in nats per sample; effective draws per draw;
the lowest of these among the superpopulations; and how far the importance-weighted bound of `ddvi`
is above, with a 95 % interval over paired samples.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
from splits import CPU, dosages_of, of_calls, opened, part, split

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.evaluation.evidence import GAPS, Grid
from ancestry_ddvi.evaluation.tables import Estimate, Table
from ancestry_ddvi.fitting.options import FitOptions
from ancestry_ddvi.fitting.pipeline import Fit, fit_model, revive
from ancestry_ddvi.fitting.prepare import FitRequest
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.methods import recipe
from ancestry_ddvi.methods.settings import with_settings
from ancestry_ddvi.models.runtime import computing
from ancestry_ddvi.validation.posteriors import WarmStart, measured, posterior_alone

SHARES = (1.0, 0.5, 0.1)
METHODS = ("vae", "iwae", "iaf-vae", "h-iaf-vae", "ddvi-no-sleep", "outsourced", "ddvi")
OURS = "ddvi"

Found = dict[float, dict[str, dict[str, np.ndarray]]]


def warm_start(store: GenotypeStore, prior: str, seed: int) -> tuple[Fit, WarmStart]:
    """A fit of `vae`, and what of it stays as it is; a `prior` of "" is left to the fit."""
    options = FitOptions(method="vae", seed=seed, settings={"prior": prior, "refits": "0"})
    with computing(seed, None):
        fit = fit_model(FitRequest(store, options, CPU))
    model = revive(fit.model, CPU).model
    for frozen in (model.prior, model.likelihood):
        frozen.requires_grad_(False)
    grid = Grid.of(model.prior, model.likelihood)
    return fit, WarmStart(model, grid, ScoreData(fit.scores, CPU))


def judged(fit: Fit, start: WarmStart, test: GenotypeStore, methods: list[str], seed: int) -> Found:
    """Gaps of every sample, by share of variants and method."""
    dosages = dosages_of(fit, test)
    kept = np.random.default_rng(seed).random(dosages.shape)
    data = {
        share: ScoreData(of_calls(fit, np.where(kept < share, dosages, -1)), CPU)
        for share in SHARES
    }
    settings = {"prior": str(fit.model.record.options.settings["prior"])}
    log_evidence = {share: start.grid.log_evidence(some.batch()) for share, some in data.items()}
    found: Found = defaultdict(dict)
    for method in methods:
        with computing(seed, None):
            chosen = with_settings(recipe(method), settings)
            model = posterior_alone(chosen, start, CPU)
            assert model is not None, f"{method} has no density"
            for share, some in data.items():
                found[share][method] = measured(
                    model, some, log_evidence[share], test.samples, seed
                )
    return found


def table(found: dict[str, dict[str, np.ndarray]], groups: np.ndarray) -> Table:
    """A row for each method."""
    rows = []
    for method, values in found.items():
        share = pd.Series(values["effective_share"]).groupby(groups).mean()
        above = found[OURS]["bound"] - values["bound"]
        half = 1.96 * above.std(ddof=1) / np.sqrt(len(above))
        rows.append({
            "method": method,
            **{name: Estimate(*_mean(values[name])) for name in GAPS},
            "lowest_group": float(share.min()),
            "bound": float(values["bound"].mean()),
            f"{OURS}_above": Estimate(float(above.mean()), float(half)),
        })  # fmt: skip
    return Table(list(rows[0]), rows)


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Mean and half of its 95 % interval."""
    return float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(len(values)))


def main() -> None:
    """Run all splits and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--prior", default="", help="default: that of a default fit")
    parser.add_argument("--method", action="append")
    parser.add_argument("--splits", type=int, default=3)
    given = parser.parse_args()
    methods = list(dict.fromkeys([*(given.method or METHODS), OURS]))
    parts: list[Found] = []
    groups = []
    with tempfile.TemporaryDirectory() as folder:
        store, labels = opened(given.cohort, given.labels, Path(folder))
        for seed in range(1, given.splits + 1):
            held_out = split(store, seed)
            fit, start = warm_start(
                part(store, np.flatnonzero(~held_out), Path(folder) / "a"), given.prior, seed
            )
            test = part(store, np.flatnonzero(held_out), Path(folder) / "b")
            parts.append(judged(fit, start, test, methods, seed))
            groups.append(labels["superpopulation"].to_numpy(str)[held_out])
    for share in SHARES:
        pooled = {
            method: {
                name: np.concatenate([found[share][method][name] for found in parts])
                for name in parts[0][share][method]
            }
            for method in methods
        }
        print(f"\n{share:.0%} of variants\n")
        print(table(pooled, np.concatenate(groups)).markdown())


if __name__ == "__main__":
    main()
