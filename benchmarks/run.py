"""Time and memory of this program and others for the same tasks, in one table.

usage: run.py [--rows machine,help,fit,ingest,cohort,components,embed,genome,growth,others]
              [--size 16000x40000 ...] [--runs 3] [--threads 2]
              [--data FOLDER] [--work FOLDER] [--out benchmarks]

Runs the rows that are asked for (by default none) and merges them into RESULTS.json; then draws
RESULTS.md, growth-*.png and the tables of docs/performance.md from all that is there. Rows can be
run one by one, large ones in the background. DATA holds the folders kgp1092, kgp2504 and hapmap957
of public genotypes; WORK keeps simulated cohorts and models for the next time. Programs that are
not on the path are left out.
"""

from __future__ import annotations

import argparse
import resource
import runpy
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import results  # noqa: E402 (siblings, also where this file is loaded as a module)
from rows import ROWS, Bench  # noqa: E402

from ancestry_ddvi.resources import usable_threads  # noqa: E402


def size(text: str) -> tuple[int, int]:
    """Samples and variants of "16000x40000"."""
    samples, variants = text.split("x")
    return int(samples), int(variants)


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The options given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="", help="comma-separated: " + ", ".join(ROWS))
    parser.add_argument("--size", type=size, nargs="+", default=[(2000, 5000)],
                        help="samples and variants of simulated cohorts")  # fmt: skip
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=usable_threads())
    parser.add_argument("--seed", type=int, default=1, help="of simulated cohorts")
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data")
    parser.add_argument(
        "--work", type=Path, default=Path(tempfile.gettempdir()) / "ddvi-benchmarks"
    )
    parser.add_argument("--out", type=Path, default=HERE)
    given = parser.parse_args(argv)
    given.rows = [name for name in given.rows.split(",") if name]
    if unknown := set(given.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    return given


def main(argv: list[str] | None = None) -> None:
    """Run the chosen rows and draw the page."""
    given = arguments(argv)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for folder in (given.work, given.out):
        folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(given.data.resolve(), given.work.resolve(), given.runs, given.threads,
                  given.seed, given.size)  # fmt: skip
    stored = given.out / "RESULTS.json"
    for name in given.rows:
        around = results.about(given.threads)
        for row in ROWS[name](bench):
            results.store(stored, row, around)
            print(row.what, {k: v if isinstance(v, str) else [round(r.seconds, 2) for r in v]
                             for k, v in row.found.items()}, flush=True)  # fmt: skip
    rows = results.load(stored)
    pictures = [path.name for path in results.draw(rows, given.out)]
    (given.out / "RESULTS.md").write_text(results.page(rows, pictures))
    if given.out.resolve() == HERE:
        runpy.run_path(str(HERE.parent / "docs" / "make_performance.py"), run_name="__main__")


if __name__ == "__main__":
    main()
