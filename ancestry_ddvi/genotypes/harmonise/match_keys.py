"""MatchKeys: positions in each build a model knows, and IDs; the data say which of them to believe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from ..variants import VariantTable
from .builds import infer_build
from .matching import ENOUGH, Matching, by_id, by_position, nothing

MatchKey = Literal["position", "id"]

Positions = Mapping[str | None, np.ndarray]
"""Positions of the same variants by build (None: of unknown name), 0 where not known there."""


@dataclass(frozen=True)
class MatchKeys:
    """What each key finds of a model in a file.

    Attributes
    ----------
    positions : mapping of build to Matching
        By the positions in each build, the model's own first; may be empty.
    ids : Matching
    """

    positions: Mapping[str | None, Matching]
    ids: Matching

    @classmethod
    def tried(cls, model: VariantTable, positions: Positions, file: VariantTable) -> MatchKeys:
        """Try every key over all variants."""
        found = {
            build: by_position(replace(model, position=place), file)
            for build, place in positions.items()
        }
        return cls(found, by_id(model, file))

    @cached_property
    def build(self) -> str | None:
        """The build whose positions find most; of equals the first, the model's own."""
        return max(self.positions, key=lambda b: self.positions[b].usable, default=None)

    @cached_property
    def best(self) -> Matching:
        """What the positions in ``build`` find."""
        return self.positions[self.build] if self.positions else nothing(len(self.ids.rows))

    @property
    def key(self) -> MatchKey:
        """Positions if they find at least as many variants as IDs do."""
        return "id" if self.ids.usable > self.best.usable else "position"

    @property
    def chosen(self) -> Matching:
        """What the key finds."""
        return self.ids if self.key == "id" else self.best

    @property
    def agree(self) -> bool:
        """Whether the positions are those of ``build``, as far as the data can contradict."""
        return self.best.believed and 2 * self.best.compatible >= self.ids.usable

    def detected(self, file: VariantTable) -> str | None:
        """The build of the file's positions, or None where nothing tells.

        The build whose positions are believed, if it finds at least 20 variants more than
        any other build does; builds agree over stretches of some chromosomes, and a file that
        lies there is of either. Else what the variants say themselves (``regions.infer_build``).
        The header has no say.
        """
        others = [m.usable for build, m in self.positions.items() if build != self.build]
        lead = self.best.usable - max(others, default=0)
        told = self.build if self.agree and lead >= ENOUGH else None
        return told or infer_build(file)
