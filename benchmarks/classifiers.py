"""The command assign beside classifiers on the same components, with and without strangers.

usage: classifiers.py COHORT LABELS [--repeats 3] [--first 1]
           [--strangers GENOTYPES LABELS POPULATIONS | --leave-out GROUPS]

80/20 splits with relatives on one side; labels have columns sample, population, superpopulation.
``fit`` sees the 80 %. ``assign`` and the classifiers are asked about the rest: linear discriminant
analysis, logistic regression on standardised components and k nearest neighbours, all on every
component that the model keeps (``PREFIX.pcs.tsv`` of ``fit`` and of ``assign``). Strangers are
samples of groups that the panel lacks: those of POPULATIONS (joined by commas) in other genotypes,
or populations and superpopulations left out of the fit. Every method names a group from a
probability of 0.8 on. One more row is LDA that also refuses samples further from every group, in
its own metric, than 99.5 % of the panel. A stranger is named wrongly where it is given a group
that is not its own: at the level of superpopulations its own may be in the panel.

Prints one JSON line per split and method, then tables in Markdown. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from splits import opened, part, split

import ancestry_ddvi
from ancestry_ddvi.evaluation.coverage import calibration_error

LEVELS = ("population", "superpopulation")
MIN_PROBABILITY = 0.8
NEIGHBOURS = 10
FAR = 0.995
NONE = "unassigned"

CLASSIFIERS: dict[str, Callable[[], Any]] = {
    "LDA": lambda: LinearDiscriminantAnalysis(store_covariance=True),
    "logistic regression": lambda: make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=5000)
    ),
    f"{NEIGHBOURS} nearest neighbours": lambda: KNeighborsClassifier(NEIGHBOURS),
}


@dataclass(frozen=True)
class Answers:
    """What one method says of a query at one level.

    Attributes
    ----------
    method, level : str
    groups : ndarray of str, (groups,)
    probability : ndarray of float64, (samples, groups)
    named : ndarray of str, (samples,)
        The group named, or ``NONE``.
    truth : ndarray of str, (samples,)
        ``NONE`` where the panel lacks the group.
    stranger : ndarray of bool, (samples,)
        Samples of populations that the panel lacks.
    """

    method: str
    level: str
    groups: np.ndarray
    probability: np.ndarray
    named: np.ndarray
    truth: np.ndarray
    stranger: np.ndarray

    def figures(self) -> dict[str, Any]:
        """Accuracy and calibration of held-out samples; shares that are named."""
        known = ~self.stranger
        wrong = (self.named != NONE) & (self.named != self.truth)
        chance, truth, named = self.probability[known], self.truth[known], self.named[known]
        number = np.array([np.flatnonzero(self.groups == name)[0] for name in truth])
        named_at_all = named != NONE
        every_named = (self.named != NONE) & (not known.all())
        return {
            "method": self.method,
            "level": self.level,
            "samples": int(known.sum()),
            "accuracy": _share(chance.argmax(axis=1) == number),
            "ece": round(calibration_error(chance, number), 4),
            "named": _share(named_at_all),
            "right_of_named": _share(named[named_at_all] == truth[named_at_all]),
            "strangers": int((~known).sum()),
            "strangers_named": _share(self.named[~known] != NONE),
            "strangers_wrong": _share(wrong[~known]),
            "right_of_all_named": _share(self.named[every_named] == self.truth[every_named]),
        }


def _share(true: np.ndarray) -> float | None:
    return round(float(true.mean()), 4) if len(true) else None


def by_classifiers(
    panel: pd.DataFrame, names: pd.DataFrame, query: pd.DataFrame, truth: pd.DataFrame
) -> Iterator[Answers]:
    """LDA, logistic regression and neighbours; LDA once more with far samples refused."""
    stranger = truth["stranger"].to_numpy(bool)
    for level in LEVELS:
        known, asked = names[level].to_numpy(str), truth[level].to_numpy(str)
        for method, make in CLASSIFIERS.items():
            fitted = make().fit(panel.to_numpy(), known)
            chance = fitted.predict_proba(query.to_numpy())
            named = best(fitted.classes_, chance)
            yield Answers(method, level, fitted.classes_, chance, named, asked, stranger)
            if method == "LDA":
                line = np.quantile(distance(fitted, panel.to_numpy()), FAR)
                far = distance(fitted, query.to_numpy()) > line
                named = np.where(far, NONE, named)
                method = "LDA, far refused"
                yield Answers(method, level, fitted.classes_, chance, named, asked, stranger)


def best(groups: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """The most probable group where it is probable enough."""
    return np.where(chance.max(axis=1) >= MIN_PROBABILITY, groups[chance.argmax(axis=1)], NONE)


def distance(fitted: LinearDiscriminantAnalysis, components: np.ndarray) -> np.ndarray:
    """Mahalanobis distance to the nearest mean of a group, by the covariance within groups."""
    root = np.linalg.cholesky(np.linalg.inv(fitted.covariance_))
    apart = (components[:, None] - fitted.means_) @ root
    return np.asarray(np.sqrt((apart**2).sum(axis=2)).min(axis=1))


def by_assign(prefix: Path, ids: pd.Index, truth: pd.DataFrame) -> Iterator[Answers]:
    """The tables that ``assign`` wrote."""
    for level in LEVELS:
        table = read(f"{prefix}.assign.{level}.tsv").loc[ids]
        groups = table.columns[table.columns.get_loc("reason") + 1 :]
        chance = table[groups].to_numpy(float)
        asked, stranger = truth[level].to_numpy(str), truth["stranger"].to_numpy(bool)
        named = table["group"].to_numpy(str)
        yield Answers("`assign`", level, np.array(groups), chance, named, asked, stranger)


def read(path: str) -> pd.DataFrame:
    """A table of ours, by sample."""
    return pd.read_csv(
        path, sep="\t", index_col=0, dtype={0: str}, keep_default_na=False, na_values=["NA"]
    )


@dataclass(frozen=True)
class Strangers:
    """Samples of groups that the panel lacks: in other genotypes, or of groups left out."""

    genotypes: str | None = None
    labels: pd.DataFrame | None = None
    left_out: tuple[str, ...] = ()


def repeat(
    cohort: tuple[Any, pd.DataFrame], path: str, seed: int, strangers: Strangers, folder: Path
) -> list[Answers]:
    """One split: fit on four fifths, ask every method about the rest and the strangers."""
    store, labels = cohort
    left_out = labels[list(LEVELS)].isin(strangers.left_out).any(axis=1).to_numpy()
    held_out = split(store, seed) & ~left_out
    samples = np.flatnonzero(~held_out & ~left_out), np.flatnonzero(held_out | left_out)
    for name, some in zip(("panel", "query"), samples, strict=True):
        part(store, some, folder / f"{name}{seed}")
    options: dict[str, Any] = {"seed": seed, "device": "cpu", "threads": 1}
    panel, query = (str(folder / f"{name}{seed}") for name in ("panel", "query"))
    ancestry_ddvi.fit([f"{panel}.bed"], panel, labels=path, **options)
    ancestry_ddvi.assign(f"{panel}.ddvi", [f"{query}.bed"], query, **options)
    inside = read(f"{panel}.pcs.tsv")
    known = labels.loc[inside.index]
    asked = [(query, truth_of(labels.iloc[samples[1]], known))]
    if strangers.genotypes and strangers.labels is not None:
        other = str(folder / f"strangers{seed}")
        ancestry_ddvi.assign(f"{panel}.ddvi", [strangers.genotypes], other, **options)
        asked.append((other, truth_of(strangers.labels, known)))
    found: list[list[Answers]] = []
    for prefix, wanted in asked:
        components = read(f"{prefix}.pcs.tsv").loc[wanted.index]
        found.append([
            *by_assign(Path(prefix), wanted.index, wanted),
            *by_classifiers(inside, known, components, wanted),
        ])  # fmt: skip
    return [joined(some) for some in zip(*found, strict=True)]


def truth_of(labels: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """The group of each sample on each level, ``NONE`` where the panel lacks it; who is strange."""
    truth = labels[list(LEVELS)].copy()
    for level in LEVELS:
        truth[level] = truth[level].where(truth[level].isin(panel[level]), NONE)
    return truth.assign(stranger=truth["population"] == NONE)


def joined(some: tuple[Answers, ...]) -> Answers:
    """The answers of one method about several queries; a group that one lacks has probability 0."""
    groups = np.unique(np.concatenate([one.groups for one in some]))
    chances = []
    for one in some:
        chance = np.zeros((len(one.named), len(groups)))
        chance[:, np.searchsorted(groups, one.groups)] = one.probability
        chances.append(chance)
    return Answers(
        some[0].method,
        some[0].level,
        groups,
        np.concatenate(chances),
        np.concatenate([one.named for one in some]),
        np.concatenate([one.truth for one in some]),
        np.concatenate([one.stranger for one in some]),
    )


def table(pooled: list[dict[str, Any]], level: str) -> str:
    """One Markdown table of a level."""
    columns = {
        "accuracy": "accuracy",
        "ece": "calibration error",
        "named": "held out, named",
        "right_of_named": "right of these",
        "strangers_named": "strangers named",
        "strangers_wrong": "strangers named wrongly",
        "right_of_all_named": "right of all named",
    }
    rows = [row for row in pooled if row["level"] == level]
    kept = {key: name for key, name in columns.items() if rows[0][key] is not None}
    lines = [f"| {level} | " + " | ".join(kept.values()) + " |", "|---" * (len(kept) + 1) + "|"]
    lines += [
        f"| {row['method']} | " + " | ".join(f"{row[key]:.3f}" for key in kept) + " |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Run all repeats."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="Seed of the first split.")
    parser.add_argument("--strangers", nargs=3, metavar=("GENOTYPES", "LABELS", "POPULATIONS"))
    parser.add_argument("--leave-out", default="", help="Groups, joined by commas.")
    given = parser.parse_args()
    strangers = Strangers(left_out=tuple(given.leave_out.split(",")))
    if given.strangers:
        genotypes, labels, populations = given.strangers
        of = read(labels)
        strangers = Strangers(genotypes, of[of["population"].isin(populations.split(","))])
    said: dict[tuple[str, str], list[Answers]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cohort = opened(given.cohort, given.labels, folder)
        for seed in range(given.first, given.first + given.repeats):
            for answers in repeat(cohort, given.labels, seed, strangers, folder):
                said.setdefault((answers.level, answers.method), []).append(answers)
                print(json.dumps({"seed": seed, **answers.figures()}), flush=True)
    pooled = [joined(tuple(some)).figures() for some in said.values()]
    for level in LEVELS:
        print(f"\n{table(pooled, level)}")


if __name__ == "__main__":
    main()
