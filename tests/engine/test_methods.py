"""Recipes: what each method builds, and the settings that change it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal

from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.fitting.options import FitOptions
from ancestry_ddvi.fitting.prepare import HELD_OUT, MIN_HELD_OUT, hold_out
from ancestry_ddvi.methods import METHODS, recipe
from ancestry_ddvi.methods.method import Spec
from ancestry_ddvi.methods.networks import NetworkRecipe
from ancestry_ddvi.methods.settings import with_settings
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.modalities import ComponentScores
from ancestry_ddvi.models.posteriors.diffusion import Diffusion
from ancestry_ddvi.models.posteriors.gaussian import Gaussian
from ancestry_ddvi.models.priors.gaussian import StandardNormal

SCALE = torch.tensor([5.0, 3.0, 1.0, 1.0])

CPU = torch.device("cpu")
NETWORKS = [
    name for name in METHODS if isinstance(recipe(name), NetworkRecipe) and name != "outsourced"
]
"""Outsourced sampling has the stages of another method before its own: test_outsourced_method."""

every_method = pytest.mark.parametrize("method", NETWORKS)


def built(method: str, dims: int = 2, **settings):
    """A method that trains networks, made for scores of four components."""
    return replace(recipe(method), **settings).build(Spec(ComponentScores(SCALE), dims), CPU)


@every_method
@pytest.mark.parametrize("steps", [10, 60, 3000])
def test_stages_take_as_many_steps_as_were_asked_for(method: str, steps: int) -> None:
    made = built(method, steps=steps)
    assert sum(stage.steps for stage in made.stages) == made.steps == steps


@every_method
def test_the_last_stage_trains_all_of_the_model_that_is_kept_at_its_true_bound(method: str) -> None:
    made = built(method)
    last = made.stages[-1]
    assert last.model is made.model
    reached = {id(p) for phase in last.objective.phases(last.model) for p in phase.parameters}
    assert {id(p) for p in made.model.parameters()} <= reached
    assert getattr(last.objective, "beta", 1.0) == 1.0


@every_method
def test_all_stages_work_on_parts_of_that_model(method: str) -> None:
    made = built(method, 3)
    kept = {id(p) for p in made.model.parameters()}
    for stage in made.stages:
        assert {id(p) for p in stage.model.parameters()} <= kept


def samples(count: int, seed: int) -> Batch:
    """Scores of samples on four components, with the noise of complete data."""
    generator = torch.Generator().manual_seed(seed)
    return Batch(
        torch.randn(count, 4, generator=generator) * SCALE, torch.eye(4).expand(count, 4, 4)
    )


def shaken(model, much: float = 0.05) -> None:
    """No layer is zero_init any more, so that whatever can be learnt has a gradient."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(much * torch.randn_like(parameter))


@every_method
@pytest.mark.parametrize("prior", ["", "pinwheel"])
def test_a_step_of_a_phase_changes_exactly_its_parameters(method: str, prior: str) -> None:
    torch.manual_seed(1)
    made = built(method, width=8, encoder_width=8, prior=prior)
    shaken(made.model)
    for stage in made.stages:
        everything = dict(made.model.named_parameters())
        for phase in stage.objective.phases(stage.model):
            before = {name: value.detach().clone() for name, value in everything.items()}
            optimiser = torch.optim.SGD(phase.parameters, 1e-3)
            made.model.zero_grad()
            phase.loss(samples(64, 2)).backward()
            optimiser.step()
            meant = {id(p) for p in phase.parameters}
            for name, value in everything.items():
                assert torch.equal(value, before[name]) == (id(value) not in meant), name


def joint(model, batch: Batch, z: torch.Tensor) -> torch.Tensor:
    """Log p(x, z) of one row by the densities of torch, from the parameters alone."""
    noise = torch.linalg.inv(batch.factor[0] @ batch.factor[0].mT)
    spread = noise + torch.diag(model.likelihood.log_residual_variance.exp())
    seen = MultivariateNormal(model.likelihood(z), spread).log_prob(batch.x)
    if isinstance(model.prior, StandardNormal):
        return seen + Normal(0.0, 1.0).log_prob(z).sum(-1)
    each = MultivariateNormal(model.prior.means, scale_tril=model.prior.factors)
    return seen + MixtureSameFamily(Categorical(logits=model.prior.logits), each).log_prob(z)


