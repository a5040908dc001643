"""Genotype files read at the variants of one model or several, and these variants found in them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import UsageProblem
from ..genotypes.chromosomes import LENGTHS
from ..genotypes.formats.by_index import NotByIndex
from ..genotypes.formats.reading import Besides, ReadOptions, Targets
from ..genotypes.formats.streams import STANDARD_INPUT, is_pipe
from ..genotypes.harmonise.builds import build_evidence
from ..genotypes.harmonise.panel import Alignment, Panel
from ..genotypes.harmonise.reference_calls import ReferenceCalls
from ..genotypes.harmonise.report import check_overlap, is_short
from ..genotypes.likelihood_store import LikelihoodStore, open_best
from ..genotypes.store import GenotypeStore
from ..progress import Progress
from ._absent import Absent
from ._common import counter
from ._named import readable

log = logging.getLogger(__name__)

Store = GenotypeStore | LikelihoodStore


def checked_build(build: str | None) -> str | None:
    """The build that a user states, if it is known.

    Raises
    ------
    UsageProblem
    """
    if build not in (None, *LENGTHS):
        raise UsageProblem(f"--build is {build}", f"Give one of {', '.join(LENGTHS)}.")
    return build


@dataclass(frozen=True)
class Request:
    """Genotype files, and how they are read and matched.

    Attributes
    ----------
    inputs : tuple of str
    field : str
        "auto" or a FORMAT field.
    reading : ReadOptions
    build : str, optional
        As given by the user.
    min_variants : int
    absent : Absent
    progress : Progress
    """

    inputs: tuple[str, ...]
    field: str
    reading: ReadOptions
    build: str | None
    min_variants: int
    absent: Absent
    progress: Progress


@dataclass(frozen=True)
class Found:
    """Genotypes, with each variant of a model found in them or absent."""

    store: Store
    alignment: Alignment
    reference_calls: ReferenceCalls


def found_in(request: Request, store: Store, panel: Panel) -> Found:
    """The variants of a model in genotypes that have been read.

    Raises
    ------
    InputsDisagree
    """
    return settled(request, store, align(store, store.counts(), panel, request.build), panel)


def settled(request: Request, store: Store, alignment: Alignment, panel: Panel) -> Found:
    """Variants that were found, if they are enough and their absence means what was said.

    Raises
    ------
    InputsDisagree
    """
    if alignment.other:
        alignment.other.check(store.name, len(request.inputs))
    check_overlap(alignment.report, store.name, request.min_variants, _knowing)
    alignment, calls = request.absent.settle(
        store, store.name, alignment, panel.variants, panel.frequency
    )
    return Found(store, alignment, calls)


def _knowing(build: str) -> list[str]:
    """The reference models that know a build."""
    return [found.name for found, named in readable() if named and build in named.model.panel.known]


def read_at(request: Request, panels: Sequence[Panel]) -> tuple[Store, list[Alignment]]:
    """Read the input once at the variants of some models, by its index where that is enough.

    Raises
    ------
    InputUnreadable, InputsDisagree, NothingLeft, UsageProblem
    """
    return _read_by_index(request, panels) or _read(request, panels, None)


def _read_by_index(
    request: Request, panels: Sequence[Panel]
) -> tuple[Store, list[Alignment]] | None:
    """As ``_read``, of files with an index only the variants of the models.

    None where the rest of the files could change how these are read or matched.
    """
    if any(path == STANDARD_INPUT or is_pipe(path) for path in request.inputs):
        return None
    try:
        store, alignments = _read(request, panels, build_evidence())
    except NotByIndex as error:
        log.info("All records are read: an index %s.", error)
        return None
    if store.by_index and not _is_enough(alignments, request.min_variants):
        log.info("All records are read: few variants of the model are found by their positions.")
        return None
    return store, alignments


def _is_enough(alignments: Sequence[Alignment], floor: int) -> bool:
    """Whether records at the positions of the models decide how all of them are matched.

    Of several models one is enough, if the others know their variants in the build that it shows.
    """
    sure = [a for a in alignments if a.settled and not is_short(a.report, floor)]
    builds = {a.report.detected_build for a in sure}
    others = [a for a in alignments if a not in sure]
    return bool(sure) and all(builds <= {*a.report.known_builds} for a in others)


def _read(
    request: Request, panels: Sequence[Panel], besides: Besides | None
) -> tuple[Store, list[Alignment]]:
    """The best, or what the chosen field holds, of every sample in the input, and where.

    Of files with an index only the variants of the models are read, and those ``besides``, if
    these are given.
    """
    targets = Targets.join([Targets.of(p.variants, p.positions.values()) for p in panels])
    options = replace(request.reading, targets=targets, by_index=besides)
    with request.progress.stage("reading", None) as advance:
        store: Store = open_best(request.inputs, request.field, options, counter(advance))
    counts = store.counts()
    return store, [align(store, counts, panel, request.build) for panel in panels]


def align(store: Store, counts: np.ndarray, panel: Panel, build: str | None) -> Alignment:
    """The variants of a model in a store.

    Parameters
    ----------
    store : Store
    counts : ndarray of int64, (variants, 4)
        Those of the store.
    panel : Panel
    build : str, optional
        As given by the user.
    """
    alignment = panel.align(store.variants, counts, store.build_hint, build)
    report = replace(alignment.report, file_variants=store.snps)
    if store.by_index:
        report = replace(report, file_variants=None, id_matches=None)
    return replace(alignment, report=report)
