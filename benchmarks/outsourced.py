"""Four samplers of the posterior of a generator, against a grid.

usage: outsourced.py COHORT LABELS [--repeats 3]

80/20 splits as in held_out.py; generators vae and aae with two latents. Posteriors of held-out
samples from 10, 60, 600 and all variants, and of as many simulated from the generator with the same
precision: by the posterior of the generator (own), by Laplace's approximation with importance
weights (laplace), by the draws of the generator, weighted and refined where few are effective
(refined), and by outsourced diffusion sampling, one sampler for all of them (outsourced). Columns
of LABELS: sample, population, superpopulation. Prints tables in Markdown, means over splits. Needs
scikit-learn.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import fields, replace

import numpy as np
import torch
from divided import Divided, fitted
from flow import Rows, splits, tell
from laplace import laplace
from splits import CPU
from torch import Tensor

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.inference.constraint import constrained
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws, joined
from ancestry_ddvi.methods.networks import NetworkMethod
from ancestry_ddvi.models.batch import Batch
from ancestry_ddvi.models.likelihoods.scores import NormalScores
from ancestry_ddvi.models.runtime import computing

GENERATORS = "vae", "aae"
VARIANTS = (10, 60, 600, 0)
DRAWS, STARTS, STEPS = 256, 8, 3000
REACH, SIDE = 5.0, 241
AT_ONCE = 128


class Known(ScoreData):
    """Observed samples, some of them simulated with known latents."""

    def __init__(self, seen: list[Scores], generator: NetworkMethod) -> None:
        super().__init__(stacked(seen), CPU)
        model, samples = generator.model, len(self)
        self.truth = model.prior.sample(samples)
        with torch.no_grad():
            simulated = model.likelihood.simulate(self.batch(), self.truth)
        self.x = torch.cat([self.x, simulated.x])
        self.factor = self.factor.repeat(2, 1, 1)
        self.real = torch.arange(2 * samples) < samples
        variants = [
            np.full(len(scores), count) for scores, count in zip(seen, VARIANTS, strict=True)
        ]
        self.variants = np.tile(np.concatenate(variants), 2)


def stacked(seen: list[Scores]) -> Scores:
    """Samples of several sets of scores one after another."""
    names = [field.name for field in fields(Scores)]
    return Scores(*(np.concatenate([getattr(s, name) for s in seen]) for name in names))


def on_grid(generator: NetworkMethod, data: Known) -> tuple[np.ndarray, np.ndarray]:
    """Exact posterior means and standard deviations; each (samples, 2)."""
    axis = torch.linspace(-REACH, REACH, SIDE)
    places = torch.cartesian_prod(axis, axis)
    likelihood = generator.model.likelihood
    assert isinstance(likelihood, NormalScores)
    with torch.no_grad():
        expected = likelihood(places)
        prior = generator.model.prior.log_prob(places)
        excess = likelihood.log_residual_variance.exp().double().diag()
    precision = (data.factor @ data.factor.mT).double()
    unit = torch.eye(len(excess)).double()
    total = torch.linalg.solve(unit + precision @ excess, precision)
    root = torch.linalg.cholesky(0.5 * (total + total.mT) + 1e-9 * unit).float()
    found = []
    for x, factor in zip(data.x, root, strict=True):
        log = prior - 0.5 * ((x - expected) @ factor).square().sum(1)
        weight = log.softmax(0)
        mean = weight @ places
        found.append(torch.stack([mean, (weight @ (places - mean).square()).sqrt()]))
    both = torch.stack(found).double().numpy()
    return both[:, 0], both[:, 1]


def by_own(generator: NetworkMethod, data: Known) -> PosteriorDraws:
    """Unweighted draws of the posterior of the generator."""
    blocks = []
    for start in range(0, len(data), AT_ONCE):
        batch = data.batch(slice(start, start + AT_ONCE)).repeat(DRAWS)
        with torch.no_grad():
            z = generator.model.encode(batch, torch.randn(len(batch), *shape(generator))).z
        blocks.append(PosteriorDraws(z.double().numpy().reshape(-1, DRAWS, z.shape[1])))
    return joined(blocks, len(data))


def by_laplace(generator: NetworkMethod, data: Known) -> PosteriorDraws:
    """From where the generator's encoder puts a sample, and from draws of the prior."""
    blocks = []
    fixed = generator.model.prior.sample(STARTS - 1)
    for start in range(0, len(data), AT_ONCE):
        batch = data.batch(slice(start, start + AT_ONCE))
        starts = torch.cat([_guess(generator, batch), fixed.expand(len(batch), -1, -1)], 1)
        blocks.append(laplace(generator.model, batch, starts, DRAWS))
    return joined(blocks, len(data))


def _guess(generator: NetworkMethod, batch: Batch) -> Tensor:
    with torch.no_grad():
        middle = torch.zeros(len(batch), *shape(generator))
        return generator.model.encode(batch, middle).z[:, None]


def shape(generator: NetworkMethod) -> tuple[int, int]:
    """Of the noise of a draw."""
    return generator.model.noise_shape


def no_reward(z: Tensor) -> Tensor:
    """No constraint but the data."""
    return z.new_zeros(len(z))


