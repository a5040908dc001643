"""CITATION.cff has what its format requires; cffconvert is the judge of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def test_the_citation_has_the_required_keys_and_the_name_of_the_project(project):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"authors", "cff-version", "message", "title"} <= set(citation)
    assert citation["title"] == project["name"]
    assert citation["license"] == project["license"]
    assert citation["authors"] == project["authors"]


@pytest.mark.packages
def test_cffconvert_finds_it_valid(tool):
    assert "valid" in tool("cffconvert", "--validate")
