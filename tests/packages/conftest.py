"""What these tests share: the files of the repository, and tools that may be absent."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def project() -> dict[str, Any]:
    """The table ``project`` of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def tool() -> Callable[..., str]:
    """Runs a tool in the repository and returns what it prints; skips where it is absent."""

    def run(name: str, *words: str) -> str:
        if not shutil.which(name):
            pytest.skip(f"needs {name}: make test-packages")
        done = subprocess.run([name, *words], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run
