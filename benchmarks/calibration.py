"""Held-out samples with a part of their variants: bias, coverage, assignment, out-of-panel test.

usage: calibration.py COHORT LABELS [--repeats 3] [--method ddvi] [--strangers]

80/20 splits with relatives on one side; labels have columns sample, population, superpopulation.
One JSON line for each repeat and kind of part: random shares of the variants, one chromosome,
clumps of 50 kb similar to an exome, and simulated reads (Poisson depth, 5 errors in a thousand
bases, embedded from their likelihoods). ``covered_*`` is the share of the posterior given all
genotypes inside the central 50, 80 and 95 % of that given the part, which are the nominal levels
if both are right; ``normal_*`` the share of means inside N(mean_part, sd_part^2 - sd_full^2). In
lines with ``swapped`` that share of the variants has its alleles exchanged; in lines with ``alien``
that share of alleles comes from a random other held-out sample, by whether the two are of one
superpopulation. Lines with ``left_out`` come with --strangers: a superpopulation left out of the
fit, and genotypes permuted over variants, against held-out samples of the others; area under the
curve of ``p_panel``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from held_out import CPU, embedded, opened, part, split
from scipy.stats import norm
from seen import ALIEN, SWAPPED, diagnostics, dosages_of, mixed, of_calls, partners, swapped
from sklearn.metrics import roc_auc_score

from ancestry_ddvi.artefacts.labels import read_labels
from ancestry_ddvi.evaluation.coverage import calibration_error, nested_coverage
from ancestry_ddvi.fitting.diagnostics import UNLIKE_PANEL, out_of_panel
from ancestry_ddvi.fitting.options import FitOptions
from ancestry_ddvi.fitting.pipeline import Fit, fit_model
from ancestry_ddvi.fitting.prepare import FitRequest
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws
from ancestry_ddvi.models.runtime import computing

LEVELS = (50, 80, 95)


def fitted(store: GenotypeStore, method: str, seed: int, labels: Path) -> Fit:
    """A default fit with groups."""
    options = FitOptions(method=method, seed=seed)
    with computing(seed, None):
        return fit_model(FitRequest(store, options, CPU, read_labels(labels).match(store.samples)))


def coverage(full: PosteriorDraws, some: PosteriorDraws) -> dict[str, float]:
    """By the exact law and by the normal formula."""
    width = np.sqrt(np.maximum(some.sd**2 - full.sd**2, 1e-24))
    apart = np.abs(full.mean - some.mean) / width
    pair = (full.draws, full.weight), (some.draws, some.weight)
    found = {f"covered_{level}": nested_coverage(*pair, level / 100).mean() for level in LEVELS}
    found |= {f"normal_{level}": (apart <= norm.ppf(0.5 + level / 200)).mean() for level in LEVELS}
    return {name: round(float(value), 3) for name, value in found.items()}


Said = list[tuple[str, str, np.ndarray, np.ndarray]]
"""Kind of diagnostics, level, probabilities and the true group's number, of every repeat."""


def assignment(
    fit: Fit, name: str, some: PosteriorDraws, labels: pd.DataFrame, said: Said
) -> dict[str, Any]:
    """Accuracy and calibration error of the probabilities of each level."""
    groups = fit.model.record.groups
    found: dict[str, Any] = {}
    rng = np.random.default_rng(0)
    for number, level in enumerate(groups.levels):
        chance = groups.probabilities(number, some)
        names = groups.names(number)
        right = np.array([names.index(label) for label in labels[level]])
        said.append((name, level, chance, right))
        found[f"accuracy_{level}"] = round(float((chance.argmax(axis=1) == right).mean()), 4)
        found[f"ece_{level}"] = round(calibration_error(chance, right), 4)
        found[f"ece_by_chance_{level}"] = by_chance(chance, rng)
    return found


def by_chance(chance: np.ndarray, rng: np.random.Generator) -> list[float]:
    """Central 95 % of the calibration error of labels drawn from these probabilities."""
    drawn = []
    for _ in range(100):
        below = np.cumsum(chance, axis=1) < rng.random((len(chance), 1))
        drawn.append(calibration_error(chance, below.sum(axis=1).clip(max=chance.shape[1] - 1)))
    return [round(float(q), 4) for q in np.quantile(drawn, [0.025, 0.975])]


def pooled(said: Said) -> None:
    """Calibration over all repeats."""
    rng = np.random.default_rng(0)
    for name, level in dict.fromkeys((n, v) for n, v, _, _ in said):
        mine = [(c, r) for n, v, c, r in said if (n, v) == (name, level)]
        chance, right = (np.concatenate(part) for part in zip(*mine, strict=True))
        tell({
            "pooled": name, "level": level, "samples": len(right),
            "accuracy": round(float((chance.argmax(axis=1) == right).mean()), 4),
            "ece": round(calibration_error(chance, right), 4),
            "ece_by_chance": by_chance(chance, rng),
        })  # fmt: skip


def chance_of(fit: Fit, scores: Scores, posterior: PosteriorDraws) -> np.ndarray:
    """Share of the panel that is more unusual than each sample."""
    return out_of_panel(fit.model.record, posterior, scores, fit.model.projection)[0]


def flagged_share(chance: np.ndarray) -> float:
    """Share of samples with the flag ``unlike_panel``."""
    return round(float((chance < UNLIKE_PANEL).mean()), 4)


