"""Shared by readers of images: file contents, and labels within their range."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import InputUnreadable

CLASSES = 10
"""Number of classes in either collection."""

FRESH = "Get a fresh copy of the file."

Rows = tuple[np.ndarray, np.ndarray]
"""Images, uint8 (n, channels, height, width), and class numbers, int64 (n,)."""


def content(path: Path) -> bytes:
    """All bytes of a file, uncompressed if its name ends in ``.gz``.

    Raises
    ------
    InputUnreadable
        If it cannot be read to its end.
    """
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise InputUnreadable(f"{path} cannot be read: {error}", FRESH) from error


def numbers(path: Path, labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """The labels of a file as int64, (n,).

    Raises
    ------
    InputUnreadable
        If one of them is not the number of a class.
    """
    wrong = [label for label in labels if not 0 <= label < CLASSES]
    if wrong:
        raise InputUnreadable(
            f"{path} has label {wrong[0]}, which is not within 0 to {CLASSES - 1}", FRESH
        )
    return np.array(labels, dtype=np.int64)
