"""Pictures of a fit to images: latents beside the prior, samples, reconstructions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from ..data.images import ImageData, Images
from ..models.latent import LatentModel
from ..storage import whole

SIDE = 10
"""Images along each side of a sheet."""


def draw(
    folder: Path, name: str, model: LatentModel, test: ImageData, images: Images, z: np.ndarray
) -> None:
    """Write FOLDER/NAME.latents.png and FOLDER/NAME.images.png."""
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    prior = model.prior.sample(len(z)).cpu().numpy()
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    left.scatter(*z.T, c=images.test_label, s=1, cmap="tab10", rasterized=True)
    left.set_title("test images, coloured by class")
    right.scatter(*prior.T, c="0.4", s=1, rasterized=True)
    right.set_title("prior")
    save(figure, folder / f"{name}.latents.png")

    shape = images.test_x.shape[1:]
    batch = test.batch(slice(0, SIDE * SIDE // 2))
    noise = torch.randn(len(batch), *model.noise_shape, device=batch.x.device)
    again = model.likelihood(model.encode(batch, noise).z)
    pairs = torch.stack([batch.x, again], 1).flatten(0, 1)
    figure = Figure(figsize=(9, 4.7), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.imshow(sheet(pairs.cpu().numpy(), shape), cmap="gray", vmin=0, vmax=1)
    left.set_title("test images, each with its reconstruction")
    made = model.likelihood(model.prior.sample(SIDE * SIDE))
    right.imshow(sheet(made.cpu().numpy(), shape), cmap="gray")
    right.set_title("decoded from the prior")
    for axes in (left, right):
        axes.set_axis_off()
    save(figure, folder / f"{name}.images.png")


def draw_classes(
    folder: Path, name: str, made: Mapping[str, Sequence[np.ndarray]], images: Images
) -> None:
    """Write FOLDER/NAME.png: rows are samplers, columns classes, with six images of each.

    Parameters
    ----------
    made : mapping of str to sequence of ndarray, (6, features)
        By sampler, images of every class.
    """
    from matplotlib.figure import Figure

    height, width = images.test_x.shape[2:]
    gap = width // 4
    rows = []
    for samples in made.values():
        cells = [
            cell.reshape(2, 3, height, width).transpose(0, 2, 1, 3).reshape(2 * height, -1)
            for cell in samples
        ]
        rows.append(np.hstack([np.pad(cell, (0, gap)) for cell in cells]))
    across, down = 3 * width + gap, 2 * height + gap
    figure = Figure(figsize=(12, 12 * len(rows) * down / (len(images.classes) * across) + 0.4))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    axes.imshow(np.vstack(rows), cmap="gray", vmin=0, vmax=1)
    axes.set_yticks([(i + 0.5) * down - gap / 2 for i in range(len(rows))], list(made))
    middles = [(i + 0.5) * across - gap / 2 for i in range(len(images.classes))]
    axes.set_xticks(middles, images.classes)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    save(figure, folder / f"{name}.png")


def sheet(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Images in rows of ``SIDE``; (height, width) or (height, width, 3)."""
    channels, height, width = shape
    grid = pixels.clip(0, 1).reshape(SIDE, SIDE, channels, height, width)
    laid = grid.transpose(0, 3, 1, 4, 2).reshape(SIDE * height, SIDE * width, channels)
    return laid[..., 0] if channels == 1 else laid


def save(figure: object, path: Path) -> None:
    """Write a figure; an interrupted write leaves no file."""
    with whole(path) as beside:
        figure.savefig(beside, format="png", dpi=110)  # type: ignore[attr-defined]
