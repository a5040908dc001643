"""Completion in the shells themselves, with the script that the program prints for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ASK = {
    "bash": """
        eval "$(_DDVI_ANCESTRY_COMPLETE=bash_source ddvi-ancestry)"
        compopt() { :; }
        COMP_WORDS=(ddvi-ancestry assign k) COMP_CWORD=2
        _ddvi_ancestry_completion ddvi-ancestry k assign
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "zsh": """
        autoload -Uz compinit && compinit -D -u
        eval "$(_DDVI_ANCESTRY_COMPLETE=zsh_source ddvi-ancestry)"
        compadd() { printf '%s\\n' $completions $completions_with_descriptions; }
        _describe() { compadd; }
        words=(ddvi-ancestry assign k) CURRENT=3
        _ddvi_ancestry_completion
    """,
    "fish": """
        _DDVI_ANCESTRY_COMPLETE=fish_source ddvi-ancestry | source
        complete --do-complete 'ddvi-ancestry assign k'
    """,
}
"""Programs that ask a shell for what may follow ``ddvi-ancestry assign k``."""


@pytest.mark.parametrize("shell", ASK)
def test_a_shell_completes_the_name_of_a_reference_model(shell, tmp_path):
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "HOME": str(tmp_path)}
    done = subprocess.run(
        [shell, "-c", ASK[shell]], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == ["kgp"], done.stderr
