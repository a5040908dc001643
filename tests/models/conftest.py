"""Exact answers that the tests of models are compared with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

# importlib mode leaves this folder off the path, where the tests' own helpers are.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def float64() -> Iterator[None]:
    """Modules made in the test compute in float64, constants of the chain included."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(11)
        yield
