"""Importing the API loads no heavy package."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = "import sys, ancestry_ddvi.api; print(*sorted(set(sys.modules) & set({heavy!r})))"
HEAVY = ["torch", "scipy", "matplotlib", "pandas", "cyvcf2", "sklearn"]


def test_the_api_loads_nothing_heavy_until_it_is_used() -> None:
    run = subprocess.run(
        [sys.executable, "-c", CODE.format(heavy=HEAVY)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.split() == []


def test_one_sample_is_assigned_without_slow_imports(cohort_files, fitted_model, tmp_path) -> None:
    """They take longer to load than the sample to assign."""
    code = (
        "import sys, ancestry_ddvi as ad;"
        "ad.assign(sys.argv[1], [sys.argv[2]], sys.argv[3], device='cpu');"
        "print(*sorted({'scipy.stats', 'pandas', 'sklearn', 'rich'} & set(sys.modules)))"
    )
    arguments = [str(fitted_model.files["model"]), str(cohort_files.query), str(tmp_path / "x")]
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []


@pytest.mark.slow
def test_a_cohort_is_fitted_without_slow_imports(cohort_files, tmp_path) -> None:
    code = (
        "import sys, ancestry_ddvi as ad;"
        "ad.fit([sys.argv[1]], sys.argv[2], device='cpu', settings={'steps': '40'});"
        "print(*sorted({'scipy.stats', 'pandas', 'sklearn', 'rich'} & set(sys.modules)))"
    )
    arguments = [str(cohort_files.cohort), str(tmp_path / "x")]
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []


@pytest.mark.parametrize("name", ["fit", "embed", "sample", "ingest"])
def test_the_commands_of_the_api_are_those_of_the_package(name: str) -> None:
    import ancestry_ddvi
    from ancestry_ddvi import api

    assert getattr(ancestry_ddvi, name) is getattr(api, name)
