"""Synthetic samples of each population against real ones held out of the fit, as a Markdown table.

usage: synthetic.py COHORT LABELS [--repeats 3] [--method ddvi] [--prior NAME] [--dims 2]

80/20 splits with relatives on one side; labels have columns sample, population, superpopulation.
For each population, as many samples of ``sample --population`` as were held out (mean of ten draws)
are compared with these, and so are as many samples of the fit, which is the score of real samples.
"all" is a mixed cohort with every group in its share of the fit. Columns: correlation of allele
frequencies; Hudson's F_ST; heterozygosity; energy statistic of principal components (0 equal,
1 disjoint); accuracy of a logistic regression on other components, both unknown to the model;
squared correlation of neighbouring variants beyond chance; area under the curve of separating
samples of the fit from those held out by their nearest synthetic sample. Two alternatives: "prior",
samples at latents of the prior times the probability of the group, for "all" of the prior alone;
"freq.", samples drawn at every variant from the frequency in the samples of the fit.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from calibration import of_calls
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from splits import CPU, part, split

from ancestry_ddvi import api
from ancestry_ddvi.artefacts.labels import read_labels
from ancestry_ddvi.fitting.options import FitOptions
from ancestry_ddvi.fitting.pipeline import Fit, fit_model
from ancestry_ddvi.fitting.prepare import FitRequest
from ancestry_ddvi.genotypes.simulation.synthetic import genotypes, names
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.inference.constraint import reward_of_latents
from ancestry_ddvi.inference.outsourcing import outsource
from ancestry_ddvi.inference.targets import targets
from ancestry_ddvi.methods.networks import NetworkMethod
from ancestry_ddvi.models.runtime import computing

MIN_SAMPLES = 8
"""Samples held out below which a population is left out."""

SAMPLES = 200
"""Synthetic samples of each population."""

DRAWS = 10
COMPONENTS = 20
NEAR = 200_000
"""Base pairs between neighbouring variants."""

COLUMNS = (
    "population", "held out", "r", "r, real", "F_ST", "F_ST, prior", "F_ST, real", "het.",
    "het., real", "energy", "energy, prior", "energy, real", "class", "class, prior",
    "class, real", "LD", "LD, real", "AUC", "AUC, prior", "AUC, freq.",
)  # fmt: skip

OF_ONE = ("class", "class, prior", "class, real", "LD", "LD, real", "AUC, freq.")
"""Columns that say nothing of a mixture of populations."""


@dataclass(frozen=True)
class Samples:
    """Dosages int8 (variants, samples), scores (samples, components), labels (samples,)."""

    dosages: np.ndarray
    scores: np.ndarray
    label: np.ndarray

    def __getitem__(self, some: np.ndarray) -> Samples:
        return Samples(self.dosages[:, some], self.scores[some], self.label[some])

    def __len__(self) -> int:
        return len(self.label)


Classifier = Callable[[Samples], np.ndarray]


def read(fit: Fit, store: GenotypeStore, label: np.ndarray) -> Samples:
    """The samples of a store at the variants of the model."""
    alignment = fit.model.panel.align(store.variants, store.counts(), None)
    dosages = alignment.dosages(store, 0, len(alignment.rows))
    return Samples(dosages, of_calls(fit, dosages).value, label)


def synthetic(
    fit: Fit, model: Path, population: str, train: Samples, samples: int, seed: int, folder: Path
) -> Samples:
    """Samples of one population, or for "all" of every group that the model knows."""
    out, asked = folder / f"{population}.bed", [population]
    if population == "all":
        known = fit.model.record.groups.names(0)
        asked = [f"{name}:{(train.label == name).sum()}" for name in known]
    api.sample(str(model), str(out), n=samples, population=asked, seed=seed)
    return read(fit, GenotypeStore.open([str(out)]), np.full(samples, population))


def of_prior(fit: Fit, population: str, samples: int, seed: int) -> Samples:
    """Samples of p(z) times the group's probability at z, or for "all" of the prior."""
    rng = np.random.default_rng(seed)
    assert isinstance(fit.method, NetworkMethod)
    with computing(seed, 1):
        if population == "all":
            z = fit.method.sample_prior(samples, seed)
        else:
            groups = fit.model.record.groups
            (wanted,) = targets(groups, [population], fit.model.rotation)
            reward = reward_of_latents(wanted.log_chance, fit.model.rotation)
            z = outsource(fit.method.model.prior, reward, draws=samples, seed=seed).z
        normal = rng.standard_normal((samples, fit.model.projection.kept))
        scores = fit.method.decode_scores(z, normal)
        blocks = genotypes(fit.model.panel, fit.model.projection, scores, names(samples), seed + 1)
        dosages = np.concatenate([block.dosages for block in blocks])
    return Samples(dosages, of_calls(fit, dosages).value, np.full(samples, population))


