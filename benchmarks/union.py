"""One reference model of both panels, or two: ``python benchmarks/union.py DATA``.

DATA is the folder that ``references/build.py`` reads. A third of the samples is left out. Linear
discriminant analysis, and 15 nearest neighbours, name the population of each from its scores on the
variants of a query: exonic ones, those of arrays, or both. Then, whether samples of one population
can be told apart by the panel they come from, in ``hapmap3`` and in the union. Half an hour of one
core at most, 3 GiB.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from ancestry_ddvi.genotypes.qc.filters import Filters
from ancestry_ddvi.genotypes.qc.quality_control import quality_control
from ancestry_ddvi.genotypes.store import GenotypeStore

REFERENCES = Path(__file__).parents[1] / "references"
sys.path.insert(0, str(REFERENCES))
from build import prepared  # noqa: E402
from source_cohorts import Cohort, read_cohort, rows_of  # noqa: E402

COMPONENTS, ROUNDS, SEED = 25, 3, 2
FEWEST = 10
"""Samples of a population on each side, to compare panels."""


@dataclass(frozen=True)
class Panels:
    """Two panels side by side: dosages (samples, variants), and who has which block.

    ``phase1`` says which samples are in phase 1 of 1000 Genomes, and not in HapMap 3 alone.
    """

    dosages: np.ndarray
    blocks: dict[str, slice]
    has: dict[str, np.ndarray]
    population: np.ndarray
    phase1: np.ndarray

    def standardised(self, rows: np.ndarray, block: str) -> np.ndarray:
        """Dosages of a block by the frequencies of some samples; 0 where missing."""
        found = self.dosages[:, self.blocks[block]].astype(np.float32)
        missing = found < 0
        copies = np.where(missing, 0, found)[rows].sum(axis=0)
        f = (copies / (2 * (~missing[rows]).sum(axis=0))).clip(0.005, 0.995)
        return np.where(missing, 0, (found - 2 * f) / np.sqrt(2 * f * (1 - f)))


@dataclass(frozen=True)
class Axes:
    """Components of some samples: loadings, the samples, their singular vectors and values."""

    loadings: np.ndarray
    rows: np.ndarray
    vectors: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, rows: np.ndarray) -> Axes:
        """Principal components of the rows of ``x``."""
        values, vectors = np.linalg.eigh((x @ x.T).astype(np.float64))
        values = np.sqrt(values[::-1][:COMPONENTS])
        vectors = vectors[:, ::-1][:, :COMPONENTS]
        return cls((x.T @ vectors.astype(np.float32)) / values, rows, vectors, values)

    def scores(self, x: np.ndarray, block: slice) -> np.ndarray:
        """Least squares on a block; of samples behind the axes without their own part in them."""
        v = self.loadings[block]
        a, b = v.T @ v, (x[:, block] @ v.astype(np.float32)).astype(np.float64)
        own = np.linalg.solve(a, b[self.rows].T).T
        rest = (x[self.rows][:, block] ** 2).sum(axis=1) - np.einsum("ij,jk,ik->i", own, a, own)
        b[self.rows] -= rest.clip(0)[:, None] * self.vectors / self.values
        return np.linalg.solve(a, b.T).T


def main(data: Path) -> None:
    """Print what is right by each way, and how far panels separate."""
    panels = both_panels(data)
    exonic, arrays = panels.has["exonic"], panels.has["arrays"]
    test = np.random.default_rng(SEED).random(len(exonic)) < 1 / 3
    train = ~test
    rows = np.flatnonzero(arrays)
    x = panels.standardised(rows, "arrays")
    axes = Axes.of(x[rows], rows)
    typed_twice(axes, data)
    t = axes.scores(x, slice(None))
    compare("hapmap3", panels.population, t, arrays & panels.phase1, arrays & ~panels.phase1)
    for block, own in (("exonic", exonic), ("arrays", arrays)):
        rows = np.flatnonzero(train & own)
        x = panels.standardised(rows, block)
        t = Axes.of(x[rows], rows).scores(x, slice(None))
        judge("two models", block, panels, t, train & own, test & own)
    x = panels.standardised(np.flatnonzero(train), "both")
    complete = np.flatnonzero(train & exonic & arrays)
    axes = Axes.of(x[complete], complete)
    report("axes of the complete samples", panels, axes, x, train, test)
    axes = completed(panels, x, np.flatnonzero(train))
    found = report("axes of all", panels, axes, x, train, test)
    best = np.where((exonic & arrays)[:, None], found["both"],
                    np.where(exonic[:, None], found["exonic"], found["arrays"]))  # fmt: skip
    for block, others in (("exonic", exonic & ~arrays), ("arrays", arrays & ~exonic)):
        first = train & exonic & arrays
        compare(f"axes of all, {block} alone", panels.population, best, first, train & others)


def both_panels(data: Path) -> Panels:
    """The panels of both recipes after quality control, without relatives in either."""
    sides = {"exonic": filtered("kgp", data), "arrays": filtered("hapmap3", data)}
    names = list(dict.fromkeys(s for cohort, _ in sides.values() for _, s in cohort.samples))
    place = {name: row for row, name in enumerate(names)}
    labels: dict[str, tuple[str, ...]] = {}
    has, usable, parts, start, blocks = {}, np.ones(len(names), bool), [], 0, {}
    for block, (cohort, fit) in sides.items():
        rows = np.array([place[sample] for _, sample in cohort.samples])
        part = np.full((len(names), len(cohort.variants)), -1, np.int8)
        part[rows] = cohort.dosages.T
        usable[rows] &= fit
        has[block] = np.isin(np.arange(len(names)), rows)
        blocks[block] = slice(start, start := start + len(cohort.variants))
        labels = cohort.labels | labels
        parts.append(part)
    population = np.array([labels[name][0] for name in names])[usable]
    has = {block: there[usable] for block, there in has.items()}
    sizes = {block: int(there.sum()) for block, there in has.items()}
    variants = {block: part.shape[1] for block, part in zip(blocks, parts, strict=True)}
    print(f"{usable.sum()} samples: {sizes}; variants: {variants}")
    first = {sample for _, sample, *_ in rows_of(data / "kgp1092" / "kgp1092.fam")}
    phase1 = np.array([name in first for name in names])[usable]
    blocks["both"] = slice(None)
    return Panels(np.hstack(parts)[usable], blocks, has, population, phase1)


def filtered(name: str, data: Path) -> tuple[Cohort, np.ndarray]:
    """The cohort of a recipe at the variants of a fit, and which samples are in the fit."""
    plan = tomllib.loads((REFERENCES / f"{name}.toml").read_text("utf-8"))
    cohort, _ = prepared(plan, data)
    with tempfile.TemporaryDirectory() as folder:
        files = cohort.write(Path(folder), name)
        store = GenotypeStore.open([str(files["genotypes"])], Path(folder) / "store")
        qc = quality_control(store, Filters(**plan.get("filters", {})))
    return cohort.at(qc.variants), qc.fit_samples


def typed_twice(axes: Axes, data: Path) -> None:
    """Print how far scores of samples in both sources of ``hapmap3`` differ, in sd of noise.

    Scores of standardised dosages on orthonormal axes have noise of variance 1.
    """
    cohort, _ = filtered("hapmap3", data)
    plan = tomllib.loads((REFERENCES / "hapmap3.toml").read_text("utf-8"))
    first, second = (read_cohort(entry, data) for entry in plan["cohort"])
    a, b = (_at(source, cohort) for source in (first, second))
    of = {sample: column for column, (_, sample) in enumerate(first.samples)}
    shared = [(of[s], i) for i, (_, s) in enumerate(second.samples) if s in of]
    one, other = a[:, [i for i, _ in shared]], b[:, [i for _, i in shared]]
    f = np.where(cohort.dosages < 0, 0, cohort.dosages).sum(axis=1) / 2 / cohort.dosages.shape[1]
    known = other >= 0
    x = np.where(known, other - one, 0) / np.sqrt(2 * f * (1 - f))[:, None]
    shift = x.T @ axes.loadings
    names = np.array([first.labels[second.samples[i][1]][0] for _, i in shared])
    means = [np.abs(shift[names == name].mean(axis=0)).max() for name in np.unique(names)]
    print(
        f"typed twice: {len(shared)} samples, {100 * (one != other)[known].mean():.2f} % of calls "
        f"differ; scores by {shift.std():.3f}, means of populations by {max(means):.3f} at most"
    )


def _at(source: Cohort, cohort: Cohort) -> np.ndarray:
    """Dosages of a source at the variants of a cohort, of its A1: int16 (variants, samples)."""
    place = {variant[1]: row for row, variant in enumerate(source.variants)}
    rows = [place[variant[1]] for variant in cohort.variants]
    found = source.dosages[rows].astype(np.int16)
    pairs = zip(rows, cohort.variants, strict=True)
    turned = np.array([source.variants[row][3] != variant[3] for row, variant in pairs])
    return np.where(turned[:, None] & (found >= 0), 2 - found, found)


def completed(panels: Panels, x: np.ndarray, rows: np.ndarray) -> Axes:
    """Components of all samples, with missing blocks completed by the components, in rounds."""
    y = x[rows]
    for _ in range(ROUNDS):
        axes = Axes.of(y, rows)
        for missing, there in (("exonic", "arrays"), ("arrays", "exonic")):
            some = np.flatnonzero(~panels.has[missing][rows])
            v, w = axes.loadings[panels.blocks[there]], axes.loadings[panels.blocks[missing]]
            b = y[some][:, panels.blocks[there]] @ v.astype(np.float32)
            y[some, panels.blocks[missing]] = np.linalg.solve(v.T @ v, b.T.astype(float)).T @ w.T
    return axes


def report(
    way: str, panels: Panels, axes: Axes, x: np.ndarray, train: np.ndarray, test: np.ndarray
) -> dict[str, np.ndarray]:
    """Scores on each block, after they were judged."""
    exonic, arrays = panels.has["exonic"], panels.has["arrays"]
    found = {}
    for block, own in (("exonic", exonic), ("arrays", arrays), ("both", exonic & arrays)):
        found[block] = axes.scores(x, panels.blocks[block])
        judge(way, block, panels, found[block], train & own, test & own)
    return found


def judge(
    way: str, block: str, panels: Panels, t: np.ndarray, train: np.ndarray, test: np.ndarray
) -> None:
    """Print the share of left-out samples whose population is found."""
    counts = Counter(panels.population[train])
    train = train & np.array([counts[name] >= 5 for name in panels.population])
    names = np.unique(panels.population[train])
    test = test & np.isin(panels.population, names)
    both = (panels.has["exonic"] & panels.has["arrays"])[test]
    line = f"{way}, {block}: {test.sum()} samples, {len(names)} populations"
    for method in (LinearDiscriminantAnalysis(), KNeighborsClassifier(15)):
        found = method.fit(t[train], panels.population[train]).predict(t[test])
        right = found == panels.population[test]
        line += f"; {type(method).__name__} {right.mean():.3f}"
        line += f" (both blocks {right[both].mean():.3f}"
        line += f", one {right[~both].mean():.3f})" if (~both).any() else ")"
    print(line)


def compare(
    way: str, population: np.ndarray, t: np.ndarray, one: np.ndarray, other: np.ndarray
) -> None:
    """Print how far samples of one population differ by the panel they come from."""
    for name in np.unique(population):
        a, b = t[one & (population == name)], t[other & (population == name)]
        if min(len(a), len(b)) < FEWEST:
            continue
        variance = a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b)
        chi2 = ((a.mean(axis=0) - b.mean(axis=0)) ** 2 / variance).sum()
        x, y = np.vstack([a, b]), np.repeat([0, 1], [len(a), len(b)])
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        model = LogisticRegression(C=0.1, class_weight="balanced")
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        side = cross_val_predict(model, x, y, cv=folds, method="decision_function")
        print(
            f"{way}, {name}: {len(a)} and {len(b)} samples, chi2 {chi2:.0f} of {x.shape[1]}, "
            f"area under the curve {roc_auc_score(y, side):.2f}"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
