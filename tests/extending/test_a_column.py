"""A toy output column, registered from outside the package: one function and one row."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi import api
from ancestry_ddvi.artefacts.columns import TABLES, Column
from ancestry_ddvi.artefacts.coordinates import read_coordinates
from ancestry_ddvi.artefacts.records import EmbeddedSamples

DOCS = Path(__file__).parents[2] / "docs"


def spread(embedded: EmbeddedSamples) -> np.ndarray:
    """Root of the total posterior variance; (samples,)."""
    return np.sqrt((embedded.posterior.sd**2).sum(axis=1))


def farthest_draw(embedded: EmbeddedSamples) -> np.ndarray:
    """The largest posterior draw on each axis; (samples, dims)."""
    return embedded.posterior.draws.max(axis=1)


TOYS = (
    Column("spread", "standard deviations of the prior", "total posterior spread", spread),
    Column("{each}_max", "standard deviations of the prior", "largest draw", farthest_draw),
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLES, "coords", (*TABLES["coords"], *TOYS))


@pytest.fixture
def embedded(
    cohort_files: SimpleNamespace, fitted_model: SimpleNamespace, tmp_path: Path
) -> api.Embedded:
    model = str(fitted_model.files["model"])
    return api.embed(model, [str(cohort_files.query)], str(tmp_path / "x"), draws=4, device="cpu")


def test_embed_writes_it(embedded: api.Embedded) -> None:
    table = pd.read_csv(embedded.files["coords"], sep="\t", dtype={"sample_id": str})
    assert list(table.columns)[-4:] == ["flag", "spread", "Z1_max", "Z2_max"]
    spread = np.hypot(table["Z1_sd"], table["Z2_sd"])
    like = ~table["flag"].astype(str).str.contains("unlike_panel")
    np.testing.assert_allclose(table["spread"][like], spread[like], rtol=1e-5)
    assert (table[["Z1_max", "Z2_max"]].to_numpy() > table[["Z1", "Z2"]].to_numpy()).all()


def test_reading_gives_it_back(embedded: api.Embedded) -> None:
    back = read_coordinates(embedded.files["coords"])
    np.testing.assert_allclose(back["spread"], embedded.coordinates["spread"], rtol=1e-5)
    assert {"spread", "Z1_max", "Z2_max"} < set(back.to_frame().columns)


def test_fit_writes_it(cohort_files: SimpleNamespace, tmp_path: Path) -> None:
    fitted = api.fit([str(cohort_files.cohort)], str(tmp_path / "x"), method="pca", device="cpu")
    header, *_ = fitted.files["coords"].read_text("utf-8").splitlines()
    assert header.endswith("\tflag\tspread\tZ1_max\tZ2_max")


def test_the_page_of_file_formats_describes_it() -> None:
    page = runpy.run_path(str(DOCS / "make_formats.py"))["page"]
    made = page((DOCS / "file-formats.md").read_text("utf-8"))
    unit = "standard deviations of the prior"
    assert f"| `spread` | {unit} | total posterior spread |\n" in made
    assert f"| `Z1_max` … `Zd_max` | {unit} | largest draw |\n" in made
