"""The method that takes another method's generator and draws from its exact posterior."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.fitting.options import FitOptions
from ancestry_ddvi.fitting.pipeline import Fit, fit_model
from ancestry_ddvi.fitting.prepare import FitRequest
from ancestry_ddvi.genotypes.projection.scores import runs
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.genotypes.variants import MISSING
from ancestry_ddvi.methods import METHODS, recipe
from ancestry_ddvi.methods.method import Spec
from ancestry_ddvi.methods.outsourced import Outsourced, generators
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.latent import LatentModel
from ancestry_ddvi.models.modalities import ComponentScores
from ancestry_ddvi.models.runtime import computing

CPU = torch.device("cpu")


def test_any_method_that_trains_networks_can_be_the_generator() -> None:
    others = ("outsourced", "inflationary-flow", "pca", "umap", "tsne")
    assert generators() == [name for name in METHODS if name not in others]
    spec = Spec(ComponentScores(torch.ones(4)), 2)
    for name in generators():
        made = Outsourced(generator=name, width=8, steps=50, sampler_steps=30).build(spec, CPU)
        plain = recipe(name).build(spec, CPU)
        assert len(made.stages) == len(plain.stages) + 2
        assert {id(stage.model.likelihood) for stage in made.stages} == {id(made.model.likelihood)}
        assert made.model.likelihood.net.head.in_features == 8
        assert made.model.claims_uncertainty
        assert made.steps == 80


@pytest.mark.parametrize("name", ["pca", "umap", "outsourced", "nonsense"])
def test_nothing_else_can(name: str) -> None:
    with pytest.raises(UsageProblem, match=f"generator={name}"):
        Outsourced(generator=name)


def test_a_sampler_needs_trajectories_to_compare() -> None:
    with pytest.raises(UsageProblem, match="trajectories=1"):
        Outsourced(trajectories=1)


class Grid:
    """Posterior means, standard deviations and the evidence of samples by sums over a grid."""

    def __init__(self, model: LatentModel, batch: Batch) -> None:
        axis = torch.linspace(-5, 5, 401)
        z = torch.cartesian_prod(axis, axis)
        with torch.no_grad():
            log_prior, centre = model.prior.log_prob(z).double(), model.likelihood(z).double()
            excess = torch.diag(model.likelihood.log_residual_variance.double().exp())
        log_prior, z = log_prior + 2 * math.log(10 / 400), z.double()
        found = [[], [], []]
        for x, factor in zip(batch.x.double(), batch.factor.double(), strict=True):
            covariance = torch.linalg.inv(factor @ factor.mT) + excess
            normal = torch.distributions.MultivariateNormal(x, covariance)
            log_joint = log_prior + normal.log_prob(centre)
            evidence = log_joint.logsumexp(0)
            weight = (log_joint - evidence).exp()
            mean = weight @ z
            for values, value in zip(
                found, (mean, (weight @ (z - mean) ** 2).sqrt(), evidence), strict=True
            ):
                values.append(value.numpy())
        self.mean, self.sd, self.log_evidence = map(np.array, found)


@pytest.fixture(scope="module")
def fit(cohort_files) -> tuple[Fit, GenotypeStore]:
    """An adversarial autoencoder of the session's cohort, with a sampler of its posterior."""
    store = GenotypeStore.open([str(cohort_files.cohort)], None, None)
    settings = {"generator": "aae", "width": "64", "steps": "600", "sampler_steps": "1500"}
    options = FitOptions("outsourced", seed=3, settings=settings)
    with computing(3, 1):
        return fit_model(FitRequest(store, options, CPU)), store


@pytest.mark.slow
@pytest.mark.statistical
@pytest.mark.parametrize("variants", [10, 60, 600])
def test_posterior_means_and_sds_are_those_of_a_grid_with_few_variants_or_many(
    fit, variants: int
) -> None:
    fitted, store = fit
    rows, projection = fitted.qc.variants, fitted.model.projection
    keep = np.zeros(len(rows), dtype=bool)
    keep[np.random.default_rng(variants).permutation(len(rows))[:variants]] = True
    blocks = [
        (part, np.where(keep[part][:, None], store.dosages(rows[part]), MISSING))
        for part in runs(len(rows))
    ]
    everyone = projection.read(blocks, len(store.samples))
    scores = projection.newcomers(everyone, np.ones(len(store.samples), dtype=bool))[:60]
    data = ScoreData(scores, CPU)
    embedded = fitted.method.embed(data, store.samples[:60], draws=512, seed=1)
    exact = Grid(fitted.method.model, data.batch())
    assert (np.abs(embedded.mean - exact.mean) / exact.sd).mean() < 0.1
    assert np.median(embedded.sd / exact.sd) == pytest.approx(1, abs=0.05)
    assert embedded.importance_bound == pytest.approx(exact.log_evidence, abs=0.25)
    assert np.median(embedded.effective_draws) > 0.3 * 512