def of_frequencies(fit: Fit, train: Samples, samples: int, seed: int) -> Samples:
    """Samples drawn variant by variant from the frequencies of the population in the fit."""
    p = train.dosages.mean(1, keepdims=True) / 2
    rng = np.random.default_rng(seed)
    dosages = rng.binomial(2, p, (len(p), samples)).astype(np.int8)
    return Samples(dosages, of_calls(fit, dosages).value, np.full(samples, train.label[0]))


def independent(train: Samples, seed: int) -> Classifier:
    """A classifier of populations: components of one half of the fit, regression on the other.

    Samples of the second half are projected as new samples, so that nothing shrinks.
    """
    half = np.random.default_rng(seed).permutation(len(train)) % 2 == 0
    axes = make_pipeline(StandardScaler(), PCA(COMPONENTS, random_state=0))
    axes.fit(train[half].dosages.T.astype(float))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(axes.transform(train[~half].dosages.T.astype(float)), train[~half].label)
    return lambda samples: model.predict(axes.transform(samples.dosages.T.astype(float)))


def hudson(a: np.ndarray, b: np.ndarray) -> float:
    """F_ST by a ratio of sums (Bhatia et al. 2013), from dosages (variants, samples)."""
    p, q, n, m = a.mean(1) / 2, b.mean(1) / 2, 2 * a.shape[1], 2 * b.shape[1]
    between = (p - q) ** 2 - p * (1 - p) / (n - 1) - q * (1 - q) / (m - 1)
    return float(between.sum() / (p * (1 - q) + q * (1 - p)).sum())


def energy(a: np.ndarray, b: np.ndarray) -> float:
    """Energy statistic of two sets of points, unbiased: 0 if equal, 1 if disjoint."""
    across = cdist(a, b).mean()
    within = [cdist(x, x).sum() / (len(x) * (len(x) - 1)) for x in (a, b)]
    return float((2 * across - sum(within)) / (2 * across))


def neighbours(samples: Samples, fit: Fit) -> float:
    """Mean squared correlation of neighbouring variants, minus that by chance."""
    variants = fit.model.panel.variants
    varies = samples.dosages.std(1) > 0
    near = (variants.chromosome[1:] == variants.chromosome[:-1]) & (
        np.diff(variants.position) < NEAR
    )
    x = samples.dosages - samples.dosages.mean(1, keepdims=True)
    x = x / np.where(varies, np.linalg.norm(x, axis=1), 1)[:, None]
    r2 = (x[1:] * x[:-1]).sum(1)[near & varies[1:] & varies[:-1]] ** 2
    return float(r2.mean() - 1 / (len(samples) - 1))


def nearest(samples: Samples, others: Samples) -> np.ndarray:
    """Share of alleles by state of each sample with the nearest of the others."""
    differ = np.zeros((len(samples), len(others)))
    for least in (1, 2):
        a, b = ((p.dosages >= least).astype(np.float32) for p in (samples, others))
        differ += a.sum(0)[:, None] + b.sum(0) - 2 * a.T @ b
    return np.asarray(1 - differ.min(1) / (2 * len(samples.dosages)))


def leak(train: Samples, test: Samples, made: Samples) -> float:
    """Area under the curve of membership by the nearest synthetic sample."""
    score = np.concatenate([nearest(train, made), nearest(test, made)])
    return float(roc_auc_score(np.arange(len(score)) < len(train), score))


