"""What is said twice in the repository is said alike."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ancestry_ddvi import __version__

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def project():
    return tomllib.loads(text("pyproject.toml"))["project"]


@pytest.fixture(scope="module")
def pins():
    """Package -> version in constraints.txt, every line of which is a pin."""
    lines = [line for line in text("constraints.txt").splitlines() if not line.startswith("#")]
    pins = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines]
    assert all(pins), lines
    return {canonical(pin[1]): pin[2] for pin in pins if pin}


def test_every_requirement_is_pinned(project, pins):
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["plink2"], *extras["dev"]]
    names = {canonical(re.split(r"[<>=!~\[; ]", requirement)[0]) for requirement in wanted}
    assert sorted(names - set(pins)) == []


def test_one_version(project, pins):
    assert f"\nversion: {__version__}\n" in text("CITATION.cff")
    assert re.search(r"^## \[(.+?)\]", text("CHANGELOG.md"), re.MULTILINE)[1] == __version__
    assert f"ARG VERSION={__version__}\n" in text("Dockerfile")
    assert f"ARG TORCH=torch=={pins['torch']}\n" in text("Dockerfile")


def test_one_licence(project):
    assert project["license"] == "BSD-3-Clause"
    assert "license: BSD-3-Clause\n" in text("CITATION.cff")
    assert 'licenses="BSD-3-Clause"' in text("Dockerfile")


def test_the_readme_shows_the_commands_that_make_runs():
    targets = re.findall(r"^([\w-]+):", text("Makefile"), re.MULTILINE)
    documents = text("README.md") + text("CONTRIBUTING.md") + text("docs/tutorial.md")
    assert set(re.findall(r"(?:^|`)make ([\w-]+)", documents, re.MULTILINE)) <= set(targets)
    assert "make demo" in text("README.md")[:1200]
    assert "make test" in text("README.md")[:1200]


def test_the_example_data_are_small():
    assert sum(path.stat().st_size for path in (ROOT / "example_data").iterdir()) < 1_000_000


def test_the_picture_of_the_readme_is_small():
    assert (ROOT / "docs/images/example.png").stat().st_size < 200_000
