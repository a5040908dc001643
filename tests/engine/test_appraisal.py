"""What a model learns of its panel, against worlds in which the answer is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from cohorts import Cohort, balding_nichols, blocks, projection_of
from scipy import stats
from sklearn.metrics import roc_auc_score
from toy_model import as_scores, factors, rested

from ancestry_ddvi.artefacts.labels import Labels
from ancestry_ddvi.artefacts.record import ModelOptions, ModelRecord
from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.fitting.calibration import calibrate
from ancestry_ddvi.fitting.diagnostics import diagnostics, membership, observed, out_of_panel
from ancestry_ddvi.fitting.groups import Shown, learn_groups
from ancestry_ddvi.genotypes.projection.likelihood_scores import scores_of
from ancestry_ddvi.genotypes.projection.scores import Projection, Scores
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws, normal_posterior
from ancestry_ddvi.inference.sampling import draw_posterior
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.reference.cells import Members, ScoreCells
from ancestry_ddvi.reference.observed import ObservedScores
from ancestry_ddvi.reference.out_of_panel import Diagnostics, OutOfPanelTest

CPU = torch.device("cpu")


class Right:
    """A method whose posteriors are right, after weighting, for samples of its model."""

    def embed(
        self, data: ScoreData, ids: Sequence[str], *, draws: int, seed: int
    ) -> PosteriorDraws:
        return draw_posterior(rested(), data, ids, draws=draws, seed=seed)


def at_shares(samples: int, shares: Sequence[float]) -> tuple[Scores, list[tuple[float, Scores]]]:
    """Samples of the toy model, and the same from parts of what is known.

    Scores from a part of the variants are those from all plus independent noise, whose covariance
    is the difference of the two.
    """
    model = rested()
    factor = factors(1).repeat(samples, 1, 1) / np.sqrt(0.05)  # all of the variants
    with torch.no_grad():
        z = torch.randn(samples, 2, generator=torch.Generator().manual_seed(9))
        excess = torch.diag(model.likelihood.log_residual_variance.exp())
        covariance = torch.linalg.inv(factor @ factor.mT)
        normal = torch.tensor(np.random.default_rng(2).normal(size=(samples, 5, 1)))
        root = torch.linalg.cholesky(covariance + excess)
        x = model.likelihood(z) + (root @ normal.to(root))[..., 0]
    full = as_scores(Batch(x, factor))
    parts = []
    rng = np.random.default_rng(3)
    for share in shares:
        more = np.linalg.cholesky(covariance.double().numpy() * (1 / share - 1))
        value = full.value + (more @ rng.normal(size=(samples, 5, 1)))[..., 0]
        parts.append((share, replace(full, value=value, precision=full.precision * share)))
    return full, parts


@pytest.mark.statistical
def test_right_posteriors_keep_their_width() -> None:
    full, parts = at_shares(200, (0.3, 0.05))
    ids = [f"p{i}" for i in range(200)]
    found = calibrate(Right(), full, parts, ids, np.arange(200), CPU, 1)  # type: ignore[arg-type]
    assert found.temperature == 1
    assert [row["share"] for row in found.coverage] == [0.3, 0.05]
    for row in found.coverage:
        assert [row[f"covered_{level}"] for level in (50, 80, 95)] == pytest.approx(
            [0.5, 0.8, 0.95], abs=0.06
        )
    json.dumps(found.as_json())


@pytest.mark.statistical
def test_scores_that_claim_four_times_the_precision_are_widened() -> None:
    full, parts = at_shares(200, (0.3, 0.05))
    bold = [(share, scores.tempered(1 / 4)) for share, scores in parts]
    ids = [f"p{i}" for i in range(200)]
    found = calibrate(Right(), full.tempered(1 / 4), bold, ids, np.arange(200), CPU, 1)  # type: ignore[arg-type]
    assert found.temperature >= 3
    assert found.coverage[-1]["covered_95"] > 0.88
    np.testing.assert_allclose(found.full[1].precision, 4 * full.precision / found.temperature)


LEVELS = ("population", "superpopulation")
CENTRES = {"A1": (0.0, 0.0), "A2": (1.0, 0.0), "B1": (0.0, 6.0), "rare": (9.0, 9.0)}


@dataclass(frozen=True)
class Crowd:
    """Labelled samples of normal groups; scores and coordinates are known without an error."""

    truth: list[str]
    labels: Labels
    posterior: PosteriorDraws
    observed: ObservedScores
    ids: list[str]

    def learnt(self, labels: Labels | None = None, some: slice = slice(None), shown=()):
        """What ``learn_groups`` makes of some of them."""
        return learn_groups(
            self.labels if labels is None else labels,
            self.ids[some], self.posterior[some], self.observed[some], 1, shown,
        )  # fmt: skip


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    rng = np.random.default_rng(5)
    truth = [*rng.choice(["A1", "A2", "B1"], 1500), *["rare"] * 4, *["A1"] * 100]
    ids = [f"p{i}" for i in range(len(truth))]
    labels = {s: (t, t[0]) for s, t in zip(ids[:1504], truth, strict=False)}
    places = np.array([CENTRES[t] for t in truth]) + 0.6 * rng.normal(size=(len(truth), 2))
    tiny = np.tile(1e-6 * np.eye(2), (len(truth), 1, 1))
    posterior = normal_posterior(places, tiny, ids, draws=8, seed=1)
    observed = ObservedScores(places, tiny, np.ones(len(truth)))
    return Crowd(truth, Labels(LEVELS, labels), posterior, observed, ids)


@pytest.mark.statistical
def test_figures_of_groups_are_those_of_samples_judged_by_others(crowd) -> None:
    """Two normals 1 apart with a deviation of 0.6 are told apart as the error function says."""
    groups, figures = crowd.learnt()
    assert groups is not None
    assert groups.cells == (("A1", "A"), ("A2", "A"), ("B1", "B"))
    assert [row["level"] for row in figures] == list(LEVELS)
    assert [row["samples"] for row in figures] == [1500, 1500]
    fine = (2 * stats.norm.cdf(0.5 / 0.6) + 1) / 3
    assert figures[0]["accuracy"] == pytest.approx(fine, abs=0.03)
    assert figures[1]["accuracy"] == 1
    assert figures[0]["calibration_error"] < 0.03
    assert sum(row["samples"] for row in figures[0]["reliability"]) == 1500
    for row in figures[0]["reliability"]:
        assert row["right"] == pytest.approx(row["probability"], abs=2.5 / row["samples"] ** 0.5)
    np.testing.assert_allclose(groups.temperature[0], [1, 1, 1], atol=0.15)
    assert len(set(groups.temperature[0])) == 1


def test_groups_that_are_kept_are_those_of_all_labelled_samples(crowd) -> None:
    groups, _ = crowd.learnt()
    members = Members.of([(t, t[0]) for t in crowd.truth[:1504]])
    plain = ScoreCells.of(members, crowd.observed[:1504])
    assert groups is not None
    np.testing.assert_array_equal(groups.scores.mean, plain.mean)
    middle = crowd.observed.value[members.rows[0]].mean(axis=0)
    np.testing.assert_allclose(groups.coordinates.mean[0], middle, atol=0.01)


@pytest.mark.statistical
def test_samples_seen_in_part_have_temperatures_of_their_own(crowd) -> None:
    """Scores said to be exact that are off by as much as the groups are apart."""
    rows = np.arange(0, 1500, 2)
    rng = np.random.default_rng(6)
    off = crowd.observed.value[rows] + 0.8 * rng.normal(size=(len(rows), 2))
    blurred = replace(crowd.observed[rows], value=off)
    groups, _ = crowd.learnt(shown=[Shown(rows, crowd.observed[rows]), Shown(rows, blurred)])
    assert groups is not None
    full, same, worse = groups.temperature[0]
    assert same == pytest.approx(full, abs=0.2)
    assert worse > 1.4 * full


def test_groups_of_fewer_than_five_leave_no_trace(crowd) -> None:
    """Neither the name nor the place."""
    groups, _ = crowd.learnt()
    assert groups is not None
    assert "rare" not in json.dumps(groups.as_json())
    for normals in (groups.scores, groups.coordinates):
        assert normals.mean[:, 0].max() < 2


def test_groups_too_small_to_be_judged_by_others_have_no_figures(crowd) -> None:
    """Five samples are a group; without a fold of them there is none to judge by."""
    few = Labels(("population",), {f"p{i}": ("A1",) for i in range(5)})
    groups, figures = crowd.learnt(few, slice(5))
    assert groups is not None
    assert figures == []
    assert groups.temperature == ((1.0, 1.0, 1.0),)
    assert groups.tail is None


def test_labels_of_no_sample_make_no_groups(crowd) -> None:
    empty = Labels(("population",), {})
    assert crowd.learnt(empty) == (None, [])


@pytest.mark.statistical
def test_one_labelled_sample_in_a_hundred_is_refused_and_all_strangers_are(crowd) -> None:
    groups, _ = crowd.learnt()
    assert groups is not None
    assert groups.unlike(crowd.observed[:1500]).mean() == pytest.approx(0.01, abs=0.005)
    assert groups.unlike(crowd.observed[1500:1504]).all()


def test_an_outlier_of_the_panel_has_no_normal_of_their_own() -> None:
    """Else the model would hold a sample's coordinates as its mean."""
    rng = np.random.default_rng(1)
    means = np.concatenate([rng.normal(size=(300, 2)), [[40.0, -40.0]]])
    draws = means[:, None] + rng.normal(0, 0.1, (301, 16, 2))
    even = np.full((301, 16), 1 / 16)
    noise = np.tile(np.eye(2), (301, 1, 1))
    seen = Diagnostics(draws, even, means, noise, rng.normal(size=301), np.ones(301))
    test = OutOfPanelTest.of(seen, means, seed=1)
    for normals in (test.places, test.clusters):
        assert np.abs(normals.mean).max() < 20
        assert normals.weight.sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return balding_nichols(3, 4, 400, 4000, 0.08)


