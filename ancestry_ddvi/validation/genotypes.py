"""All methods on one cohort: bounds of held-out samples, neighbours and clusters."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch

from ..data.scores import ScoreData
from ..evaluation.clusters import agreement, mixture_clusters
from ..evaluation.evidence import GAPS
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
from ..methods.networks import NetworkRecipe, VariationalRecipe
from ..methods.settings import with_settings
from ..models.runtime import computing
from ..progress import Progress
from ..seeding import stream
from . import posteriors

HELD_OUT = 5
"""One in so many samples is held out."""

DRAWS = 256
NEIGHBOURS = 10
PAPER_CLUSTERS = 20
PAPER_RIDGE = 1e-2

BASELINE = "vae"
"""The method whose bound the others are compared with."""

OVER_BASELINE = f"bound_over_{BASELINE}"

LABELLED = (
    "knn", "knn_held_out", "nmi", "ari", "paper_purity", "paper_completeness", "paper_nmi",
)  # fmt: skip
COLUMNS = (
    "method", "prior", "seeds", "bound", OVER_BASELINE, *GAPS, *LABELLED, "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A method to compare.

    Attributes
    ----------
    method : str
    prior : str or None
        None where the method has none.
    recipe : Recipe
    """

    method: str
    prior: str | None
    recipe: Recipe

    @property
    def name(self) -> str:
        """Shown with the progress."""
        return f"{self.method}, prior {self.prior}" if self.prior else self.method


def candidates(
    methods: Sequence[str], priors: Sequence[str], settings: Mapping[str, str]
) -> list[Candidate]:
    """Every method with every prior, once where it has none.

    Parameters
    ----------
    methods, priors : sequence of str
        Names of ``METHODS``, and of ``PRIORS``; no prior for that of ``fit``.
    settings : mapping of str to str
        Settings for every method that has them.

    Raises
    ------
    UsageProblem
        If there is no such method, or a setting is not valid.
    """
    return [
        candidate
        for method in dict.fromkeys(methods)
        for candidate in _candidates(method, priors, settings)
    ]


def _candidates(method: str, priors: Sequence[str], settings: Mapping[str, str]) -> list[Candidate]:
    """A method with every prior, or alone if its recipe has no such setting."""
    plain = recipe(method)
    names = {field.name for field in fields(plain)}
    chosen = with_settings(plain, {k: v for k, v in settings.items() if k in names})
    if "prior" not in names:
        return [Candidate(method, None, chosen)]
    of_fit = "adaptive" if isinstance(plain, VariationalRecipe) else "normal"
    default = settings.get("prior") or of_fit
    return [
        Candidate(method, prior, with_settings(chosen, {"prior": prior}))
        for prior in dict.fromkeys(priors or [default])
    ]


@dataclass(frozen=True)
class Split:
    """A cohort divided for one seed; components are computed from the samples of the fit alone.

    Attributes
    ----------
    seed : int
    fit, held_out : ndarray of int64
        Indices of unrelated samples.
    scores : Scores
        Of all samples in the store, as embed would compute them.
    """

    seed: int
    fit: np.ndarray
    held_out: np.ndarray
    scores: Scores


def compare(
    store: GenotypeStore,
    filters: Filters,
    compared: Sequence[Candidate],
    labels: Sequence[str] | None,
    *,
    dims: int,
    seeds: int,
    device: torch.device,
    threads: int | None,
    progress: Progress,
) -> Table:
    """Fit every method to four fifths of the unrelated samples and score it on the others.

    Parameters
    ----------
    store : GenotypeStore
    filters : Filters
    compared : sequence of Candidate
    labels : sequence of str, optional
        Of all samples in the store, "NA" where one has none. Without labels, neighbours and
        clusters are not scored.
    dims, seeds : int
        Number of coordinates; repeats, each with another division of the cohort.

    Returns
    -------
    Table
        A row for each candidate. ``bound`` is the mean importance-weighted bound of held-out
        samples, in nats, ``bound_over_vae`` its excess over the Gaussian posterior with the same
        prior on the same samples; NA where a method does not give it. These depend on decoder and
        posterior; ``GAPS`` judge the posterior alone, in two dimensions.
    """
    for candidate in compared:
        candidate.recipe.check(dims, 0)
    qc = quality_control(store, filters, store.build_hint)
    found: list[list[dict[str, float]]] = [[] for _ in compared]
    for seed in range(1, seeds + 1):
        with computing(seed, threads):
            split = _split(store, qc, dims, seed)
        bounds: dict[tuple[str, str | None], np.ndarray] = {}
        for candidate, results in zip(compared, found, strict=True):
            name = f"{candidate.name}, seed {seed}"
            with computing(seed, threads), progress.stage(name, None):
                start = time.monotonic()
                inside, outside = _embedded(candidate, store, split, dims, device)
                result = {"seconds": time.monotonic() - start, "bound": math.nan}
            if outside is not None:
                each = outside.importance_bound
                bounds[candidate.method, candidate.prior] = each
                result["bound"] = float(each.mean())
            results.append(_scored(split, inside, outside, labels) | result)
        with computing(seed, threads), progress.stage(f"posteriors, seed {seed}", None):
            judged = _judged(compared, store, split, dims, device)
        for candidate, results in zip(compared, found, strict=True):
            results[-1][OVER_BASELINE] = _excess(bounds, candidate)
            results[-1] |= judged.get(candidate.name, dict.fromkeys(GAPS, math.nan))
    return Table(COLUMNS, [_row(*pair) for pair in zip(compared, found, strict=True)])


