"""Arrays as text of the page: bytes in base64, which a browser reads faster than digits."""

from __future__ import annotations

import base64

import numpy as np

MAX_WHOLE = 2**24
"""Up to here a real number of 32 bits holds every whole number."""


def packed(values: np.ndarray) -> dict[str, str]:
    """An array, row by row, as its bytes, the least significant first, and their type.

    Real numbers have 32 bits, which hold the six digits of the tables, or 64 where one is a larger
    whole number, such as a date or an identifier; codes have 8, 16 or 32.
    """
    is_real = values.dtype.kind == "f"
    kind = _of_numbers(values) if is_real else _of_codes(int(values.max(initial=0)))
    found = np.ascontiguousarray(values, dtype=f"<{kind}")
    return {"type": kind, "bytes": base64.b64encode(found.tobytes()).decode("ascii")}


def _of_numbers(values: np.ndarray) -> str:
    """The smallest type that holds whole numbers as they are."""
    large = np.abs(values) > MAX_WHOLE
    return "f8" if (large & (values == np.rint(values))).any() else "f4"


def _of_codes(largest: int) -> str:
    """The smallest type that holds a code."""
    return f"u{np.min_scalar_type(largest).itemsize}"
