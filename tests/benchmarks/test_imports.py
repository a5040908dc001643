"""Every script of the benchmarks still fits the program: it can be imported."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_a_script_can_be_imported(name, monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    assert Path(importlib.import_module(name).__file__).parent == FOLDER
