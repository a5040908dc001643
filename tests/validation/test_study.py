"""What every study can rely on: trials, their files, and the table."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy import stats

from ancestry_ddvi.progress import SILENT
from ancestry_ddvi.validation.study import Study, StudyOptions, Workspace, estimates, run


@dataclass(frozen=True)
class Throw:
    """A throw of dice."""

    sides: int
    seed: int

    @property
    def name(self) -> str:
        return f"dice-{self.sides}.{self.seed}"


def dice(judged: list[Throw]) -> Study:
    def judge(trial: Throw, data: int, where: Workspace) -> dict[str, float]:
        judged.append(trial)
        return {"spots": float(torch.randint(1, trial.sides + 1, (data,)).sum())}

    return Study(
        suffix="",
        recipe=object,
        methods=(),
        columns=("sides", "seeds", "spots"),
        keys=("sides",),
        plan=lambda options: [Throw(n, s + 1) for n in (6, 20) for s in range(options.seeds)],
        load=lambda where, trials: 5,
        judge=judge,
        rows=lambda same: [estimates(("spots",), same)],
    )


@pytest.fixture
def where(tmp_path) -> Workspace:
    return Workspace(tmp_path, torch.device("cpu"), 1, SILENT)


def test_trials_that_differ_in_the_seed_alone_share_a_row_with_their_t_interval(where) -> None:
    study = dice([])
    table = run(study, study.plan(StudyOptions(seeds=4)), where)
    assert [(row["sides"], row["seeds"]) for row in table.rows] == [(6, 4), (20, 4)]
    spots = [
        json.loads((where.out / f"trials/dice-6.{seed}.json").read_text())["spots"]
        for seed in range(1, 5)
    ]
    low, high = stats.t.interval(0.95, 3, np.mean(spots), stats.sem(spots))
    found = table.rows[0]["spots"]
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((low, high))


def test_a_finished_trial_is_read_from_its_file_and_an_absent_one_is_judged(where) -> None:
    judged: list[Throw] = []
    study = dice(judged)
    first = run(study, study.plan(StudyOptions(seeds=1)), where)
    assert judged == [Throw(6, 1), Throw(20, 1)]
    again = run(study, study.plan(StudyOptions(seeds=1)), where)
    assert len(judged) == 2
    assert again.tsv() == first.tsv()
    run(study, study.plan(StudyOptions(seeds=2)), where)
    assert judged[2:] == [Throw(6, 2), Throw(20, 2)]


def test_the_result_of_a_trial_depends_on_its_seed_and_not_on_other_trials(where, tmp_path) -> None:
    study = dice([])
    every = run(study, [Throw(6, 1), Throw(6, 2), Throw(20, 2)], where)
    alone = run(study, [Throw(20, 2)], Workspace(tmp_path / "b", where.device, 1, SILENT))
    assert alone.rows[0] == every.rows[1]
