"""Tables of results: tab-separated, JSON and Markdown from the same rows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..storage import whole

SMALL = 0.01
"""Below this, two significant digits are shown instead of decimals."""


@dataclass(frozen=True)
class Estimate:
    """A mean and the half width of its interval; NaN if there is one value."""

    mean: float
    half: float

    def __str__(self) -> str:
        if math.isnan(self.mean):
            return "NA"
        return f"{self.mean:.3g}" if math.isnan(self.half) else f"{_pair(self.mean, self.half)}"


@dataclass(frozen=True)
class Table:
    """Rows of named values.

    Attributes
    ----------
    columns : sequence of str
    rows : sequence of mapping
        Text, numbers or estimates by column; what is absent or NaN is NA.
    """

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]

    def write(self, prefix: str) -> dict[str, Path]:
        """Write PREFIX.tsv, PREFIX.json and PREFIX.md; the paths by kind."""
        files = {kind: Path(f"{prefix}.{kind}") for kind in ("tsv", "json", "md")}
        for kind, text in zip(files, (self.tsv(), self.json(), self.markdown()), strict=True):
            with whole(files[kind]) as beside:
                beside.write_text(text, encoding="utf-8")
        return files

    def tsv(self) -> str:
        """A header and a line for each row; an estimate is two columns, NAME and NAME_ci."""
        flat = [dict(_flat(self.columns, row)) for row in self.rows]
        names = list(dict.fromkeys(name for row in flat for name in row))
        lines = [names, *([_text(row.get(name)) for name in names] for row in flat)]
        return "".join("\t".join(line) + "\n" for line in lines)

    def json(self) -> str:
        """A list of objects; NaN is null."""
        flat = [
            {
                k: None if isinstance(v, float) and math.isnan(v) else v
                for k, v in _flat(self.columns, row)
            }
            for row in self.rows
        ]
        return json.dumps(flat, indent=1) + "\n"

    def markdown(self) -> str:
        """A table whose estimates read 1.27 ± 0.21."""
        lines = [self.columns, ["---"] * len(self.columns)]
        lines += [[_text(row.get(name)) for name in self.columns] for row in self.rows]
        return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _flat(columns: Sequence[str], row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name in columns:
        value = row.get(name)
        if isinstance(value, Estimate):
            pairs += [(name, value.mean), (f"{name}_ci", value.half)]
        else:
            pairs.append((name, value))
    return pairs


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "NA"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _pair(mean: float, half: float) -> str:
    """Both with two digits of the half width, at most three decimals unless both are small."""
    if 0 < max(abs(mean), half) < SMALL:
        return f"{mean:.2g} ± {half:.1g}"
    decimals = 3 if half <= 0 else min(3, max(0, 1 - math.floor(math.log10(half))))
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}"