@pytest.mark.statistical
@pytest.mark.parametrize("prior", ["", "mixture:3"])
@pytest.mark.parametrize(
    "method",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "h-iaf-vae" else [])
        for name in NETWORKS
        if METHODS[name].gives_sd
    ],
)
def test_weights_hold_the_joint_density_and_nothing_is_missing(method: str, prior: str) -> None:
    """E_q[w g(z) / p(x, z)] is the integral of g: one, for every density g where q has mass."""
    torch.manual_seed(3)
    made = built(method, width=16, encoder_width=16, prior=prior)
    shaken(made.model, 0.02)
    model, batch, draws = made.model.eval(), samples(4, 4), 40_000
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, Gaussian):  # wider than the prior, for weights of finite variance
                part.head.bias[-part.noise_shape[1] :] = 2.7
        for row in range(len(batch)):
            one = batch[torch.tensor([row])]
            drawn = model.encode_many(one, torch.randn(1, draws, *model.noise_shape))
            inside = MultivariateNormal(drawn.z.mean(0), 0.6 * drawn.z.T.cov())
            log_ratio = model.log_weight(one.repeat(draws), drawn) - joint(model, one, drawn.z)
            ratio = (log_ratio + inside.log_prob(drawn.z)).exp()
            error = ratio.std() / draws**0.5
            assert error < 0.1
            assert abs(ratio.mean() - 1) < 4.5 * error


@every_method
def test_networks_can_be_built_again_from_recipe_and_spec(method: str) -> None:
    first, second = (built(method, width=32, encoder_width=24) for _ in range(2))
    second.restore(first.state(), CPU)
    noise = torch.randn(6, *first.model.noise_shape)
    batch = Batch(torch.randn(6, 4), torch.eye(4).expand(6, 4, 4))
    assert torch.equal(first.model.encode(batch, noise).z, second.model.encode(batch, noise).z)


def test_ddvi_is_a_chain_over_the_gaussian_of_the_vae() -> None:
    ddvi = built("ddvi", diffusion_steps=7, schedule="linear").model
    vae = built("vae").model
    assert isinstance(ddvi.posterior, Diffusion)
    assert isinstance(ddvi.posterior.base, Gaussian)
    assert isinstance(vae.posterior, Gaussian)
    assert ddvi.noise_shape == (8, 2)
    assert vae.noise_shape == (1, 2)


def test_an_unknown_method_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageProblem, match="no method 'dfvi'") as caught:
        recipe("dfvi")
    assert all(name in caught.value.remedy for name in METHODS)


@dataclass(frozen=True)
class Knobs:
    """Settings of every type."""

    steps: int = 10
    rate: float = 0.5
    schedule: str = "cosine"


def test_settings_are_read_as_the_type_of_their_default() -> None:
    changed = with_settings(Knobs(), {"steps": "7", "rate": "1e-3", "schedule": "linear"})
    assert changed == Knobs(7, 0.001, "linear")
    assert with_settings(Knobs(), {}) == Knobs()


@pytest.mark.parametrize(("key", "meant"), [("step", "steps"), ("shedule", "schedule")])
def test_a_key_that_is_nearly_one_is_guessed(key: str, meant: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        with_settings(Knobs(), {key: "1"})
    assert caught.value.remedy == f"Did you mean '{meant}'?"


def test_a_key_that_is_nothing_like_one_gets_the_list() -> None:
    with pytest.raises(UsageProblem, match="no setting 'zzz'") as caught:
        with_settings(Knobs(), {"zzz": "1"})
    assert "steps, rate, schedule" in caught.value.remedy


@pytest.mark.parametrize("text", ["many", "1.5", "", "1e3"])
def test_a_value_of_another_type_is_shown_beside_the_default(text: str) -> None:
    with pytest.raises(UsageProblem, match=f"--set steps={text}") as caught:
        with_settings(Knobs(), {"steps": text})
    assert "steps=10" in caught.value.remedy


@pytest.mark.parametrize(
    "setting",
    [
        "schedule=foo", "diffusion_steps=0", "batch=0", "steps=-5", "width=0", "components=-3",
        "learning_rate=nan", "learning_rate=-1",
    ],
)  # fmt: skip
def test_a_setting_out_of_range_is_refused_before_anything_is_read(setting: str) -> None:
    with pytest.raises(UsageProblem):
        _ = FitOptions("ddvi", settings=dict([setting.split("=")])).recipe


def test_the_options_of_a_fit_hold_its_recipe() -> None:
    recipe = FitOptions("ddvi", settings={"steps": "5", "diffusion_steps": "3"}).recipe
    assert (recipe.steps, recipe.diffusion_steps) == (5, 3)


def test_a_tenth_is_held_out_where_that_is_enough_to_judge_by() -> None:
    assert not hold_out(int(MIN_HELD_OUT / HELD_OUT) - 1, 1).any()
    mask = hold_out(1000, 1)
    assert mask.sum() == 100
    assert (mask == hold_out(1000, 1)).all()
    assert (mask != hold_out(1000, 2)).any()