@pytest.fixture(scope="module")
def projection(cohort) -> Projection:
    return projection_of(cohort, 20, kept=3)


def test_membership_is_the_area_under_the_curve(projection) -> None:
    rng = np.random.default_rng(2)
    held_out = np.arange(900) % 3 == 0
    for apart in (0.0, 1.0, 50.0):
        bound = np.round(rng.normal(size=900), 1) + apart * ~held_out
        expected = roc_auc_score(~held_out, bound)
        found = membership(bound, held_out, projection, 1)
        assert found["training"] == pytest.approx(expected)
        assert found["loadings"] == projection.membership_area(1)
    assert expected == 1
    assert membership(np.ones(900), held_out, projection, 1)["training"] == 0.5


def test_where_no_sample_is_held_out_or_there_is_no_bound_it_is_not_known(projection) -> None:
    no_sample = np.zeros(10, dtype=bool)
    assert membership(np.ones(10), no_sample, projection, 1)["training"] is None
    assert membership(np.full(10, np.nan), ~no_sample, projection, 1)["training"] is None


@pytest.mark.statistical
@pytest.mark.parametrize("samples", [400, 1600])
def test_the_area_of_loadings_is_that_of_members_against_strangers(samples: int) -> None:
    """The more samples for each variant, the less is left of any of them."""
    panel = balding_nichols(1, 2, samples, 300)
    found = projection_of(panel, 9, kept=1)
    strangers = panel.more(1500, 7)
    noise = [
        (found.read(blocks(d), d.shape[1]).value[:, 1:] ** 2).sum(axis=1)
        for d in (panel.dosages, strangers)
    ]
    member = np.repeat([True, False], [len(n) for n in noise])
    empirical = roc_auc_score(member, np.concatenate(noise))
    assert found.membership_area(1) == pytest.approx(empirical, abs=0.03)
    assert 0.6 < empirical < 0.99


