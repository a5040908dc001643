"""Make the synthetic human samples, and write what ``assign`` says of them to the pages.

``python docs/make_example.py`` draws ``example_data/synthetic_human.vcf.gz`` from the reference
model ``kgp``, as ``ddvi-ancestry sample`` does, at every sixth of its variants so that it stays
small. The answer stands in ``PAGES`` between ``<!-- answer -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import ancestry_ddvi

ROOT = Path(__file__).parents[1]
PAGES = tuple(ROOT / page for page in ("README.md", "docs/index.md", "docs/tutorial-reference.md"))
GENOTYPES = ROOT / "example_data" / "synthetic_human.vcf.gz"
BLOCK = re.compile(r"(<!-- answer -->\n).*?(<!-- end -->)", re.DOTALL)

MODEL = "kgp"
POPULATIONS = ("CHB", "GWD", "MXL")
SAMPLES, SEED = 3, 12
ONE_IN = 6
REMARK = "##thinned=every sixth variant of the model\n"
COLUMNS = ("sample_id", "ancestry", "level", "probability")


def make(path: Path) -> None:
    """Draw the samples, and write their genotypes at some variants."""
    with tempfile.TemporaryDirectory() as folder:
        made = ancestry_ddvi.sample(
            MODEL, f"{folder}/x.vcf", n=SAMPLES, population=POPULATIONS, seed=SEED
        )
        lines = made.files["vcf"].read_text(encoding="utf-8").splitlines(keepends=True)
    header = [line for line in lines if line.startswith("#")]
    some = [_unnamed(line) for line in lines if not line.startswith("#")][::ONE_IN]
    text = "".join([*header[:-1], REMARK, header[-1], *some])
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def _unnamed(record: str) -> str:
    """A record without its ID."""
    chromosome, position, _, rest = record.split("\t", 3)
    return "\t".join((chromosome, position, ".", rest))


def answer(path: Path) -> str:
    """The first columns of ``PREFIX.ancestry.tsv``, as the pages show them."""
    with tempfile.TemporaryDirectory() as folder:
        found = ancestry_ddvi.assign(MODEL, [str(path)], str(Path(folder) / "example"))
        lines = found.files["ancestry"].read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t")[: len(COLUMNS)] for line in lines]
    return _aligned(rows)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Cells below each other, as ``column -t`` writes them."""
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:<{w}}" for cell, w in zip(row, wide, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def page(text: str, said: str) -> str:
    """A page with the answer made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}\n```text\n{said}\n```\n\n{found[2]}", text)


if __name__ == "__main__":
    make(GENOTYPES)
    said = answer(GENOTYPES)
    for path in PAGES:
        path.write_text(page(path.read_text(encoding="utf-8"), said), encoding="utf-8")
