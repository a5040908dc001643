"""The container: small, without root, labelled, and with the Python that is tested."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LABELS = {
    "title", "description", "licenses", "version", "revision", "source", "documentation",
}  # fmt: skip


def test_there_are_images_for_cpus_and_gpus_and_the_last_is_for_cpus():
    stages = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)
    assert {"cpu", "cuda"} <= set(stages)
    assert stages[-1] == "cpu"


def test_the_image_runs_as_a_user_by_number_and_without_an_entrypoint():
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["1000"]
    assert "\nENTRYPOINT" not in DOCKERFILE


def test_the_image_has_the_labels_of_open_containers():
    assert set(re.findall(r"org\.opencontainers\.image\.(\w+)=", DOCKERFILE)) == LABELS


def test_the_image_has_a_python_that_is_tested_and_the_pinned_torch(project):
    (python,) = re.findall(r"^ARG PYTHON=(.*)$", DOCKERFILE, re.MULTILINE)
    assert f"Programming Language :: Python :: {python}" in project["classifiers"]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    torches = set(re.findall(r"^ARG TORCH=(.*)$", DOCKERFILE, re.MULTILINE))
    assert [f"torch=={torch}" for torch in torches] == [pin for pin in pins if "torch=" in pin]


def test_all_that_the_build_reads_is_sent_to_it():
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    settings = ("LICENSE", "README.md", "ancestry_ddvi", "cli", "constraints.txt", "pyproject.toml")
    assert {f"!{name}" for name in (*settings, "setup.py", "man")} <= set(sent)


@pytest.mark.packages
def test_hadolint_finds_nothing(tool):
    assert tool("hadolint", "Dockerfile") == ""
