"""Labels of samples, for colouring only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InputsDisagree, InputUnreadable

UNLABELLED = "NA"


def read_labels(path: Path, samples: Sequence[str]) -> list[str]:
    """The label of each sample from a tab-separated table with a header.

    The first column holds sample IDs, the second labels; further columns are ignored. A sample
    that is not in the table is ``NA``.

    Raises
    ------
    InputUnreadable
        If the file is absent, empty, or a line has fewer than two columns.
    InputsDisagree
        If the table matches no sample.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        problem = f"labels {path} cannot be read: {reason}"
        raise InputUnreadable(problem, "Check --labels.") from None
    labels = {}
    for number, line in enumerate(lines[1:], start=2):
        cells = line.rstrip("\r").split("\t")
        if len(cells) < 2:
            raise InputUnreadable(
                f"labels {path}, line {number}: one column where two are needed",
                "Separate sample ID and label by a tab, under a header line.",
            )
        labels[cells[0]] = cells[1] or UNLABELLED
    if not labels.keys() & set(samples):
        raise InputsDisagree(
            f"none of the {len(labels):,} IDs in labels {path} is among the {len(samples):,} "
            "samples",
            "The first column must hold sample IDs, under a header line.",
        )
    return [labels.get(sample, UNLABELLED) for sample in samples]
