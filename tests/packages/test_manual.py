"""Every command has a man page, with all its options, which groff renders without a warning."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def main() -> click.Group:
    (script,) = entry_points(group="console_scripts", name="ddvi-ancestry")
    return script.load()


@pytest.fixture(scope="module")
def manual(tmp_path_factory) -> dict[str, str]:
    """Names of pages and their sources."""
    folder = tmp_path_factory.mktemp("man") / "man1"
    runpy.run_path(str(ROOT / "packaging/make_man.py"))["main"](str(folder))
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.1")}


def test_every_command_has_a_page_with_all_its_options(main, manual):
    for name, command in main.commands.items():
        page = manual[f"ddvi-ancestry-{name}"]
        for option in (one for one in command.params if isinstance(one, click.Option)):
            assert option.opts[-1].replace("-", r"\-") in page
        assert command.help.split("\n")[0].removesuffix(".").replace("-", r"\-") in page
        assert rf"\fBddvi\-ancestry\-{name}\fR(1)" in manual["ddvi-ancestry"]


def test_exit_codes_and_marks_of_layout_are_rendered(manual):
    page = manual["ddvi-ancestry-fit"]
    assert ".SH EXIT STATUS" in page
    assert "\b" not in "".join(manual.values())


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_groff_renders_every_page_without_a_warning(manual):
    source = "".join(manual.values())
    done = subprocess.run(
        ["groff", "-mandoc", "-ww", "-z"], input=source, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