def against(test: Samples, other: Samples, rng: np.random.Generator) -> list[float]:
    """r, F_ST and energy of as many others as there are in the test, averaged over draws."""
    size, found = min(len(test), len(other)), []
    truth = test.dosages.mean(1) / 2
    for _ in range(DRAWS):
        some = other[rng.permutation(len(other))[:size]]
        drawn = some.dosages.mean(1) / 2
        found.append([
            np.corrcoef(truth, drawn)[0, 1],
            hudson(test.dosages, some.dosages),
            energy(test.scores, some.scores),
        ])  # fmt: skip
    return [float(v) for v in np.mean(found, axis=0)]


def row(
    name: str,
    train: Samples,
    test: Samples,
    made: Samples,
    classify: Classifier,
    fit: Fit,
    seed: int,
) -> dict[str, float | str]:
    """One population of one split."""
    rng = np.random.default_rng(seed)
    whole = name == "all"
    prior = of_prior(fit, name, len(made), seed)
    simple = made if whole else of_frequencies(fit, train, len(made), seed)
    ours, rival, real = (against(test, samples, rng) for samples in (made, prior, train))
    size = min(len(train), len(made))
    some, few = made[np.arange(size)], train[rng.permutation(len(train))[:size]]
    het = [float((samples.dosages == 1).mean()) for samples in (made, test)]
    right = [float((classify(samples) == name).mean()) for samples in (made, prior, test)]
    leaks = [leak(train, test, samples) for samples in (made, prior, simple)]
    values = [
        len(test), ours[0], real[0], ours[1], rival[1], real[1], *het, ours[2], rival[2], real[2],
        *right, neighbours(some, fit), neighbours(few, fit), *leaks,
    ]  # fmt: skip
    found = dict(zip(COLUMNS, [name, *values], strict=True))
    return {k: np.nan if whole and k in OF_ONE else v for k, v in found.items()}


def repeat(
    store: GenotypeStore, given: argparse.Namespace, label: np.ndarray, seed: int, folder: Path
) -> list[dict[str, float | str]]:
    """Every population of one split, and all of them."""
    held_out = split(store, seed)
    sides = [
        part(store, np.flatnonzero(who), folder / f"{name}{seed}")
        for name, who in (("train", ~held_out), ("test", held_out))
    ]
    settings = {"prior": given.prior} if given.prior else {}
    options = FitOptions(given.method, given.dims, seed, settings=settings)
    with computing(seed, None):
        labels = read_labels(given.labels).match(sides[0].samples)
        fit = fit_model(FitRequest(sides[0], options, CPU, labels))
    model = folder / f"model{seed}.ddvi"
    fit.model.write(model)
    train, test = (
        read(fit, side, label[who]) for side, who in zip(sides, (~held_out, held_out), strict=True)
    )
    classify, rows = independent(train, seed), []
    for name in [*np.unique(label), "all"]:
        here = [
            side if name == "all" else side[np.flatnonzero(side.label == name)]
            for side in (train, test)
        ]
        if len(here[1]) < MIN_SAMPLES:
            continue
        count = 5 * SAMPLES if name == "all" else SAMPLES
        made = synthetic(fit, model, str(name), train, count, seed, folder)
        rows.append(row(str(name), *here, made, classify, fit, seed))
    return rows


def main() -> None:
    """Run all repeats and print their means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--method", default="ddvi")
    parser.add_argument("--prior")
    parser.add_argument("--dims", type=int, default=2)
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        store = GenotypeStore.open([given.cohort], Path(folder) / "cohort")
        table = pd.read_csv(given.labels, sep="\t", dtype=str, keep_default_na=False)
        label = table.set_index(table.columns[0]).loc[list(store.samples)]["population"]
        for seed in range(1, given.repeats + 1):
            rows += repeat(store, given, label.to_numpy(str), seed, Path(folder))
    means = pd.DataFrame(rows).groupby("population").mean()
    means = means.loc[[*means.index.drop("all"), "all"]]
    means.loc["mean"] = means.drop("all").mean()
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    for name, values in means.iterrows():
        cells = ["" if np.isnan(v) else f"{v:.3f}" for v in values.iloc[1:]]
        print("| " + " | ".join([str(name), f"{values.iloc[0]:.0f}", *cells]) + " |")


if __name__ == "__main__":
    main()
