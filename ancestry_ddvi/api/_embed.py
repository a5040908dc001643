"""The verb embed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.coordinates import Coordinates
from ..artefacts.labels import labels_of, read_labels
from ..artefacts.model import Model
from ..artefacts.summary import Clock
from ..errors import UsageProblem
from ..genotypes.choosing import choose_field
from ..genotypes.evidence import scores_of
from ..genotypes.fields import GT
from ..genotypes.likelihoods import EvidenceStore
from ..genotypes.receipt import check_overlap
from ..genotypes.scores import Scores
from ..genotypes.store import GenotypeStore
from ..outputs import conclude, coordinates_of, joined, write_places
from ..planning import check_folder
from ..progress import SILENT, Progress
from ._common import PROPOSALS, counter, default_prefix

if TYPE_CHECKING:
    from ..genotypes.panel import Alignment

log = logging.getLogger(__name__)

SITES_AT_ONCE = 4096
FEW_SITES = 0.1
"""Below this share of the model's sites a warning says that bars will be wide."""


@dataclass(frozen=True)
class Embedded:
    """What ``embed`` wrote, and the coordinates."""

    files: dict[str, Path]
    summary: dict[str, Any]
    coordinates: Coordinates = attribute(repr=False)


def embed(
    model: str,
    inputs: Sequence[str],
    out: str | None = None,
    *,
    draws: int = 64,
    seed: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    min_sites: int = 100,
    labels: str | None = None,
    field: str = "auto",
    progress: Progress = SILENT,
) -> Embedded:
    """Place samples in the space of a fitted model; a sample's place is its own affair.

    Parameters
    ----------
    model : str
        A .ddvi file written by ``fit``.
    inputs : sequence of str
        Genotype files; several are joined.
    out : str, optional
        Prefix of everything that is written; by default ``<input>.in.<model>``.
    draws : int
        Posterior draws per sample.
    seed : int, optional
        Of the draws, together with each sample's ID; by default the seed of the model, so that
        a person met in both lands where ``fit`` put them.
    device, threads, progress
        As in ``fit``.
    min_sites : int
        Refuse a file that shares fewer sites with the model.
    labels : str, optional
        As in ``fit``.
    field : str
        What to read of each sample: "GT", "PL", "GL", "GP", "DS", or by "auto" what says most.
    """
    from ..data.scores import ScoreData
    from ..fitting import revive
    from ..models.runtime import computing, pick

    prefix = out or default_prefix(inputs, model)
    if draws < 2:
        raise UsageProblem(f"--draws is {draws}", "Give 2 or more.")
    chosen, clock = pick(device), Clock()
    check_folder(Path(prefix))
    named = read_labels(Path(labels)) if labels else {}
    fitted = Model.read(Path(model))
    method = revive(fitted, chosen)
    field = choose_field(inputs, field)
    seed = fitted.record["options"]["seed"] if seed is None else seed
    with computing(seed, threads):
        clock.lap("loading")
        with progress.stage("reading", None) as advance:
            told, sites = counter(advance), fitted.panel.sites
            store: GenotypeStore | EvidenceStore = (
                GenotypeStore.open(inputs, None, told)
                if field == GT
                else EvidenceStore.open(inputs, field, sites, told)
            )
        log.info("The FORMAT field or kind of call that is read is %s.", field)
        groups = labels_of(store.samples, named, Path(labels)) if labels else None
        clock.lap("reading")
        alignment = fitted.panel.align(store.sites, None, store.build_hint)
        if isinstance(store, EvidenceStore):
            counted = replace(alignment.receipt, file_sites=store.snps)
            alignment = replace(alignment, receipt=counted)
        receipt = alignment.receipt
        log.info("Match of %s to the model:\n%s", store.name, "\n".join(receipt.lines()))
        check_overlap(receipt, store.name, min_sites)
        if receipt.site_fraction < FEW_SITES:
            log.warning("Only %.1f %% of the model's sites are in %s: bars will be wide.",
                        100 * receipt.site_fraction, store.name)  # fmt: skip
        clock.lap("matching")
        everyone = _scores(fitted, alignment, store, progress)
        known = fitted.projection.in_panel(everyone)
        scores = fitted.projection.newcomers(everyone, known)
        clock.lap("scores")
        placement = method.place(
            ScoreData(scores, chosen), store.samples, draws=draws * PROPOSALS, seed=seed
        )
        clock.lap("placing")
    remarks = [
        joined(
            "in_panel" if member else "",
            "few_sites" if observed < min_sites else "",
            "pseudo_haploid" if haploid else "",
        )
        for member, observed, haploid in zip(
            known, scores.observed, scores.pseudo_haploid, strict=True
        )
    ]
    placement = placement.turned(fitted.orientation)
    coordinates = coordinates_of(
        store.samples,
        placement,
        scores,
        model_sites=len(fitted.panel),
        sites_in_file=receipt.matched,
        remarks=remarks,
    )
    title = f"{Path(store.name).name} in {Path(model).name}: {len(store.samples):,} people"
    made = fitted.record["options"]
    files = write_places(
        prefix, coordinates, placement, scores, groups, title, made["method"], made["classes"]
    )
    clock.lap("writing")
    summary = {
        "verb": "embed",
        "inputs": list(inputs),
        "model": model,
        "field": field,
        "options": {"draws": draws, "seed": seed, "min_sites": min_sites, "device": str(chosen)},
        "samples": len(store.samples),
        "skipped_records": dict(store.skipped),
        "match": receipt.as_dict(),
    }
    return Embedded(*conclude(prefix, summary, files, coordinates, clock), coordinates)


def _scores(
    fitted: Model, alignment: Alignment, store: GenotypeStore | EvidenceStore, progress: Progress
) -> Scores:
    """Everybody's scores on all components."""
    people = len(store.samples)
    if isinstance(store, GenotypeStore):
        return fitted.projection.read(_aligned(alignment, store, progress), people)
    with progress.stage("scores", people) as advance:
        likelihoods = store.likelihoods(alignment, fitted.panel.frequency)
        return scores_of(fitted.projection, _each(likelihoods, advance))


def _each(people: Iterator[np.ndarray], advance: Callable[[int], None]) -> Iterator[np.ndarray]:
    for person in people:
        yield person
        advance(1)


def _aligned(
    alignment: Alignment, store: GenotypeStore, progress: Progress
) -> Iterator[tuple[slice, np.ndarray]]:
    sites = len(alignment.rows)
    with progress.stage("scores", sites) as advance:
        for start in range(0, sites, SITES_AT_ONCE):
            stop = min(start + SITES_AT_ONCE, sites)
            yield slice(start, stop), alignment.dosages(store, start, stop)
            advance(stop - start)
