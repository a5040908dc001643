"""A run of torchrun: the first process asks for sums and parts, and prints them."""

from __future__ import annotations

import json
import os
import signal
import sys

import numpy as np

from ancestry_ddvi.crew import crew
from ancestry_ddvi.models.distributed import assist, processes


def some(share: int, shares: int) -> tuple[np.ndarray, ...]:
    """Sum of squares of every so many of the numbers below 100, their number, and the share."""
    numbers = np.arange(100.0)[share::shares]
    return np.array([(numbers**2).sum()]), np.array([[len(numbers)]]), np.array([share])


def fatal(share: int, shares: int) -> tuple[np.ndarray, ...]:
    """Ends the last process as the system does that has no memory left."""
    if share == shares - 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return some(share, shares)


def main() -> None:
    """Run the tasks whose names are given."""
    if assist():
        return
    with processes():
        for name in sys.argv[1:]:
            total = crew().sums({"some": some, "fatal": fatal}[name])
            parts = crew().each(some)
            found = [[float(a.sum()) for a in arrays] for arrays in (total, *parts)]
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
