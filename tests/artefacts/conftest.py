"""Fixtures of the tests of files."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@contextmanager
def _small_disk() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk() -> Callable[[], AbstractContextManager[None]]:
    """No file may grow beyond 2,000 bytes inside the block.

    A block and not the whole test, whose progress pytest may be writing to a long file itself.
    """
    return _small_disk
