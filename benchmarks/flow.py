"""The inflationary flow on held-out samples: density, uniqueness, coverage, sharpness, neighbours.

usage: flow.py COHORT LABELS [--repeats 3]

80/20 splits as in held_out.py; components from the 80 %, with their noise of scores, without
the temperature that ``fit`` may add. All figures are of held-out samples. Columns of LABELS:
sample, population, superpopulation. Prints tables in Markdown; figures are means over the splits
unless a row names one. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import laws
import numpy as np
import torch
from divided import Divided, divided, fitted
from held_out import NEIGHBOURS
from splits import CPU, opened

from ancestry_ddvi.data.scores import ScoreData
from ancestry_ddvi.evaluation.coverage import nested_coverage
from ancestry_ddvi.evaluation.neighbours import neighbour_accuracy
from ancestry_ddvi.genotypes.projection.scores import Scores
from ancestry_ddvi.inference.posterior_draws import PosteriorDraws
from ancestry_ddvi.inference.sampling import draw_posterior
from ancestry_ddvi.methods.networks import NetworkMethod
from ancestry_ddvi.models.flow import Flow
from ancestry_ddvi.models.inflation import participation_ratio
from ancestry_ddvi.models.inflationary import Inflationary, variances

DRAWS, OF_THE_FIT, TRUTHS = 128, 32, 16
SEEDS = 3
SHARES = (0.5, 0.1, 0.01)
FEW = (0.1, 0.01)
LEADING = (2, 4, 8)
GAP = 0.5

Rows = dict[str, list[dict[str, float]]]
"""Figures of every split, by the name of the row they stand in."""


@dataclass(frozen=True)
class Fitted:
    """One split with all that was fitted to it."""

    cohort: Divided
    flows: Sequence[NetworkMethod]
    compressed: NetworkMethod
    ddvi: NetworkMethod
    full: Scores
    embedded: Sequence[PosteriorDraws]
    parts: Mapping[float, tuple[Scores, PosteriorDraws]]

    @classmethod
    def of(cls, cohort: Divided) -> Fitted:
        """The flow from ``SEEDS`` seeds, one that compresses, and ddvi."""
        flows = [fitted(cohort, "inflationary-flow", cohort.seed + 100 * k) for k in range(SEEDS)]
        compressed = fitted(cohort, "inflationary-flow", cohort.seed, gap=GAP)
        full = cohort.seen()
        embedded = [latents(flow, full, cohort, DRAWS) for flow in flows]
        ddvi = fitted(cohort, "ddvi", cohort.seed)
        some = {share: cohort.share(share) for share in SHARES}
        parts = {
            share: (scores, latents(flows[0], scores, cohort, DRAWS))
            for share, scores in some.items()
        }
        return cls(cohort, flows, compressed, ddvi, full, embedded, parts)

    @property
    def flow(self) -> Flow:
        """Of the first seed."""
        return flow_of(self.flows[0])

    @property
    def unit(self) -> np.ndarray:
        """Standard deviations of scores in the fit; (components,)."""
        return np.asarray(self.cohort.inside.value.std(axis=0))


def flow_of(method: NetworkMethod) -> Flow:
    """The flow inside a method."""
    assert isinstance(method.model, Inflationary)
    return method.model.flow


def latents(method: NetworkMethod, scores: Scores, cohort: Divided, draws: int) -> PosteriorDraws:
    """Draws on all latents, which the method itself cuts to the coordinates."""
    ids = cohort.ids[0] if scores is cohort.inside else cohort.ids[1]
    return draw_posterior(method.model, ScoreData(scores, CPU), ids, draws=draws, seed=cohort.seed)


def true_scores(
    method: NetworkMethod, scores: Scores, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draws of every sample's true scores and their weights, before any is refined."""
    model = method.model
    batch = ScoreData(scores, CPU).batch().repeat(count)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        noise = torch.randn(len(batch), *model.noise_shape)
        draws = flow_of(method).posterior(batch.x, variances(batch), noise)
        apart = torch.einsum("nij,ni->nj", batch.factor, batch.x - draws)  # type: ignore[arg-type]
    plain = ((batch.x - draws) ** 2 / variances(batch)).sum(-1)
    log_weight = 0.5 * (plain - apart.square().sum(-1)).double().numpy().reshape(-1, count)
    shaped = draws.double().numpy().reshape(-1, count, draws.shape[-1])
    return shaped, PosteriorDraws(shaped, log_weight).weight


