"""Matching by positions in each build a model knows and by IDs, and the choice between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..variants import VariantTable
from .builds import infer_build
from .matching import MIN_SHARED, Matching, MatchKey, by_id, by_position, no_matches

MIN_KNOWN, MIN_SETTLED = 0.9, 0.25
"""Shares of a model whose positions have to be known, and found, for IDs not to be asked.
A sample has ALT at 0.4 of common variants; by chance, positions of another build find few."""

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
    known : mapping of build to int
        Variants whose position in a build is known.
    """

    positions: Mapping[str | None, Matching]
    ids: Matching
    known: Mapping[str | None, int]

    @classmethod
    def search(
        cls,
        model: VariantTable,
        positions: Positions,
        file: VariantTable,
        called: np.ndarray,
    ) -> MatchKeys:
        """Match all variants by every key; ``called`` counts the samples with a call."""
        ids = by_id(model, file, called)
        found = {
            build: by_position(replace(model, position=position), file, called)
            for build, position in positions.items()
        }
        settled = {
            build: replace(matching, ids_are_wrong=matching.evident and not ids.evident)
            for build, matching in found.items()
        }
        known = {build: int((position > 0).sum()) for build, position in positions.items()}
        return cls(settled, ids, known)

    def within(self, build: str | None) -> MatchKeys:
        """The same with the positions in one build alone, or in all if it is None."""
        kept = {b: found for b, found in self.positions.items() if build in (None, b)}
        return replace(self, positions=kept)

    @cached_property
    def build(self) -> str | None:
        """The build whose positions find most variants; the first of equals, the model's own."""
        return max(self.positions, key=lambda b: self.positions[b].support, default=None)

    @cached_property
    def best(self) -> Matching:
        """The matching by positions in ``build``."""
        return self.positions[self.build] if self.positions else no_matches(len(self.ids.rows))

    @cached_property
    def settled(self) -> bool:
        """Whether positions are known, and find so much of the model that IDs need not be asked.

        This depends on records at the positions of the model alone.
        """
        variants = len(self.best.rows)
        known = self.known.get(self.build, 0) >= MIN_KNOWN * variants
        return known and self.best.support >= max(1, MIN_SETTLED * variants)

    @property
    def key(self) -> MatchKey:
        """Positions if they are settled, or find at least as many variants as IDs do."""
        by_id = not self.settled and self.ids.support > self.best.support
        return "id" if by_id else "position"

    @property
    def chosen(self) -> Matching:
        """The matching by ``key``."""
        return self.ids if self.key == "id" else self.best

    @property
    def rejected(self) -> list[str | None]:
        """Builds, and "id", whose matches look like matches by chance."""
        by_position = [build for build, found in self.positions.items() if not found.plausible]
        return by_position + ["id"] * (not self.ids.plausible)

    @property
    def positions_agree(self) -> bool:
        """Whether the variants are consistent with positions in ``build``."""
        enough = self.settled or 2 * self.best.compatible >= self.ids.support
        return self.best.plausible and enough

    def detected_build(self, file: VariantTable) -> str | None:
        """The build of the file's positions, or None where it cannot be determined.

        The build whose positions are plausible, if they find at least 20 variants more than those
        of any other build, and at least half of the variants of the model, or of a file with few of
        them; builds agree over parts of some chromosomes, and a file of variants there may be of
        either. Otherwise the result of ``infer_build``, or that build if there is none. The header
        is not used.
        """
        others = [m.support for build, m in self.positions.items() if build != self.build]
        lead = self.best.support - max(others, default=0)
        found = self.build if self.positions_agree and lead >= MIN_SHARED else None
        most = len(self.best.rows) if self.settled else min(len(self.best.rows), len(file))
        if found and 2 * self.best.support >= most:
            return found
        return infer_build(file) or found
