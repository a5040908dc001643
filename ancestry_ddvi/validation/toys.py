"""Inflationary flows of toys: dimensions kept and reduced, round trips, and a map that is one."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ..data.toys import TOYS
from ..errors import UsageProblem
from ..evaluation.tables import Table
from ..methods import recipe
from ..methods.inflationary_flow import InflationaryFlow
from ..methods.settings import with_settings
from ..models.flow import Flow
from ..models.runtime import computing
from ..progress import Progress
from ..seeding import stream
from . import flows
from .axes import Axes
from .flow_pictures import draw_toy

log = logging.getLogger(__name__)

POINTS, HELD_OUT = 20_000, 5_000
SETTINGS = flows.EXACT | {
    "steps": "4000", "batch": "512", "learning_rate": "0.004", "flow_steps": "20",
    "gap": str(flows.GAP),
}  # fmt: skip

KEPT = {"s-curve-3d": 2, "swiss-roll-3d": 2}
"""Toys that are reduced, and to how many directions; the others stay as they are."""

MEASURED = (
    *flows.RATIOS, *flows.TRIPS, *flows.NORMALITY, *flows.SAMPLES, *flows.EXPLAINED, "seconds",
)  # fmt: skip
COLUMNS = (
    "shape", "inflation", "dims", "kept", "gap", "seeds", *flows.RATIOS, *flows.TRIPS,
    *flows.NORMALITY, "uniqueness", *flows.SAMPLES, "leading", *flows.EXPLAINED, "seconds",
)  # fmt: skip


class Cloud(NamedTuple):
    """Points of a toy along the axes of those to train on.

    Attributes
    ----------
    train, test, other : Tensor, (n, dims)
        ``other`` are held out too, to compare ``test`` with.
    colour : ndarray, (n,)
        Of ``test``.
    """

    train: torch.Tensor
    test: torch.Tensor
    other: torch.Tensor
    colour: np.ndarray


def run(
    shapes: Sequence[str],
    out: Path,
    *,
    seeds: int,
    settings: Mapping[str, str],
    device: torch.device,
    threads: int | None,
    progress: Progress,
) -> Table:
    """Fit every toy with every seed; a row for each toy, and a picture of its first fit.

    Points are the same for all seeds, which start and train the network alone.

    Raises
    ------
    UsageProblem
        If there is no such toy or setting.
    """
    for shape in shapes:
        if shape not in TOYS:
            raise UsageProblem(f"there is no toy '{shape}'", f"Choose from {', '.join(TOYS)}.")
    plain = recipe("inflationary-flow")
    assert isinstance(plain, InflationaryFlow)
    chosen = with_settings(plain, SETTINGS | dict(settings))
    rows = []
    for shape in dict.fromkeys(shapes):
        cloud = _cloud(shape, device)
        kept = KEPT.get(shape, cloud.test.shape[1])
        ours = chosen if shape in KEPT else replace(chosen, gap=0.0)
        results, latents = [], []
        for seed in range(1, seeds + 1):
            name = f"{shape}, seed {seed}"
            log.info("%s", name)
            with computing(seed, threads), progress.stage(name, ours.steps) as advance:
                start = time.monotonic()
                flow = flows.fitted(cloud.train, ours, kept, device, advance)
                seconds = time.monotonic() - start
                with torch.no_grad():
                    found, z, made = _measured(flow, cloud, kept)
            results.append(found | {"seconds": seconds})
            latents.append(z)
            if seed == 1:
                end = flow.inflation.variance(flow.inflation.grid(1)[-1:])[0].sqrt()
                ends = (z * end).cpu().numpy()
                draw_toy(
                    out / "pictures",
                    shape,
                    cloud.test.cpu().numpy(),
                    ends,
                    made.cpu().numpy(),
                    cloud.colour,
                )
        rows.append(_row(shape, ours, cloud.test.shape[1], kept, results, latents))
    return Table(COLUMNS, rows)


def _cloud(shape: str, device: torch.device) -> Cloud:
    """Points to train on, and two lots of others."""
    draws = [
        TOYS[shape](stream(0, f"{part} of {shape}"), count)
        for part, count in (("train", POINTS), ("test", HELD_OUT), ("other", HELD_OUT))
    ]
    axes = Axes.of(draws[0][0])
    train, test, other = (axes.along(points, device) for points, _ in draws)
    return Cloud(train, test, other, draws[1][1])


def _measured(
    flow: Flow, cloud: Cloud, kept: int
) -> tuple[dict[str, float], torch.Tensor, torch.Tensor]:
    """Measures of one fit, the latents of the test points, and samples."""
    latents = flow.encode(cloud.test)
    normals = torch.randn_like(latents)
    made = flow.decode(normals)
    count = _leading(flow.dims, kept)
    told = flow.decode(flows.leading(latents, count))
    found = (
        flows.ratios(flow, cloud.test, latents)
        | flows.trips(flow, cloud.test, flow.decode(latents), normals, made)
        | flows.normality(latents)
        | flows.samples(cloud.test, made, cloud.other)
        | flows.explained(cloud.test, told, count)
    )
    return found, latents, made


def _leading(dims: int, kept: int) -> int:
    """From how many latents data are told again: one less than all where all are kept."""
    return min(kept, dims - 1)


def _row(
    shape: str,
    chosen: InflationaryFlow,
    dims: int,
    kept: int,
    results: Sequence[Mapping[str, float]],
    latents: list[torch.Tensor],
) -> dict[str, Any]:
    row = {
        "shape": shape, "inflation": chosen.inflation, "dims": dims, "kept": kept,
        "gap": chosen.gap, "seeds": len(results), "leading": _leading(dims, kept),
        "uniqueness": flows.smallest_correlation(latents),
    }  # fmt: skip
    return row | flows.over_seeds(MEASURED, results)
