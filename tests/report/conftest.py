"""Reports of a small cohort and its query, with names as they are and with hostile names."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<!--",
    "<img src=x onerror=alert(3)>",
    "\"onmouseover=alert(4)//'",
    "=cmd|' /C calc'!A0",
    "&lt;b&gt; &amp; \\u003c",
    "\u202eright-to-left שלום",
    "x" * 10_000,
    "line\u2028separator",
    "__proto__",
    "constructor",
)
"""Names of samples that could do harm in a page, or in its data."""


@pytest.fixture(scope="session")
def runs_folder(fitted_model, cohort_files, tmp_path_factory) -> Path:
    """A folder with all files of a fit ``cohort`` and of ``query``, embedded and assigned."""
    from ancestry_ddvi import api

    folder = tmp_path_factory.mktemp("runs")
    for path in fitted_model.files.values():
        shutil.copy(path, folder / path.name)
    model = str(folder / "cohort.ddvi")
    options = {"device": "cpu", "draws": 16, "draws_out": True}
    api.embed(model, [str(cohort_files.query)], str(folder / "query"), **options)
    api.assign(model, [str(folder / "query.coords.tsv")], str(folder / "query"))
    api.assign(model, [str(folder / "cohort.coords.tsv")], str(folder / "cohort"))
    return folder


@pytest.fixture(scope="session")
def labels(cohort_files, tmp_path_factory) -> str:
    """A table of labels with a column of numbers."""
    path = tmp_path_factory.mktemp("labels") / "about.tsv"
    first, *rows = cohort_files.labels.read_text().splitlines()
    lines = [f"{first}\tage", *(f"{row}\t{20 + n}" for n, row in enumerate(rows))]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture(scope="session")
def report_file(runs_folder, labels, tmp_path_factory) -> Path:
    """The report of both runs."""
    from ancestry_ddvi import api

    prefixes = [str(runs_folder / name) for name in ("cohort", "query")]
    out = tmp_path_factory.mktemp("report") / "both"
    return api.report(prefixes, str(out), labels=[labels]).files["report"]


@pytest.fixture(scope="session")
def page(report_file) -> str:
    return report_file.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def hostile_file(runs_folder, tmp_path_factory) -> Path:
    """The report of a cohort whose first samples and whose labels have hostile names."""
    from ancestry_ddvi import api

    folder = tmp_path_factory.mktemp("hostile")
    for path in runs_folder.glob("cohort.*"):
        shutil.copy(path, folder / path.name)
    table = (folder / "cohort.coords.tsv").read_text().splitlines()
    names = [line.split("\t")[0] for line in table[1 : len(HOSTILE) + 1]]
    given = dict(zip(names, HOSTILE, strict=True))
    for path in folder.glob("cohort*.tsv"):
        text = path.read_text(encoding="utf-8")
        for name, other in given.items():
            text = re.sub(rf"(^|\t){name}(?=\t)", rf"\1{_literal(other)}", text, flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")
    about = folder / "about.tsv"
    with about.open("w", encoding="utf-8", newline="") as file:
        rows = [(name, HOSTILE[n % 5]) for n, name in enumerate(HOSTILE)]
        csv.writer(file, delimiter="\t").writerows([("sample", "<b>label</b>"), *rows])
    title = "</title><script>alert(5)</script>"
    prefix = str(folder / "cohort")
    return api.report([prefix], labels=[str(about)], title=title).files["report"]


def _literal(name: str) -> str:
    return name.replace("\\", "\\\\")


@pytest.fixture(scope="session")
def many(runs_folder) -> Callable[[int, int], str]:
    """A page of so many samples with labels of so many groups."""
    from ancestry_ddvi.artefacts.coordinates import Coordinates
    from ancestry_ddvi.artefacts.model import Model
    from ancestry_ddvi.reports.build import report_page
    from ancestry_ddvi.reports.runs import read_run

    def make(samples: int, groups: int) -> str:
        run = read_run(str(runs_folder / "cohort"))
        rows = np.arange(samples) % len(run.coordinates)
        chance = np.random.default_rng(1)
        columns = {name: column[rows] for name, column in run.coordinates.columns.items()}
        columns["sample_id"] = np.array([f"S{n:06d}" for n in range(samples)], dtype=object)
        for axis in ("Z1", "Z2"):
            columns[axis] = columns[axis] + 0.2 * chance.standard_normal(samples)
        finest = type(run.finest)(*(value[rows] for value in vars(run.finest).values()))
        levels = [
            replace(e, probability=e.probability[rows], most_similar=e.most_similar[rows])
            for e in run.levels
        ]
        tiled = replace(
            run, coordinates=Coordinates(columns), components=run.components[rows],
            levels=levels, finest=finest, relatives=[],
        )  # fmt: skip
        about = np.array([f"G{n:02d}" for n in range(groups)], dtype=object)
        label = {"label": about[np.arange(samples) % groups]}
        model = Model.read(runs_folder / "cohort.ddvi")
        return report_page([tiled], label, model, "cohort", "Many")

    return make


@pytest.fixture(scope="session")
def copy_of(runs_folder, tmp_path_factory) -> Callable[[], SimpleNamespace]:
    """Copies of the files of both runs, to damage."""

    def make() -> SimpleNamespace:
        folder = tmp_path_factory.mktemp("copy")
        for path in runs_folder.iterdir():
            shutil.copy(path, folder / path.name)
        prefix = str(folder / "query")
        return SimpleNamespace(folder=folder, query=prefix, cohort=str(folder / "cohort"))

    return make
