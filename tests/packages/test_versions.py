"""The version is stated in ancestry_ddvi/version.py, and repeated where a file must name it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ancestry_ddvi import __version__

ROOT = Path(__file__).parents[2]
IMAGE = r"ddvi-ancestry:([\d.]+)--"
SERIES = r"ddvi-ancestry =(\d+\.\d+)$"

REPEATED = {
    "CHANGELOG.md": r"\A.*?^## \[(.+?)\]",
    "CITATION.cff": r"^version: (.+)$",
    "Dockerfile": r"^ARG VERSION=(.+)$",
    "packaging/bioconda/ddvi-ancestry/meta.yaml": r'^{% set version = "(.+)" %}$',
    "pipelines/config.schema.yaml": IMAGE,
    "pipelines/envs/ddvi-ancestry.yaml": SERIES,
    "pipelines/galaxy/tools/ddvi_ancestry/macros.xml": r'name="@TOOL_VERSION@">(.+?)<',
    "pipelines/nf-core/modules/nf-core/ddviancestry/*/environment.yml": r"ddvi-ancestry=([\d.]+)",
    "pipelines/nf-core/modules/nf-core/ddviancestry/*/main.nf": IMAGE,
    "pipelines/snakemake-wrappers/bio/ddvi-ancestry/*/environment.yaml": SERIES,
}
"""Files that repeat the version, or its first two numbers, and where."""


@pytest.mark.parametrize("names", REPEATED)
def test_a_file_that_repeats_the_version_has_the_current_one(names):
    series = __version__.rpartition(".")[0] if REPEATED[names] == SERIES else __version__
    paths = sorted(ROOT.glob(names))
    assert paths
    for path in paths:
        text = path.read_text(encoding="utf-8")
        whole = re.DOTALL if path.suffix == ".md" else 0
        assert set(re.findall(REPEATED[names], text, re.MULTILINE | whole)) == {series}, path
