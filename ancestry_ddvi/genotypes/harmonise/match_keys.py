"""Matching by positions in each build a model knows and by IDs, and the choice between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..variants import VariantTable
from .builds import infer_build
from .matching import MIN_SHARED, Matching, MatchKey, by_id, by_position, no_matches

Positions = Mapping[str | None, np.ndarray]
"""Positions of the same variants by build (None: build unknown), 0 where a position is unknown."""


@dataclass(frozen=True)
class MatchKeys:
    """The variants of a model that each key finds in a file.

    Attributes
    ----------
    positions : mapping of build to Matching
        By the positions in each build, the model's own first; may be empty.
    ids : Matching
    """

    positions: Mapping[str | None, Matching]
    ids: Matching

    @classmethod
    def search(
        cls,
        model: VariantTable,
        positions: Positions,
        file: VariantTable,
        called: np.ndarray,
    ) -> MatchKeys:
        """Match all variants by every key; ``called`` counts the samples with a call."""
        found = {
            build: by_position(replace(model, position=position), file, called)
            for build, position in positions.items()
        }
        return cls(found, by_id(model, file, called))

    @cached_property
    def build(self) -> str | None:
        """The build whose positions find most variants; the first of equals, the model's own."""
        return max(self.positions, key=lambda b: self.positions[b].support, default=None)

    @cached_property
    def best(self) -> Matching:
        """The matching by positions in ``build``."""
        return self.positions[self.build] if self.positions else no_matches(len(self.ids.rows))

    @property
    def key(self) -> MatchKey:
        """Positions if they find at least as many variants as IDs do."""
        return "id" if self.ids.support > self.best.support else "position"

    @property
    def chosen(self) -> Matching:
        """The matching by ``key``."""
        return self.ids if self.key == "id" else self.best

    @property
    def positions_agree(self) -> bool:
        """Whether the variants are consistent with positions in ``build``."""
        return self.best.plausible and 2 * self.best.compatible >= self.ids.support

    def detected_build(self, file: VariantTable) -> str | None:
        """The build of the file's positions, or None where it cannot be determined.

        The build whose positions are plausible, if they find at least 20 variants more than those
        of any other build, and at least half of the variants of the model or the file; builds
        agree over parts of some chromosomes, and a file of variants there may be of either.
        Otherwise the result of ``infer_build``, or that build if there is none. The header is not
        used.
        """
        others = [m.support for build, m in self.positions.items() if build != self.build]
        lead = self.best.support - max(others, default=0)
        found = self.build if self.positions_agree and lead >= MIN_SHARED else None
        if found and 2 * self.best.support >= min(len(self.best.rows), len(file)):
            return found
        return infer_build(file) or found
