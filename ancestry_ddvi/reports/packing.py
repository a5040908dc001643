"""Arrays as text of the page: bytes of numbers in base64, which browsers read at once."""

from __future__ import annotations

import base64

import numpy as np


def packed(values: np.ndarray) -> dict[str, str]:
    """An array, row by row, as its bytes, least significant first, with the name of their type.

    Real numbers are of 32 bits, which have the six digits of the tables; codes of 8, 16 or 32.
    """
    kind = (
        "f4"
        if values.dtype.kind == "f"
        else f"u{np.min_scalar_type(values.max(initial=0)).itemsize}"
    )
    found = np.ascontiguousarray(values, dtype=f"<{kind}")
    return {"type": kind, "bytes": base64.b64encode(found.tobytes()).decode("ascii")}
