"""Labels of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputsDisagree, InputUnreadable

UNLABELLED = "NA"


def read_labels(path: Path) -> dict[str, str]:
    """Sample ID -> label from a tab-separated table with a header.

    The first column holds sample IDs, the second labels; further columns are ignored.

    Raises
    ------
    InputUnreadable
        If the file is absent, empty, or a line has fewer than two columns.
    """
    _, rows = _table(path)
    return {cells[0]: cells[1] or UNLABELLED for cells in rows}


@dataclass(frozen=True)
class Levels:
    """Labels on one level or several, the finest first.

    Attributes
    ----------
    names : tuple of str
        Of the columns, such as population and superpopulation.
    labels : mapping from sample ID to tuple of str
        On each level, of the samples that have a label.
    """

    names: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]

    @property
    def first(self) -> dict[str, str]:
        """Labels on the finest level."""
        return {sample: every[0] for sample, every in self.labels.items()}


def read_levels(path: Path) -> Levels:
    """The labels of a table on all its levels.

    The second column is the finest level. A further column is a coarser one if every sample of one
    label has the same entry there, as populations have one superpopulation; columns that are
    no such thing, or have one entry in all, say nothing.

    Raises
    ------
    InputUnreadable
        As ``read_labels``.
    """
    header, rows = _table(path)
    known = [cells for cells in rows if cells[1] not in ("", UNLABELLED)]
    kept = [1]
    for column in range(2, len(header)):
        pairs = {(cells[1], cells[column] if column < len(cells) else "") for cells in known}
        coarse = {entry for _, entry in pairs}
        nested = len(pairs) == len({cells[1] for cells in known})
        if nested and 1 < len(coarse) < len(pairs) and not coarse & {"", UNLABELLED}:
            kept.append(column)
    names = dict(enumerate(header))
    return Levels(
        tuple(names.get(column) or f"level{column}" for column in kept),
        {cells[0]: tuple(cells[column] for column in kept) for cells in known},
    )


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


def labels_of(samples: Sequence[str], labels: Mapping[str, str], path: Path) -> list[str]:
    """The label of each sample; ``NA`` where the table does not know it.

    Raises
    ------
    InputsDisagree
        If the table knows none of the samples.
    """
    if not labels.keys() & set(samples):
        raise InputsDisagree(
            f"none of the {len(labels):,} IDs in labels {path} is among the {len(samples):,} "
            "samples",
            "The first column must hold sample IDs, under a header line.",
        )
    return [labels.get(sample, UNLABELLED) for sample in samples]
