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
from ..fitting.prepare import make_projection
from ..genotypes.projection.scores import Scores, runs
from ..genotypes.qc.quality_control import QC, Filters, quality_control
from ..genotypes.store import GenotypeStore
from ..inference.posterior_draws import PosteriorDraws
from ..methods import recipe, row
from ..methods.method import Recipe, Spec
from ..methods.networks import NetworkRecipe
from ..methods.settings import with_settings
from ..models.runtime import computing
from ..progress import Progress
from ..seeding import stream

HELD_OUT = 5
"""One in so many samples is held out."""

DRAWS = 256
NEIGHBOURS = 10
PAPER_CLUSTERS = 20
PAPER_RIDGE = 1e-2

LABELLED = (
    "knn", "knn_held_out", "nmi", "ari", "paper_purity", "paper_completeness", "paper_nmi",
)  # fmt: skip
COLUMNS = ("method", "prior", "seeds", "bound", "bound_over_vae", *LABELLED, "seconds")


@dataclass(frozen=True)
class Candidate:
    """A method to be judged.

    Attributes
    ----------
    method, prior : str
        Prior "NA" where the method has none.
    recipe : Recipe
    """

    method: str
    prior: str
    recipe: Recipe

    @property
    def name(self) -> str:
        """For samples."""
        return self.method if self.prior in ("NA", "normal") else f"{self.method}, {self.prior}"


def candidates(
    methods: Sequence[str], priors: Sequence[str], settings: Mapping[str, str]
) -> list[Candidate]:
    """Every method with every prior, once where it has none.

    Parameters
    ----------
    methods, priors : sequence of str
        Names of ``METHODS``, and of ``PRIORS``; no prior for the standard normal.
    settings : mapping of str to str
        Settings for every method that has them.

    Raises
    ------
    UsageProblem
        If there is no such method, or a setting cannot be meant.
    """
    found = []
    for method in dict.fromkeys(methods):
        plain = recipe(method)
        chosen = with_settings(plain, {k: v for k, v in settings.items() if hasattr(plain, k)})
        if isinstance(chosen, NetworkRecipe):
            for prior in dict.fromkeys(priors or [chosen.prior or "normal"]):
                found.append(Candidate(method, prior, replace(chosen, prior=prior)))
        else:
            found.append(Candidate(method, "NA", chosen))
    return found


@dataclass(frozen=True)
class Split:
    """A cohort divided for one seed: components learnt from the samples of the fit alone.

    Attributes
    ----------
    seed : int
    fit, held_out : ndarray of int64
        Unrelated samples of the store, held out or not.
    scores : Scores
        Of every sample in the store, as newcomers.
    """

    seed: int
    fit: np.ndarray
    held_out: np.ndarray
    scores: Scores


def compare(
    store: GenotypeStore,
    filters: Filters,
    judged: Sequence[Candidate],
    labels: Sequence[str] | None,
    *,
    dims: int,
    seeds: int,
    device: torch.device,
    threads: int | None,
    progress: Progress,
) -> Table:
    """Fit every method to four fifths of the unrelated samples and judge it on the rest.

    Parameters
    ----------
    store : GenotypeStore
    filters : Filters
    judged : sequence of Candidate
    labels : sequence of str, optional
        Of every sample in the store; "NA" where there is none. Without, neighbours and clusters
        are not judged.
    dims, seeds : int
        Coordinates; repeats, each with another division of the cohort.

    Returns
    -------
    Table
        A row for each candidate. ``bound`` is the mean importance-weighted bound of held-out
        samples, in nats, ``bound_over_vae`` its excess over the Gaussian posterior with the same
        prior on the same samples; what a method cannot say is NA.
    """
    for candidate in judged:
        candidate.recipe.check(dims, 0)
    qc = quality_control(store, filters, store.build_hint)
    found: list[list[dict[str, float]]] = [[] for _ in judged]
    for seed in range(1, seeds + 1):
        with computing(seed, threads):
            split = _split(store, qc, dims, seed)
        bounds: dict[tuple[str, str], np.ndarray] = {}
        for candidate, results in zip(judged, found, strict=True):
            name = f"{candidate.name}, seed {seed}"
            with computing(seed, threads), progress.stage(name, None):
                start = time.monotonic()
                inside, outside = _places(candidate, store, split, dims, device)
                result = {"seconds": time.monotonic() - start, "bound": math.nan}
            if outside is not None:
                each = outside.importance_bound
                bounds[candidate.method, candidate.prior] = each
                result["bound"] = float(each.mean())
            results.append(_judged(split, inside, outside, labels) | result)
        for candidate, results in zip(judged, found, strict=True):
            results[-1]["bound_over_vae"] = _excess(bounds, candidate)
    return Table(COLUMNS, [_row(*pair) for pair in zip(judged, found, strict=True)])


