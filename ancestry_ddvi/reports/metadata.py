"""Columns of tables of samples, such as labels, for colours and the table of the report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..artefacts.label_table import UNLABELLED, Layout, cell, iid_of, layouts, quantity
from ..artefacts.labels import read_labels
from ..errors import InputsDisagree
from .runs import Run


def labels_of(runs: Sequence[Run]) -> list[str]:
    """Tables of labels that runs were given, where they still are or beside the run.

    The log warns of those that are gone.
    """
    return list(dict.fromkeys(str(run.labels_path) for run in runs if run.labels_path))


def metadata(paths: Sequence[str], samples: Sequence[str]) -> dict[str, np.ndarray]:
    """Every column of the tables by its name; "" where a sample has no entry.

    Of several tables with the same column, the first that has an entry for a sample holds.

    Returns
    -------
    dict from str to ndarray, (samples,)
        Text as objects, quantities as float64.

    Raises
    ------
    InputUnreadable
        If a table is absent, empty or malformed.
    InputsDisagree
        If a table has none of the samples.
    """
    found: dict[str, np.ndarray] = {}
    for path in paths:
        layout = _layout(path, samples)
        for name, values in _columns(layout, samples):
            before = found.get(name)
            found[name] = values if before is None else np.where(before == "", values, before)
    numbers = {name: quantity(values.tolist()) for name, values in found.items()}
    return {name: found[name] if n is None else n for name, n in numbers.items()}


def _layout(path: str, samples: Sequence[str]) -> Layout:
    """The layout by which most IDs of a table are those of samples."""
    known = {*samples, *map(iid_of, samples)}
    found = layouts(read_labels(path).lines, samples)
    best = max(found, key=lambda layout: len(known.intersection(layout.ids)))
    if known.isdisjoint(best.ids):
        raise InputsDisagree(
            f"none of the IDs in labels {path} is among the {len(samples):,} samples",
            "The first column, or one named IID, must hold sample IDs.",
        )
    return best


def _columns(layout: Layout, samples: Sequence[str]) -> list[tuple[str, np.ndarray]]:
    """Names and values of the columns besides the IDs, for each sample."""
    by_id = {cell(cells, layout.at): cells for _, cells in layout.rows}
    rows = [by_id.get(name) or by_id.get(iid_of(name)) or () for name in samples]
    width = max((len(cells) for cells in rows), default=0)
    found = []
    for column in range(width):
        if column in (layout.at, layout.family):
            continue
        name = cell(layout.names, column) or f"label{column}"
        values = [cell(cells, column) for cells in rows]
        found.append((name, np.array(["" if v == UNLABELLED else v for v in values], dtype=object)))
    return found
