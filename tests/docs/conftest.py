"""How the code of a page is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INTERPRETERS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


@pytest.fixture(scope="session")
def code_of() -> Callable[[str], list[str]]:
    """The blocks of a page that are marked ``bash`` or ``python``, in order."""
    return lambda page: [code for _, code in _blocks(page)]


@pytest.fixture(scope="session")
def run() -> Callable[[str, Path], list[str]]:
    """Runs the blocks of a page in a folder beside the example data: the output of each."""
    return _run


def _blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def _run(page: str, folder: Path) -> list[str]:
    """The output of each block of a page, stdout and stderr, in order."""
    (folder / "example_data").symlink_to(ROOT / "example_data")
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": scripts + os.pathsep + os.environ["PATH"]}
    outputs = []
    for language, code in _blocks(page):
        done = subprocess.run(
            [*INTERPRETERS[language], code],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}"
        assert "Traceback" not in done.stdout
        outputs.append(done.stdout)
    return outputs
