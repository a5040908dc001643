"""embed of a file with an index: the same tables, and a summary that says what was read."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from ancestry_ddvi import api
from ancestry_ddvi.genotypes.formats import index

pytestmark = pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is not installed")


@pytest.fixture
def query(cohort_files, tmp_path) -> Path:
    path = tmp_path / "query.vcf.gz"
    command = ["bcftools", "sort", "-Oz", "-o", str(path), str(cohort_files.query)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def embed(model, path: Path, prefix: Path, **options):
    options = {"device": "cpu", "draws": 4, **options}
    return api.embed(str(model.files["model"]), [str(path)], str(prefix), **options)


def test_an_index_changes_no_coordinate(fitted_model, query, tmp_path, monkeypatch) -> None:
    whole = embed(fitted_model, query, tmp_path / "whole")
    subprocess.run(["bcftools", "index", "-t", str(query)], check=True)
    monkeypatch.setattr(index, "MIN_BYTES", 0)
    found = embed(fitted_model, query, tmp_path / "found")
    for kind in ("coords", "eigenvec", "pcs", "relatives"):
        assert found.files[kind].read_bytes() == whole.files[kind].read_bytes()
    first, second = (json.loads(run.files["summary"].read_text()) for run in (whole, found))
    assert first["reading"] == {"by_index": False, "records": None, "records_read": None}
    reading = second["reading"]
    assert reading["by_index"]
    assert 0 < reading["records_read"] <= reading["records"]
    assert second["harmonisation"]["file_variants"] is None
    assert {**second["harmonisation"], "file_variants": 0, "id_matches": 0} == {
        **first["harmonisation"], "file_variants": 0, "id_matches": 0
    }  # fmt: skip


def test_all_is_read_where_few_variants_are_found(
    fitted_model, query, tmp_path, monkeypatch, caplog
) -> None:
    """What must be found for the run to go on is not told by the index alone."""
    subprocess.run(["bcftools", "index", "-t", str(query)], check=True)
    monkeypatch.setattr(index, "MIN_BYTES", 0)
    monkeypatch.setattr("ancestry_ddvi.genotypes.harmonise.match_keys.MIN_SETTLED", 2.0)
    with caplog.at_level("INFO"):
        run = embed(fitted_model, query, tmp_path / "all")
    assert not run.summary["reading"]["by_index"]
    assert "All records are read" in caplog.text
