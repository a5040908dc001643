"""One map: how far fits with another seed, other samples, variants or threads agree.

usage: map.py COHORT LABELS [--seeds 42,1,2] [--dims 2]

Fits COHORT with default settings once for each seed, from nine tenths of its samples, from nine
tenths of its variants, and with one thread and two. Prints a JSON line per map, then one per
comparison. Columns of LABELS: sample, population. Needs scikit-learn.

knn, nmi         accuracy of the nearest neighbours (5-fold), and mixture clusters against labels
triplets         share of triplets of samples whose nearer pair is that of the components
centroids        rank correlation of the distances of groups with those on the components
r2               variance of one map that another explains after a similarity transform
within           share of coordinates within 1.96 stated standard deviations of the other map's
neighbours       share of the ten nearest samples that are the same
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.metrics import normalized_mutual_info_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from splits import opened, part

import ancestry_ddvi
from ancestry_ddvi.fitting.refits import brought_onto
from ancestry_ddvi.genotypes.formats.plink import write_plink
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.genotypes.variants import Block

TRIPLETS = 200_000
KEPT = 0.9


@dataclass(frozen=True)
class Map:
    """Coordinates of one fit, with their standard deviations and the components behind them."""

    mean: pd.DataFrame
    sd: pd.DataFrame
    components: pd.DataFrame
    summary: dict[str, Any]

    def of(self, ids: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates and standard deviations of some samples."""
        return self.mean.loc[ids].to_numpy(), self.sd.loc[ids].to_numpy()


def fitted(path: str, out: Path, dims: int, seed: int, threads: int | None = None) -> Map:
    """A fit with default settings."""
    found = ancestry_ddvi.fit([path], str(out), dims=dims, seed=seed, threads=threads, device="cpu")
    table = found.to_frame().set_index("sample_id")
    axes = [f"Z{k + 1}" for k in range(dims)]
    pcs = pd.read_csv(found.files["pcs"], sep="\t", dtype={"sample_id": str}).set_index("sample_id")
    return Map(table[axes], table[[f"{axis}_sd" for axis in axes]], pcs, found.summary)


def quality(found: Map, labels: pd.Series) -> dict[str, float]:
    """One map against labels and its own components."""
    ids = [i for i in found.mean.index if labels[i] != "NA"]
    x, groups = found.mean.loc[ids].to_numpy(), labels[ids].to_numpy(str)
    high = found.components.loc[ids].to_numpy()
    nearest = KNeighborsClassifier(20 if len(ids) > 2000 else 10)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    mixture = GaussianMixture(len(set(groups)), n_init=5, reg_covar=1e-4, random_state=0)
    i, j, k = np.random.default_rng(0).integers(0, len(ids), (3, TRIPLETS))
    distinct = (i != j) & (i != k) & (j != k)

    def nearer(of: np.ndarray) -> np.ndarray:
        return np.linalg.norm(of[i] - of[j], axis=1) < np.linalg.norm(of[i] - of[k], axis=1)

    def between(of: np.ndarray) -> np.ndarray:
        return pdist(np.stack([of[groups == g].mean(axis=0) for g in np.unique(groups)]))

    clusters = mixture.fit_predict((x - x.mean(axis=0)) / x.std())
    return {
        "knn": float(cross_val_score(nearest, x, groups, cv=folds).mean()),
        "nmi": float(normalized_mutual_info_score(groups, clusters)),
        "triplets": float((nearer(x) == nearer(high))[distinct].mean()),
        "centroids": float(spearmanr(between(x), between(high))[0]),
    }


def agreement(one: Map, other: Map) -> dict[str, float]:
    """Two maps on the samples that both have, as means over both directions."""
    ids = [i for i in one.mean.index if i in other.mean.index]
    found = []
    for here, there in itertools.permutations((one, other)):
        (x, sd), (y, _) = here.of(ids), there.of(ids)
        moved, r2 = brought_onto(x, y, np.ones(len(ids), dtype=bool))
        within = (np.abs(moved - x) < 1.96 * sd).mean()
        same = [len(set(a) & set(b)) / 10 for a, b in zip(_ten(x), _ten(y), strict=True)]
        found.append((r2, within, np.mean(same)))
    return dict(zip(("r2", "within", "neighbours"), np.mean(found, axis=0).tolist(), strict=True))


def _ten(x: np.ndarray) -> np.ndarray:
    return NearestNeighbors(n_neighbors=11).fit(x).kneighbors(x, return_distance=False)[:, 1:]


def some_variants(store: GenotypeStore, seed: int, prefix: Path) -> None:
    """Write nine tenths of the variants."""
    kept = np.random.default_rng(seed).random(len(store)) < KEPT

    def blocks() -> Iterator[Block]:
        for rows in np.array_split(np.flatnonzero(kept), max(1, len(store) // 4096)):
            yield Block(store.variants[rows], store.dosages(rows))

    write_plink(prefix, store.samples, blocks())


def show(**row: Any) -> None:
    """One JSON line."""
    rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}
    print(json.dumps(rounded), flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--seeds", default="42,1,2")
    parser.add_argument("--dims", type=int, default=2)
    arguments = parser.parse_args()
    dims, seeds = arguments.dims, [int(seed) for seed in arguments.seeds.split(",")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store, table = opened(arguments.cohort, arguments.labels, folder)
        labels = table.iloc[:, 0]
        maps = {seed: fitted(arguments.cohort, folder / f"s{seed}", dims, seed) for seed in seeds}
        for seed, found in maps.items():
            bounds, movement = found.summary["bounds"], found.summary["movement"]
            show(map=f"seed {seed}", **quality(found, labels),
                 bound=bounds["importance_weighted"], seconds=found.summary["seconds"],
                 map_sd=movement and movement["map_sd"])  # fmt: skip
        for one, other in itertools.combinations(seeds, 2):
            show(compared=f"seeds {one} and {other}", **agreement(maps[one], maps[other]))
        for seed in seeds:
            chosen = np.random.default_rng(seed).permutation(len(store.samples))
            kept = np.sort(chosen[: int(KEPT * len(chosen))])
            part(store, kept, folder / "samples")
            some_variants(store, seed, folder / "variants")
            for what in ("samples", "variants"):
                found = fitted(f"{folder / what}.bed", folder / f"{what}{seed}", dims, seed)
                show(compared=f"nine tenths of the {what}, {seed}", **quality(found, labels),
                     **agreement(maps[seed], found))  # fmt: skip
        threads = [
            fitted(arguments.cohort, folder / f"t{count}", dims, seeds[0], count)
            for count in (1, 2)
        ]
        show(compared="one thread and two", **agreement(*threads))


if __name__ == "__main__":
    main()
