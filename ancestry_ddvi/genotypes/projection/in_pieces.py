"""Scores of many samples, some at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np

from ...parallel import each, threads
from .scores import Projected, Projection, Scores, runs

GENOTYPES_AT_ONCE, MIN_SAMPLES = 2**27, 256
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
    members : ndarray of bool, (samples,)
        Samples that are known to be in the panel; others may be found to be.
    advance : callable
        Told the number of samples that are done.
    """
    variants = len(projection.frequency)

    def score(some: slice) -> ScoredSamples:
        blocks = [(part, dosages(part, some)) for part in runs(variants)]
        projected = projection.read(blocks, some.stop - some.start)
        return ScoredSamples.of(projection, projected, members[some])

    found = []
    for piece in each(score, _pieces(len(members), variants)):
        found.append(piece)
        advance(len(piece.in_panel))
    columns = {f.name: [piece.columns[f.name] for piece in found] for f in fields(Scores)}
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    return ScoredSamples(joined, np.concatenate([piece.in_panel for piece in found]))


def _pieces(samples: int, variants: int) -> list[slice]:
    """Slices of all samples that fit in memory, no fewer than there are threads."""
    most = max(MIN_SAMPLES, GENOTYPES_AT_ONCE // variants)
    size = max(1, min(most, -(-samples // threads())))
    size += -size % 4  # whole bytes of packed genotypes
    return [slice(start, min(start + size, samples)) for start in range(0, samples, size)]
