"""Images with their classes, as training data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UsageProblem
from ..models.batch import Batch
from ..models.images import ColourPixels, GreyPixels
from ..seeding import stream
from .cifar import read_cifar
from .dataset import Dataset
from .idx import read_mnist

CLASSES = {
    "mnist": tuple("0123456789"),
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
}
"""Names of the classes of every collection that can be read."""

READERS = {"mnist": read_mnist, "cifar10": read_cifar}

UNKNOWN = -1
"""Number of an unknown class."""

SHIFT = 2
"""Largest shift of images of known class during training, in pixels."""


@dataclass(frozen=True)
class Images:
    """A collection of images, divided into training and test images.

    Attributes
    ----------
    train_x, test_x : ndarray of uint8, (n, channels, height, width)
    train_label, test_label : ndarray of int64, (n,)
        Positions in ``classes``.
    classes : tuple of str
    """

    train_x: np.ndarray
    train_label: np.ndarray
    test_x: np.ndarray
    test_label: np.ndarray
    classes: tuple[str, ...]


def load_images(name: str, folder: Path) -> Images:
    """Read ``mnist`` or ``cifar10`` from the files in a folder.

    Raises
    ------
    UsageProblem
        If there is no collection of this name.
    InputUnreadable
        If files are missing, damaged, or do not agree.
    """
    if name not in READERS:
        raise UsageProblem(f"no images are called {name}", f"Use {' or '.join(READERS)}.")
    train, test = READERS[name](folder)
    return Images(*train, *test, CLASSES[name])


def withhold(
    labels: np.ndarray, seed: int, *, keep: int | None = None, per_class: int | None = None
) -> np.ndarray:
    """A copy of the labels in which all but a few are unknown.

    With the same seed, the labels kept are a subset of those kept with a larger number.

    Parameters
    ----------
    labels : ndarray of int64, (n,)
    seed : int
    keep : int, optional
        How many to keep in all, as many of each class as possible.
    per_class : int, optional
        How many to keep of every class. Give this or ``keep``.

    Returns
    -------
    ndarray of int64, (n,)
        ``UNKNOWN`` where a label is withheld.

    Raises
    ------
    UsageProblem
        If there are not so many labels, or not one of the two numbers is given.
    """
    order = stream(seed, "withheld labels").permutation(len(labels))
    order = order[labels[order] != UNKNOWN]
    turn = _turns(labels[order])
    if keep is not None and per_class is None:
        _check_enough(keep, len(order), "that are known")
        chosen = order[np.argsort(turn, kind="stable")[:keep]]
    elif per_class is not None and keep is None:
        fewest = np.unique(labels[order], return_counts=True)[1].min(initial=len(order))
        _check_enough(per_class, int(fewest), "in the smallest class")
        chosen = order[turn < per_class]
    else:
        raise UsageProblem("labels to keep are counted in two ways or in none", "Give one number.")
    kept = np.full_like(labels, UNKNOWN)
    kept[chosen] = labels[chosen]
    return kept


def _turns(labels: np.ndarray) -> np.ndarray:
    """Number of earlier labels of the same class, for each label; (n,)."""
    turn = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        turn[members] = np.arange(len(members))
    return turn


def _check_enough(wanted: int, there: int, of_what: str) -> None:
    """Check that there are enough labels to keep.

    Raises
    ------
    UsageProblem
    """
    if not 0 <= wanted <= there:
        raise UsageProblem(f"{wanted} labels cannot be kept of {there} {of_what}", "Keep fewer.")


class ImageData(Dataset):
    """Images on a device, served in batches of pixels between 0 and 1; (n, features).

    Images of one channel are binarised, each pixel with the probability given by its grey level
    (Salakhutdinov & Murray 2008): again for each minibatch in training (Burda et al. 2016), and
    once, independently of the seed, for evaluation. Pixels of colours are divided by 255.

    Parameters
    ----------
    pixels : ndarray of uint8, (n, channels, height, width)
        One channel or three.
    device : torch.device
    labels : ndarray of int64, (n,), optional
        Number of each image's class; ``UNKNOWN`` where it is not known.
    """

    def __init__(
        self, pixels: np.ndarray, device: torch.device, labels: np.ndarray | None = None
    ) -> None:
        channels, self._height, self._width = pixels.shape[1:]
        flat = pixels.reshape(len(pixels), -1)
        self._binary = channels == 1
        self._levels = torch.tensor(flat, device=device)
        self._fixed = (
            torch.tensor(_binarised(flat), device=device) if self._binary else self._levels
        )
        self.label = None if labels is None else torch.tensor(labels, device=device)
        self._known = None if self.label is None else (self.label != UNKNOWN).nonzero()[:, 0]

    def __len__(self) -> int:
        return len(self._levels)

    @property
    def modality(self) -> GreyPixels | ColourPixels:
        """Binary or colour images."""
        kind = GreyPixels if self._binary else ColourPixels
        return kind(self._height, self._width)

    def batch(self, rows: Tensor | slice = slice(None)) -> Batch:
        """The images ``rows``, binarised as for evaluation."""
        label = None if self.label is None else self.label[rows]
        return Batch(_unit(self._fixed[rows]), label=label)

    def minibatch(self, size: int) -> Batch:
        """Images drawn at random, binarised at random.

        If some classes are known, a quarter of the images is drawn from those of known class, to
        balance the batch, and shifted by up to ``SHIFT`` pixels, to augment the few.
        """
        rows = torch.randint(len(self), (size,), device=self._levels.device)
        few = 0
        if self._known is not None and len(self._known) < len(self):
            few = size // 4
            rows[:few] = self._known[torch.randint(len(self._known), (few,), device=rows.device)]
        levels = self._levels[rows]
        if few:
            levels[:few] = _moved(levels[:few], self._height, self._width)
        x = _unit(levels)
        if self._binary:
            x = (torch.rand_like(x) < x).to(x.dtype)
        return Batch(x, label=None if self.label is None else self.label[rows])


def _moved(levels: Tensor, height: int, width: int) -> Tensor:
    """Images shifted at random by whole pixels along both axes, padded with black."""
    images = levels.view(len(levels), -1, height, width)
    padded = nn.functional.pad(images, [SHIFT] * 4)
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)
    down, right = torch.randint(2 * SHIFT + 1, (2, len(levels)), device=levels.device)
    rows = torch.arange(len(levels), device=levels.device)
    return windows[rows, :, down, right].flatten(1)


def _unit(levels: Tensor) -> Tensor:
    """Levels scaled to 0 .. 1."""
    return levels.float() / 255


def _binarised(levels: np.ndarray) -> np.ndarray:
    """Pixels of 0 or 255, white with the probability given by the level; the same for every seed.

    A row does not depend on later rows, so that the first images of a collection are the same
    whatever the number of images.
    """
    draws = stream(0, "black or white").integers(0, 255, levels.shape, dtype=np.uint8)
    return np.where(draws < levels, np.uint8(255), np.uint8(0))
