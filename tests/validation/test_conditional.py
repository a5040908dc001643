"""Classes of a generator: Hamiltonian chains, calibration, costs, and a small run of the table."""

from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ancestry_ddvi import api
from ancestry_ddvi.errors import NothingLeft, UsageProblem
from ancestry_ddvi.inference.annealing import TargetDensity
from ancestry_ddvi.models.priors import prior
from ancestry_ddvi.models.runtime import computing
from ancestry_ddvi.validation import class_samplers, conditional, hamiltonian
from ancestry_ddvi.validation.class_samplers import (
    ClassifiedGenerator,
    Proposals,
    propose,
    rejection,
)
from ancestry_ddvi.validation.classifiers import cnn_classifier, fit_temperature, train_classifier
from ancestry_ddvi.validation.hamiltonian import Chains, run_chains, warm_up

LOADING = torch.tensor([[2.0, 1.0], [0.0, 1.5], [0.5, -1.0]])
SEEN = torch.tensor([1.0, -2.0, 0.5])


def linear(z: Tensor) -> Tensor:
    """Log N(SEEN; LOADING z, 0.5^2 I) up to a constant."""
    return -2 * (SEEN - z @ LOADING.mT).square().sum(-1)


def chains(log_reward, kept: int) -> Chains:
    target = TargetDensity(prior("normal", 2), log_reward)
    with computing(3, 1):
        return run_chains(target, warm_up(target, target.prior.sample(200)), kept)


@pytest.mark.statistical
def test_hamiltonian_chains_follow_a_posterior_known_in_closed_form() -> None:
    loading = LOADING.double().numpy()
    covariance = np.linalg.inv(np.eye(2) + 4 * loading.T @ loading)
    mean = covariance @ loading.T @ SEEN.double().numpy() * 4
    found = chains(linear, 20)
    z = found.z.flatten(0, 1).double().numpy()
    sd = np.sqrt(np.diag(covariance))
    assert (z.mean(axis=0) - mean) / sd == pytest.approx(0, abs=0.06)
    assert np.cov(z.T) / np.outer(sd, sd) == pytest.approx(covariance / np.outer(sd, sd), abs=0.08)
    assert found.acceptance == pytest.approx(0.8, abs=0.12)
    assert found.effective_draws > 0.5 * len(z)


@pytest.mark.statistical
def test_hamiltonian_chains_follow_a_density_with_t_tails() -> None:
    """A reward that makes of the prior a t density of 5 degrees of freedom on each axis."""
    from scipy import stats

    def reward(z: Tensor) -> Tensor:
        return (0.5 * z.square() - 3 * (1 + z.square() / 5).log()).sum(-1)

    z = chains(reward, 12).z.flatten().double().numpy()
    levels = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    below = (z[:, None] < stats.t(5).ppf(levels)).mean(axis=0)
    assert below == pytest.approx(levels, abs=0.03)


def test_chains_that_stay_where_they_are_count_as_one_draw_each() -> None:
    stuck = torch.randn(1, 40, 2, generator=torch.Generator().manual_seed(1)).expand(25, 40, 2)
    moving = torch.randn(25, 40, 2, generator=torch.Generator().manual_seed(1))
    kinds = [Chains(z, z[-1], 1.0, 1.0).effective_draws for z in (stuck, moving)]
    assert kinds[0] == pytest.approx(40, rel=0.05)
    assert kinds[1] > 600


def test_the_temperature_undoes_what_logits_were_multiplied_by() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = 2 * torch.randn(20000, 5, generator=generator)
    label = torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0]
    assert fit_temperature(logits, label) == pytest.approx(1, abs=0.03)
    assert fit_temperature(3 * logits, label) == pytest.approx(3, abs=0.1)


def test_a_classifier_learns_separable_classes() -> None:
    with computing(1, 1):
        label = torch.arange(400) % 4
        pixels = torch.rand(400, 64) * 0.5 + 0.15 * label[:, None]
        net = cnn_classifier(8, 8, 4)
        train_classifier(net, pixels, label, 80)
        assert (net(pixels).argmax(-1) == label).double().mean() > 0.9
    assert not any(part.requires_grad for part in net.parameters())


def half_plane(monkeypatch, log_probs) -> ClassifiedGenerator:
    monkeypatch.setattr(class_samplers, "PROPOSALS", 2**14)
    monkeypatch.setattr(class_samplers, "MAX_PROPOSALS", 2**15)
    return ClassifiedGenerator(prior("normal", 2), lambda z: z, log_probs)


def two_classes(z: Tensor) -> Tensor:
    """Logistic in the first axis, with its middle at 1."""
    odds = torch.nn.functional.logsigmoid
    return torch.stack([odds(3 * z[:, 0] - 3), odds(3 - 3 * z[:, 0])], -1)


@pytest.mark.statistical
def test_rejection_draws_a_class_by_its_density(monkeypatch) -> None:
    from scipy import integrate, stats

    def moment(power: int) -> float:
        return integrate.quad(
            lambda x: x**power * stats.norm.pdf(x) / (1 + math.exp(3 - 3 * x)), -9, 9
        )[0]

    with computing(1, 1):
        proposals = propose(half_plane(monkeypatch, two_classes))
    drawn = rejection(proposals, 0)
    assert drawn.z.shape == (1000, 2)
    assert math.exp(proposals.log_z(0)) == pytest.approx(moment(0), abs=0.01)
    assert drawn.cost["acceptance"] == math.exp(proposals.log_z(0))
    assert float(drawn.z[:, 0].mean()) == pytest.approx(moment(1) / moment(0), abs=0.06)
    assert drawn.cost["by_prior"] == 1
    other = proposals.accepted(0, 1000, 2000)
    assert not (drawn.z[:, None] == other).all(-1).any()


