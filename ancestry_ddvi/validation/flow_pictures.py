"""Pictures of flows: toys, latents and samples; images, round trips and samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .pictures import SIDE, save, sheet

SHOWN = 4000
"""Points of a toy in a picture."""


def draw_toy(
    folder: Path,
    name: str,
    data: np.ndarray,
    latents: np.ndarray,
    made: np.ndarray,
    colour: np.ndarray,
) -> None:
    """Write FOLDER/NAME.png: data, latents at the end of the flow, and samples; (n, dims) each.

    A point and its latents have the same colour.
    """
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    space = {"projection": "3d"} if data.shape[1] == 3 else {}
    panels: Any = figure.subplots(1, 3, subplot_kw=space)
    titles = "held-out data", "their latents", "samples"
    for axes, points, title in zip(panels, (data, latents, made), titles, strict=True):
        shade = {"color": "0.3"} if points is made else {"c": colour[:SHOWN], "cmap": "turbo"}
        axes.scatter(*points[:SHOWN].T, s=2, linewidths=0, rasterized=True, **shade)
        axes.set_title(title)
        axes.set_aspect("equal")
        if space:
            axes.view_init(elev=18, azim=-75)
            axes.set(xticklabels=[], yticklabels=[], zticklabels=[])
    save(figure, folder / f"{name}.png")


def draw_images(
    folder: Path,
    name: str,
    pixels: Callable[[Tensor], np.ndarray],
    shown: Mapping[str, Sequence[Tensor]],
    shape: tuple[int, ...],
) -> None:
    """Write FOLDER/NAME.images.png: a sheet of images for each title, interleaving its parts.

    Parameters
    ----------
    pixels : callable
        From components (n, dims) to pixels between 0 and 1, (n, features).
    shown : mapping of str to sequence of Tensor, each (n, dims)
    shape : tuple of int
        (channels, height, width) of an image.
    """
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(4.5 * len(shown), 4.7), layout="constrained")
    for axes, (title, parts) in zip(figure.subplots(1, len(shown)), shown.items(), strict=True):
        rows = torch.stack([part[: SIDE * SIDE // len(parts)] for part in parts], 1).flatten(0, 1)
        axes.imshow(sheet(pixels(rows), shape), cmap="gray", vmin=0, vmax=1)
        axes.set_title(title, fontsize=9)
        axes.set_axis_off()
    save(figure, folder / f"{name}.images.png")
