"""Steps of a fit that was stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import ancestry_ddvi
from ancestry_ddvi.fitting import checkpoints, pipeline, prepare
from ancestry_ddvi.fitting.checkpoints import Checkpoints
from ancestry_ddvi.fitting.train import TrainedFit
from ancestry_ddvi.genotypes.qc.log import Step


@dataclass(frozen=True)
class Found:
    """A result with a field of every kind."""

    numbers: np.ndarray
    weights: Mapping[str, np.ndarray]
    table: Sequence[Step]
    flags: Sequence[str]
    share: float
    build: str | None


FOUND = Found(
    np.array([(1, 0.5)], dtype=[("i", "i8"), ("kinship", "f8")]),
    {"net.0": np.arange(6.0).reshape(2, 3), "net.1": np.zeros(0, np.float32)},
    (Step("maf", 5, 4, 3, 3, "0.01"),),
    ("", "related"),
    0.25,
    None,
)


@pytest.fixture(autouse=True)
def _every_step_is_worth_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "WORTH_KEEPING", 0.0)


def never() -> Found:
    raise AssertionError("found again")


def same(a: Found, b: Found) -> bool:
    arrays = zip((a.numbers, *a.weights.values()), (b.numbers, *b.weights.values()), strict=True)
    equal = all(x.dtype == y.dtype and np.array_equal(x, y) for x, y in arrays)
    rest = [(f.weights.keys(), f.table, f.flags, f.share, f.build) for f in (a, b)]
    return equal and rest[0] == rest[1]


def test_a_step_that_was_found_is_not_found_again(tmp_path: Path) -> None:
    kept = Checkpoints(f"{tmp_path}/x", "key")
    assert kept.recall("step", Found, lambda: FOUND) is FOUND
    assert same(kept.recall("step", Found, never), FOUND)


@pytest.mark.parametrize("other", [("x", "other"), ("y", "key")])
def test_a_step_of_another_fit_is_found_anew(tmp_path: Path, other: tuple[str, str]) -> None:
    Checkpoints(f"{tmp_path}/x", "key").recall("step", Found, lambda: FOUND)
    kept = Checkpoints(f"{tmp_path}/{other[0]}", other[1])
    with pytest.raises(AssertionError, match="found again"):
        kept.recall("step", Found, never)


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b.replace(b"i8", b"O8")]
)
def test_a_damaged_file_is_not_used(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    kept = Checkpoints(f"{tmp_path}/x", "key")
    kept.recall("step", Found, lambda: FOUND)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(AssertionError, match="found again"):
        kept.recall("step", Found, never)


def test_a_step_of_few_seconds_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "WORTH_KEEPING", 60.0)
    Checkpoints(f"{tmp_path}/x", "key").recall("step", Found, lambda: FOUND)
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_once_the_fit_has_ended(tmp_path: Path) -> None:
    kept = Checkpoints(f"{tmp_path}/x", "key")
    kept.recall("step", Found, lambda: FOUND)
    Checkpoints(f"{tmp_path}/xy", "key").recall("step", Found, lambda: FOUND)
    kept.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["xy.checkpoint.step.npz"]


def test_a_fit_that_was_stopped_goes_on_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cohort_files: SimpleNamespace
) -> None:
    def fit(prefix: str) -> dict[str, Path]:
        chosen = {"steps": "40"}
        return ancestry_ddvi.fit(
            [str(cohort_files.cohort)], f"{tmp_path}/{prefix}", settings=chosen
        ).files

    def stopped(trained: TrainedFit) -> None:
        raise KeyboardInterrupt

    whole = fit("whole")
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "calibrate_fit", stopped)
        with pytest.raises(KeyboardInterrupt):
            fit("halves")
    kept = sorted(path.name.split(".")[2] for path in tmp_path.glob("halves.checkpoint.*"))
    assert kept == ["components", "qc", "scores", "training"]
    monkeypatch.setattr(prepare, "quality_control", never)
    monkeypatch.setattr(prepare, "make_projection", never)
    again = fit("halves")
    assert not list(tmp_path.glob("*.checkpoint.*"))
    for kind in ("coords", "pcs", "relatives"):
        assert again[kind].read_bytes() == whole[kind].read_bytes(), kind
