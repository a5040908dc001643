"""Inflationary flows of toy data: dimensions kept or reduced, round trips, uniqueness."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch

from ..data.toys import TOYS
from ..errors import UsageProblem
from ..methods import recipe
from ..methods.inflationary_flow import InflationaryFlow
from ..methods.settings import with_settings
from ..models.flow import Flow
from ..models.runtime import computing
from ..seeding import stream
from . import flows
from .axes import Axes
from .flow_pictures import draw_toy
from .study import Result, Study, StudyOptions, Workspace, estimates

POINTS, HELD_OUT = 20_000, 5_000
SETTINGS = flows.NOISE_FREE | {
    "steps": "4000", "batch": "512", "learning_rate": "0.004", "flow_steps": "20",
    "gap": str(flows.GAP),
}  # fmt: skip

KEPT = {"s-curve-3d": 2, "swiss-roll-3d": 2}
"""Toys that are reduced, with the number of directions kept; the others keep all."""

MEASURED = (
    *flows.RATIOS, *flows.ROUND_TRIPS, *flows.NORMALITY, *flows.SAMPLES, *flows.EXPLAINED,
    "seconds",
)  # fmt: skip
COLUMNS = (
    "shape", "inflation", "dims", "kept", "gap", "seeds", *flows.RATIOS, *flows.ROUND_TRIPS,
    *flows.NORMALITY, "uniqueness", *flows.SAMPLES, "leading", *flows.EXPLAINED, "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class ToyTrial:
    """All fits of one toy: everything that its row depends on.

    The seeds are in one trial because the latents of all fits are compared with each other.

    Attributes
    ----------
    method, shape : str
    seeds : int
        Fits, from seed 1.
    settings : mapping of str to str
        Settings of the method's recipe.
    """

    method: str
    shape: str
    seeds: int
    settings: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"toy.{self.method}.{self.shape}"

    @property
    def seed(self) -> int:
        """The first of its seeds."""
        return 1

    @property
    def recipe(self) -> InflationaryFlow:
        """The recipe, without compression if all directions are kept.

        Raises
        ------
        UsageProblem
            If a setting is unknown.
        """
        plain = recipe(self.method)
        assert isinstance(plain, InflationaryFlow)
        chosen = with_settings(plain, SETTINGS | dict(self.settings))
        return chosen if self.shape in KEPT else replace(chosen, gap=0.0)


class ToyPoints(NamedTuple):
    """Points of a toy along the principal axes of the training points.

    Attributes
    ----------
    train, test, other : Tensor, (n, dims)
        ``other`` is held out too, to compare ``test`` with.
    colour : ndarray, (n,)
        Of ``test``.
    """

    train: torch.Tensor
    test: torch.Tensor
    other: torch.Tensor
    colour: np.ndarray


class ToyFit(NamedTuple):
    """One fit.

    Attributes
    ----------
    measures : dict of str to float
    latents, samples : Tensor, (n, dims)
        Latents of the test points; samples of the flow.
    end : Tensor, (dims,)
        Standard deviations at the end of the inflation.
    """

    measures: dict[str, float]
    latents: torch.Tensor
    samples: torch.Tensor
    end: torch.Tensor


def plan(options: StudyOptions) -> list[ToyTrial]:
    """Every toy, or those that are asked for.

    Raises
    ------
    UsageProblem
        If there is no such toy or setting.
    """
    for shape in options.shapes:
        if shape not in TOYS:
            raise UsageProblem(f"there is no toy '{shape}'", f"Choose from {', '.join(TOYS)}.")
    trials = [
        ToyTrial(method, shape, options.seeds, options.settings)
        for method in options.methods
        for shape in dict.fromkeys(options.shapes or TOYS)
    ]
    for trial in trials:
        trial.recipe.check(1, 0)
    return trials


def load(where: Workspace, trials: Sequence[ToyTrial]) -> dict[str, ToyPoints]:
    """The points of every toy, the same for all seeds."""
    return {trial.shape: _points(trial.shape, where.device) for trial in trials}


def judge(trial: ToyTrial, points: Mapping[str, ToyPoints], where: Workspace) -> dict[str, Any]:
    """Fit a toy with every seed, and draw the first fit."""
    data = points[trial.shape]
    fits = [_fit(trial, data, seed, where) for seed in range(1, trial.seeds + 1)]
    first = fits[0]
    draw_toy(
        where.pictures,
        trial.shape,
        data.test.cpu().numpy(),
        (first.latents * first.end).cpu().numpy(),
        first.samples.cpu().numpy(),
        data.colour,
    )
    return {
        "dims": data.test.shape[1],
        "uniqueness": flows.smallest_correlation([fit.latents for fit in fits]),
        "fits": [fit.measures for fit in fits],
    }


def _fit(trial: ToyTrial, data: ToyPoints, seed: int, where: Workspace) -> ToyFit:
    """One fit, measured."""
    chosen, kept = trial.recipe, KEPT.get(trial.shape, data.test.shape[1])
    name = f"{trial.shape}, seed {seed}"
    with (
        computing(seed, where.threads),
        where.progress.stage(name, chosen.steps) as advance,
    ):
        start = time.monotonic()
        flow = flows.fit_flow(data.train, chosen, kept, where.device, advance)
        seconds = time.monotonic() - start
        with torch.no_grad():
            found, latents, made = _measured(flow, data, kept)
        end = flow.inflation.variance(flow.inflation.grid(1)[-1:])[0].sqrt()
    return ToyFit(found | {"seconds": seconds}, latents, made, end)


def _points(shape: str, device: torch.device) -> ToyPoints:
    """Training points, test points, and others to compare them with."""
    draws = [
        TOYS[shape](stream(0, f"{part} of {shape}"), count)
        for part, count in (("train", POINTS), ("test", HELD_OUT), ("other", HELD_OUT))
    ]
    axes = Axes.of(draws[0][0])
    train, test, other = (axes.along(points, device) for points, _ in draws)
    return ToyPoints(train, test, other, draws[1][1])


def _measured(
    flow: Flow, data: ToyPoints, kept: int
) -> tuple[dict[str, float], torch.Tensor, torch.Tensor]:
    """Measures of one fit, the latents of the test points, and samples."""
    latents = flow.encode(data.test)
    normals = torch.randn_like(latents)
    made = flow.decode(normals)
    count = _leading(flow.dims, kept)
    decoded = flow.decode(flows.leading(latents, count))
    found = (
        flows.ratios(flow, data.test, latents)
        | flows.round_trips(flow, data.test, flow.decode(latents), normals, made)
        | flows.normality(latents)
        | flows.samples(data.test, made, data.other)
        | flows.explained(data.test, decoded, count)
    )
    return found, latents, made


def _leading(dims: int, kept: int) -> int:
    """Number of latents from which data are decoded alone: fewer than all."""
    return min(kept, dims - 1)


def rows(same: Sequence[Result]) -> list[dict[str, Any]]:
    """One row: means over seeds."""
    (result,) = same
    method, shape, seeds, dims = (result[key] for key in ("method", "shape", "seeds", "dims"))
    chosen = ToyTrial(method, shape, seeds, result["settings"]).recipe
    kept = KEPT.get(shape, dims)
    row = {
        "inflation": chosen.inflation, "dims": dims, "kept": kept, "gap": chosen.gap,
        "seeds": seeds, "leading": _leading(dims, kept), "uniqueness": result["uniqueness"],
    }  # fmt: skip
    return [row | estimates(MEASURED, result["fits"], flows.FIXED)]


TOY_FLOWS = Study(
    suffix="",
    recipe=InflationaryFlow,
    methods=("inflationary-flow",),
    columns=COLUMNS,
    keys=("method", "shape"),
    plan=plan,
    load=load,
    judge=judge,
    rows=rows,
)
