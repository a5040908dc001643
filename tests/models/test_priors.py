"""Every prior: its density is one, its sampler draws from it, its partitions make it up."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.models.priors import PRIORS, prior
from ancestry_ddvi.models.priors.base import Prior
from ancestry_ddvi.models.priors.gaussian import StandardNormal

CASES = [
    *((name, 2, 0) for name in PRIORS),
    ("normal", 1, 0), ("normal", 3, 0), ("mixture:3", 1, 0), ("mixture:4", 3, 0),
    ("adaptive:5", 3, 0), ("pinwheel:4", 2, 0),
    ("swiss-roll:0.3", 3, 0), ("square:0.3", 3, 0), ("mixture", 2, 4), ("square", 2, 7),
    ("swiss-roll", 2, 3), ("pinwheel", 2, 6), ("ring", 2, 3),
]  # fmt: skip
REACH = 6.0
DRAWS = 30_000

every_prior = pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]} in {c[1]} for {c[2]}")
partitioned = pytest.mark.parametrize(
    "case",
    [c for c in CASES if PRIORS[c[0].split(":")[0]].has_partitions(c[1]) and c[1] == 2],
    ids=str,
)


def made(case: tuple[str, int, int]) -> Prior:
    """The prior; a learnable one moved from where it starts."""
    found = prior(*case)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return found


def cells(dims: int) -> tuple[torch.Tensor, float, int]:
    """Midpoints of a grid over the box, the volume of a cell, and cells along an axis."""
    points = {1: 1600, 2: 384, 3: 96}[dims]
    step = 2 * REACH / points
    axis = -REACH + step * (torch.arange(points) + 0.5)
    return torch.cartesian_prod(*[axis] * dims).reshape(-1, dims), step**dims, points


def density(found: Prior, z: torch.Tensor, label: int | None = None) -> torch.Tensor:
    with torch.no_grad():
        parts = [
            found.log_prob(some, None if label is None else torch.full((len(some),), label))
            for some in z.split(20_000)
        ]
    return torch.cat(parts).double().exp()


@every_prior
def test_the_mass_is_one(case) -> None:
    z, volume, _ = cells(case[1])
    assert density(made(case), z).sum().item() * volume == pytest.approx(1, abs=2e-3)


@partitioned
def test_the_mass_of_a_partition_is_one(case) -> None:
    found = made(case)
    z, volume, _ = cells(2)
    last = len(found.log_class()) - 1
    assert density(found, z, last).sum().item() * volume == pytest.approx(1, abs=2e-3)


@partitioned
def test_partitions_make_up_the_whole(case) -> None:
    found = made(case)
    z = found.sample(200).detach()
    log_class = found.log_class()
    classes = case[2] or len(log_class)
    assert len(log_class) == classes
    each = [log_class[k] + found.log_prob(z, torch.full((200,), k)) for k in range(len(log_class))]
    torch.testing.assert_close(torch.stack(each).logsumexp(0), found.log_prob(z))


@partitioned
def test_draws_of_a_partition_are_likelier_there_than_elsewhere(case) -> None:
    found = made(case)
    label = torch.arange(400) % len(found.log_class())
    z = found.sample(400, label)
    own = found.log_prob(z, label).mean()
    other = found.log_prob(z, label.roll(1)).mean()
    assert own > other


@every_prior
@pytest.mark.statistical
def test_draws_fall_where_the_density_says(case) -> None:
    """Chi-square over the cells of a coarse grid that expect at least ten draws."""
    found, dims, coarse = made(case), case[1], 16
    z, volume, points = cells(dims)
    mass = (density(found, z) * volume).numpy().reshape([coarse, points // coarse] * dims)
    expected = mass.sum(axis=tuple(range(1, 2 * dims, 2))).ravel() * DRAWS
    with torch.no_grad():
        draws = found.sample(DRAWS).double().numpy()
    edges = [np.linspace(-REACH, REACH, coarse + 1)] * dims
    observed = np.histogramdd(draws, edges)[0].ravel()
    rich = expected >= 10
    observed = np.append(observed[rich], DRAWS - observed[rich].sum())
    expected = np.append(expected[rich], DRAWS - expected[rich].sum())
    kept = expected > 1
    statistic = ((observed - expected)[kept] ** 2 / expected[kept]).sum()
    assert stats.chi2.sf(statistic, kept.sum() - 1) > 1e-3


@every_prior
def test_the_density_has_a_slope_everywhere_however_far(case) -> None:
    z = torch.cat([torch.randn(20, case[1]), 50 * torch.ones(1, case[1]), torch.zeros(1, case[1])])
    z.requires_grad_()
    value = made(case).log_prob(z)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(z.grad).all()
    assert (z.grad[:-1].abs().sum(-1) > 0).all()


@every_prior
def test_an_isotropic_prior_is_invariant_to_rotations(case) -> None:
    found = made(case)
    turn = torch.linalg.qr(torch.randn(case[1], case[1]))[0]
    z = 2 * torch.randn(100, case[1])
    same = torch.allclose(found.log_prob(z), found.log_prob(z @ turn), atol=1e-4)
    assert same or not found.isotropic


def test_the_standard_normal_is_scipys() -> None:
    z = np.random.default_rng(0).normal(size=(20, 3))
    expected = stats.norm.logpdf(z).sum(axis=1)
    np.testing.assert_allclose(StandardNormal(3).log_prob(torch.tensor(z)), expected)


@pytest.mark.parametrize(
    ("name", "published"), [("swiss-roll:0.1", 2.19), ("square:0.06", 0.643 + 0.02)]
)
@pytest.mark.statistical
def test_entropies_are_those_of_the_shapes(name: str, published: float) -> None:
    """Of the swiss roll exactly; the square's, whose noise goes along its sides too, nearly."""
    found = prior(name, 2)
    assert -found.log_prob(found.sample(40_000)).mean().item() == pytest.approx(published, abs=0.02)


