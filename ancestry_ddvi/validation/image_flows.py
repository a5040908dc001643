"""MNIST and CIFAR-10: inflationary flows of the leading components of the pixels."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch

from ..data.images import Images, load_images
from ..errors import UsageProblem
from ..evaluation.mmd import mmd
from ..methods import recipe
from ..methods.inflationary_flow import InflationaryFlow
from ..methods.settings import with_settings
from ..models.inflation import participation_ratio
from ..seeding import stream
from . import flows
from .axes import Axes
from .flow_pictures import draw_images
from .study import Result, Study, StudyOptions, Workspace, estimates, steps

SETTINGS = flows.NOISE_FREE | {
    "width": "256", "depth": "4", "batch": "128", "learning_rate": "0.002", "gap": str(flows.GAP),
}  # fmt: skip
"""Settings for images where they differ from those for genotypes."""

KEPT = (0, 2, 16)
"""Numbers of directions kept, each a row of the table; 0 for all."""

SHARE, MAX_COMPONENTS = 0.95, 64
"""Components hold this share of the variance, and are at most so many."""

TEST_IMAGES = 5000
"""Number of test images, and of training images to compare them with."""

LEADING = 16
"""Latents from which images are decoded alone if all directions are kept."""

TOTAL = 50.0
"""Total variance to which components are scaled for the kernels of the MMD.

