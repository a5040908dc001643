"""A figure is one function and one row: this one is registered from outside the package."""

from __future__ import annotations

import pytest

from ancestry_ddvi import api
from ancestry_ddvi.plots import figures
from ancestry_ddvi.plots.figures import FigureData


def variants_figure(data: FigureData):
    """The first coordinate of each sample, as bars."""
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().bar(range(len(data.coordinates)), data.coordinates[:, 0])
    return figure


def test_a_new_figure_is_written_beside_the_map(
    fitted_model, cohort_files, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(figures.FIGURES, "first", variants_figure)
    query, prefix = [str(cohort_files.query)], str(tmp_path / "q")
    done = api.embed(str(fitted_model.files["model"]), query, prefix, device="cpu")
    assert done.files["png"] == tmp_path / "q.png"
    assert done.files["first.png"] == tmp_path / "q.first.png"
    assert done.files["first.png"].read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in done.files["first.svg"].read_bytes()
    assert done.summary["files"]["first.svg"] == str(tmp_path / "q.first.svg")