def test_a_blurred_shape_is_the_curve_it_blurs() -> None:
    """Distance of draws from the square's edge and of the roll's from its spiral, in blurs."""
    z = prior("square:0.02", 2).sample(2000)
    off = (z.abs().amax(-1) - 1).abs()
    assert off.median() == pytest.approx(0.02 * 0.674, rel=0.2)
    z = prior("swiss-roll:0.02", 2).sample(2000).double()
    root = torch.linspace(0, 1, 20_001).double()
    angle = 4.5 * np.pi * root
    spiral = 3 * root[:, None] * torch.stack([angle.cos(), angle.sin()], -1)
    assert torch.cdist(z, spiral).amin(-1).median() == pytest.approx(0.02 * 0.674, rel=0.2)


def test_responsibilities_are_bayes_rule_over_the_clusters() -> None:
    found = made(("mixture:4", 2, 0))
    z = torch.randn(30, 2)
    joint = torch.stack(
        [found.log_class()[k] + found.log_prob(z, torch.full((30,), k)) for k in range(4)], -1
    )
    torch.testing.assert_close(found.responsibilities(z), joint.softmax(-1))
    assert prior("pinwheel", 2).responsibilities(z) is None


def test_all_of_a_mixture_is_learnt() -> None:
    found = made(("mixture:4", 2, 0))
    found.log_prob(torch.randn(30, 2)).sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in found.parameters())


@pytest.mark.parametrize(
    ("text", "dims", "classes", "problem"),
    [
        ("spiral", 2, 0, "no prior 'spiral'"), ("normal:3", 2, 0, "takes no number"),
        ("swiss-roll:0", 2, 0, "swiss-roll:0 is"), ("square:wide", 2, 0, "square:wide"),
        ("mixture:2.5", 2, 0, "mixture:2.5 is"), ("mixture:1", 2, 0, "mixture:1 is"),
        ("pinwheel", 3, 0, "no 3 dimensions"), ("normal", 2, 4, "no partitions"),
        ("square", 3, 4, "no partitions"),
    ],
)  # fmt: skip
def test_a_prior_that_does_not_exist_is_refused(text, dims, classes, problem) -> None:
    with pytest.raises(UsageProblem, match=problem) as caught:
        prior(text, dims, classes)
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["pinwheel", "swiss-roll", "square", "ring"])
def test_a_ladder_leads_from_a_standard_normal_to_the_prior(name) -> None:
    """Each rung is the law of a z + b e, a^2 + b^2 = 1, with b / a from 4 down to the blur."""
    top = prior(name, 2)
    rungs = top.ladder()
    apart = []
    for rung, ratio in zip(rungs, np.geomspace(4, top.sd, len(rungs)), strict=True):
        a = 1 / (1 + ratio**2) ** 0.5
        noised = a * top.sample(8_000) + ratio * a * torch.randn(8_000, 2)
        drawn = rung.sample(8_000)
        for axis in range(2):
            assert stats.ks_2samp(noised[:, axis], drawn[:, axis]).pvalue > 1e-4
        apart.append(stats.kstest(drawn[:, 0], "norm").statistic)
        torch.testing.assert_close(rung.log_class(), top.log_class())
    assert apart[0] < 0.05 < apart[-1]


@pytest.mark.parametrize("name", ["normal", "mixture:5"])
def test_what_a_normal_posterior_can_follow_needs_no_ladder(name) -> None:
    assert list(prior(name, 2).ladder()) == []


def test_the_published_pinwheel_lies_on_the_arms_of_the_blurred_one() -> None:
    found = prior("pinwheel", 2)
    published = found.as_published(DRAWS)
    nearest = torch.cdist(published, found.nodes).min(dim=1)
    assert nearest.values.quantile(0.99) < 0.04
    arm = found.part[nearest.indices]
    assert stats.chisquare(np.bincount(arm, minlength=10)).pvalue > 1e-4
    radius = published.norm(dim=1)
    assert radius.mean().item() == pytest.approx(1, abs=0.01)
    assert radius.std().item() == pytest.approx(0.15, abs=0.01)
    inside = found.log_prob(published).mean() > found.log_prob(found.sample(DRAWS)).mean()
    assert bool(inside)


@every_prior
@pytest.mark.statistical
def test_latents_that_stand_for_a_prior_have_its_moments_in_every_call(case) -> None:
    found = made(case)
    with torch.no_grad():
        z, drawn = found.spread(4096), found.sample(DRAWS)
        assert torch.equal(z, found.spread(4096))
    assert z.shape == (4096, case[1])
    error = drawn.std(0) * (1 / 4096 + 1 / DRAWS) ** 0.5
    assert ((z.mean(0) - drawn.mean(0)).abs() < 5 * error).all()
    torch.testing.assert_close(z.T.cov(), drawn.T.cov(), rtol=0.12, atol=0.05)


@pytest.mark.parametrize("name", ["normal", "mixture:4"])
def test_they_are_more_even_than_draws(name) -> None:
    """Means of a smooth function over quarters of the points differ less than by chance."""
    found = prior(name, 2)
    with torch.no_grad():
        even, drawn = found.spread(4096), found.sample(4096)
        truth = found.sample(400_000).cos().mean(0)
    assert (even.cos().mean(0) - truth).abs().max() < 0.003
    assert (drawn.cos().mean(0) - truth).abs().max() > (even.cos().mean(0) - truth).abs().max()