def test_loadings_without_a_trace_are_a_coin(projection) -> None:
    blurred = replace(projection, dispersion=100.0, marks=np.empty((0, 0)), recurrence=np.empty(0))
    assert blurred.membership_area(1) == 0.5


def excess(projection: Projection, dosages: np.ndarray) -> np.ndarray:
    samples = dosages.shape[1]
    scores = projection.read(blocks(dosages), samples)
    return projection.newcomers(scores, np.zeros(samples, dtype=bool)).excess


@pytest.fixture(scope="module")
def ordinary(cohort, projection) -> tuple[float, float]:
    """Mean and deviation of the excess of length of samples like the panel's."""
    found = excess(projection, cohort.more(400, 11))
    return float(found.mean()), float(found.std())


@pytest.mark.parametrize("kind", ["all", "a tenth", "single alleles"])
def test_typical_noise_of_scores_is_that_of_samples_that_miss_variants_at_random(
    cohort, projection, kind
) -> None:
    """Found without their genotypes; alone as in company, to the last bit."""
    rng, dosages = np.random.default_rng(5), cohort.more(120, 16)
    if kind == "a tenth":
        dosages = np.where(rng.random(dosages.shape) < 0.1, dosages, -1).astype(np.int8)
    if kind == "single alleles":
        like = cohort.frequencies[:, np.arange(120) % 4]
        dosages = (2 * rng.binomial(1, like)).astype(np.int8)
    seen = projection.read(blocks(dosages), 120)
    scores = projection.newcomers(seen, np.zeros(120, dtype=bool))
    own = observed(scores, projection).covariance
    typical = projection.typical_covariance(scores.value, scores.effective_variants)
    ratio = np.trace(own, axis1=1, axis2=2) / np.trace(typical, axis1=1, axis2=2)
    assert np.median(ratio) == pytest.approx(1, abs=0.06)
    assert np.abs(np.log(ratio)).max() < 0.5
    alone = projection.typical_covariance(scores.value[7:8], scores.effective_variants[7:8])
    np.testing.assert_array_equal(alone[0], typical[7])


