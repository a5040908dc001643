"""Labels of samples: a table read once, on one level or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputsDisagree, InputUnreadable

UNLABELLED = "NA"


@dataclass(frozen=True)
class Labels:
    """Labels on one level or several, the finest first.

    Attributes
    ----------
    names : tuple of str
        Names of the levels, such as population and superpopulation.
    by_sample : dict from sample ID to tuple of str
        The label on each level, of the samples that have one.
    path : Path
        The table they were read from, for messages.
    ids : frozenset of str
        Every sample ID in the table, with or without a label.
    """

    names: tuple[str, ...]
    by_sample: dict[str, tuple[str, ...]]
    path: Path = Path()
    ids: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The different labels on the finest level, sorted."""
        return tuple(sorted({levels[0] for levels in self.by_sample.values()}))

    def of(self, samples: Sequence[str]) -> list[str]:
        """The finest label of each sample; ``NA`` where it has none.

        Raises
        ------
        InputsDisagree
            If the table holds none of the samples.
        """
        if not self.ids & set(samples):
            raise InputsDisagree(
                f"none of the {len(self.ids):,} IDs in labels {self.path} is among the "
                f"{len(samples):,} samples",
                "The first column must hold sample IDs, under a header line.",
            )
        return [self.by_sample.get(sample, (UNLABELLED,))[0] for sample in samples]


def read_labels(path: str | Path) -> Labels:
    """Read a tab-separated table with a header.

    The first column holds sample IDs, the second the finest labels. A further column is a
    coarser level if all samples of one label have the same entry there, as populations have one
    superpopulation. Other columns, and columns with the same entry in every row, are ignored.

    Raises
    ------
    InputUnreadable
        If the file is absent, empty, or a line has fewer than two columns.
    """
    path = Path(path)
    header, rows = _table(path)
    known = [cells for cells in rows if cells[1] not in ("", UNLABELLED)]
    kept = [1, *(column for column in range(2, len(header)) if _is_level(known, column))]
    names = dict(enumerate(header))
    return Labels(
        tuple(names.get(column) or f"level{column}" for column in kept),
        {cells[0]: tuple(cells[column] for column in kept) for cells in known},
        path,
        frozenset(cells[0] for cells in rows),
    )


def _is_level(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column groups the labels of the second one."""
    pairs = {(cells[1], cells[column] if column < len(cells) else "") for cells in rows}
    coarse = {entry for _, entry in pairs}
    nested = len(pairs) == len({cells[1] for cells in rows})
    return nested and 1 < len(coarse) < len(pairs) and not coarse & {"", UNLABELLED}


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the lines below it, each cut into two cells or more."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        problem = f"labels {path} cannot be read: {reason}"
        raise InputUnreadable(problem, "Check --labels.") from None
    if len(lines) < 2:
        raise InputUnreadable(
            f"labels {path} has no line below a header",
            "Give sample IDs and labels, tab-separated.",
        )
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split("\t")
        if len(cells) < 2:
            raise InputUnreadable(
                f"labels {path}, line {number}: one column where two are needed",
                "Separate sample ID and label by a tab, under a header line.",
            )
        rows.append(cells)
    return lines[0].rstrip("\r").split("\t"), rows
