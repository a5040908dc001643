"""Arrays as text of the page: bytes in base64, which a browser reads faster than digits."""

from __future__ import annotations

import base64

import numpy as np


def packed(values: np.ndarray) -> dict[str, str]:
    """An array, row by row, as its bytes, the least significant first, and their type.

    Real numbers have 32 bits, which hold the six digits of the tables; codes have 8, 16 or 32.
    """
    kind = "f4" if values.dtype.kind == "f" else _of_codes(int(values.max(initial=0)))
    found = np.ascontiguousarray(values, dtype=f"<{kind}")
    return {"type": kind, "bytes": base64.b64encode(found.tobytes()).decode("ascii")}


def _of_codes(largest: int) -> str:
    """The smallest type that holds a code."""
    return f"u{np.min_scalar_type(largest).itemsize}"