@pytest.mark.statistical
def test_lengths_are_as_expected_in_every_population(cohort, projection, ordinary) -> None:
    mean, sd = ordinary
    found = excess(projection, cohort.more(400, 12))
    assert abs(mean) < 0.8 * sd  # what the components miss of the populations' differences
    for k in range(4):
        assert abs(found[k::4].mean() - mean) < 0.35 * sd


@pytest.mark.statistical
@pytest.mark.parametrize("kind", ["fewer variants", "single alleles", "one read", "hardly a read"])
def test_nor_do_they_depend_on_how_much_was_seen(cohort, projection, ordinary, kind) -> None:
    rng = np.random.default_rng(4)
    dosages = cohort.more(120, 13)
    mean, sd = ordinary
    thinning = {"fewer variants": 20, "single alleles": 2, "one read": 3, "hardly a read": 8}[kind]
    if kind == "fewer variants":
        found = excess(projection, np.where(rng.random(dosages.shape) < 1 / 20, dosages, -1))
    elif kind == "single alleles":
        like = cohort.frequencies[:, np.arange(120) % 4]
        found = excess(projection, (2 * rng.binomial(1, like)).astype(np.int8))
    else:
        depth = {"one read": 1.0, "hardly a read": 0.3}[kind]
        reads = rng.poisson(depth, dosages.shape)
        alt = np.array([0.01, 0.5, 0.99])
        count = rng.binomial(reads, alt[dosages])[..., None]
        likelihood = alt**count * (1 - alt) ** (reads[..., None] - count)
        scores = scores_of(projection, likelihood.transpose(1, 0, 2))
        found = projection.newcomers(scores, np.zeros(120, dtype=bool)).excess
    assert abs(found.mean() - mean) < 0.6 * sd * np.sqrt(thinning)
    assert found.std() < 1.4 * sd * np.sqrt(thinning)


def test_permuted_genotypes_and_swapped_alleles_are_far_off(cohort, projection, ordinary) -> None:
    rng = np.random.default_rng(6)
    dosages = cohort.more(8, 14)
    mean, sd = ordinary
    for wrong in (rng.permuted(dosages, axis=0), 2 - dosages):
        assert (excess(projection, wrong) > mean + 15 * sd).all()


@pytest.mark.parametrize("variants", [0, 1, 3, 10])
def test_of_whom_nothing_is_seen_no_length_is_claimed(
    cohort, projection, ordinary, variants
) -> None:
    """Even where a score has many times the variance of independent variants."""
    blurred = replace(projection, dispersion=20.0)
    dosages = cohort.more(200, 15)
    dosages[np.random.default_rng(1).permuted(np.arange(len(dosages))) >= variants] = -1
    scores = blurred.read(blocks(dosages), 200)
    kept = blurred.newcomers(scores, np.zeros(200, dtype=bool))
    even = PosteriorDraws(np.zeros((200, 2, 2)))
    seen = diagnostics(even, kept, blurred)
    values = np.abs(seen.excess - ordinary[0]) / (ordinary[1] * np.sqrt(seen.thinning))
    assert np.median(values) < 2


def test_without_an_out_of_panel_test_no_sample_is_flagged(cohort, projection) -> None:
    """As of umap and tsne, whose coordinates of two fits cannot be compared."""
    seen = projection.read(blocks(cohort.dosages[:, :5]), 5)
    scores = projection.newcomers(seen, np.ones(5, dtype=bool))
    anywhere = PosteriorDraws(np.full((5, 1, 2), 100.0))
    chance, remarks = out_of_panel(
        ModelRecord(ModelOptions("umap", 2, 1), (1.0,)), anywhere, scores, projection
    )
    assert np.isnan(chance).all()
    assert remarks == [""] * 5
