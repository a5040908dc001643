"""The version is stated in ancestry_ddvi/version.py, and repeated where a file must name it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ancestry_ddvi import __version__

ROOT = Path(__file__).parents[2]

REPEATED = {
    "CHANGELOG.md": r"\A.*?^## \[(.+?)\]",
    "CITATION.cff": r"^version: (.+)$",
    "Dockerfile": r"^ARG VERSION=(.+)$",
    "pipelines/config.schema.yaml": r"/ddvi-ancestry:(.+)--",
    "packaging/bioconda/ddvi-ancestry/meta.yaml": r'^{% set version = "(.+)" %}$',
}
"""Files that repeat the version, and where."""


@pytest.mark.parametrize("name", REPEATED)
def test_a_file_that_repeats_the_version_has_the_current_one(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    found = re.findall(REPEATED[name], text, re.MULTILINE | re.DOTALL * name.endswith(".md"))
    assert found
    assert set(found) == {__version__}