def by_tool(
    generator: NetworkMethod, data: Known, sampler: str, seed: int
) -> tuple[PosteriorDraws, float, float]:
    """As ``condition`` does it; with the seconds of training and of drawing."""
    told: list[tuple[float, int]] = [(time.process_time(), 0)]
    ids = [f"sample {i}" for i in range(len(data))]
    found, _ = constrained(
        generator.model, data, ids, no_reward, draws=DRAWS, seed=seed, sampler=sampler, steps=STEPS,
        advance=lambda done: told.append((time.process_time(), done)),
    )  # fmt: skip
    if len(told) == 1:
        return found, 0.0, time.process_time() - told[0][0]
    first, last = told[1], told[-1]
    training = (last[0] - first[0]) * STEPS / (STEPS - first[1])
    return found, training, time.process_time() - last[0]


def ways(
    generator: NetworkMethod, data: Known, seed: int, costs: Rows, name: str
) -> dict[str, PosteriorDraws]:
    """Every sample's posterior by each way, and what each costs."""
    found, thousand = {}, 1000 / len(data)
    for way, made in (("own", by_own), ("laplace", by_laplace)):
        if way == "own" and not generator.model.claims_uncertainty:
            continue
        start = time.process_time()
        found[way] = made(generator, data)
        costs[f"{name}, {way}"].append({
            "training, CPU s": 0.0,
            "CPU s per 1,000 samples": thousand * (time.process_time() - start),
        })  # fmt: skip
    for way, sampler in (("refined", "own"), ("outsourced", "outsourced")):
        found[way], training, drawing = by_tool(generator, data, sampler, seed)
        costs[f"{name}, {way}"].append({
            "training, CPU s": training,
            "CPU s per 1,000 samples": thousand * drawing,
        })  # fmt: skip
    return found


def judged(
    embedded: PosteriorDraws, exact: tuple[np.ndarray, np.ndarray], data: Known, chosen: np.ndarray
) -> dict[str, float]:
    """Accuracy on real samples, coverage of the latents of simulated ones."""
    real = chosen & data.real.numpy()
    mean, sd = exact[0][real], exact[1][real]
    shift, ratio = np.abs(embedded.mean[real] - mean) / sd, embedded.sd[real] / sd
    made = chosen & ~data.real.numpy()
    truth = data.truth.double().numpy()[chosen[: len(data.truth)]]
    below = np.einsum("ns,nsd->nd", embedded.weight[made], embedded.draws[made] < truth[:, None])
    return {
        "shift": float(np.median(shift)),
        "shift, 90 %": float(np.quantile(shift, 0.9)),
        "sd ratio": float(np.median(ratio)),
        "5 %": float(np.quantile(ratio, 0.05)),
        "95 %": float(np.quantile(ratio, 0.95)),
        "covered 50": 100 * float((np.abs(below - 0.5) <= 0.25).mean()),
        "covered 90": 100 * float((np.abs(below - 0.5) <= 0.45).mean()),
        "effective draws": float(np.median(embedded.effective_draws[real]) / DRAWS),
        "poorest 5 %": float(np.quantile(embedded.effective_draws[real], 0.05) / DRAWS),
    }


def weighed(embedded: PosteriorDraws) -> PosteriorDraws:
    """A posterior as its method's own draws would have it, for the number of effective draws."""
    return replace(embedded, log_weight=embedded.own_log_weight)


def repeat(cohort: Divided, name: str, accuracy: Rows, costs: Rows) -> None:
    """One generator of one split."""
    generator = fitted(cohort, name, cohort.seed)
    with computing(cohort.seed, None):
        data = Known([cohort.count(n) if n else cohort.seen() for n in VARIANTS], generator)
        exact = on_grid(generator, data)
        found = ways(generator, data, cohort.seed, costs, name)
    for variants in VARIANTS:
        for way, embedded in found.items():
            line = judged(embedded, exact, data, data.variants == variants)
            accuracy[f"{name}, {variants or 'all'} variants, {way}"].append(line)
    for way, embedded in found.items():
        proposed = weighed(found["refined"]) if way == "own" else embedded
        costs[f"{name}, {way}"][-1]["effective draws"] = float(proposed.effective_draws.mean())
    for way in found:
        line = costs[f"{name}, {way}"][-1]
        line["CPU s per 1,000 samples and 100 effective draws"] = (
            100 * line["CPU s per 1,000 samples"] / line["effective draws"]
        )


def break_even(costs: Rows) -> None:
    """Number of samples from which training saves time, for as many effective draws."""
    for name in GENERATORS:
        sampler = _means(costs[f"{name}, outsourced"])
        each = "CPU s per 1,000 samples and 100 effective draws"
        for way in ("laplace", "refined"):
            saved = _means(costs[f"{name}, {way}"])[each] - sampler[each]
            samples = 1000 * sampler["training, CPU s"] / saved if saved > 0 else float("inf")
            print(f"* {name}, outsourced against {way}: "
                  + (f"from {samples:,.0f} samples on" if saved > 0 else "never"))  # fmt: skip


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def main() -> None:
    """All tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    accuracy: Rows = defaultdict(list)
    costs: Rows = defaultdict(list)
    for cohort in splits(given.cohort, given.labels, given.repeats):
        for name in GENERATORS:
            repeat(cohort, name, accuracy, costs)
    tell(
        "Accuracy", dict(sorted(accuracy.items(), key=lambda item: item[0].split(",")[0] != "vae"))
    )
    tell("Cost", dict(sorted(costs.items(), key=lambda item: item[0].split(",")[0] != "vae")))
    print("\n### Break-even\n")
    break_even(costs)


if __name__ == "__main__":
    main()