That of MNIST, with pixels between 0 and 1, is 53; colour images have more.
"""

IMAGES = ("explained_components", "pr_images")
PIXELS = ("mse", "mse_999", "mse_components")
MMD = ("mmd_squared", "mmd_squared_reference", "mmd_squared_normal")
MEASURED = (
    *IMAGES, *flows.RATIOS, *flows.ROUND_TRIPS, *PIXELS, *flows.NORMALITY, *flows.SAMPLES, *MMD,
    *flows.EXPLAINED, "seconds",
)  # fmt: skip
COLUMNS = (
    "method", "inflation", "components", "kept", "gap", "seeds", *IMAGES, *flows.RATIOS,
    *flows.ROUND_TRIPS, *PIXELS, *flows.NORMALITY, *flows.SAMPLES, *MMD, "leading",
    *flows.EXPLAINED, "seconds",
)  # fmt: skip


@dataclass(frozen=True)
class FlowTrial:
    """One fit: everything that its result depends on, apart from the data.

    Attributes
    ----------
    method : str
    kept : int
        Directions kept; 0 for all.
    seed : int
    epochs : float
    settings : mapping of str to str
        Settings of the method's recipe.
    """

    method: str
    kept: int
    seed: int
    epochs: float
    settings: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.method}.{f'kept-{self.kept}' if self.kept else 'all-kept'}.{self.seed}"

    def recipe(self, images: int) -> InflationaryFlow:
        """The recipe for a number of training images.

        Raises
        ------
        UsageProblem
            If a setting is unknown.
        """
        plain = recipe(self.method)
        assert isinstance(plain, InflationaryFlow)
        found = with_settings(plain, SETTINGS | dict(self.settings))
        gap = found.gap if self.kept else 0.0
        return replace(found, steps=steps(self.epochs, images, found.batch), gap=gap)


class ImageComponents(NamedTuple):
    """Images along their leading components, of pixels between 0 and 1.

    Attributes
    ----------
    axes : Axes
        Of the training images.
    train, test, other : Tensor, (n, dims)
        All training images; test images, and training images to compare these with.
    pixels : ndarray, (n, features)
        Of ``test``.
    shape : tuple of int
        (channels, height, width).
    """

    axes: Axes
    train: torch.Tensor
    test: torch.Tensor
    other: torch.Tensor
    pixels: np.ndarray
    shape: tuple[int, ...]


def plan(options: StudyOptions) -> list[FlowTrial]:
    """Every method with every number of directions kept; a flow has one prior, the normal.

    Raises
    ------
    UsageProblem
        If there are labels, or a setting is unknown.
    """
    if options.labels:
        raise UsageProblem(f"{options.methods[0]} does not use labels", "Leave out --labels.")
    trials = [
        FlowTrial(method, kept, seed, options.epochs, options.settings)
        for method in options.methods
        for kept in KEPT
        for seed in range(1, options.seeds + 1)
    ]
    for trial in trials:
        trial.recipe(1)
    return trials


def load(where: Workspace, trials: Sequence[FlowTrial]) -> ImageComponents:
    """The images along their principal components, for all trials."""
    images = load_images(where.collection, where.images)
    with where.progress.stage("components", None):
        return components(images, trials[0].recipe(1).components, where.device)


def components(images: Images, count: int, device: torch.device) -> ImageComponents:
    """Images along the leading principal components of the training images.

    ``count`` components, or with 0 as many as hold ``SHARE`` of the variance, at most
    ``MAX_COMPONENTS``.
    """
    train, test = (_pixels(x) for x in (images.train_x, images.test_x))
    axes = Axes.of(train, *((1.0, count) if count else (SHARE, MAX_COMPONENTS)))
    rng = stream(0, "images judged")
    judged = min(TEST_IMAGES, len(train), len(test))
    test = test[rng.permutation(len(test))[:judged]]
    other = train[rng.permutation(len(train))[:judged]]
    along = [axes.along(rows, device) for rows in (train, test, other)]
    return ImageComponents(axes, along[0], along[1], along[2], test, images.test_x.shape[1:])


def _pixels(levels: np.ndarray) -> np.ndarray:
    """Pixels between 0 and 1; (n, features)."""
    return levels.reshape(len(levels), -1).astype(np.float32) / 255


def judge(trial: FlowTrial, parts: ImageComponents, where: Workspace) -> dict[str, float]:
    """Fit one trial, draw it, and measure it on test images."""
    start = time.monotonic()
    chosen = trial.recipe(len(parts.train))
    kept = min(trial.kept or parts.axes.dims, parts.axes.dims)
    with where.progress.stage(trial.name, chosen.steps) as advance:
        flow = flows.fit_flow(parts.train, chosen, kept, where.device, advance)
    seconds = time.monotonic() - start
    count = min(trial.kept or LEADING, parts.axes.dims)
    with torch.no_grad():
        latents = flow.encode(parts.test)
        again, decoded = flow.decode(latents), flow.decode(flows.leading(latents, count))
        normals = torch.randn_like(latents)
        made = flow.decode(normals)
        found = (
            _of_images(parts)
            | flows.ratios(flow, parts.test, latents)
            | flows.round_trips(flow, parts.test, again, normals, made)
            | _in_pixels(parts, again)
            | flows.normality(latents)
            | flows.samples(parts.test, made, parts.other)
            | _discrepancies(parts, made)
            | flows.explained(parts.test, decoded, count)
        )
    shown = {
        "components of test images, each after its round trip": (
            parts.test,
            again,
        ),
        f"the same, decoded from {count} leading latents alone": (parts.test, decoded),
        "samples": (made,),
    }
    draw_images(where.pictures, trial.name, parts.axes.back, shown, parts.shape)
    return found | {"leading": count, "seconds": seconds}


def _of_images(parts: ImageComponents) -> dict[str, float]:
    """Variance explained by the components, and participation ratio of the training images."""
    lost = np.square(parts.pixels - parts.axes.back(parts.test)).sum()
    whole = np.square(parts.pixels - parts.axes.centre).sum()
    return {
        "components": parts.axes.dims,
        "explained_components": float(1 - lost / whole),
        "pr_images": float(participation_ratio(torch.tensor(parts.axes.variances))),
    }


def _in_pixels(parts: ImageComponents, again: torch.Tensor) -> dict[str, float]:
    """Mean squared errors of levels from 0 to 255: of round trips, and of the components."""
    shown = parts.axes.back(parts.test)
    each = 255**2 * np.square(parts.axes.back(again) - shown).mean(axis=1)
    return {
        "mse": float(each.mean()),
        "mse_999": float(np.quantile(each, 0.999)),
        "mse_components": float(255**2 * np.square(parts.pixels - shown).mean()),
    }


def _discrepancies(parts: ImageComponents, made: torch.Tensor) -> dict[str, float]:
    """Unbiased squared discrepancies from test images, as in ``flows.samples``."""
    unit = math.sqrt(TOTAL) / float(flows.total_sd(parts.train))
    normal = flows.normal_like(parts.other)
    real = unit * parts.test.cpu().numpy()
    return {
        name: mmd(unit * rows.cpu().numpy(), real)[1]
        for name, rows in zip(MMD, (made, parts.other, normal), strict=True)
    }


def rows(same: Sequence[Result]) -> list[dict[str, Any]]:
    """One row: means over seeds."""
    method, kept, dims = (same[0][key] for key in ("method", "kept", "components"))
    chosen = FlowTrial(method, kept, 1, 1.0, same[0]["settings"]).recipe(1)
    row = {
        "inflation": chosen.inflation, "gap": chosen.gap, "kept": min(kept or dims, dims),
        "components": dims, "leading": same[0]["leading"],
    }  # fmt: skip
    return [row | estimates(MEASURED, same, flows.FIXED)]


IMAGE_FLOWS = Study(
    suffix=".flows",
    recipe=InflationaryFlow,
    methods=(),
    columns=COLUMNS,
    keys=("method", "kept"),
    plan=plan,
    load=load,
    judge=judge,
    rows=rows,
)
