"""Positions of one genome build in others, from a UCSC chain file or a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ...errors import InputUnreadable, quoted
from ..chromosomes import LENGTHS, autosome
from ..formats.streams import inflated, open_bytes
from ..variants import VariantTable
from .position_table import PositionTable, is_position_table
from .positions import UNKNOWN, check_build, shared_targets

if TYPE_CHECKING:
    from pyliftover import LiftOver


class Lift(Protocol):
    """Where the variants of one human genome build are in others."""

    @property
    def source(self) -> str:
        """The build it starts from."""

    def check(self, variants: VariantTable, name: str) -> None:
        """Refuse the variants of a file that cannot be in that build."""

    def positions(self, variants: VariantTable) -> dict[str, np.ndarray]:
        """Positions by build, ``UNKNOWN`` where there is no single one: int64 (variants,)."""


def read_lift(path: str) -> Lift:
    """Read a UCSC chain file or a table of positions, plain or compressed by gzip.

    Raises
    ------
    InputUnreadable
    """
    content = _content(path)
    if is_position_table(content):
        return PositionTable.parsed(path, content)
    return Chain.parsed(path, content)


@dataclass(frozen=True)
class Chain:
    """A liftover from one human genome build to another, recognised by its chromosome lengths.

    Attributes
    ----------
    path : str
        As the user gave it, for messages.
    source, target : str
        Genome builds such as "GRCh37".
    names : mapping from the number of each autosome to its name in the file
    lifter : LiftOver
    """

    path: str
    source: str
    target: str
    names: Mapping[int, str]
    lifter: LiftOver

    @classmethod
    def read(cls, path: str) -> Chain:
        """Read a chain file, plain or compressed by gzip.

        Raises
        ------
        InputUnreadable
            If it is missing, damaged or not a chain file, or not from one human build to another.
        """
        return cls.parsed(path, _content(path))

    @classmethod
    def parsed(cls, path: str, content: bytes) -> Chain:
        """Read a chain file from its text; see ``read``."""
        from pyliftover import LiftOver

        try:
            lifter = LiftOver(BytesIO(content))
        except Exception as error:  # pyliftover raises the base class for anything malformed
            reason = quoted(" ".join(str(error).split()))
            raise InputUnreadable(f"{path} is not a whole chain file: {reason}", _REMEDY) from error
        chains = lifter.chain_file.chains
        source = _build((c.source_name, c.source_size) for c in chains)
        target = _build((c.target_name, c.target_size) for c in chains)
        if source is None or target is None or source == target:
            raise InputUnreadable(
                f"{path} does not lead from one human genome build to another: its chromosome "
                f"lengths are of {source or 'an unknown build'} and {target or 'an unknown build'}",
                _REMEDY,
            )
        names = {int(autosome([c.source_name])[0]): c.source_name for c in chains}
        return cls(path, source, target, names, lifter)

    def check(self, variants: VariantTable, name: str) -> None:
        """Check that the variants of a file may be in the build the chain starts from.

        Raises
        ------
        InputsDisagree
            If the variants are of another build.
        """
        check_build(self.path, self.source, variants, name)

    def positions(self, variants: VariantTable) -> dict[str, np.ndarray]:
        """Positions in the target build; see ``lift``."""
        return {self.target: self.lift(variants)}

    def lift(self, variants: VariantTable) -> np.ndarray:
        """Positions in the target build, ``UNKNOWN`` where the chain is not unique.

        A position is known if exactly one chain contains the variant and leads to the same
        chromosome and strand, and to a position to which no other variant is lifted.

        Returns
        -------
        ndarray of int64, shape (variants,), 1-based
        """
        number = autosome(variants.chromosome)
        lifted = np.array(
            [self._lifted(n, p) for n, p in zip(number.tolist(), variants.position, strict=True)],
            dtype=np.int64,
        )
        lifted[shared_targets(number, variants.position, lifted)] = UNKNOWN
        return lifted

    def _lifted(self, chromosome: int, position: int) -> int:
        """One variant; the library counts positions from 0."""
        name = self.names.get(chromosome, "") if chromosome else ""
        found = self.lifter.convert_coordinate(name, int(position) - 1) or []
        if len(found) != 1:
            return UNKNOWN
        target, lifted, strand, _ = found[0]
        same = strand == "+" and int(autosome([target])[0]) == chromosome
        return int(lifted) + 1 if same else UNKNOWN


def _content(path: str) -> bytes:
    with open_bytes(path) as handle:
        return b"".join(inflated(handle, path))


_REMEDY = "Give a UCSC chain file, such as hg19ToHg38.over.chain.gz."


def _build(sizes: Iterable[tuple[str, int]]) -> str | None:
    """The single build whose autosomes have the lengths given; other sequences are ignored."""
    given = {(int(autosome([name])[0]), size) for name, size in set(sizes)}
    given = {(number, size) for number, size in given if number}
    fits = [b for b, ends in LENGTHS.items() if all(ends[n - 1] == size for n, size in given)]
    return fits[0] if given and len(fits) == 1 else None
