"""Scores of many samples, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from ...crew import Arrays, crew
from .scores import Projected, Projection, Scores, runs

GENOTYPES_AT_ONCE, MIN_SAMPLES = 2**27, 512
"""Genotypes of a piece, a byte each, and the least samples of one."""

Reader = Callable[[slice, slice], np.ndarray]
"""Dosages of runs of model variants and of samples, int8 (variants, samples)."""


@dataclass(frozen=True)
class ScoredSamples:
    """Scores of samples on the kept components, and who is in the panel.

    Attributes
    ----------
    columns : mapping of str to ndarray
        The fields of ``Scores``.
    in_panel : ndarray of bool, (samples,)
        Samples that contributed to the loadings, or look as if they did.
    """

    columns: Mapping[str, np.ndarray]
    in_panel: np.ndarray

    @property
    def scores(self) -> Scores:
        """Of every sample, as new samples have them."""
        return Scores(**self.columns)

    @classmethod
    def of(
        cls, projection: Projection, projected: Projected, members: np.ndarray | bool = False
    ) -> ScoredSamples:
        """By scores on all components, kept or not.

        Parameters
        ----------
        projection : Projection
        projected : Projected
        members : ndarray of bool, (samples,)
            Samples that are known to be in the panel; others may be found to be.
        """
        in_panel = members | projection.in_panel(projected)
        scores = projection.newcomers(projected, in_panel)
        return cls({f.name: getattr(scores, f.name) for f in fields(scores)}, in_panel)


def score_samples(
    projection: Projection,
    dosages: Reader,
    members: np.ndarray,
    advance: Callable[[int], None] = lambda samples: None,
) -> ScoredSamples:
    """Scores on the kept components, as new samples have them, and who is in the panel.

    Scores do not depend on other samples, so a piece is read once, scored and forgotten: memory
    is 128 MiB for each thread, besides what is returned.

    Parameters
    ----------
    projection : Projection
    dosages : callable
        Picklable.
    members : ndarray of bool, (samples,)
        Samples that are known to be in the panel; others may be found to be.
    advance : callable
        Told the number of samples that are done.
    """
    task, found = partial(_of_share, projection, dosages, members), []
    for arrays in crew().each(task):
        if arrays:
            found.append(arrays)
            advance(len(arrays[-1]))
    *columns, in_panel = (np.concatenate(parts) for parts in zip(*found, strict=True))
    names = (field.name for field in fields(Scores))
    return ScoredSamples(dict(zip(names, columns, strict=True)), in_panel)


def _of_share(
    projection: Projection, dosages: Reader, members: np.ndarray, share: int, shares: int
) -> Arrays:
    """The fields of ``Scores`` of one share of the samples, and which are in the panel.

    Small cohorts leave most shares empty.
    """
    samples, variants = len(members), len(projection.frequency)
    shares = min(shares, max(1, samples // MIN_SAMPLES))
    if share >= shares:
        return ()
    first, last = (samples * n // shares // 4 * 4 for n in (share, share + 1))
    last = samples if share + 1 == shares else last
    size = max(MIN_SAMPLES, GENOTYPES_AT_ONCE // variants // 4 * 4)
    found = []
    for start in range(first, last, size):
        some = slice(start, min(start + size, last))
        blocks = [(part, dosages(part, some)) for part in runs(variants)]
        projected = projection.read(blocks, some.stop - some.start)
        scored = ScoredSamples.of(projection, projected, members[some])
        found.append((*scored.columns.values(), scored.in_panel))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))