def density(part: Fitted, rows: Rows) -> None:
    """Log density of the scores of held-out samples, and its difference to other methods."""
    inside, seed = part.cohort.inside, part.cohort.seed
    mixture, count = laws.mixture(inside, seed)
    population = part.cohort.labels[0]["population"].to_numpy(str)
    ddvi = latents(part.ddvi, part.full, part.cohort, 256)
    flow = part.embedded[0].log_evidence
    others = {
        "one normal": laws.one_normal(inside).log_density(part.full),
        "mixture": mixture.log_density(part.full),
        "populations": laws.of_groups(inside, population).log_density(part.full),
        "`ddvi`, bound": ddvi.importance_bound,
    }
    found = {"normals in the mixture": float(count)}
    found |= {name: float(each.mean()) for name, each in others.items()}
    found["flow"] = float(flow.mean())
    found["other seeds"] = float(np.mean([p.log_evidence.mean() for p in part.embedded[1:]]))
    for name in ("mixture", "`ddvi`, bound"):
        apart = flow - others[name]
        found[f"flow − {name}"] = float(apart.mean())
        found[f"± ({name})"] = float(apart.std(ddof=1) / np.sqrt(len(apart)))
    rows[f"{seed}"].append({"samples": float(len(flow)), **found})


def there_and_back(part: Fitted, rows: Rows) -> None:
    """Round-trip error, relative to the distance of a sample from the mean."""
    truth, _ = true_scores(part.flows[0], part.full, TRUTHS, part.cohort.seed)
    for name, kind in (("float32", torch.float32), ("float64", torch.float64)):
        flow = part.flow.to(kind)
        x = torch.tensor(truth.reshape(-1, truth.shape[-1]), dtype=kind)
        with torch.no_grad():
            back = flow.decode(flow.encode(x))
        error = (back - x).norm(dim=1) / (x - flow.centre).norm(dim=1)
        rows[name].append({
            "relative RMS": float((back - x).norm() / (x - flow.centre).norm()),
            "99.9 %": float(error.quantile(0.999)),
            "largest": float(error.max()),
        })  # fmt: skip
    part.flow.to(torch.float32)


def unique(part: Fitted, rows: Rows) -> None:
    """Correlation and shift of posterior means between seeds, for each latent."""
    sd = np.mean([embedded.sd for embedded in part.embedded], axis=0)
    pairs = list(combinations([embedded.mean for embedded in part.embedded], 2))
    for axis in range(sd.shape[1]):
        shift = [(a[:, axis] - b[:, axis]) / sd[:, axis] for a, b in pairs]
        rows[f"{axis + 1}"].append({
            "correlation, worst pair": min(np.corrcoef(a[:, axis], b[:, axis])[0, 1]
                                           for a, b in pairs),
            "RMS shift / sd": float(np.sqrt(np.mean(np.square(shift)))),
            "median sd": float(np.median(part.embedded[0].sd[:, axis])),
        })  # fmt: skip


def dimension(part: Fitted, rows: Rows) -> None:
    """Participation ratios of true scores, and of latents in units of the end of the flow."""
    for name, method, kept in (("gap 0", part.flows[0], None), ("gap 0.5", part.compressed, 2)):
        flow = flow_of(method)
        truth, _ = true_scores(method, part.full, TRUTHS, part.cohort.seed)
        with torch.no_grad():
            z = flow.encode(torch.tensor(truth.reshape(-1, flow.dims), dtype=torch.float32))
        path = flow.inflation
        end = path.variance(path.grid(1)[-1:])[0]
        rows[name].append({
            "true scores": float(participation_ratio(path.spectrum)),
            "target": float(participation_ratio(path.spectrum[:kept])),
            "end of the flow": float(participation_ratio(end)),
            "latents": float(participation_ratio(z.var(0) * end)),
            "sd of latents, least": float(z.std(0).min()),
            "largest": float(z.std(0).max()),
        })  # fmt: skip


def coverage(part: Fitted, pooled: Rows, apart: Rows) -> None:
    """Nested coverage of the latents at parts of the variants, over all and by superpopulation."""
    group = part.cohort.labels[1]["superpopulation"].to_numpy(str)
    whole = part.embedded[0].draws, part.embedded[0].weight
    for share in SHARES:
        _, some = part.parts[share]
        each = {q: nested_coverage(whole, (some.draws, some.weight), q / 100)
                for q in (50, 80, 95)}  # fmt: skip
        name = f"{100 * share:g} %"
        line = {f"{q}": 100 * float(c.mean()) for q, c in each.items()}
        line |= {f"leading two, {q}": 100 * float(c[:, :2].mean()) for q, c in each.items()}
        line["lowest 95 of a latent"] = 100 * float(each[95].mean(0).min())
        line["highest 50 of a latent"] = 100 * float(each[50].mean(0).max())
        line["effective draws"] = float(np.median(some.effective_draws) / DRAWS)
        pooled[name].append(line)
        for wanted in sorted(set(group)):
            here = group == wanted
            apart[f"{name}, {wanted}"].append(
                {"samples": float(here.sum())}
                | {f"{q}": 100 * float(c[here].mean()) for q, c in each.items()}
            )


