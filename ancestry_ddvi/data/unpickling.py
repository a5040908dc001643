"""Pickled arrays of bytes, read without running any code of the pickle."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np


def read_pickle(content: bytes) -> Any:
    """The content of a pickle of uint8 arrays, containers, text, bytes and numbers.

    A pickle may call any function that it names. Here it can name three functions of NumPy, which
    are replaced by stand-ins of this module.

    Raises
    ------
    pickle.UnpicklingError
        If it names anything else, or is damaged.
    """
    try:
        return _without_stand_ins(_Reader(io.BytesIO(content), encoding="bytes").load())
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a damaged pickle can fail in any way
        raise pickle.UnpicklingError(f"damaged pickle: {error}") from error


class _Kind:
    """Stand-in for ``numpy.dtype``."""

    def __init__(self, code: str | bytes, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: object) -> None:
        """The order of bytes, of which a uint8 has one."""


class _Array:
    """Stand-in for an array under construction."""

    value: np.ndarray

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: tuple[object, tuple[int, ...], _Kind, bool, bytes]) -> None:
        _, shape, kind, columns_first, content = state
        if kind.code not in ("u1", b"u1"):
            raise pickle.UnpicklingError("an array of something else than uint8")
        flat = np.frombuffer(content, dtype=np.uint8)
        self.value = flat.reshape(shape, order="F" if columns_first else "C")


_KNOWN = {
    ("numpy", "dtype"): _Kind,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def _without_stand_ins(value: object) -> Any:
    """The value with stand-ins, alone or in dictionaries, replaced by their arrays."""
    if isinstance(value, dict):
        return {key: _without_stand_ins(each) for key, each in value.items()}
    return value.value if isinstance(value, _Array) else value
