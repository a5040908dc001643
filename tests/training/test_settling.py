"""The prior of a map is finished where the likelihood is highest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.methods import recipe
from ancestry_ddvi.methods.method import Spec
from ancestry_ddvi.methods.networks import NetworkMethod
from ancestry_ddvi.models.priors.adaptive import Adaptive
from ancestry_ddvi.models.variational import Variational
from ancestry_ddvi.training.settling import SettledMap, settle

from .test_unfolding import cohort

CPU = torch.device("cpu")


def latents(count: int, seed: int = 0) -> np.ndarray:
    """Draws from three normals, one of them long and oblique."""
    rng = np.random.default_rng(seed)
    parts = (0.2, 0.5, 0.3)
    shapes = np.array([[[0.3, 0], [0, 0.3]], [[0.9, 0], [0.8, 0.2]], [[0.1, 0], [0, 0.6]]])
    centres = np.array([[-3.0, 0], [0, 2], [3, -1]])
    which = rng.choice(3, count, p=parts)
    moved = np.einsum("nij,nj->ni", shapes[which], rng.normal(size=(count, 2)))
    return centres[which] + moved


def started(z: torch.Tensor, parts: int = 3) -> Adaptive:
    """A prior at the clusters of latents."""
    prior = Adaptive(2, parts)
    prior.start_at(z)
    return prior


def test_parts_are_found_where_another_program_finds_them() -> None:
    z = latents(20000)
    prior = started(torch.tensor(z, dtype=torch.float32))
    for _ in range(30):
        prior.improve(torch.tensor(z, dtype=torch.float32), torch.ones(len(z)))
    oracle = GaussianMixture(3, random_state=0).fit(z)
    new = latents(5000, seed=1)
    found = prior.log_prob(torch.tensor(new, dtype=torch.float32)).detach().numpy()
    np.testing.assert_allclose(found.mean(), oracle.score(new), atol=0.002)
    order, other = np.argsort(prior.means.detach().numpy()[:, 0]), np.argsort(oracle.means_[:, 0])
    np.testing.assert_allclose(prior.means.detach().numpy()[order], oracle.means_[other], atol=0.01)
    weights = prior.log_class().exp().detach().numpy()[order]
    np.testing.assert_allclose(weights, oracle.weights_[other], atol=0.003)


def test_weights_count_as_so_many_samples() -> None:
    z = torch.tensor(latents(400), dtype=torch.float32)
    twice, weighted = started(z), started(z)
    weight = torch.ones(len(z))
    weight[:100] = 2
    twice.improve(torch.cat([z, z[:100]]), torch.ones(500))
    weighted.improve(z, weight)
    for one, other in zip(twice.parameters(), weighted.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_one_sample_does_not_make_a_part_as_narrow_as_it_is() -> None:
    prior = started(torch.tensor(latents(300), dtype=torch.float32))
    before = torch.linalg.det(prior.factors).clone()
    prior.improve(prior.means.detach().clone(), torch.ones(3))
    assert (torch.linalg.det(prior.factors) > 0.8 * before).all()


def test_a_part_without_samples_stays_where_it_is() -> None:
    z = torch.tensor(latents(300), dtype=torch.float32)
    prior = started(z)
    with torch.no_grad():
        prior.means[0] = torch.tensor([50.0, 50.0])
    prior.improve(z, torch.ones(len(z)))
    torch.testing.assert_close(prior.means[0], torch.tensor([50.0, 50.0]), rtol=1e-3, atol=0)
    assert all(bool(torch.isfinite(p).all()) for p in prior.parameters())
    assert float(prior.log_class()[0].detach()) < -10


def trained(name: str) -> tuple[NetworkMethod, ScoreData]:
    """A method after a short fit to nine tenths of a cohort, and the other tenth."""
    torch.manual_seed(0)
    scores = cohort(400)
    held_out = np.arange(400) % 10 == 0
    data = ScoreData(scores[~held_out], CPU)
    made = replace(recipe(name), steps=400, width=64, encoder_width=32).settled(360, 0)
    method = made.build(Spec(data.modality, 2), CPU)
    assert isinstance(method, NetworkMethod)
    method.fit(data, lambda done: None)
    return method, ScoreData(scores[held_out], CPU)


def evidence(model: Variational, data: ScoreData) -> float:
    """Mean log evidence of rows, by many draws."""
    torch.manual_seed(1)
    with torch.no_grad():
        return float(model.bounds(data.batch(), draws=2000).mean())


def test_samples_held_out_are_likelier_under_the_settled_prior() -> None:
    method, held_out = trained("vae")
    model = method.model
    assert isinstance(model, Variational)
    with torch.no_grad():
        model.prior.log_sd += 0.7
    wide = evidence(model, held_out)
    settle(model, ScoreData(cohort(400)[np.arange(400) % 10 > 0], CPU).batch())
    assert evidence(model, held_out) > wide + 0.2


@pytest.mark.parametrize("name", ["ddvi", "vae", "iaf-vae", "iwae"])
def test_every_fit_with_a_map_stage_settles_its_prior(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    monkeypatch.setattr(
        "ancestry_ddvi.training.settling.settle", lambda model, batch: seen.append(len(batch))
    )
    method, _ = trained(name)
    assert isinstance(method.stages[0], SettledMap)
    assert seen == [360]


def test_another_prior_is_left_alone() -> None:
    torch.manual_seed(0)
    data = ScoreData(cohort(), CPU)
    made = replace(recipe("vae"), prior="normal", width=64, encoder_width=32)
    method = made.build(Spec(data.modality, 2), CPU)
    assert isinstance(method, NetworkMethod)
    assert isinstance(method.model, Variational)
    before = {name: weight.clone() for name, weight in method.model.state_dict().items()}
    settle(method.model, data.batch())
    for name, weight in method.model.state_dict().items():
        torch.testing.assert_close(weight, before[name], rtol=0, atol=0)
