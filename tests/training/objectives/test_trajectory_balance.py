"""Trajectory balance: where it is zero, whom it teaches, and what the taught sampler draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from linear_gaussian import linear_gaussian
from scipy import stats
from torch import Tensor, nn
from toy_model import Grid, as_data, factors, simulate, toy_model
from weights import stored

from ancestry_ddvi.inference.posterior_draws import PosteriorDraws
from ancestry_ddvi.inference.sampling import draw_posterior
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.posteriors.diffusion import Diffusion
from ancestry_ddvi.models.posteriors.gaussian import CENTRE, REACH, Gaussian
from ancestry_ddvi.models.priors.gaussian import StandardNormal
from ancestry_ddvi.models.schedules import SCHEDULES
from ancestry_ddvi.models.variational import Variational
from ancestry_ddvi.training.objectives.trajectory_balance import TrajectoryBalance, imbalance
from ancestry_ddvi.training.objectives.wake_sleep import Sleep
from ancestry_ddvi.training.trainer import Stage, train

in_float64 = pytest.mark.usefixtures("float64")


class Blank(nn.Module):
    """Shows nothing of the row."""

    def forward(self, batch: Batch) -> Tensor:
        return batch.x.new_zeros(len(batch), 1)


def taught(model: Variational, asleep: int, balanced: int, seed: int = 0) -> Variational:
    """The model after its encoder and posterior have learnt its own posterior."""
    data = as_data(Batch(torch.zeros(384, 5), factors(384)))
    stages = [
        Stage(model, Sleep(), asleep, (4e-3, 2e-3)),
        Stage(model, TrajectoryBalance(8), balanced, (4e-3, 4e-5)),
    ]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        train(stages, data, 256, lambda done: None)
    return model.eval()


@in_float64
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_chain_that_starts_as_the_prior_weighs_by_the_likelihood(schedule: str) -> None:
    """The reference process leaves N(0, I) as it is: nothing but log p(x | z) is left over."""
    base = Gaussian(2, 1)
    with torch.no_grad():
        base.head.weight.zero_()
        base.head.bias.copy_(torch.tensor([0.0, 0, *2 * [-CENTRE / REACH]]).atanh() * REACH)
    likelihood = ScoreLikelihood(torch.ones(5), 2, 16)
    chain = Diffusion(base, 1, 10, 16, schedule)
    model = Variational(StandardNormal(2), likelihood, chain, Blank())
    batch = Batch(3 * torch.randn(300, 5), factors(300))
    draw = model.encode(batch, torch.randn(300, *model.noise_shape))
    torch.testing.assert_close(model.log_weight(batch, draw), likelihood.log_prob(batch, draw.z))
    assert float(draw.z.detach().std()) == pytest.approx(1, abs=0.1)


@in_float64
def test_trajectories_of_a_row_share_that_row() -> None:
    """Where the sampler is exact every trajectory weighs the evidence of its own row."""
    exact = linear_gaussian(6, "cosine")
    ratios = TrajectoryBalance(8).log_ratios(exact.model, exact.batch)
    assert ratios.shape == (4, 8)
    assert ratios.std(1).max() < 1e-9
    assert ratios.mean(1).std() > 0.5


@in_float64
def test_balance_is_half_the_variance_within_rows_until_it_pulls_too_hard() -> None:
    ratios = torch.randn(20, 8) + 100 * torch.randn(20, 1)
    assert float(imbalance(ratios)) == pytest.approx(float(ratios.var(1, correction=0).mean() / 2))
    one = torch.tensor([[0.0, 1000.0]]).requires_grad_()
    imbalance(one).backward()
    assert one.grad.abs().max() <= 10


@in_float64
def test_the_exact_posterior_has_nothing_to_learn_from_balance() -> None:
    exact = linear_gaussian(6, "cosine")
    loss = imbalance(TrajectoryBalance(8).log_ratios(exact.model, exact.batch))
    loss.backward()
    assert loss < 1e-18
    grads = [p.grad for p in exact.model.posterior.parameters() if p.grad is not None]
    assert max(float(grad.abs().max()) for grad in grads) < 1e-8


@pytest.mark.statistical
def test_a_wrong_sampler_finds_back_to_the_exact_posterior() -> None:
    """Linear-Gaussian: the mean log weight comes within 0.01 nats per latent of the evidence."""
    exact = linear_gaussian(4, "geometric")
    many = exact.batch.repeat(64)

    def lost() -> tuple[float, float]:
        with torch.no_grad():
            draw = exact.model.encode(many.repeat(16), torch.randn(4096, *exact.model.noise_shape))
            weight = exact.model.log_weight(many.repeat(16), draw).view(4, -1)
        each = weight.logsumexp(1) - np.log(1024) - exact.log_evidence
        return float((exact.log_evidence - weight.mean(1)).max()), float(each.abs().max())

    head = exact.model.posterior.base.head
    with torch.no_grad():
        head.bias.add_(torch.tensor([0.3, -0.3, 0.4, -0.4]))
    assert lost()[0] > 0.2
    learners = list(exact.model.posterior.parameters())
    optimiser = torch.optim.Adam(learners, 1e-2)
    for step in range(200):
        optimiser.param_groups[0]["lr"] = 1e-2 * (1 - step / 200)
        optimiser.zero_grad()
        imbalance(TrajectoryBalance(8).log_ratios(exact.model, exact.batch.repeat(4))).backward()
        optimiser.step()
    gap, off = lost()
    assert gap < 0.01 * 2
    assert off < 0.01


def test_only_encoder_and_posterior_learn() -> None:
    model = toy_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    taught(model, 3, 3)
    moved = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    assert moved == {
        *(f"encoder.{name}" for name, _ in model.encoder.named_parameters()),
        *(f"posterior.{name}" for name, _ in model.posterior.named_parameters()),
    }
    assert all(
        p.grad is None for part in (model.prior, model.likelihood) for p in part.parameters()
    )


SAMPLES, DRAWS, BINS = 1020, 128, 17


@pytest.fixture(scope="module")
def sampler() -> Variational:
    """A sampler of the toy model's posterior after a few seconds of training."""
    torch.manual_seed(4)
    model = toy_model(steps=5, schedule="geometric")
    stored("sampler", model, lambda: taught(model, 500, 200))
    return model


