"""The map stage: from the layout to the bound, the same map from every seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.fitting.refits import brought_onto
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.methods import recipe
from ancestry_ddvi.methods.method import Spec
from ancestry_ddvi.models.likelihoods.scores import ScoreLikelihood
from ancestry_ddvi.models.priors.adaptive import Adaptive
from ancestry_ddvi.training.unfolding import PULL, MapStage, first_weight, prior_parts

CPU = torch.device("cpu")


def cohort(n: int = 150, features: int = 5) -> Scores:
    """Samples of six groups with unit noise."""
    rng = np.random.default_rng(3)
    centres = 12 * rng.normal(size=(6, features)) / np.arange(1, features + 1)
    value = centres[rng.integers(0, 6, n)] + rng.normal(size=(n, features))
    value -= value.mean(0)
    precision = np.broadcast_to(np.eye(features), (n, features, features))
    count, ones = np.full(n, 1000), np.full(n, 1000.0)
    return Scores(value, precision, ones, count, ones, np.zeros(n, dtype=bool))


def drawn(scores: Scores, kept: np.ndarray, seed: int) -> np.ndarray:
    """Posterior means of all samples after a map stage on some of them."""
    torch.manual_seed(seed)
    data = ScoreData(scores[kept], CPU)
    made = replace(recipe("vae"), steps=300, width=64, encoder_width=32).settled(len(scores), 0)
    (method,) = made.refitted(Spec(data.modality, 2), CPU)
    method.fit(data, lambda done: None)
    ids = [str(i) for i in range(len(scores))]
    return method.embed(ScoreData(scores, CPU), ids, draws=16, seed=0).mean


def test_another_seed_and_nine_tenths_of_the_samples_draw_one_map() -> None:
    scores = cohort()
    tenth = np.arange(len(scores)) % 10
    one, other = (drawn(scores, tenth != seed, seed) for seed in (1, 2))
    assert brought_onto(one, other, np.ones(len(scores), dtype=bool))[1] > 0.97


def test_the_divergence_starts_where_only_the_leading_components_are_above_noise() -> None:
    batch = ScoreData(cohort(), CPU).batch()
    variance = batch.x.var(0).sort(descending=True).values
    for dims in (1, 2, 4):
        assert first_weight(batch, dims) == pytest.approx(float(variance[dims]), rel=1e-4)
    assert first_weight(batch, 20) == pytest.approx(max(1.0, float(variance[-1])), rel=1e-4)


@pytest.mark.parametrize(("samples", "size"), [(1, 2), (100, 7), (1092, 23), (10**6, 200)])
def test_the_prior_grows_with_the_samples(samples, size) -> None:
    assert prior_parts(samples) == size


@pytest.mark.parametrize(("dims", "kept"), [(2, PULL), (3, PULL), (4, 0.0)])
def test_rows_keep_places_that_are_crowded_and_are_let_go_from_others(dims, kept) -> None:
    data = ScoreData(cohort(), CPU)
    made = recipe("vae").settled(len(data), 0)
    stage = made.build(Spec(data.modality, dims), CPU).stages[0]
    assert isinstance(stage, MapStage)
    step = stage.batches(data, 16)
    first, last = step(0), step(stage.steps - 1)
    assert (first.pull, last.pull, last.beta) == (PULL, kept, 1.0)
    assert first.beta == first_weight(data.batch(), dims)
    assert not first.learn_noise
    assert last.learn_noise
    assert (len(first.rows), len(last.rows)) == (32, 64)


@pytest.mark.parametrize(
    ("samples", "steps"), [(100, 500), (1000, 500), (2000, 1000), (10**5, 1500)]
)
def test_the_map_stage_grows_with_the_samples(samples, steps) -> None:
    made = recipe("vae").settled(samples, 0)
    spec = Spec(ScoreData(cohort(), CPU).modality, 2)
    assert made.build(spec, CPU).stages[0].steps == steps
    assert replace(made, map_share=0.1).build(spec, CPU).stages[0].steps == 300
    assert replace(recipe("vae"), prior="normal").settled(samples, 0).map_share == 0


@pytest.mark.parametrize("share", [-0.1, 1.5, float("inf"), float("nan")])
def test_a_share_beyond_one_is_refused(share) -> None:
    with pytest.raises(UsageProblem, match="map_share"):
        replace(recipe("vae"), map_share=share)


def test_clusters_start_where_the_latents_are() -> None:
    centres = torch.tensor([[4.0, 0], [-4, 0], [0, 4]])
    latents = centres.repeat_interleave(40, 0) + 0.1 * torch.randn(120, 2)
    prior = Adaptive(2, 3)
    before = prior.log_prob(latents).mean()
    prior.start_at(latents)
    assert torch.cdist(prior.means, centres).min(1).values.max() < 0.1
    torch.testing.assert_close(prior.log_class().exp(), torch.full((3,), 1 / 3))
    assert prior.log_prob(latents).mean() > before


def test_more_clusters_than_latents_stay_where_they_were() -> None:
    prior = Adaptive(2, 5)
    before = prior.means.clone()
    prior.start_at(torch.randn(4, 2))
    torch.testing.assert_close(prior.means, before)


def test_the_decoder_starts_as_a_surface_through_the_scores_at_their_places() -> None:
    data = ScoreData(cohort(), CPU)
    likelihood = ScoreLikelihood(data.scale, 2, 16)
    places, slope = torch.randn(len(data), 2), torch.randn(2, 5)
    linear = 3 + places @ slope
    likelihood.start_at(places, linear, sd=0.0)
    torch.testing.assert_close(likelihood(places), linear, atol=1e-2, rtol=1e-2)
    bend = places.square().sum(1, keepdim=True)
    likelihood.start_at(places, linear + bend, sd=0.0)
    left = (linear + bend - likelihood(places)).square().mean()
    assert left < 0.2 * (bend - bend.mean()).square().mean()


def test_a_whitening_gives_the_density_of_the_likelihood() -> None:
    data = ScoreData(cohort(), CPU)
    likelihood = ScoreLikelihood(data.scale, 2, 16)
    batch, z = data.batch(), torch.randn(len(data), 2)
    whitening = likelihood.whitening(batch)
    found = likelihood.log_density(batch.x, z, whitening.precision, whitening.log_det)
    torch.testing.assert_close(found, likelihood.log_prob(batch, z))


@pytest.mark.parametrize("method", ["ddvi", "ddvi-simple", "vae", "iwae", "iaf-vae", "h-iaf-vae"])
def test_methods_share_the_map_stage(method) -> None:
    data = ScoreData(cohort(), CPU)
    spec = Spec(data.modality, 2)
    stages = recipe(method).settled(len(data), 0).build(spec, CPU).stages
    draws_by_itself = method == "ddvi"
    assert [isinstance(stage, MapStage) for stage in stages] == [True, False][: 2 - draws_by_itself]
    plain = replace(recipe(method), prior="normal").settled(len(data), 0)
    assert not any(isinstance(stage, MapStage) for stage in plain.build(spec, CPU).stages)
    assert not plain.refitted(spec, CPU)


def test_a_chosen_prior_and_classes_are_left_alone() -> None:
    for name in ("ring", "adaptive:30"):
        assert replace(recipe("ddvi"), prior=name).settled(100, 0).prior == name
    assert replace(recipe("ddvi"), prior="adaptive").settled(100, 0).prior == "adaptive:7"
    assert recipe("ddvi").settled(100, 4).prior == ""
    assert recipe("outsourced").settled(100, 0).prior == "adaptive:7"
    assert recipe("aae").settled(100, 0).prior == ""
