"""Write the tables of docs/performance.md from the benchmarks: ``python docs/make_performance.py``.

A table stands below a comment that names a row of ``benchmarks/RESULTS.json``. Rows that were not
measured yet say so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("performance.md")
RESULTS = Path(__file__).parents[1] / "benchmarks" / "RESULTS.json"
TABLE = re.compile(r"(<!-- stages (\S+) -->\n)\n.*?(?=\n\n)", re.DOTALL)
HEADING = "| stage | floor, s | of what | measured, s | share | gap |\n|---|---|---|---|---|---|"

COLUMNS = 64
"""Columns of the matrices that genotypes are multiplied with."""

PASSES = 7
"""Passes over the genotypes in which a block method converges."""

GENOME_MB = 2_881
"""Length of the autosomes; variants within one Mb are compared by LD pruning."""


@dataclass(frozen=True)
class Size:
    """What the work of a fit depends on.

    Attributes
    ----------
    samples, variants : int
        Of the file.
    fitted, kept : int
        Samples in the fit, and variants in the model.
    """

    samples: int
    variants: int
    fitted: int
    kept: int


Work = tuple[float, float]
"""Floating-point operations, and bytes read."""


def reading(size: Size) -> Work:
    """The packed file is read once."""
    return 0.0, size.samples * size.variants / 4


def quality_control(size: Size) -> Work:
    """Counts in one pass, and products of each variant with those within one Mb."""
    near = size.variants / GENOME_MB
    return 2.0 * size.samples * size.variants * near, size.samples * size.variants / 4


def components(size: Size) -> Work:
    """Passes of X' X R, and one more for the scores of all samples."""
    once = 2.0 * size.fitted * size.kept * COLUMNS
    scores = 2.0 * size.samples * size.kept * COLUMNS
    return 2 * PASSES * once + scores, (PASSES + 1) * size.samples * size.kept / 4


FLOORS: Mapping[str, tuple[Callable[[Size], Work], str]] = {
    "reading": (reading, "one pass over the packed bytes"),
    "quality control": (quality_control, "one pass; correlations within 1 Mb"),
    "components": (components, f"{PASSES} passes with {COLUMNS} columns, and the scores"),
}
"""Work that no program can do without, by stage."""


def page(text: str, rows: Mapping[str, Any]) -> str:
    """The page with its tables replaced by the present ones."""
    return TABLE.sub(lambda found: f"{found[1]}\n{table(found[2], rows)}", text)


def table(key: str, rows: Mapping[str, Any]) -> str:
    """Stages of one row with their floors."""
    if key not in rows or "machine" not in rows:
        return "Not measured yet."
    run = rows[key]["found"]["ddvi-ancestry"][-1]
    facts, rates = {**rows[key]["facts"], **run["facts"]}, rows["machine"]["facts"]
    size = Size(
        facts["samples"], facts["variants"], facts["samples_in_fit"], facts["variants_in_model"]
    )
    stages = dict(facts["timings"])
    stages["start and end"] = run["seconds"] - sum(stages.values())
    return "\n".join([HEADING, *(row(name, took, run["seconds"], size, rates)
                                 for name, took in stages.items())])  # fmt: skip


def row(name: str, took: float, total: float, size: Size, rates: Mapping[str, float]) -> str:
    """One stage."""
    floor, of_what, gap = "", "", ""
    if name in FLOORS:
        work, of_what = FLOORS[name]
        flops, read = work(size)
        least = max(flops / (rates["gflops"] * 1e9), read / (rates["gbytes"] * 1e9))
        floor, gap = f"{least:.2g}", f"{took / least:.1f} ×"
    return f"| {name} | {floor} | {of_what} | {took:.1f} | {took / total:.0%} | {gap} |"


if __name__ == "__main__":
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
