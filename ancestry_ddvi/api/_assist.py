"""Several processes that share one run, as torchrun starts them."""

from __future__ import annotations

import os


def assists() -> bool:
    """Do shares of the work of the first process until it has ended.

    Returns
    -------
    bool
        False in the first process, and where torchrun has not started this one.

    Raises
    ------
    OutOfResources
        If another process ends before.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return False
    from ..models.distributed import assist

    return assist()
