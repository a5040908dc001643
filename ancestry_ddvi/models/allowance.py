"""A limit on the sizes of networks: settings read from a file cannot exhaust the memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_CREATORS = (torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn)
"""What layers and parameters are made by; the first argument or all of them are the shape."""


class TooLarge(ValueError):
    """Networks would have more parameters than were allowed."""


class Allowance(TorchFunctionMode):
    """Inside the block, no more numbers are allocated for parameters than are allowed.

    Parameters
    ----------
    numbers : int

    Raises
    ------
    TooLarge
        Before the allocation that exceeds the limit.
    """

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.left = numbers

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch, after its shape is subtracted if it allocates."""
        if func in _CREATORS and args:
            shape = args[0] if isinstance(args[0], Sequence) else args
            self.left -= math.prod(size for size in shape if isinstance(size, int))
            if self.left < 0:
                raise TooLarge
        return func(*args, **(kwargs or {}))
