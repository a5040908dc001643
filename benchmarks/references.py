"""The reference models, measured on samples left out of them.

usage: references.py [--model kgp hapmap3] [--part conditions kinds outside cost]
           [--folds 5] [--only all,share0.1] [--outside GIH,SAS] [--data FOLDER] [--work FOLDER]
           [--key NAME] [--out benchmarks]

Five folds, relatives in one; the recipe of the model on four of them; the samples of the fifth put
to ``assign`` as files of many kinds, and to other methods. Populations and superpopulations left
out in turn. Time and memory beside peddy. Finished rows go to REFERENCES.json, from which
docs/references.md is drawn by every call, also with ``--part none``. Fits and answers are kept in
WORK under the state of the program, or under ``--key``, so that a call goes on where another was
stopped; two models may run at once.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from reference_cost import cost  # noqa: E402 (siblings, also where this file is a module)
from reference_folds import by_conditions, by_kinds, run_folds  # noqa: E402
from reference_outside import outside  # noqa: E402
from reference_page import page  # noqa: E402
from reference_panels import NAMES, Panel, panel, version  # noqa: E402
from results import about  # noqa: E402

from ancestry_ddvi.resources import usable_threads  # noqa: E402

PARTS = ("conditions", "kinds", "outside", "cost")
RESULTS = "REFERENCES.json"


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The options given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="+", choices=NAMES, default=list(NAMES))
    parser.add_argument("--part", nargs="+", choices=(*PARTS, "none"), default=list(PARTS))
    parser.add_argument("--folds", default="5", help="of the five, how many are measured")
    parser.add_argument("--only", default="", help="conditions by their keys, comma-separated")
    parser.add_argument(
        "--outside", default="", help="groups left out, comma-separated; all if none"
    )
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "references")
    parser.add_argument("--key", help="of kept fits, in place of the state of the program")
    parser.add_argument("--out", type=Path, default=HERE)
    return parser.parse_args(argv)


def measured(given: argparse.Namespace, of: Panel) -> Iterator[tuple[str, str, Any]]:
    """Part, key and figures of each finished row."""
    if "conditions" in given.part:
        for key, row in by_conditions(of, run_folds(given.folds), names(given.only)):
            yield "conditions", key, row
    if "kinds" in given.part:
        for key, row in by_kinds(of).items():
            yield "kinds", key, row
    if "outside" in given.part:
        for key, row in outside(of, names(given.outside)).items():
            yield "outside", key, row
    if "cost" in given.part:
        for key, row in cost(of):
            yield "cost", key, row


def names(text: str) -> list[str]:
    """The words between commas."""
    return [name for name in text.split(",") if name]


def put(path: Path, model: str, part: str, key: str, row: Any) -> None:
    """Put one row in the file of results in place of an earlier one; processes take turns."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        known = json.loads(file.read() or "{}")
        known.setdefault(model, {}).setdefault(part, {})[key] = row
        file.truncate(0)
        file.write(json.dumps(known, indent=1) + "\n")


def main(argv: list[str] | None = None) -> None:
    """Measure what is asked for, and draw the page."""
    given = arguments(argv)
    given.out.mkdir(parents=True, exist_ok=True)
    stored = given.out / RESULTS
    key = given.key or version()
    for name in given.model if given.part != ["none"] else ():
        of = panel(name, given.data, given.work / key)
        put(stored, name, "panel", "panel", of.described() | about(usable_threads()))
        for part, row_key, row in measured(given, of):
            put(stored, name, part, row_key, row)
            print(name, part, row_key, flush=True)
    target = HERE.parent / "docs" if given.out.resolve() == HERE else given.out
    (target / "references.md").write_text(page(json.loads(stored.read_text())))


if __name__ == "__main__":
    main()
