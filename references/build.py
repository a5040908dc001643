"""Build a reference model: ``python references/build.py RECIPE [--data DIR] [--out FILE]``.

RECIPE is the name of a file beside this script, such as ``kgp`` for ``kgp.toml``, or a path. It
lists the inputs in DIR with their SHA-256, the cohorts, positions in other genome builds, options
of the fit and texts of the model card. By default the model is written to the package. The same
inputs, versions of libraries and kind of processor give the same bytes, with any number of threads.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from source_cohorts import Cohort, merged, read_cohort
from source_positions import Positions, named, positioned

import ancestry_ddvi
from ancestry_ddvi import Filters
from ancestry_ddvi.errors import DDVIError, InputsDisagree, InputUnreadable

HERE = Path(__file__).parent
MODELS = HERE.parent / "ancestry_ddvi" / "reference_models"

log = logging.getLogger("references")


def build(recipe: Path, data: Path, out: Path | None = None) -> Path:
    """Build the model of a recipe; its path.

    Raises
    ------
    DDVIError
        If an input is missing or has another checksum, or the fit refuses it.
    """
    plan = read_recipe(recipe)
    check_inputs(plan["inputs"], data)
    target = out or MODELS / f"{recipe.stem}.ddvi"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cohort, positions = prepared(plan, data)
        files = cohort.write(folder, recipe.stem)
        table = positions.write(folder / "positions.tsv")
        fitted = ancestry_ddvi.fit(
            [str(files["genotypes"])],
            str(folder / recipe.stem),
            labels=str(files["labels"]),
            chain=str(table),
            seed=plan["seed"],
            device="cpu",
            filters=Filters(**plan.get("filters", {})),
            settings={name: str(value) for name, value in plan.get("settings", {}).items()},
            card={**plan["card"], **sources(plan["inputs"])},
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(fitted.files["model"], target)
    log.info("%s has %s bytes.", target, f"{target.stat().st_size:,}")
    return target


def read_recipe(path: Path) -> dict[str, Any]:
    """The values of a recipe.

    Raises
    ------
    InputUnreadable
    """
    known = ", ".join(sorted(recipe.stem for recipe in HERE.glob("*.toml")))
    remedy = f"Give {known} or a file as references/README.md describes."
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problem = f"the recipe {path} cannot be read: {error.strerror}"
        raise InputUnreadable(problem, remedy) from error
    except ValueError as error:
        raise InputUnreadable(f"{path} is not TOML: {error}", remedy) from error


def check_inputs(inputs: Mapping[str, str], data: Path) -> None:
    """Check the inputs against their checksums.

    Raises
    ------
    InputUnreadable, InputsDisagree
    """
    for name, due in inputs.items():
        path = data / name
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise InputUnreadable(
                f"{path} cannot be read: {error.strerror}", "Give the folder of the data as --data."
            ) from error
        if found != due:
            raise InputsDisagree(
                f"{path} has the SHA-256 {found[:12]}…, and the recipe says {due[:12]}…",
                "Get the file that the recipe was written for, or change the recipe.",
            )


def sources(inputs: Mapping[str, str]) -> dict[str, str]:
    """The card's line on the inputs."""
    return {"inputs": "; ".join(f"{name} {due}" for name, due in inputs.items())}


def prepared(plan: Mapping[str, Any], data: Path) -> tuple[Cohort, Positions]:
    """The samples and variants of the recipe, and positions in every build."""
    cohort = merged([read_cohort(entry, data) for entry in plan["cohort"]])
    builds = plan["builds"]
    cohort, positions = positioned(
        cohort, builds["cohort"], builds["tables"], builds["complete"], data
    )
    return named(cohort, [data / path for path in plan.get("rsids", [])]), positions


def main() -> int:
    """Build the model that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("recipe", metavar="RECIPE")
    parser.add_argument("--data", metavar="DIR", type=Path, default=HERE.parent / "data")
    parser.add_argument("--out", metavar="FILE", type=Path)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    beside = HERE / f"{given.recipe}.toml"
    try:
        build(beside if beside.exists() else Path(given.recipe), given.data, given.out)
    except DDVIError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