def _split(store: GenotypeStore, qc: QC, dims: int, seed: int) -> Split:
    unrelated = np.flatnonzero(qc.fit_samples)
    order = stream(seed, "held out").permutation(unrelated)
    held_out, fit = np.sort(order[::HELD_OUT]), np.sort(np.delete(order, np.s_[::HELD_OUT]))
    inside = np.zeros(len(store.samples), dtype=bool)
    inside[fit] = True
    projection = make_projection(store, replace(qc, fit_samples=inside), dims + 1, 0, seed)
    blocks = ((part, store.dosages(qc.variants[part])) for part in runs(len(qc.variants)))
    scores = projection.newcomers(projection.read(blocks, len(store.samples)), inside)
    return Split(seed, fit, held_out, scores)


def _places(
    candidate: Candidate, store: GenotypeStore, split: Split, dims: int, device: torch.device
) -> tuple[PosteriorDraws, PosteriorDraws | None]:
    """Samples of the fit, and those held out where the method can place them."""
    ids = np.array(store.samples, dtype=object)
    data = ScoreData(split.scores[split.fit], device)
    made = candidate.recipe.build(Spec(data.modality, dims), device)
    made.fit(data, lambda done: None)
    inside = made.embed(data, ids[split.fit], draws=DRAWS, seed=split.seed)
    if not row(candidate.method).embeds_new_samples:
        return inside, None
    rest = ScoreData(split.scores[split.held_out], device)
    return inside, made.embed(rest, ids[split.held_out], draws=DRAWS, seed=split.seed)


def _judged(
    split: Split,
    inside: PosteriorDraws,
    outside: PosteriorDraws | None,
    labels: Sequence[str] | None,
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


def _excess(bounds: Mapping[tuple[str, str], np.ndarray], candidate: Candidate) -> float:
    """Mean excess over the bounds of the Gaussian posterior with the same prior, in nats."""
    ours, plain = (candidate.method, candidate.prior), ("vae", candidate.prior)
    if ours == plain or ours not in bounds or plain not in bounds:
        return math.nan
    return float((bounds[ours] - bounds[plain]).mean())


def _row(candidate: Candidate, results: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    each = {
        column: Estimate(*t_interval([result[column] for result in results]))
        for column in COLUMNS[3:]
    }
    return {
        "method": candidate.method, "prior": candidate.prior, "seeds": len(results), **each
    }  # fmt: skip


def verdict(table: Table) -> str:
    """What the table says of ddvi against the Gaussian posterior, a sentence for each prior."""
    said = [
        _said(row["prior"], row["bound_over_vae"])
        for row in table.rows
        if row["method"] == "ddvi" and not math.isnan(row["bound_over_vae"].mean)
    ]
    return "\n".join(said) or (
        "Without both ddvi and vae in the table nothing can be said of the diffusion posterior."
    )


def _said(prior: str, excess: Estimate) -> str:
    known = not math.isnan(excess.half)
    if known and excess.mean > excess.half:
        says = "the diffusion posterior helps on this cohort"
    elif known and excess.mean < -excess.half:
        says = "the diffusion posterior hurts on this cohort: use --method vae"
    else:
        says = "no difference can be told from chance on this cohort"
    which = "" if prior == "normal" else f", prior {prior}"
    return f"Bound of ddvi over vae on held-out samples{which}: {excess} nats a sample; {says}."
