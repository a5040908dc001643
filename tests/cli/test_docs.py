"""docs/cli.md is generated from the commands."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_commands_is_current(main):
    maker = runpy.run_path(str(DOCS / "make_cli.py"))
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == maker["page"](main), (
        "run: python docs/make_cli.py"
    )


def test_every_option_is_on_the_page(main):
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    leaves = runpy.run_path(str(DOCS / "make_cli.py"))["leaves"]
    for _, command in leaves(main):
        for param in command.params:
            assert (param.opts[0] if param.param_type_name == "option" else param.metavar) in text