@pytest.fixture(scope="module")
def embedded(sampler) -> tuple[np.ndarray, Batch, PosteriorDraws]:
    """Samples simulated from the model: where they are, and where they are embedded."""
    truth, batch = simulate(sampler, SAMPLES, seed=78)
    ids = [f"p{i}" for i in range(SAMPLES)]
    return (
        truth.double().numpy(),
        batch,
        draw_posterior(sampler, as_data(batch), ids, draws=DRAWS, seed=5),
    )


@pytest.mark.statistical
def test_ranks_of_the_truth_are_uniform(embedded) -> None:
    truth, _, posterior = embedded
    for axis in range(2):
        below = posterior.draws[:, :, axis] < truth[:, None, axis]
        rank = (posterior.weight * below).sum(axis=1).clip(0, 1)
        counts = np.histogram(rank, np.linspace(0, 1, BINS + 1))[0]
        assert stats.chisquare(counts).pvalue > 0.01
        for promised in (0.5, 0.8, 0.95):
            covered = (np.abs(rank - 0.5) < promised / 2).mean()
            assert covered == pytest.approx(promised, abs=0.03)


@pytest.mark.statistical
def test_posterior_means_and_sds_are_those_of_a_grid(sampler, embedded) -> None:
    _, batch, posterior = embedded
    exact = Grid(sampler, batch[:60])
    shift = (posterior.mean[:60] - exact.mean) / exact.sd
    assert np.abs(shift).mean() < 0.1
    assert np.abs(shift.mean(axis=0)).max() < 0.03
    assert np.median(posterior.sd[:60] / exact.sd) == pytest.approx(1, abs=0.05)
    assert posterior.importance_bound[:60] == pytest.approx(exact.log_evidence, abs=0.2)


@pytest.mark.slow
@pytest.mark.statistical
def test_after_long_training_draws_need_no_weights() -> None:
    torch.manual_seed(4)
    model = taught(toy_model(steps=10, schedule="geometric"), 2500, 2500)
    _, batch = simulate(model, 120, seed=79)
    exact = Grid(model, batch)
    with torch.no_grad():
        several = batch.repeat(1000)
        draw = model.encode(several, torch.randn(len(several), *model.noise_shape))
    z = draw.z.view(120, 1000, 2).double().numpy()
    assert (np.abs(z.mean(axis=1) - exact.mean) / exact.sd).mean() < 0.1
    assert np.median(z.std(axis=1) / exact.sd) == pytest.approx(1, abs=0.05)
