"""A prior from outside the package: one class and one row of PRIORS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from ancestry_ddvi.cli import main
from click.testing import CliRunner
from torch import Tensor
from torch.distributions import Laplace

from ancestry_ddvi.models.priors import PRIORS, Parameter, PriorEntry
from ancestry_ddvi.models.priors.base import Prior

SHORT = ["--device", "cpu", "--set", "steps=200", "--set", "width=16", "--set", "batch=32"]


class DoubleExponential(Prior):
    """Independent Laplace distributions."""

    scale: Tensor

    def __init__(self, dims: int, scale: float) -> None:
        super().__init__()
        self.register_buffer("scale", torch.full((dims,), scale))

    def sample(self, n: int, label: Tensor | None = None) -> Tensor:
        return Laplace(0.0, self.scale).sample((n,))

    def log_prob(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return Laplace(0.0, self.scale).log_prob(z).sum(-1)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = PriorEntry(
        lambda dims, classes, scale: DoubleExponential(dims, scale),
        Parameter(1.0, 0.1, 10, meaning="a scale"),
        class_dims=(0, 0),
    )
    monkeypatch.setitem(PRIORS, "double-exponential", entry)


@pytest.fixture
def tiny(cohort_files, tmp_path) -> Path:
    """Twenty-four samples."""
    path = tmp_path / "tiny.vcf"
    cohort_files.simulated.select(np.arange(0, 120, 5), np.arange(1200)).write_vcf(path)
    return path


def test_a_prior_of_ones_own_can_be_fitted_and_embedded_in(cohort_files, tiny, tmp_path) -> None:
    model, query = tmp_path / "own.ddvi", tmp_path / "query"
    for words in (
        ["fit", tiny, "--out", tmp_path / "own", "--method", "vae",
         "--prior", "double-exponential:0.5", *SHORT],
        ["embed", model, cohort_files.query, "--out", query, "--device", "cpu", "--draws", "4"],
    ):  # fmt: skip
        done = CliRunner().invoke(main, [str(word) for word in words])
        assert done.exit_code == 0, done.output
    table = pd.read_csv(f"{query}.coords.tsv", sep="\t").filter(regex="^Z[12]")
    assert len(table) == 8
    assert table.notna().all(axis=None)


def test_its_number_is_checked_and_described(cohort_files, tmp_path) -> None:
    words = ["fit", str(cohort_files.cohort), "--out", str(tmp_path / "x")]
    done = CliRunner().invoke(main, [*words, "--prior", "double-exponential:99"])
    assert done.exit_code == 2
    assert "a scale from 0.1 to 10" in done.output
