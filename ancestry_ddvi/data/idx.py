"""MNIST, and other collections in four idx files of the same names."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from ..errors import InputUnreadable
from .reading import FRESH, Rows, content, numbers


def read_mnist(folder: Path) -> tuple[Rows, Rows]:
    """Training images and test images.

    Raises
    ------
    InputUnreadable
        If a file is missing, damaged or of another format, or two of them do not agree.
    """
    train, test = read_part(folder, "train"), read_part(folder, "t10k")
    seen, asked = train[0].shape[2:], test[0].shape[2:]
    if seen != asked:
        raise InputUnreadable(
            f"{folder} has training images of {seen} pixels and test images of {asked}",
            "Keep each collection of images in a folder of its own.",
        )
    return train, test


def read_part(folder: Path, part: str) -> Rows:
    """Images and labels of ``train`` or ``t10k``.

    Raises
    ------
    InputUnreadable
    """
    images_path = find(folder, f"{part}-images-idx3-ubyte")
    labels_path = find(folder, f"{part}-labels-idx1-ubyte")
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise InputUnreadable(
            f"{labels_path} has {len(labels)} labels, and {images_path} {len(images)} images",
            "Get both files from the same source.",
        )
    return images[:, None], numbers(labels_path, labels)


def find(folder: Path, name: str) -> Path:
    """The file, under either spelling of its name, compressed or not.

    Raises
    ------
    InputUnreadable
        If there is none.
    """
    for stem in (name, name.replace("-idx", ".idx")):
        for path in (folder / stem, folder / f"{stem}.gz"):
            if path.is_file():
                return path
    raise InputUnreadable(
        f"{folder} has no {name}, compressed or not", "Give the folder that has the idx files."
    )


def read_idx(path: Path, axes: int) -> np.ndarray:
    """An array of bytes from an idx file: two zeros, kind 8, axes, lengths, contents.

    Raises
    ------
    InputUnreadable
        If the file is not an idx file, is empty, or has another length than its header says.
    """
    raw = content(path)
    header = 4 + 4 * axes
    if raw[:4] != bytes([0, 0, 8, axes]) or len(raw) < header:
        raise InputUnreadable(f"{path} is not an idx file of bytes with {axes} axes", FRESH)
    shape = tuple(int(length) for length in np.frombuffer(raw[4:header], ">u4"))
    announced, there = math.prod(shape), len(raw) - header
    if announced != there:
        raise InputUnreadable(f"{path} has {there:,} bytes where it announces {announced:,}", FRESH)
    if there == 0:
        raise InputUnreadable(f"{path} is empty", FRESH)
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)
