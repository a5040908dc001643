"""What is read of genotype files: FILTER values that are no failures, and a model's variants."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from ...errors import UsageProblem
from ..chromosomes import bare_chromosome
from ..variants import VariantTable

PASSING = frozenset({"GENOTYPED", "IMPUTED", "TYPED", "TYPED_ONLY"})
"""FILTER values of imputation servers that are no failures, beside PASS and "."."""

NEEDS_GT = "Give a file with GT; embed and assign also read PL, GL, GP and DS."

VAR_FILTER = ",".join(sorted(PASSING))
"""``PASSING`` as the command line has it."""

ANY_FILTER = "all"


class Site(Protocol):
    """Where a record lies."""

    @property
    def chromosome(self) -> str: ...

    @property
    def position(self) -> int: ...

    @property
    def id(self) -> str: ...


@dataclass(frozen=True)
class Targets:
    """Positions and IDs of a model's variants.

    Attributes
    ----------
    positions : mapping of chromosome to ndarray of int64
        Sorted positions in every build that the model knows, by the name without "chr".
    ids : frozenset of str
    """

    positions: Mapping[str, np.ndarray]
    ids: frozenset[str]

    @classmethod
    def of(cls, variants: VariantTable, positions: Iterable[np.ndarray]) -> Targets:
        """The targets of a model; ``positions`` has those of its variants in each build."""
        bare = np.array([bare_chromosome(name) for name in variants.chromosome], object)
        found: dict[str, list[np.ndarray]] = {name: [] for name in bare}
        for in_build in positions:
            for name, parts in found.items():
                parts.append(in_build[(bare == name) & (in_build > 0)])
        joined = {name: np.unique(np.concatenate(parts)) for name, parts in found.items()}
        return cls(joined, frozenset(variants.id) - {".", ""})

    @classmethod
    def join(cls, parts: Sequence[Targets]) -> Targets:
        """The targets of several models."""
        names = {name for part in parts for name in part.positions}
        none = np.empty(0, np.int64)
        joined = {
            name: np.unique(np.concatenate([part.positions.get(name, none) for part in parts]))
            for name in sorted(names)
        }
        return cls(joined, frozenset().union(*(part.ids for part in parts)))

    def within(self, chromosome: str, start: int, end: int) -> list[int]:
        """Targets from ``start`` to ``end``, 1-based and inclusive."""
        on_it = self._sorted.get(bare_chromosome(chromosome), [])
        first = bisect_left(on_it, start)
        return on_it[first : bisect_right(on_it, end, first)]

    def wants(self, variant: Site) -> bool:
        """Whether the position or the ID of a variant is that of a target."""
        return self.has(variant.chromosome, variant.position, variant.id)

    def has(self, chromosome: str, position: int, name: str) -> bool:
        """Whether a position or an ID is that of a target."""
        return name in self.ids or bool(self.within(chromosome, position, position))

    @cached_property
    def _sorted(self) -> dict[str, list[int]]:
        return {name: found.tolist() for name, found in self.positions.items()}


@dataclass(frozen=True)
class Besides:
    """What is read of an indexed file besides the targets.

    Attributes
    ----------
    positions : mapping of chromosome to ndarray of int64
        By the name without "chr".
    beyond : mapping of chromosome to int
        Records beyond this position are read.
    """

    positions: Mapping[str, np.ndarray]
    beyond: Mapping[str, int]


@dataclass(frozen=True)
class ReadOptions:
    """How genotype files are read.

    Attributes
    ----------
    passing : frozenset of str, optional
        FILTER values that are no failures, beside PASS and "."; None reads records whatever
        their FILTER.
    targets : Targets, optional
        With targets, homozygous reference calls at these positions are read too.
    by_index : Besides, optional
        Of large files with an index only records that reach the positions of targets are read, and
        those besides.
    processes : int
        How many processes may read a large file with an index.
    """

    passing: frozenset[str] | None = PASSING
    targets: Targets | None = None
    by_index: Besides | None = None
    processes: int = 1

    @classmethod
    def of(cls, var_filter: str, processes: int = 1) -> ReadOptions:
        """The options that ``--var-filter`` and ``--threads`` give.

        Raises
        ------
        UsageProblem
            If it holds an empty value.
        """
        if var_filter == ANY_FILTER:
            return cls(None, processes=processes)
        values = [value.strip() for value in var_filter.split(",")]
        if "" in values:
            raise UsageProblem(
                f"--var-filter is {var_filter!r}",
                f"Give FILTER values with commas between them, or {ANY_FILTER}.",
            )
        return cls(frozenset(values), processes=processes)

    def as_text(self) -> str:
        """What ``--var-filter`` was given."""
        return ANY_FILTER if self.passing is None else ",".join(sorted(self.passing))

    def as_json(self) -> dict[str, list[str] | None]:
        """What a store that was made with these options depends on."""
        return {"passing": None if self.passing is None else sorted(self.passing)}


DEFAULT = ReadOptions()
"""As files are read if nothing else is asked for."""
