"""Labels of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    labels = {}
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split("\t")
        if len(cells) < 2:
            raise InputUnreadable(
                f"labels {path}, line {number}: one column where two are needed",
                "Separate sample ID and label by a tab, under a header line.",
            )
        labels[cells[0]] = cells[1] or UNLABELLED
    return labels


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