def test_draws_of_the_prior_suffice_unless_nearly_all_are_turned_down() -> None:
    log_probs = torch.full((2**14, 2), -1.0)
    log_probs[:, 1] = -12.0
    log_probs[0, 1] = 0.0
    proposals = Proposals(torch.zeros(2**14, 2), log_probs, log_probs > -2, 1.0)
    assert proposals.suffice(0)
    assert not proposals.suffice(1)
    assert proposals.efficiency(0) == pytest.approx(1)
    assert proposals.efficiency(1) < 2 / 2**14


def test_a_class_that_the_generator_hardly_makes_is_an_error(monkeypatch) -> None:
    def never(z: Tensor) -> Tensor:
        return torch.stack([z[:, 0] * 0, z[:, 0] * 0 - 50], -1)

    with computing(1, 1), pytest.raises(NothingLeft, match="only 0 are of the rarest class"):
        propose(half_plane(monkeypatch, never))


def test_training_breaks_even_once_draws_have_saved_its_cost() -> None:
    draws = conditional.break_even_draws(30.0, 1.0, 4.0)
    assert 30 + draws * 1.0 / 1000 == pytest.approx(draws * 4.0 / 1000)
    assert math.isnan(conditional.break_even_draws(30.0, 4.0, 1.0))


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """Bars in the shape of MNIST: a class is where the bar is."""
    folder, rng = tmp_path_factory.mktemp("mnist"), np.random.default_rng(1)
    for name, count in (("train", 400), ("t10k", 200)):
        label = np.arange(count) % 10
        image = rng.integers(0, 30, (count, 28, 28))
        for row, at in enumerate(label):
            image[row, :, 2 * at + 3 : 2 * at + 6] += 200
        for kind, array in (("images-idx3", image), ("labels-idx1", label)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            content = header + array.astype(np.uint8).tobytes()
            (folder / f"{name}-{kind}-ubyte.gz").write_bytes(gzip.compress(content, mtime=0))
    return folder


@pytest.fixture
def hasty(monkeypatch):
    """Few draws and steps everywhere."""
    for name, value in {"DRAWS": 40, "PROPOSALS": 8192, "CHAINS": 8, "STEPS": 4,
                        "PARTICLES": 64}.items():  # fmt: skip
        monkeypatch.setattr(class_samplers, name, value)
    monkeypatch.setattr(hamiltonian, "WARM_UP", 6)
    monkeypatch.setattr(hamiltonian, "THINNING", 1)
    monkeypatch.setattr(conditional, "DRAWS", 40)
    monkeypatch.setattr(conditional, "CLASSIFIER_STEPS", 60)


SMALL = {"width": "16", "encoder_width": "16", "batch": "32"}


def bench(folder, out, **changes):
    options = {"methods": ["vae"], "dims": 2, "seeds": 1, "epochs": 4.0, "device": "cpu"}
    options |= {"settings": SMALL} | changes
    return api.benchmark("conditional", str(out), data=str(folder), **options).files


@pytest.mark.slow
def test_every_sampler_gets_a_row_and_a_finished_trial_is_not_repeated(
    hasty, mnist, tmp_path
) -> None:
    rows = json.loads(bench(mnist, tmp_path)["json"].read_text())
    by_name = {row["sampler"]: row for row in rows}
    assert tuple(by_name) == conditional.SAMPLERS
    exact = by_name["rejection"]
    assert exact["acceptance"] == pytest.approx(0.1)  # chances of ten classes sum to one
    assert 0 < exact["rarest"] <= exact["acceptance"]
    assert exact["diversity"] == pytest.approx(1, abs=0.2)
    assert exact["log_reward"] > by_name["prior"]["log_reward"]
    for name, row in by_name.items():
        assert (row["log_z_error"] is None) == (name not in ("annealed", "outsourced"))
        assert (row["seconds_per_1000"] is None) == (name == "images")
        assert (row["break_even"] is None) or row["break_even"] > 0
    assert (tmp_path / "pictures" / "conditional.vae.2-dims.1.png").stat().st_size > 1000
    (trial,) = (tmp_path / "trials").glob("*.json")
    record = json.loads(trial.read_text())
    assert [len(classes) for classes in record["classes"].values()] == [10] * 6
    record["classes"]["hmc"] = [dict.fromkeys(one, 7.0) for one in record["classes"]["hmc"]]
    trial.write_text(json.dumps(record))
    again = json.loads(bench(mnist, tmp_path)["json"].read_text())
    assert again[2]["diversity"] == 7.0


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"methods": ["pca"]}, "this benchmark cannot fit pca"),
        ({"dims": 70}, "no 70 dimensions"),
        ({"settings": {"widht": "3"}}, "no setting 'widht'"),
    ],
)
def test_an_impossible_trial_is_refused_before_anything_is_fitted(
    changes, problem, mnist, tmp_path
) -> None:
    with pytest.raises(UsageProblem, match=problem):
        bench(mnist, tmp_path / "x", **changes)
    assert not (tmp_path / "x" / "trials").exists()