def sharpness(part: Fitted, rows: Rows) -> None:
    """Predictions of the scores from all variants, from a part of them and a distribution."""
    cohort, rng = part.cohort, np.random.default_rng(part.cohort.seed)
    population = cohort.labels[0]["population"].to_numpy(str)
    closed: dict[str, laws.Mixture | laws.Ball] = {
        "ball": laws.Ball(),
        "one normal": laws.one_normal(cohort.inside),
        "mixture": laws.mixture(cohort.inside, cohort.seed)[0],
        "populations": laws.of_groups(cohort.inside, population),
    }
    for share in FEW:
        (some, embedded), name = part.parts[share], f"{100 * share:g} %"
        free = laws.part_given_full(some, part.full)
        for kind, law in closed.items():
            gain = law.log_density(part.full) - law.log_density(some)
            truth = law.draws(some, 2 * DRAWS, rng)
            even = np.full(truth.shape[:2], 1 / truth.shape[1])
            said = laws.onwards(some, part.full, truth, rng)
            rows[f"{name}, {kind}"].append(
                {"log score": float((gain + free).mean())}
                | laws.judged(said, even, part.full.value, part.unit)
            )
        gain = part.embedded[0].log_evidence - embedded.log_evidence
        truth, weight = true_scores(part.flows[0], some, 2 * DRAWS, cohort.seed)
        said = laws.onwards(some, part.full, truth, rng)
        rows[f"{name}, flow"].append(
            {"log score": float((gain + free).mean())}
            | laws.judged(said, weight, part.full.value, part.unit)
        )


def reconstruction(part: Fitted, rows: Rows) -> None:
    """Variance of true scores that the leading numbers explain, the other latents at 0."""
    truth, _ = true_scores(part.flows[0], part.full, TRUTHS, part.cohort.seed)
    x = torch.tensor(truth.reshape(-1, truth.shape[-1]), dtype=torch.float32)
    away = (x - part.flow.centre).square()
    for k in LEADING:
        line = {"scores": float(away[:, :k].sum() / away.sum())}
        for name, method in (
            ("latents", part.flows[0]),
            (f"latents, gap {GAP:g}", part.compressed),
        ):
            flow = flow_of(method)
            with torch.no_grad():
                z = flow.encode(x)
                z[:, k:] = 0
                line[name] = float(1 - (flow.decode(z) - x).square().sum() / away.sum())
        rows[f"{k}"].append(line)


def neighbours(part: Fitted, rows: Rows) -> None:
    """Accuracy of populations, neighbours being samples of the fit."""
    names = [table["population"].to_numpy(str) for table in part.cohort.labels]
    spaces = {"scores": (part.cohort.inside.value, part.full.value)}
    for name, method in (("latents", part.flows[0]), (f"latents, gap {GAP:g}", part.compressed)):
        inside = latents(method, part.cohort.inside, part.cohort, OF_THE_FIT).mean
        spaces[name] = inside, latents(method, part.full, part.cohort, DRAWS).mean
    inside, outside = spaces["latents"]
    root = flow_of(part.flows[0]).denoiser.spectrum.sqrt().double().numpy()
    spaces["latents × sd of scores"] = inside * root, outside * root
    for k in (*LEADING, inside.shape[1]):
        rows["all" if k == inside.shape[1] else f"{k}"].append({
            name: neighbour_accuracy(a[:, :k], names[0], b[:, :k], names[1], NEIGHBOURS)
            for name, (a, b) in spaces.items()
        })  # fmt: skip


def tell(title: str, rows: Rows) -> None:
    """A table of means over splits."""
    print(f"\n### {title}\n")
    for number, (name, found) in enumerate(rows.items()):
        line = {key: _mean([row[key] for row in found if key in row]) for key in found[0]}
        if not number:
            print("| | " + " | ".join(line) + " |\n|" + "---|" * (len(line) + 1))
        print(f"| {name} | " + " | ".join(line.values()) + " |", flush=True)


def _mean(values: Sequence[float]) -> str:
    mean = float(np.mean(values))
    return f"{mean:.1e}" if 0 < abs(mean) < 1e-3 else f"{mean:.4g}"


def splits(cohort: str, labels: str, repeats: int) -> Iterator[Divided]:
    """Every split in turn."""
    with tempfile.TemporaryDirectory() as folder:
        store, table = opened(cohort, labels, Path(folder))
        for seed in range(1, repeats + 1):
            yield divided(store, table, seed, Path(folder))


def main() -> None:
    """All tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cohort")
    parser.add_argument("labels")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    made = ("Density", "Round trip", "Seeds", "Participation ratio", "Coverage",
            "Coverage by superpopulation", "Sharpness", "Reconstruction", "Neighbours")  # fmt: skip
    tables: dict[str, Rows] = {name: defaultdict(list) for name in made}
    for cohort in splits(given.cohort, given.labels, given.repeats):
        part = Fitted.of(cohort)
        density(part, tables["Density"])
        there_and_back(part, tables["Round trip"])
        unique(part, tables["Seeds"])
        dimension(part, tables["Participation ratio"])
        coverage(part, tables["Coverage"], tables["Coverage by superpopulation"])
        sharpness(part, tables["Sharpness"])
        reconstruction(part, tables["Reconstruction"])
        neighbours(part, tables["Neighbours"])
    for title, rows in tables.items():
        tell(title, rows)


if __name__ == "__main__":
    main()
