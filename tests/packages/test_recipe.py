"""The bioconda recipe can be rendered, and installs what pip installs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "packaging/bioconda/ddvi-ancestry/meta.yaml"
NAMES = {"isal": "python-isal", "matplotlib": "matplotlib-base", "torch": "pytorch"}
"""Packages with another name in conda channels."""
CHANNELS = {"bioconda", "conda-forge"}


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    jinja2 = pytest.importorskip("jinja2")
    template = jinja2.Template(RECIPE.read_text(encoding="utf-8"), undefined=jinja2.StrictUndefined)
    rendered = template.render(
        PYTHON="python", pin_subpackage=lambda name, max_pin: f"{name} {max_pin}"
    )
    return yaml.safe_load(rendered)


def conda(requirement: str) -> str:
    """A requirement of pip as conda writes it."""
    name, bounds = re.match(r"([\w.-]+)(\S*)", requirement.split(";")[0].strip()).groups()
    return f"{NAMES.get(name.lower(), name.lower())} {bounds}"


def test_the_recipe_requires_what_the_package_requires(recipe, project):
    wanted = [conda(one) for one in project["dependencies"]]
    assert recipe["requirements"]["run"] == sorted(
        [*wanted, f"python {project['requires-python']}"]
    )
    optional = [conda(one) for one in project["optional-dependencies"]["plink2"]]
    assert recipe["requirements"]["run_constrained"] == optional


def test_the_channel_of_every_package_is_stated():
    lines = RECIPE.read_text(encoding="utf-8").partition("  run:\n")[2].partition("\ntest:")[0]
    packages = [line for line in lines.splitlines() if line.startswith("    - ")]
    assert len(packages) > 10
    for line in packages:
        assert line.partition("  # ")[2].split(";")[0] in CHANNELS, line


def test_the_recipe_is_one_for_all_platforms_and_names_the_program(recipe, project):
    assert recipe["build"]["noarch"] == "python"
    ((name, entry),) = project["scripts"].items()
    assert recipe["build"]["entry_points"] == [f"{name} = {entry}"]
    assert recipe["build"]["run_exports"] == ["ddvi-ancestry x.x"]
    assert recipe["about"]["license"] == project["license"]
    assert (ROOT / recipe["about"]["license_file"]).exists()


@pytest.mark.slow
def test_the_commands_of_the_recipe_run(recipe, tmp_path):
    """As they are written, offline; conda itself is not needed for that."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    script = "\n".join(["set -e", *recipe["test"]["commands"]])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
