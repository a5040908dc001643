"""What the out-of-panel test learns of a panel, and which check it names for a sample."""

from __future__ import annotations

import numpy as np
import pytest

from ancestry_ddvi.artefacts.record import ModelOptions, ModelRecord
from ancestry_ddvi.fitting.calibration import Calibration
from ancestry_ddvi.fitting.diagnostics import diagnostics, learn_out_of_panel, out_of_panel
from ancestry_ddvi.genotypes.projection.scores import Projection, Scores
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws

SAMPLES, VARIANTS, COMPONENTS = 400, 500, 2


@pytest.fixture(scope="module")
def projection() -> Projection:
    rng = np.random.default_rng(1)
    loadings = np.linalg.qr(rng.normal(size=(VARIANTS, COMPONENTS)))[0]
    frequency = rng.uniform(0.2, 0.8, VARIANTS)
    eigenvalues, genome = np.array([900.0, 700.0]), np.arange(VARIANTS) // 50
    return Projection(
        loadings, frequency, genome, eigenvalues, 0.1, np.ones(COMPONENTS), SAMPLES, COMPONENTS
    )


def scores(excess: np.ndarray, observed: int = VARIANTS, value: np.ndarray | None = None) -> Scores:
    samples = len(excess)
    seen = np.full(samples, observed)
    precision = np.tile(np.eye(COMPONENTS) * observed / VARIANTS, (samples, 1, 1))
    if value is None:
        value = np.random.default_rng(4).normal(size=(samples, COMPONENTS))
    return Scores(value, precision, excess, seen, seen.astype(float), seen < 0)


def posterior(middles: np.ndarray, sd: float) -> PosteriorDraws:
    rng = np.random.default_rng(2)
    return PosteriorDraws(middles[:, None] + sd * rng.normal(size=(len(middles), 32, 2)))


@pytest.fixture(scope="module")
def panel() -> tuple[PosteriorDraws, Scores]:
    rng = np.random.default_rng(3)
    excess = 20 * rng.normal(size=SAMPLES)
    return posterior(rng.normal(size=(SAMPLES, 2)), 0.1), scores(excess)


def test_the_check_that_fails_is_the_one_that_is_named(panel, projection) -> None:
    test = learn_out_of_panel(*panel, projection, None, seed=1)
    record = ModelRecord(ModelOptions("ddvi", 2, 1), (1.0,), out_of_panel=test)
    middles = np.array([[0.0, 0.0], [9.0, 9.0], [0.0, 0.0], [0.0, 0.0]])
    value = np.array([[0.0, 0.0], [0.0, 0.0], [9.0, -9.0], [0.0, 0.0]])
    excess = np.array([0.0, 0.0, 0.0, 400.0])
    seen = scores(excess, value=value)
    chance, flags = out_of_panel(record, posterior(middles, 0.1), seen, projection)
    assert flags == ["", "unlike_panel:position", "unlike_panel:scores", "unlike_panel:norm"]
    assert chance[0] > 0.05
    assert (chance[1:] < 0.01).all()


def test_thinning_is_the_number_of_model_variants_for_each_observed_one(panel, projection) -> None:
    drawn, _ = panel
    seen = diagnostics(drawn, scores(np.zeros(SAMPLES), observed=50), projection)
    np.testing.assert_allclose(seen.thinning, 10)


def test_samples_seen_in_part_are_allowed_their_wider_posteriors(panel, projection) -> None:
    drawn, seen = panel
    wide = posterior(drawn.mean, 1.5)
    thin = scores(seen.excess, observed=50)
    calibration = Calibration(1.0, [], np.arange(SAMPLES), (drawn, seen), [(wide, thin)])
    plain = learn_out_of_panel(drawn, seen, projection, None, seed=1)
    allowing = learn_out_of_panel(drawn, seen, projection, calibration, seed=1)
    assert plain.allowance == ((0.0,), (0.0,))
    (_, knot), (_, nats) = allowing.allowance
    assert knot == pytest.approx(np.log(10))
    assert nats > 0.3
