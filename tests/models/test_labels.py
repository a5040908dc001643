"""Classes inside a model: bounds that enumerate them, draws that pick one."""

from __future__ import annotations

import pytest
import torch
from toy_model import as_data, factors, simulate

from ancestry_ddvi.inference.sampling import draw_posterior
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.encoders import ScoreEncoder
from ancestry_ddvi.models.labels import NoLabels, PredictedLabels
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.posteriors.gaussian import Gaussian
from ancestry_ddvi.models.priors import prior
from ancestry_ddvi.models.variational import Variational

CLASSES, CONTEXT = 3, 16
SCALE = torch.tensor((3.0, 2.0, 1.5, 1.0, 1.0))


def model() -> Variational:
    """A mixture of three, a Gaussian posterior, a classifier; nothing trained."""
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return Variational(
            prior(f"mixture:{CLASSES}", 2, CLASSES),
            ScoreLikelihood(SCALE, 2, 16),
            Gaussian(2, CONTEXT),
            ScoreEncoder(SCALE, CONTEXT),
            PredictedLabels(CLASSES, CONTEXT),
        )


def samples(n: int, label: list[int] | None = None) -> Batch:
    x = torch.randn(n, 5) * SCALE
    return Batch(x, factors(n), None if label is None else torch.tensor(label))


def test_hypotheses_are_the_known_class_or_all_of_them() -> None:
    labels = PredictedLabels(CLASSES, CONTEXT)
    context = torch.randn(4, CONTEXT)
    guess = labels.hypotheses(context, torch.tensor([-1, 2, -1, 0]))
    assert guess.rows.tolist() == [1, 3, 0, 0, 0, 2, 2, 2]
    assert guess.label.tolist() == [2, 0, 0, 1, 2, 0, 1, 2]
    total = torch.zeros(4).index_add(0, guess.rows, guess.log_q.exp())
    torch.testing.assert_close(total, torch.ones(4))
    assert guess.log_q[:2].tolist() == [0, 0]


def test_without_classes_there_is_one_hypothesis_a_row() -> None:
    context = torch.randn(4, CONTEXT)
    guess = NoLabels().hypotheses(context, None)
    assert guess.rows.tolist() == [0, 1, 2, 3]
    assert guess.label is None
    assert NoLabels().probabilities(context) is None


@pytest.mark.statistical
def test_classes_are_drawn_as_often_as_they_are_likely() -> None:
    labels = PredictedLabels(CLASSES, CONTEXT)
    context = 2 * torch.randn(1, CONTEXT).expand(40_000, -1)
    drawn = labels.draw(context, torch.randn(40_000, 1, 2)).label
    share = torch.bincount(drawn, minlength=CLASSES) / 40_000
    torch.testing.assert_close(share, labels.probabilities(context[:1])[0], atol=0.01, rtol=0)


def test_a_bound_is_the_mean_over_classes_plus_their_entropy() -> None:
    """By hand, one class at a time, on the same noise."""
    made, batch = model(), samples(6)
    torch.manual_seed(3)
    with torch.no_grad():
        found = made.bounds(batch)
        torch.manual_seed(3)
        noise = torch.randn(18, 1, 2).view(6, 3, 1, 2)
        context = made.encoder(batch)
        log_q = made.labels.log_probs(context)
        total = torch.zeros(6)
        for k in range(CLASSES):
            label = torch.full((6,), k)
            draw = made.posterior.rsample(made.labels.with_class(context, label), noise[:, k])
            value = (
                made.likelihood.log_prob(batch, draw.z) + made.prior.log_prob(draw.z, label)
                + made.prior.log_class()[k] - draw.log_q
            )  # fmt: skip
            total += log_q[:, k].exp() * (value - log_q[:, k])
    torch.testing.assert_close(found, total)


def test_a_known_class_is_believed() -> None:
    """Its bound does not depend on what the classifier says."""
    made, batch = model(), samples(5, [0, 1, 2, 1, 0])
    values = []
    for shift in (0.0, 5.0):
        with torch.no_grad():
            made.labels.head.bias[0] += shift
            torch.manual_seed(1)
            values.append(made.bounds(batch))
    assert torch.equal(values[0], values[1])


@pytest.mark.statistical
def test_draws_with_their_class_give_the_same_bound_as_enumeration() -> None:
    made, batch = model(), samples(4)
    with torch.no_grad():
        enumerated = torch.stack([made.bounds(batch) for _ in range(3000)])
        many = batch.repeat(6000)
        draw = made.encode(many, torch.randn(len(many), *made.noise_shape))
        drawn = made.log_weight(many, draw).view(4, 6000)
    error = (enumerated.var(0) / 3000 + drawn.var(1) / 6000).sqrt()
    assert ((enumerated.mean(0) - drawn.mean(1)).abs() < 4 * error).all()


@pytest.mark.statistical
def test_importance_bounds_of_more_draws_are_tighter() -> None:
    made, batch = model(), samples(30)
    with torch.no_grad():
        bounds = [
            torch.stack([made.bounds(batch, draws) for _ in range(40)]).mean()
            for draws in (1, 4, 16)
        ]
    assert bounds[0] < bounds[1] < bounds[2]


def test_dreams_teach_posterior_and_classifier_and_nothing_else() -> None:
    made = model()
    made.log_q_simulated(samples(40)).mean().backward()
    learnt = {n.split(".")[0] for n, p in made.named_parameters() if p.grad is not None}
    assert learnt == {"encoder", "posterior", "labels"}


def test_groups_of_a_place_are_its_classes() -> None:
    from toy_model import toy_model

    made = model()
    _, batch = simulate(toy_model(), 70, seed=4)
    ids = [f"p{i}" for i in range(70)]
    embedded = draw_posterior(made, as_data(batch), ids, draws=8, seed=1)
    with torch.no_grad():
        expected = made.labels.probabilities(made.encoder(batch)).double().numpy()
    assert embedded.groups == pytest.approx(expected, abs=1e-5)
    alone = draw_posterior(made, as_data(batch[3:4]), ids[3:4], draws=8, seed=1)
    assert (alone.groups[0] == embedded.groups[3]).all()