def area(strange: np.ndarray, ordinary: np.ndarray) -> float:
    """Area under the curve of low ``p_panel``."""
    who = np.arange(len(strange) + len(ordinary)) < len(strange)
    return round(float(roc_auc_score(who, -np.concatenate([strange, ordinary]))), 4)


def tell(line: dict[str, Any]) -> None:
    """One JSON line."""
    print(json.dumps(line), flush=True)


def in_part(fit: Fit, test: GenotypeStore, labels: pd.DataFrame, seed: int, said: Said) -> None:
    """Every kind of part of one split."""
    dosages = dosages_of(fit, test)
    scores = of_calls(fit, dosages)
    full = embedded(fit, scores, test, seed)
    tell({"seed": seed, "diagnostics": "all variants", "samples": len(labels),
          "temperature": fit.model.projection.temperature,
          "sd": np.median(full.sd, axis=0).round(3).tolist(),
          **assignment(fit, "all variants", full, labels, said),
          "flagged": flagged_share(chance_of(fit, scores, full))})  # fmt: skip
    for name, scores in diagnostics(fit, dosages, seed):
        some = embedded(fit, scores, test, seed)
        bias = np.abs((some.mean - full.mean).mean(axis=0)) / some.sd.mean(axis=0)
        tell({
            "seed": seed,
            "diagnostics": name,
            "effective_variants": round(float(scores.effective_variants.mean())),
            "sd": np.median(some.sd, axis=0).round(3).tolist(),
            "bias": round(float(bias.max()), 3),
            **coverage(full, some),
            **assignment(fit, name, some, labels, said),
            "flagged": flagged_share(chance_of(fit, scores, some)),
            "effective_draws": round(float(np.median(some.effective_draws)), 1),
        })  # fmt: skip


def spoilt(fit: Fit, test: GenotypeStore, labels: pd.DataFrame, seed: int) -> None:
    """Share flagged with swapped alleles, and with alleles of another sample."""
    dosages = dosages_of(fit, test)
    group = labels["superpopulation"].to_numpy(str)
    partner = partners(len(group), seed)
    near = group == group[partner]

    def flagged(some: np.ndarray) -> np.ndarray:
        scores = of_calls(fit, some)
        return chance_of(fit, scores, embedded(fit, scores, test, seed)) < UNLIKE_PANEL

    for share in SWAPPED:
        found = flagged(swapped(dosages, share, np.random.default_rng(seed)))
        tell({"seed": seed, "swapped": share, "flagged": round(float(found.mean()), 4)})
    for share in ALIEN:
        found = flagged(mixed(dosages, partner, share, np.random.default_rng(seed)))
        tell({
            "seed": seed,
            "alien": share,
            "flagged": round(float(found.mean()), 4),
            "same_superpopulation": int(near.sum()),
            "flagged_of_these": round(float(found[near].mean()), 4),
            "flagged_of_others": round(float(found[~near].mean()), 4),
        })  # fmt: skip


def strangers(
    store: GenotypeStore, labels: pd.DataFrame, path: Path, method: str, seed: int, folder: Path
) -> None:
    """Every superpopulation left out in turn."""
    held_out, group = split(store, seed), labels["superpopulation"].to_numpy(str)
    for name in sorted(set(group)):
        outside = held_out | (group == name)
        train = part(store, np.flatnonzero(~outside), folder / f"c{name}{seed}")
        test = part(store, np.flatnonzero(outside), folder / f"d{name}{seed}")
        fit = fitted(train, method, seed, path)
        dosages = dosages_of(fit, test)
        rng = np.random.default_rng(seed)
        permuted = rng.permuted(dosages, axis=0)
        chances = []
        for some in (dosages, permuted):
            scores = of_calls(fit, some)
            chances.append(chance_of(fit, scores, embedded(fit, scores, test, seed)))
        chance, of_permuted = chances
        strange = group[outside] == name
        tell({
            "seed": seed,
            "left_out": name,
            "samples": int(strange.sum()),
            "area": area(chance[strange], chance[~strange]),
            "flagged": round(float((chance[strange] < UNLIKE_PANEL).mean()), 4),
            "others_flagged": round(float((chance[~strange] < UNLIKE_PANEL).mean()), 4),
            "area_of_permuted": area(of_permuted[~strange], chance[~strange]),
            "permuted_flagged": round(float((of_permuted < UNLIKE_PANEL).mean()), 4),
        })  # fmt: skip


def main() -> None:
    """Run all repeats."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--method", default="ddvi")
    parser.add_argument("--strangers", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        store, labels = opened(given.cohort, given.labels, folder)
        said: Said = []
        for seed in range(1, given.repeats + 1):
            if given.strangers:
                strangers(store, labels, Path(given.labels), given.method, seed, folder)
                continue
            held_out = split(store, seed)
            train = part(store, np.flatnonzero(~held_out), folder / f"a{seed}")
            test = part(store, np.flatnonzero(held_out), folder / f"b{seed}")
            fit = fitted(train, given.method, seed, Path(given.labels))
            in_part(fit, test, labels[held_out], seed, said)
            spoilt(fit, test, labels[held_out], seed)
        pooled(said)


if __name__ == "__main__":
    main()
