"""A method from outside the package: one class and one row of METHODS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from ancestry_ddvi.cli import main
from click.testing import CliRunner

from ancestry_ddvi.data.dataset import Dataset
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws, normal_posterior
from ancestry_ddvi.methods import METHODS, MethodEntry
from ancestry_ddvi.methods.method import Method, Recipe, Spec
from ancestry_ddvi.training.trainer import Record


class MedianMethod(Method):
    """The leading scores in units of their median absolute value; the sd is a setting."""

    rotatable = False
    steps = 0

    def __init__(self, dims: int, sd: float) -> None:
        self.dims, self.sd, self.unit = dims, sd, np.ones(dims)

    def fit(self, data: Dataset, advance: Callable[[int], None]) -> list[Record]:
        self.unit = data.batch().x[:, : self.dims].abs().median(0).values.double().numpy()
        return []

    def embed(self, data: Dataset, ids: Sequence[str], *, draws: int, seed: int) -> PosteriorDraws:
        mean = data.batch().x[:, : self.dims].double().numpy() / self.unit
        covariance = np.broadcast_to(self.sd**2 * np.eye(self.dims), (len(mean), 2, 2))
        return normal_posterior(mean, covariance, ids, draws=draws, seed=seed)

    def state(self) -> dict[str, np.ndarray]:
        return {"unit": self.unit}

    def restore(self, state: Mapping[str, np.ndarray], device: torch.device) -> None:
        self.unit = state["unit"]


@dataclass(frozen=True)
class Median(Recipe):
    """Its settings."""

    sd: float = 0.1

    def build(self, spec: Spec, device: torch.device) -> MedianMethod:
        return MedianMethod(spec.dims, self.sd)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = MethodEntry(f"{__name__}:Median", "scores over their medians", uses_labels=False)
    monkeypatch.setitem(METHODS, "median", entry)


def run(*words: object) -> str:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_method_of_ones_own_is_listed() -> None:
    rows = [line.split("\t") for line in run("methods").splitlines()]
    assert ["median", "yes", "yes", "no", "scores over their medians"] in rows


def test_it_is_fitted_with_its_settings_and_embeds(cohort_files, tmp_path) -> None:
    own, query = tmp_path / "own", tmp_path / "query"
    run("fit", cohort_files.cohort, "--out", own, "--method", "median", "--set", "sd=0.25",
        "--device", "cpu")  # fmt: skip
    run("embed", f"{own}.ddvi", cohort_files.query, "--out", query, "--device", "cpu")
    fitted, embedded = (pd.read_csv(f"{p}.coords.tsv", sep="\t") for p in (own, query))
    assert fitted["Z1"].abs().median() == pytest.approx(1, rel=0.1)
    like = ~embedded["flag"].astype(str).str.contains("unlike_panel")
    assert embedded["Z1_sd"][like].mean() == pytest.approx(0.25, rel=0.05)
