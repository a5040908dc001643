"""CIFAR-10, in its binary or its pickled layout."""

from __future__ import annotations

import math
from pathlib import Path
from pickle import UnpicklingError

import numpy as np

from ..errors import InputUnreadable
from .reading import FRESH, Rows, content, numbers
from .unpickling import read_pickle

SHAPE = (3, 32, 32)
PIXELS = math.prod(SHAPE)

INNER = ("", "cifar-10-batches-bin", "cifar-10-batches-py")
"""Subfolders that may have the files: the folder itself, or those of the archives."""


def read_cifar(folder: Path) -> tuple[Rows, Rows]:
    """Training images and test images.

    A batch may have any number of images, and there may be one or several training batches, so
    that subsets of CIFAR-10 can be read.

    Raises
    ------
    InputUnreadable
        If files are missing or damaged.
    """
    for inner in (folder / name for name in INNER):
        for suffix, read in ((".bin", read_binary), ("", read_pickled)):
            batches = sorted(inner.glob(f"data_batch_[0-9]{suffix}"))
            test = inner / f"test_batch{suffix}"
            if batches and test.is_file():
                images, labels = zip(*map(read, batches), strict=True)
                return (np.concatenate(images), np.concatenate(labels)), read(test)
    raise InputUnreadable(
        f"{folder} has no data_batch_1.bin with a test_batch.bin, nor the pickled ones",
        "Name the folder to which a CIFAR-10 archive was unpacked.",
    )


def read_binary(path: Path) -> Rows:
    """One file of records: a byte for the label, then the image.

    Raises
    ------
    InputUnreadable
    """
    raw = np.frombuffer(content(path), np.uint8)
    if len(raw) == 0 or len(raw) % (1 + PIXELS):
        raise InputUnreadable(
            f"{path} has {len(raw):,} bytes, which are not whole records of {1 + PIXELS:,}", FRESH
        )
    records = raw.reshape(-1, 1 + PIXELS)
    return records[:, 1:].reshape(-1, *SHAPE), numbers(path, records[:, 0])


def read_pickled(path: Path) -> Rows:
    """One file of the Python version: a dictionary with ``data`` and ``labels``.

    Raises
    ------
    InputUnreadable
    """
    try:
        batch = read_pickle(content(path))
    except UnpicklingError as error:
        raise InputUnreadable(
            f"{path} is not a pickled batch of images: {error}",
            "Get a fresh copy, or the binary version.",
        ) from error
    images, labels = _entry(batch, "data"), _entry(batch, "labels")
    if not (
        isinstance(images, np.ndarray)
        and isinstance(labels, list)
        and all(type(label) is int for label in labels)
        and images.shape == (len(labels), PIXELS)
        and labels
    ):
        raise InputUnreadable(f"{path} has no rows of {PIXELS:,} bytes, each with a label", FRESH)
    return images.reshape(-1, *SHAPE), numbers(path, labels)


def _entry(batch: object, name: str) -> object:
    """An entry of a dictionary with text keys or, from Python 2, bytes."""
    if not isinstance(batch, dict):
        return None
    return batch.get(name, batch.get(name.encode()))
