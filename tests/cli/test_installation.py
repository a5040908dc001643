"""The wheel: one top-level name, and all modules and data files."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is in the wheel, built from a copy so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("build")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "ancestry_ddvi", "cli"):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    (folder / "man/man1").mkdir(parents=True)
    (folder / "man/man1/ddvi-ancestry.1").touch()
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "-q"],
        cwd=folder,
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_the_wheel_owns_one_name_beside_its_man_pages(names):
    tops = {name.partition("/")[::2] for name in names if ".dist-info/" not in name}
    apart = {rest for top, rest in tops if top != "ancestry_ddvi"}
    assert apart == {"data/share/man/man1/ddvi-ancestry.1"}


def test_every_module_and_data_file_is_in_the_wheel(names):
    own = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "ancestry_ddvi").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    ]
    commands = [f"ancestry_ddvi/cli/{path.name}" for path in (ROOT / "cli").glob("*.py")]
    assert sorted({*own, *commands} - set(names)) == []
