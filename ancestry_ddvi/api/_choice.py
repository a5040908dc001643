"""The reference model of which genotypes tell most."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from ..artefacts.model import Model
from ..errors import DDVIError, InputsDisagree, InputUnreadable
from ..genotypes.harmonise.matching import ABSENT
from ..genotypes.harmonise.panel import Alignment, Panel
from ..genotypes.projection.information import expected_information
from ..genotypes.projection.likelihood_scores import informed
from ..genotypes.store import GenotypeStore
from ..reference_models import AUTO, VARIABLE
from ._finding import Found, Request, Store, align, read_at, settled
from ._named import NamedModel, readable

log = logging.getLogger(__name__)

JUDGED = 64
"""Samples whose genotype likelihoods say how much is known of each variant."""

Suits = Callable[[Model], str]
"""Why a model cannot do what is asked for; empty if it can."""


def embeds(model: Model) -> str:
    """Why a model cannot embed samples; empty if it can."""
    from ..methods import row

    method = model.record.options.method
    return "" if row(method).embeds_new_samples else f"{method} embeds no new samples"


@dataclass(frozen=True)
class Candidate:
    """A reference model, and what genotypes tell of it.

    Attributes
    ----------
    named : NamedModel
    alignment : Alignment
    found : Found, optional
        None where it is refused.
    information : float
        ``expected_information`` of the scores, in nats.
    refusal, remedy : str
        Why it cannot be used, and what to do; empty if it can.
    """

    named: NamedModel
    alignment: Alignment
    found: Found | None
    information: float
    refusal: str
    remedy: str

    @property
    def as_json(self) -> dict[str, Any]:
        """What the summary says of it."""
        report = self.alignment.report
        return {
            **self.named.as_json,
            "matched": report.observed,
            "model_variants": report.model_variants,
            "build": report.detected_build,
            "information": round(self.information, 3),
            "refusal": self.refusal,
        }

    @property
    def shown(self) -> str:
        """Its name and what the genotypes tell, in a few words."""
        report = self.alignment.report
        refused = ", refused" if self.refusal else ""
        return (
            f"{self.named.name} {self.information:.1f} nats ({report.observed:,} of "
            f"{report.model_variants:,} variants{refused})"
        )


@dataclass(frozen=True)
class Choice:
    """The candidates, those that can be used first and in order of what genotypes tell."""

    candidates: tuple[Candidate, ...]

    @property
    def named(self) -> NamedModel:
        """The chosen model."""
        return self.candidates[0].named

    @property
    def found(self) -> Found | None:
        """The genotypes, and the variants of the chosen model in them."""
        return self.candidates[0].found

    @property
    def as_json(self) -> dict[str, Any]:
        """What the summary says of it."""
        return {"choice": [candidate.as_json for candidate in self.candidates]}


def choose(request: Request, suits: Suits, store: Store | None = None) -> Choice:
    """Take the reference model of whose scores the genotypes tell most.

    Parameters
    ----------
    request : Request
    suits : callable
    store : Store, optional
        The genotypes, where they have been read before.

    Raises
    ------
    InputUnreadable
        If there is no reference model.
    InputsDisagree
        If the genotypes match none; the message says what was found of each.
    """
    chosen = Choice(tuple(candidates(request, suits, store)))
    best = chosen.candidates[0]
    if best.refusal:
        refusals = "; ".join(f"{c.named.name}: {c.refusal}" for c in chosen.candidates)
        raise InputsDisagree(f"The input suits no reference model ({refusals})", best.remedy)
    log.info(
        "%s is %s, of whose scores the input tells most: %s.",
        AUTO,
        best.named.name,
        ", ".join(candidate.shown for candidate in chosen.candidates),
    )
    return chosen


def candidates(request: Request, suits: Suits, store: Store | None = None) -> list[Candidate]:
    """All reference models with what the genotypes tell, the best first; the input is read once.

    Parameters
    ----------
    request, suits, store
        As in ``choose``.

    Raises
    ------
    InputUnreadable, InputsDisagree, NothingLeft, UsageProblem
        If there is no reference model, or the input cannot be read.
    """
    models = [named for _, named in readable() if named]
    if not models:
        raise InputUnreadable(
            "there is no reference model", f"Name a .ddvi file, or a folder of them in {VARIABLE}."
        )
    panels = [named.model.panel for named in models]
    if store is None:
        store, alignments = read_at(request, panels)
    else:
        counts = store.counts()
        alignments = [align(store, counts, panel, request.build) for panel in panels]
    found = [
        _candidate(request, store, named, alignment, suits(named.model))
        for named, alignment in zip(models, alignments, strict=True)
    ]
    return sorted(found, key=lambda each: (bool(each.refusal), -each.information))


def _candidate(
    request: Request, store: Store, named: NamedModel, alignment: Alignment, refusal: str
) -> Candidate:
    """A model with the variants found, or with the reason why it cannot be used."""
    panel, projection = named.model.panel, named.model.projection
    found, remedy = None, "Name another model." if refusal else ""
    try:
        found = settled(request, store, alignment, panel)
        alignment = found.alignment
    except DDVIError as error:
        refusal, remedy = refusal or error.problem, remedy or error.remedy
    weight = observed_weight(store, alignment, panel)
    information = expected_information(projection, weight)
    return Candidate(named, alignment, found, information, refusal, remedy)


def observed_weight(store: Store, alignment: Alignment, panel: Panel) -> np.ndarray:
    """Share of the information of a hard call that is observed of each variant of a model.

    Of calls the call rate; of genotype likelihoods the mean over some samples.

    Parameters
    ----------
    store : Store
    alignment : Alignment
        Of the store's variants.
    panel : Panel

    Returns
    -------
    ndarray of float64, (panel variants,)
    """
    if not isinstance(store, GenotypeStore):
        some: Sequence[np.ndarray] = [
            informed(likelihoods, panel.frequency)
            for likelihoods in islice(store.likelihoods(alignment, panel.frequency), JUDGED)
        ]
        return np.asarray(np.mean(some, axis=0))
    present = alignment.rows != ABSENT
    weight = np.zeros(len(present))
    called = store.counts()[alignment.rows[present], :3].sum(axis=1)
    weight[present] = called / len(store.samples)
    if alignment.assumed:
        weight[alignment.assumed.variants & alignment.absent] = 1.0
    return weight
