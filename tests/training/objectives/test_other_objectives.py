"""Semi-supervised and adversarial objectives: what each turn teaches, and to whom."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ancestry_ddvi.models.autoencoder import Autoencoder
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.encoders import ScoreEncoder
from ancestry_ddvi.models.labels import NoLabels, PredictedLabels
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.posteriors.gaussian import Gaussian
from ancestry_ddvi.models.posteriors.point import Point
from ancestry_ddvi.models.priors import prior
from ancestry_ddvi.models.variational import Variational
from ancestry_ddvi.training.objectives.adversarial import Adversarial
from ancestry_ddvi.training.objectives.elbo import ELBO
from ancestry_ddvi.training.objectives.semi_supervised import SemiSupervised, classification
from ancestry_ddvi.training.objectives.wake_sleep import WakeSleep

SCALE, CONTEXT, CLASSES = torch.tensor([2.0, 1.5, 1.0]), 12, 3


def batch(known: int = 4) -> Batch:
    label = torch.tensor([0, 1, 2, 1, -1, -1, -1, -1])
    label[known:] = -1
    return Batch(torch.randn(8, 3), torch.eye(3).expand(8, 3, 3), label)


def parts(classes: int) -> dict:
    return {
        "prior": prior(f"mixture:{max(classes, 2)}", 2, classes),
        "likelihood": ScoreLikelihood(SCALE, 2, 8),
        "encoder": ScoreEncoder(SCALE, CONTEXT),
        "labels": PredictedLabels(classes, CONTEXT) if classes else NoLabels(),
    }


def reached(module: nn.Module) -> set[str]:
    return {
        name.split(".")[0]
        for name, p in module.named_parameters()
        if p.grad is not None and p.grad.abs().sum()
    }


@pytest.mark.parametrize(
    "base", [ELBO(), ELBO(4.0), WakeSleep()], ids=["elbo", "tempered", "sleep"]
)
def test_classification_is_added_at_its_weight(base) -> None:
    model = Variational(**parts(CLASSES), posterior=Gaussian(2, CONTEXT))
    rows = batch()
    losses = []
    for objective in (base, SemiSupervised(base, 3.0)):
        (phase,) = objective.phases(model)
        torch.manual_seed(1)
        losses.append(phase.loss(rows))
    torch.testing.assert_close(losses[1], losses[0] + 3.0 * classification(model, rows))


def test_classification_is_the_cross_entropy_of_known_rows() -> None:
    model = Variational(**parts(CLASSES), posterior=Gaussian(2, CONTEXT))
    rows = batch()
    logits = model.labels.head(model.encoder(rows[:4]))
    expected = nn.functional.cross_entropy(logits, rows.label[:4], reduction="sum") / 8
    torch.testing.assert_close(classification(model, rows), expected)
    assert classification(model, batch(known=0)) == 0


def test_a_tempered_bound_leaves_the_noise_of_the_likelihood_alone() -> None:
    model = Variational(**parts(0), posterior=Gaussian(2, CONTEXT))
    noise = {id(p) for p in model.likelihood.noise_parameters()}
    assert noise
    taught = {beta: {id(p) for p in ELBO(beta).phases(model)[0].parameters} for beta in (1.0, 4.0)}
    assert taught[1.0] - taught[4.0] == noise


@pytest.mark.parametrize(
    ("turn", "taught"),
    [
        ("reconstruction", {"encoder", "posterior", "likelihood", "labels"}),
        ("discrimination", set()),
        ("generation", {"encoder", "posterior"}),
    ],
)
@pytest.mark.parametrize("classes", [0, CLASSES])
def test_each_adversarial_turn_teaches_its_part(turn: str, taught: set[str], classes: int) -> None:
    model = Autoencoder(**parts(classes), posterior=Point(2, CONTEXT))
    objective = Adversarial(2, classes, 8, alpha=1.0)
    phase = next(p for p in objective.phases(model) if p.name == turn)
    own = {id(p) for p in phase.parameters}
    phase.loss(batch()).backward()
    assert reached(model) & taught == (taught if classes else taught - {"labels"})
    assert (
        {id(p) for p in objective.parameters()} <= own
        if turn == "discrimination"
        else not ({id(p) for p in objective.parameters()} & own)
    )


@pytest.mark.statistical
def test_the_discriminator_tells_latents_from_the_prior_and_the_encoder_misleads_it() -> None:
    torch.manual_seed(0)
    model = Autoencoder(**parts(0), posterior=Point(2, CONTEXT))
    objective = Adversarial(2, 0, 16)
    rows = Batch(torch.randn(200, 3), torch.eye(3).expand(200, 3, 3))
    _, discrimination, generation = objective.phases(model)
    before = discrimination.loss(rows).item()
    optimiser = torch.optim.Adam(discrimination.parameters, 0.02)
    for _ in range(150):
        optimiser.zero_grad()
        discrimination.loss(rows).backward()
        optimiser.step()
    assert discrimination.loss(rows).item() < 0.8 * before
    caught = generation.loss(rows).item()
    optimiser = torch.optim.Adam(generation.parameters, 0.02)
    for _ in range(100):
        optimiser.zero_grad()
        generation.loss(rows).backward()
        optimiser.step()
    assert generation.loss(rows).item() < 0.6 * caught
