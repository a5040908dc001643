"""What the benchmarks share: splits of a cohort, fits, and held-out samples embedded by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ancestry_ddvi.artefacts.labels import read_labels
from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.fitting.options import FitOptions
from ancestry_ddvi.fitting.pipeline import Fit, fit_model, revive
from ancestry_ddvi.fitting.prepare import FitRequest
from ancestry_ddvi.genotypes.formats.plink import write_plink
from ancestry_ddvi.genotypes.projection.scores import Projected, Scores
from ancestry_ddvi.genotypes.qc.kinship import king_robust
from ancestry_ddvi.genotypes.qc.quality_control import Filters, quality_control
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.genotypes.variants import Block
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws
from ancestry_ddvi.models.runtime import computing

DRAWS = 256
CPU = torch.device("cpu")


def opened(cohort: str, labels: str, folder: Path) -> tuple[GenotypeStore, pd.DataFrame]:
    """The cohort, and its labels in the same order."""
    store = GenotypeStore.open([cohort], folder / "cohort")
    table = pd.read_csv(labels, sep="\t", dtype=str, keep_default_na=False)
    return store, table.set_index(table.columns[0]).loc[list(store.samples)]


def families(store: GenotypeStore) -> np.ndarray:
    """The family of each sample: relatives to the second degree share one; int (samples,)."""
    everyone = np.arange(len(store.samples))
    pairs = king_robust(store, quality_control(store, Filters()).variants, everyone)
    links = coo_matrix((np.ones(len(pairs)), (pairs["i"], pairs["j"])), shape=[len(everyone)] * 2)
    return np.asarray(connected_components(links, directed=False)[1])


def split(store: GenotypeStore, seed: int) -> np.ndarray:
    """Held-out samples, a fifth of the families; bool (samples,)."""
    family = families(store)
    chosen = np.random.default_rng(seed).permutation(family.max() + 1)[: (family.max() + 1) // 5]
    return np.isin(family, chosen)


def part(store: GenotypeStore, samples: np.ndarray, prefix: Path) -> GenotypeStore:
    """A store of some of the samples."""

    def blocks() -> Iterator[Block]:
        for start in range(0, len(store), 4096):
            rows = slice(start, start + 4096)
            yield Block(store.variants[rows], store.dosages(rows, samples))

    write_plink(prefix, tuple(store.samples[i] for i in samples), blocks())
    return GenotypeStore.open([f"{prefix}.bed"])


def fitted(store: GenotypeStore, method: str, seed: int, labels: str | Path | None = None) -> Fit:
    """A default fit with another method or seed, with groups where labels are given."""
    table = read_labels(labels).match(store.samples) if labels else None
    with computing(seed, None):
        return fit_model(FitRequest(store, FitOptions(method=method, seed=seed), CPU, table))


def embedded(fit: Fit, scores: Scores, store: GenotypeStore, seed: int) -> PosteriorDraws:
    """Posterior draws on the axes of the coordinates."""
    with computing(seed, None):
        raw = revive(fit.model, CPU).embed(
            ScoreData(scores, CPU), store.samples, draws=DRAWS, seed=seed
        )
    return raw.rotated(fit.model.rotation)


def dosages_of(fit: Fit, store: GenotypeStore) -> np.ndarray:
    """Dosages of another store at the model's variants; int8 (variants, samples)."""
    alignment = fit.model.panel.align(store.variants, store.counts(), None)
    return alignment.dosages(store, 0, len(alignment.rows))


def as_newcomers(fit: Fit, everyone: Projected) -> Scores:
    """Scores on the kept components, as ``embed`` takes them."""
    projection = fit.model.projection
    return projection.newcomers(everyone, projection.in_panel(everyone))


def of_calls(fit: Fit, dosages: np.ndarray) -> Scores:
    """Scores from dosages at the model's variants."""
    blocks = [(slice(0, len(dosages)), dosages)]
    return as_newcomers(fit, fit.model.projection.read(blocks, dosages.shape[1]))
