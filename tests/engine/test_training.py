"""The training loop, its stages, and the data it is fed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toy_model import SCALE, as_scores, factors, simulate, toy_model

from ancestry_ddvi.data.scores import MIN_SHARE, ScoreData
from ancestry_ddvi.errors import TrainingDiverged
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.training.objectives.base import Objective, Phase
from ancestry_ddvi.training.objectives.elbo import ELBO
from ancestry_ddvi.training.objectives.wake_sleep import WakeSleep
from ancestry_ddvi.training.trainer import CLIP, Stage, train

CPU = torch.device("cpu")


@pytest.fixture
def data() -> ScoreData:
    return ScoreData(as_scores(simulate(toy_model(), 200, seed=1)[1]), CPU)


class Pull(Objective):
    """Pulls one number down a slope, and remembers where it has been."""

    def __init__(self, slope: float = 1.0, repeats: int = 1) -> None:
        super().__init__()
        self.number = nn.Parameter(torch.zeros(1))
        self.slope, self.repeats, self.seen = slope, repeats, []

    def phases(self, model) -> list[Phase]:
        def loss(batch: Batch) -> Tensor:
            self.seen.append(self.number.item())
            return self.slope * self.number.sum()

        return [Phase("shrinkage", [self.number], loss, self.repeats)]


def run(stages: list[Stage], data: ScoreData) -> tuple[list, int]:
    done = []
    return train(stages, data, 16, done.append), sum(done)


def test_rates_fall_along_half_a_cosine(data) -> None:
    """Adam moves by its rate where the slope stays the same."""
    shrinkage = Pull()
    run([Stage(toy_model(), shrinkage, 40, (0.1, 0.01))], data)
    steps = -np.diff([*shrinkage.seen, shrinkage.number.item()])
    cosine = 0.5 * (1 + np.cos(np.pi * np.arange(40) / 40))
    np.testing.assert_allclose(steps, 0.01 + 0.09 * cosine, rtol=1e-3)


@pytest.mark.parametrize(("slope", "norm"), [(1e6, CLIP), (0.5 * CLIP, 0.5 * CLIP)])
def test_a_step_too_steep_is_clipped(data, slope: float, norm: float) -> None:
    shrinkage = Pull(slope)
    run([Stage(toy_model(), shrinkage, 1, (0.1, 0.1))], data)
    assert shrinkage.number.grad.norm().item() == pytest.approx(norm, rel=1e-4)


def test_a_phase_may_take_several_turns_per_batch(data) -> None:
    shrinkage = Pull(repeats=3)
    run([Stage(toy_model(), shrinkage, 4, (0.1, 0.1))], data)
    assert len(shrinkage.seen) == 12


@pytest.mark.parametrize("steps", [(10,), (50,), (120, 7), (0, 3)])
def test_progress_counts_every_step_once(data, steps: tuple[int, ...]) -> None:
    stages = [Stage(toy_model(), Pull(), n, (0.1, 0.1)) for n in steps]
    history, done = run(stages, data)
    assert done == sum(steps)
    ends = {row.stage: row.step for row in history}
    assert ends == {number: n for number, n in enumerate(steps) if n}


def test_numbers_that_are_not_finite_stop_the_fit_and_say_where(data) -> None:
    with pytest.raises(TrainingDiverged, match=r"shrinkage loss is nan at step 50") as caught:
        run([Stage(toy_model(), Pull(math.nan), 200, (0.1, 0.1))], data)
    assert "--seed" in caught.value.remedy
    assert caught.value.exit_code == 6


def test_a_rate_beyond_reason_is_a_training_that_diverged(data) -> None:
    with pytest.raises(TrainingDiverged):
        run([Stage(toy_model(), ELBO(), 200, (100.0, 100.0))], data)


@pytest.mark.parametrize("objective", [ELBO(), ELBO(4.0), WakeSleep()], ids=["1", "4", "sleep"])
def test_training_raises_what_it_is_to_raise(data, objective) -> None:
    model = toy_model()
    (phase,) = objective.phases(model)
    batch = data.batch()

    def mean_loss() -> float:
        with torch.no_grad():
            return float(np.mean([phase.loss(batch).item() for _ in range(5)]))

    before = mean_loss()
    history, _ = run([Stage(model, objective, 100, (5e-3, 1e-3))], data)
    assert mean_loss() < before - 1
    assert history[-1].losses.keys() == {phase.name}


def test_training_moves_every_parameter_and_no_constant(data) -> None:
    model = toy_model()
    parameters = {k: v.detach().clone() for k, v in model.named_parameters()}
    buffers = {k: v.clone() for k, v in model.named_buffers()}
    x, factor = data.x.clone(), data.factor.clone()
    run([Stage(model, WakeSleep(), 3, (1e-3, 1e-3))], data)
    still = [k for k, v in model.named_parameters() if torch.equal(v, parameters[k])]
    assert still == []
    assert all(torch.equal(v, buffers[k]) for k, v in model.named_buffers())
    assert torch.equal(data.x, x) and torch.equal(data.factor, factor)


def test_the_same_seed_trains_the_same_model(data) -> None:
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        model = toy_model()
        run([Stage(model, WakeSleep(), 20, (1e-3, 1e-3))], data)
        states.append(model.state_dict())
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])


def one_sample(samples: int) -> ScoreData:
    factor = factors(3)[2].double().numpy()
    precision = np.repeat((factor @ factor.T)[None], samples, axis=0)
    value = np.repeat(np.arange(5.0)[None], samples, axis=0)
    nothing = np.zeros(samples)
    return ScoreData(Scores(value, precision, *[nothing] * 4), CPU)


@pytest.mark.statistical
def test_thinned_samples_are_what_fewer_variants_would_have_shown() -> None:
    """Errors added are the covariance that is lost: x stays unbiased, whitened by what is left."""
    data, size = one_sample(10), 40_000
    batch = data.minibatch(size)
    whole, thinned = batch[: size // 2], batch[size // 2 :]
    assert torch.equal(whole.x, data.x[:1].expand(size // 2, 5))
    assert torch.equal(whole.factor, data.factor[:1].expand(size // 2, 5, 5))
    share = (thinned.factor[:, 0, 0] / data.factor[0, 0, 0]).square()
    assert share.min() >= MIN_SHARE * 0.999 and share.max() <= 1
    assert torch.log(share).mean() == pytest.approx(math.log(MIN_SHARE) / 2, rel=0.02)
    apart = thinned.x - data.x[0]
    left = 1 - share
    whitened = torch.einsum("nij,ni->nj", thinned.factor, apart) / left.sqrt()[:, None]
    torch.testing.assert_close(whitened.mean(0), torch.zeros(5), rtol=0, atol=0.03)
    torch.testing.assert_close(torch.cov(whitened.T), torch.eye(5), rtol=0, atol=0.04)


def test_a_scale_is_the_spread_of_a_score_but_at_least_its_noise() -> None:
    rng = np.random.default_rng(0)
    value = rng.normal(size=(500, 2)) * [5.0, 0.01]
    precision = np.repeat(np.diag([1.0, 4.0])[None], 500, axis=0)
    data = ScoreData(Scores(value, precision, *[np.zeros(500)] * 4), CPU)
    assert data.scale[0] == pytest.approx(value[:, 0].std(), rel=1e-4)
    assert data.scale[1] == pytest.approx(0.5, rel=1e-4)


def test_data_are_served_as_they_came() -> None:
    scores = as_scores(simulate(toy_model(), 9, seed=1)[1])
    data = ScoreData(scores, CPU)
    batch = data.batch(torch.tensor([4, 1]))
    assert len(data) == 9 and len(data.scale) == len(SCALE)
    np.testing.assert_allclose(batch.x, scores.value[[4, 1]], rtol=1e-6)
    precision = batch.factor @ batch.factor.mT
    np.testing.assert_allclose(precision, scores.precision[[4, 1]], rtol=1e-4, atol=1e-5)
