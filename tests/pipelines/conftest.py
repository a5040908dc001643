"""How the tests of this folder run Snakemake."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Start Snakemake in a folder, with the commands of this environment, in a session of its own.

    Its messages are the standard output of the process.
    """
    scripts = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PATH": scripts + os.pathsep + os.environ["PATH"],
        "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
    }

    def start(folder: Path, snakefile: Path, *options: str, **variables: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(snakefile)]
        return subprocess.Popen(
            [*command, "--cores", "2", *options],
            cwd=folder,
            env=environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return start


@pytest.fixture(scope="session")
def snakemake(started: Run) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Snakemake in a folder until it has ended."""

    def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        process = started(*arguments, **variables)
        shown, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, shown)

    return run
