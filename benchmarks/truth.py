"""A fit of a simulated cohort against its truth: populations, admixture and relatives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.neighbors import KNeighborsClassifier

CUTOFF = 0.0884
"""Kinship of second degree, at which ``fit`` leaves out one of two relatives."""

NEIGHBOURS = 10
QUERIES = 2_000
"""Samples whose neighbours are looked at."""


def recovered(cohort: Path, fitted: Path) -> dict[str, Any]:
    """Measures of what the fit with prefix ``fitted`` found of the cohort with that prefix.

    Returns
    -------
    dict
        ``knn_*``: share of samples whose ten nearest are mostly of their own population.
        ``admixture_r2``: variance of the shares of superpopulations, among admixed samples, that
        the components explain. ``subspace``: mean squared canonical correlation of the components
        and as many true ones, which are those of the expected genotypes. ``pairs_found``: planted
        pairs with realised kinship of at least the cutoff that were found.
    """
    truth = cohort.with_name(f"{cohort.name}.truth")
    samples = pd.read_csv(truth / "samples.tsv", sep="\t", dtype=str, keep_default_na=False)
    order = samples["sample"]
    components = _table(fitted, "pcs", order).filter(regex="^PC")
    map_ = _table(fitted, "coords", order).filter(regex="^Z[0-9]+$")
    shares = _shares(truth, samples)
    expected = _expected(shares, np.load(truth / "frequencies.npy"), components.shape[1])
    found = {
        f"knn_{what}_{level}": round(_neighbours(table.to_numpy(), samples[level].to_numpy()), 4)
        for what, table in (("components", components), ("map", map_))
        for level in ("population", "superpopulation")
    }
    admixed, above = shares.max(axis=1) < 1, shares @ _above(truth, samples)
    return {
        **found,
        "components": components.shape[1],
        "subspace": round(_agreement(components.to_numpy(), expected), 4),
        "admixture_r2": round(_explained(components.to_numpy()[admixed], above[admixed]), 4),
        **_pairs(truth, fitted),
    }


def _table(fitted: Path, name: str, order: pd.Series[str]) -> pd.DataFrame:
    table = pd.read_csv(f"{fitted}.{name}.tsv", sep="\t", dtype={"sample_id": str})
    return table.set_index("sample_id").loc[order]


def _shares(truth: Path, samples: pd.DataFrame) -> np.ndarray:
    """Shares of every source in every sample; float64 (samples, sources)."""
    ancestry = pd.read_csv(truth / "ancestry.tsv", sep="\t", dtype={"sample": str})
    ancestry = ancestry.set_index("sample")
    sources = list(ancestry.columns)
    single = (samples["population"].to_numpy()[:, None] == np.array(sources)).astype(float)
    mixed = samples["sample"].isin(ancestry.index).to_numpy()
    single[mixed] = ancestry.loc[samples["sample"][mixed]].to_numpy()
    return single


def _above(truth: Path, samples: pd.DataFrame) -> np.ndarray:
    """Which superpopulation each source is of; float64 (sources, superpopulations)."""
    sources = pd.read_csv(truth / "fst.tsv", sep="\t", dtype={0: str})["population"]
    group = samples.drop_duplicates("population").set_index("population")["superpopulation"]
    return np.asarray(pd.get_dummies(group.reindex(sources)).to_numpy(float))


def _expected(shares: np.ndarray, frequency: np.ndarray, count: int) -> np.ndarray:
    """Leading components of the expected genotypes; float64 (samples, up to ``count``)."""
    mean = (shares.mean(axis=0) @ frequency).clip(0.01, 0.99)
    standard = (frequency - mean) / np.sqrt(mean * (1 - mean))
    between = standard @ standard.T
    values, vectors = np.linalg.eigh(between)
    root = vectors * np.sqrt(values.clip(0))
    centred = (shares - shares.mean(axis=0)) @ root
    left, strength, _ = np.linalg.svd(centred, full_matrices=False)
    rank = int((strength > 1e-6 * strength[0]).sum())
    return np.asarray(left[:, : min(count, rank)])


def _agreement(found: np.ndarray, expected: np.ndarray) -> float:
    """Mean squared canonical correlation over the directions of ``expected``."""
    basis, _ = np.linalg.qr(found - found.mean(axis=0))
    true, _ = np.linalg.qr(expected - expected.mean(axis=0))
    return float(((basis.T @ true) ** 2).sum() / true.shape[1])


def _explained(components: np.ndarray, shares: np.ndarray) -> float:
    """Variance of shares that a linear function of the components explains."""
    design = np.column_stack([np.ones(len(components)), components])
    fitted = design @ np.linalg.lstsq(design, shares, rcond=None)[0]
    centred = shares - shares.mean(axis=0)
    return float(1 - ((shares - fitted) ** 2).sum() / (centred**2).sum())


def _neighbours(points: np.ndarray, label: np.ndarray) -> float:
    """Accuracy of nearest neighbours, each sample judged by others."""
    rng = np.random.default_rng(1)
    query = rng.permutation(len(points))[: min(QUERIES, len(points) // 2)]
    rest = np.setdiff1d(np.arange(len(points)), query)
    model = KNeighborsClassifier(NEIGHBOURS).fit(points[rest], label[rest])
    return float((model.predict(points[query]) == label[query]).mean())


def _pairs(truth: Path, fitted: Path) -> dict[str, Any]:
    """Planted pairs above the cutoff, how many were found, and what else was."""
    planted = pd.read_csv(truth / "relatives.tsv", sep="\t", dtype={0: str, 1: str})
    found = pd.read_csv(f"{fitted}.relatives.tsv", sep="\t", dtype={0: str, 1: str})
    seen = {frozenset(pair) for pair in found[["sample_1", "sample_2"]].itertuples(index=False)}
    pairs = [frozenset(pair) for pair in planted[["sample_1", "sample_2"]].itertuples(index=False)]
    due = [
        (p, f"{r} of {k:.3f}")
        for p, r, k in zip(pairs, planted["relation"], planted["kinship"], strict=True)
        if k >= CUTOFF
    ]
    missed = [relation for pair, relation in due if pair not in seen]
    return {
        "pairs_planted": len(pairs),
        "pairs_due": len(due),
        "pairs_found": len(due) - len(missed),
        "pairs_missed": sorted(missed),
        "pairs_not_planted": len(seen - set(pairs)),
    }
