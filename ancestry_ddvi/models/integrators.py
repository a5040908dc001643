"""Integrators of ordinary differential equations: steps through given times, either way."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from torch import Tensor

Field = Callable[[Tensor, Tensor], Tensor]
"""Velocity at points (n, dims) and one time ()."""


def heun(field: Field, x: Tensor, times: Tensor) -> Tensor:
    """Second-order steps (Heun) through ``times``; two calls each."""
    for now, then in itertools.pairwise(times):
        step = then - now
        first = field(x, now)
        x = x + 0.5 * step * (first + field(x + step * first, then))
    return x


def rk4(field: Field, x: Tensor, times: Tensor) -> Tensor:
    """Fourth-order steps (Runge & Kutta) through ``times``; four calls each."""
    for now, then in itertools.pairwise(times):
        step, middle = then - now, 0.5 * (now + then)
        a = field(x, now)
        b = field(x + 0.5 * step * a, middle)
        c = field(x + 0.5 * step * b, middle)
        d = field(x + step * c, then)
        x = x + step / 6 * (a + 2 * b + 2 * c + d)
    return x


INTEGRATORS = {"heun": heun, "rk4": rk4}