def _split(store: GenotypeStore, qc: QC, dims: int, seed: int) -> Split:
    unrelated = np.flatnonzero(qc.fit_samples)
    order = stream(seed, "held out").permutation(unrelated)
    held_out, fit = np.sort(order[::HELD_OUT]), np.sort(np.delete(order, np.s_[::HELD_OUT]))
    inside = np.zeros(len(store.samples), dtype=bool)
    inside[fit] = True
    projection = make_projection(store, replace(qc, fit_samples=inside), dims + 1, 0, seed)
    blocks = [(part, store.dosages(qc.variants[part])) for part in runs(len(qc.variants))]
    scores = projection.newcomers(projection.read(blocks, len(store.samples)), inside)
    return Split(seed, fit, held_out, scores)


def _embedded(
    candidate: Candidate, store: GenotypeStore, split: Split, dims: int, device: torch.device
) -> tuple[PosteriorDraws, PosteriorDraws | None]:
    """Samples of the fit, and those held out where the method can embed them."""
    ids = np.array(store.samples, dtype=object)
    data = ScoreData(split.scores[split.fit], device)
    chosen = candidate.recipe.settled(len(split.fit), 0)
    made = chosen.build(Spec(data.modality, dims), device)
    made.fit(data, lambda done: None)
    inside = made.embed(data, ids[split.fit], draws=DRAWS, seed=split.seed)
    if not row(candidate.method).embeds_new_samples:
        return inside, None
    rest = ScoreData(split.scores[split.held_out], device)
    return inside, made.embed(rest, ids[split.held_out], draws=DRAWS, seed=split.seed)


def _judged(
    compared: Sequence[Candidate],
    store: GenotypeStore,
    split: Split,
    dims: int,
    device: torch.device,
) -> dict[str, dict[str, float]]:
    """Gaps of every posterior, trained alone from one start for each prior; by candidate."""
    data = ScoreData(split.scores[split.fit], device)
    rest = ScoreData(split.scores[split.held_out], device)
    ids = np.array(store.samples, dtype=object)[split.held_out]
    starts: dict[str | None, tuple[posteriors.WarmStart, np.ndarray]] = {}
    judged = {}
    for candidate in compared:
        chosen = candidate.recipe.settled(len(split.fit), 0)
        if dims != posteriors.DIMS or not isinstance(chosen, NetworkRecipe):
            continue
        if candidate.prior not in starts:
            start = posteriors.WarmStart.of(_plain(chosen), data, device)
            starts[candidate.prior] = start, start.grid.log_evidence(rest.batch())
        start, log_evidence = starts[candidate.prior]
        model = posteriors.posterior_alone(chosen, start, device)
        if model is not None:
            found = posteriors.measured(model, rest, log_evidence, ids, split.seed)
            judged[candidate.name] = posteriors.columns_of(found)
    return judged


def _plain(chosen: NetworkRecipe) -> NetworkRecipe:
    """The baseline with the settings that all methods with networks have."""
    plain = recipe(BASELINE)
    assert isinstance(plain, NetworkRecipe)
    return replace(plain, **{f.name: getattr(chosen, f.name) for f in fields(NetworkRecipe)})


def _scored(
    split: Split,
    inside: PosteriorDraws,
    outside: PosteriorDraws | None,
    labels: Sequence[str] | None,
) -> dict[str, float]:
    """Neighbours and clusters scored by labels."""
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


def _excess(bounds: Mapping[tuple[str, str | None], np.ndarray], candidate: Candidate) -> float:
    """Mean excess over the bounds of the Gaussian posterior with the same prior, in nats."""
    ours, plain = (candidate.method, candidate.prior), (BASELINE, candidate.prior)
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


def conclusion(table: Table) -> str:
    """Of each method, whether its bound is above that of ``BASELINE``, and its posterior alone."""
    sentences = [
        _sentence(row["method"], row["prior"], row[OVER_BASELINE])
        for row in table.rows
        if not math.isnan(row[OVER_BASELINE].mean)
    ] or [f"No method has a bound to compare with that of {BASELINE}: add --method {BASELINE}."]
    alone = [_of_posterior(row) for row in table.rows if not math.isnan(row[GAPS[0]].mean)]
    return "\n".join([*sentences, *alone])


def _of_posterior(row: Mapping[str, Any]) -> str:
    gap, _, share = (row[name] for name in GAPS)
    return (
        f"Posterior of {row['method']} on the decoder of {BASELINE}, prior {row['prior']}: "
        f"{gap} nats per sample below the exact evidence, {share.mean:.0%} of draws effective."
    )


def _sentence(method: str, prior: str, excess: Estimate) -> str:
    known = not math.isnan(excess.half)
    if known and excess.mean > excess.half:
        finding = f"{method} is better on this cohort"
    elif known and excess.mean < -excess.half:
        finding = f"{method} is worse on this cohort: use --method {BASELINE}"
    else:
        finding = "the difference is not significant"
    return (
        f"Bound of {method} over {BASELINE} on held-out samples, prior {prior}: "
        f"{excess} nats per sample; {finding}."
    )
