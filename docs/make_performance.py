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

KINSHIP, SCREEN = 20_000, 2_048
"""Variants at which all pairs of samples are counted, and screened where there are more samples."""

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
    components : int
        Those that are kept.
    text : bool
        Whether the file is a VCF.
    """

    samples: int
    variants: int
    fitted: int
    kept: int
    components: int
    text: bool


@dataclass(frozen=True)
class Work:
    """What a stage cannot do without: operations, bytes read, and bytes of text inflated."""

    operations: float = 0.0
    read: float = 0.0
    text: float = 0.0

    def seconds(self, rates: Mapping[str, float]) -> float:
        """The longest of the three on a machine of these rates."""
        return max(
            self.operations / (rates["gflops"] * 1e9),
            self.read / (rates["gbytes"] * 1e9),
            self.text / (rates["inflated"] * 1e9),
        )


def reading(size: Size) -> Work:
    """The text of a VCF, four bytes a genotype, is inflated; .bed is used in place."""
    return Work(text=4.0 * size.samples * size.variants * size.text)


def quality_control(size: Size) -> Work:
    """Counts, products of each variant with those within one Mb, and of each pair of samples."""
    near = size.variants / GENOME_MB
    screened = min(size.kept, SCREEN if size.samples > SCREEN else KINSHIP)
    products = 2.0 * size.samples * size.variants * near + float(size.samples) ** 2 * screened
    return Work(products, size.samples * size.variants / 4)


def components(size: Size) -> Work:
    """Passes of X' X R."""
    once = 2.0 * size.fitted * size.kept * COLUMNS
    return Work(2 * PASSES * once, PASSES * size.samples * size.kept / 4)


def scores(size: Size) -> Work:
    """Products with the loadings, and for the noise of each sample with all pairs of them."""
    columns = COLUMNS + size.components * (size.components + 1) / 2
    return Work(2.0 * size.samples * size.kept * columns, size.samples * size.kept / 4)


FLOORS: Mapping[str, tuple[Callable[[Size], Work], str]] = {
    "reading": (reading, "text inflated"),
    "quality control": (quality_control, "correlations within 1 Mb, kinship of all pairs"),
    "components": (components, f"{PASSES} passes with {COLUMNS} columns"),
    "scores": (scores, f"a pass with {COLUMNS} columns and all pairs of components"),
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
    names = ("samples", "variants", "samples_in_fit", "variants_in_model", "components")
    size = Size(*(facts[name] for name in names), facts.get("text", False))
    stages = dict(facts["timings"])
    stages["start and end"] = run["seconds"] - sum(stages.values())
    return "\n".join([HEADING, *(row(name, took, run["seconds"], size, rates)
                                 for name, took in stages.items())])  # fmt: skip


def row(name: str, took: float, total: float, size: Size, rates: Mapping[str, float]) -> str:
    """One stage."""
    floor, of_what, gap = "", "", ""
    if name in FLOORS:
        work, of_what = FLOORS[name]
        if least := work(size).seconds(rates):
            floor, gap = f"{least:.2g}", f"{took / least:.1f} ×"
    return f"| {name} | {floor} | {of_what} | {took:.1f} | {took / total:.0%} | {gap} |"


if __name__ == "__main__":
    found = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
