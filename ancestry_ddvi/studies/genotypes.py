"""All methods on one cohort: held-out bounds, neighbours and clusters in one table."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..data.scores import ScoreData
from ..evaluation.clusters import agreement, mixture_clusters
from ..evaluation.intervals import t_interval
from ..evaluation.neighbours import cross_validated_accuracy, neighbour_accuracy
from ..evaluation.tables import Estimate, Table
from ..fitting import SITES_AT_ONCE, make_projection
from ..genotypes.qc import QC, Filters, quality_control
from ..genotypes.scores import Scores
from ..genotypes.store import GenotypeStore
from ..mapping import with_settings
from ..methods import recipe, row
from ..methods.method import Spec
from ..models.runtime import computing
from ..placement import Placement
from ..progress import Progress
from ..seeding import stream

HELD_OUT = 5
"""One in so many people is held out."""

DRAWS = 256
NEIGHBOURS = 10
PAPER_CLUSTERS = 20
PAPER_RIDGE = 1e-2

LABELLED = (
    "knn", "knn_held_out", "nmi", "ari", "paper_purity", "paper_completeness", "paper_nmi",
)  # fmt: skip
COLUMNS = ("method", "seeds", "bound", "bound_over_vae", *LABELLED, "seconds")


@dataclass(frozen=True)
class Split:
    """A cohort divided for one seed: components learnt from the people of the fit alone.

    Attributes
    ----------
    seed : int
    fit, held_out : ndarray of int64
        Unrelated people of the store, held out or not.
    scores : Scores
        Of everybody in the store, as newcomers.
    """

    seed: int
    fit: np.ndarray
    held_out: np.ndarray
    scores: Scores


def compare(
    store: GenotypeStore,
    filters: Filters,
    methods: Sequence[str],
    labels: Sequence[str] | None,
    *,
    dims: int,
    seeds: int,
    settings: Mapping[str, str],
    device: torch.device,
    threads: int | None,
    progress: Progress,
) -> Table:
    """Fit every method to four fifths of the unrelated people and judge it on the rest.

    Parameters
    ----------
    store : GenotypeStore
    filters : Filters
    methods : sequence of str
        Names of ``METHODS``.
    labels : sequence of str, optional
        Of everybody in the store; "NA" where there is none. Without, neighbours and clusters
        are not judged.
    dims, seeds : int
        Coordinates; repeats, each with another division of the cohort.
    settings : mapping of str to str
        Settings for every method that has them.

    Returns
    -------
    Table
        A row a method. ``bound`` is the mean importance-weighted bound of held-out people, in
        nats, ``bound_over_vae`` its excess over the Gaussian posterior on the same people; what
        a method cannot say is NA.
    """
    for method in methods:
        recipe(method).check(dims, 0)
    qc = quality_control(store, filters, store.build_hint)
    found: dict[str, list[dict[str, float]]] = {method: [] for method in methods}
    for seed in range(1, seeds + 1):
        with computing(seed, threads):
            split = _split(store, qc, dims, seed)
        bounds: dict[str, np.ndarray] = {}
        for method in methods:
            with computing(seed, threads), progress.stage(f"{method}, seed {seed}", None):
                start = time.monotonic()
                inside, outside = _places(method, store, split, dims, settings, device)
                seconds = time.monotonic() - start
            if outside is not None:
                bounds[method] = outside.importance_bound
            mean = float(np.mean(bounds.get(method, math.nan)))
            found[method].append(
                _judged(split, inside, outside, labels) | {"seconds": seconds, "bound": mean}
            )
        for method in methods:
            found[method][-1]["bound_over_vae"] = _difference(bounds, method)
    return Table(COLUMNS, [_row(method, results) for method, results in found.items()])


def _split(store: GenotypeStore, qc: QC, dims: int, seed: int) -> Split:
    unrelated = np.flatnonzero(qc.fit_samples)
    order = stream(seed, "held out").permutation(unrelated)
    held_out, fit = np.sort(order[::HELD_OUT]), np.sort(np.delete(order, np.s_[::HELD_OUT]))
    inside = np.zeros(len(store.samples), dtype=bool)
    inside[fit] = True
    projection = make_projection(store, replace(qc, fit_samples=inside), dims, 0, seed)
    starts = range(0, len(qc.sites), SITES_AT_ONCE)
    parts = (slice(start, min(start + SITES_AT_ONCE, len(qc.sites))) for start in starts)
    blocks = ((part, store.dosages(qc.sites[part])) for part in parts)
    scores = projection.newcomers(projection.read(blocks, len(store.samples)), inside)
    return Split(seed, fit, held_out, scores)


def _places(
    method: str,
    store: GenotypeStore,
    split: Split,
    dims: int,
    settings: Mapping[str, str],
    device: torch.device,
) -> tuple[Placement, Placement | None]:
    """People of the fit, and those held out where the method can place them."""
    plain = recipe(method)
    chosen = with_settings(plain, {k: v for k, v in settings.items() if hasattr(plain, k)})
    ids = np.array(store.samples, dtype=object)
    data = ScoreData(split.scores[split.fit], device)
    made = chosen.build(Spec(data.modality, dims), device)
    made.fit(data, lambda done: None)
    inside = made.place(data, ids[split.fit], draws=DRAWS, seed=split.seed)
    if not row(method).places_new:
        return inside, None
    rest = ScoreData(split.scores[split.held_out], device)
    return inside, made.place(rest, ids[split.held_out], draws=DRAWS, seed=split.seed)


def _judged(
    split: Split, inside: Placement, outside: Placement | None, labels: Sequence[str] | None
) -> dict[str, float]:
    """Neighbours and clusters against labels."""
    if labels is None:
        return dict.fromkeys(LABELLED, math.nan)
    every = np.array(labels)
    label = every[split.fit]
    known = label != "NA"
    z, label = inside.mean[known], label[known]
    ours = agreement(mixture_clusters(z, len(np.unique(label))), label)
    paper = agreement(mixture_clusters(z, PAPER_CLUSTERS, ridge=PAPER_RIDGE), label)
    held_out = math.nan
    if outside is not None:
        other = every[split.held_out]
        held_out = neighbour_accuracy(
            z, label, outside.mean[other != "NA"], other[other != "NA"], NEIGHBOURS
        )
    return {
        "knn": cross_validated_accuracy(z, label, NEIGHBOURS),
        "knn_held_out": held_out,
        "nmi": ours["nmi"],
        "ari": ours["ari"],
        **{f"paper_{name}": paper[name] for name in ("purity", "completeness", "nmi")},
    }


def _difference(bounds: Mapping[str, np.ndarray], method: str) -> float:
    """Mean excess of a method's bounds over those of the Gaussian posterior, in nats."""
    if method == "vae" or "vae" not in bounds or method not in bounds:
        return math.nan
    return float((bounds[method] - bounds["vae"]).mean())


def _row(method: str, results: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    each = {
        column: Estimate(*t_interval([result[column] for result in results]))
        for column in COLUMNS[2:]
    }
    return {"method": method, "seeds": len(results), **each}


def verdict(table: Table) -> str:
    """What the table says of ddvi against the Gaussian posterior, in one sentence."""
    by_name = {row["method"]: row for row in table.rows}
    if "ddvi" not in by_name or math.isnan(by_name["ddvi"]["bound_over_vae"].mean):
        return (
            "Without both ddvi and vae in the table nothing can be said of the diffusion posterior."
        )
    excess = by_name["ddvi"]["bound_over_vae"]
    known = not math.isnan(excess.half)
    if known and excess.mean > excess.half:
        says = "the diffusion posterior helps on this cohort"
    elif known and excess.mean < -excess.half:
        says = "the diffusion posterior hurts on this cohort: use --method vae"
    else:
        says = "no difference can be told from chance on this cohort"
    return f"Bound of ddvi over vae on held-out people: {excess} nats a person; {says}."
