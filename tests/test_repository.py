"""The repository is consistent: versions, licences, contracts and words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def settings():
    return tomllib.loads(text("pyproject.toml"))


@pytest.fixture(scope="module")
def project(settings):
    return settings["project"]


@pytest.fixture(scope="module")
def pins():
    """Package -> version in constraints.txt, every line of which is a pin."""
    lines = [line for line in text("constraints.txt").splitlines() if not line.startswith("#")]
    pins = [re.fullmatch(r"([\w.-]+)==([\w.]+)", line) for line in lines]
    assert all(pins), lines
    return {canonical(pin[1]): pin[2] for pin in pins if pin}


def test_every_requirement_is_pinned(project, pins):
    extras = project["optional-dependencies"]
    tested = ("plink2", "vcz", "bgen", "dev")
    wanted = [*project["dependencies"], *(line for name in tested for line in extras[name])]
    names = {canonical(re.split(r"[<>=!~\[; ]", requirement)[0]) for requirement in wanted}
    assert sorted(names - set(pins)) == []


def test_one_licence(project):
    assert project["license"] == "BSD-3-Clause"
    assert "license: BSD-3-Clause\n" in text("CITATION.cff")
    assert 'licenses="BSD-3-Clause"' in text("Dockerfile")


def test_commands_reach_a_few_parts_of_the_package_and_no_other(settings):
    reached = {
        "api",
        "methods",
        "errors",
        "outputs",
        "progress",
        "reference_models",
        "resources",
        "storage",
    }
    paths = [
        *(ROOT / "ancestry_ddvi").glob("*.py"),
        *(ROOT / "ancestry_ddvi").glob("*/__init__.py"),
    ]
    parts = {path.parent.name if path.stem == "__init__" else path.stem for path in paths}
    (contract,) = [
        contract
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract.get("source_modules") == ["cli"]
    ]
    forbidden = {f"ancestry_ddvi.{part}" for part in parts - reached - {"ancestry_ddvi"}}
    inside = {"ancestry_ddvi.api.*", "ancestry_ddvi.methods.*"}
    assert set(contract["forbidden_modules"]) == forbidden | inside


WORDS = re.compile(r"\b(people|persons?|somebody|everybody|nobody)\b", re.IGNORECASE)
HUMANS = (
    "genotypes of a person",
    "whether this person",
    "no person has these genotypes",
)
"""Phrases that mean humans: privacy."""
WORDED = ("cli", "ancestry_ddvi", "docs")
"""Folders whose words are checked."""


def files_of(folder: str) -> list[Path]:
    """The text files of a folder."""
    kinds = {".py", ".md", ".json", ".txt", ".yaml"}
    return sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in kinds)


@pytest.mark.parametrize("folder", WORDED)
def test_samples_are_not_called_people(folder):
    assert files_of(folder)
    found = []
    for path in files_of(folder):
        words = path.read_text(encoding="utf-8")
        for phrase in HUMANS:
            words = words.replace(phrase, "")
        lines = enumerate(words.splitlines(), start=1)
        found += [f"{path.name}:{number}" for number, line in lines if WORDS.search(line)]
    assert found == []


def test_the_readme_shows_the_commands_that_make_runs():
    targets = re.findall(r"^([\w-]+):", text("Makefile"), re.MULTILINE)
    documents = text("README.md") + text("CONTRIBUTING.md") + text("docs/tutorial.md")
    assert set(re.findall(r"(?:^|`)make ([\w-]+)", documents, re.MULTILINE)) <= set(targets)
    assert "make demo" in text("README.md")[:1200]
    assert "make test" in text("README.md")[:1200]


def test_the_example_data_are_small():
    assert sum(path.stat().st_size for path in (ROOT / "example_data").iterdir()) < 1_000_000


def test_pictures_are_small():
    sizes = {path.name: path.stat().st_size for path in (ROOT / "docs/images").iterdir()}
    assert "1000-genomes.png" in sizes
    assert [name for name, size in sizes.items() if size >= 300_000] == []
