"""Pictures of a fit to images: latents beside the prior, samples, reconstructions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ..data.images import ImageData, Images
from ..models.latent import LatentModel
from ..storage import whole

SIDE = 10
"""Images along each side of a sheet."""


def draw(
    folder: Path, name: str, model: LatentModel, test: ImageData, images: Images, places: np.ndarray
) -> None:
    """Write FOLDER/NAME.latents.png and FOLDER/NAME.images.png."""
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    prior = model.prior.sample(len(places)).cpu().numpy()
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    left.scatter(*places.T, c=images.test_label, s=1, cmap="tab10", rasterized=True)
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


def sheet(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Images in rows of ``SIDE``; (height, width) or (height, width, 3)."""
    channels, height, width = shape
    grid = pixels.clip(0, 1).reshape(SIDE, SIDE, channels, height, width)
    laid = grid.transpose(0, 3, 1, 4, 2).reshape(SIDE * height, SIDE * width, channels)
    return laid[..., 0] if channels == 1 else laid


def save(figure: object, path: Path) -> None:
    """Write a figure, whole or not at all."""
    with whole(path) as beside:
        figure.savefig(beside, format="png", dpi=110)  # type: ignore[attr-defined]
