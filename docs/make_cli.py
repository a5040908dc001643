"""Write docs/cli.md from the commands themselves: ``python docs/make_cli.py``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click

PAGE = Path(__file__).with_name("cli.md")
BEGINNING = """\
# Commands

This page is written by `docs/make_cli.py` from the commands themselves.

`ddvi-ancestry --version` prints one line, and `--help` after any command what is said here. What \
stops a run is told in one sentence; the [exit codes](exit-codes.md) say of which kind it is. \
Results go to files and their paths to standard output; messages and progress go to standard \
error: a bar on a terminal, else a line every ten seconds. `NO_COLOR` is honoured.
"""


def page(group: click.Group) -> str:
    """The whole page as Markdown."""
    return "\n".join([BEGINNING, *(section(name, command) for name, command in leaves(group))])


def leaves(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Commands that do something, with their names in full."""
    for command in group.commands.values():
        name = f"{before}{command.name}"
        if isinstance(command, click.Group):
            yield from leaves(command, f"{name} ")
        else:
            yield name, command


def section(name: str, command: click.Command) -> str:
    """One command: usage, what it does, its options."""
    arguments = [p.metavar or "" for p in command.params if isinstance(p, click.Argument)]
    options = [p for p in command.params if isinstance(p, click.Option)]
    return "\n".join(
        [
            f"## {name}",
            "",
            f"    ddvi-ancestry {name} {' '.join(arguments)} [OPTIONS]",
            "",
            inspect.cleandoc(command.help or ""),
            "",
            *(["| option | default | meaning |", "|---|---|---|"] if options else []),
            *(row(option) for option in options),
            *([""] if options else []),
        ]
    )


def row(option: click.Option) -> str:
    """One line of the table; a default said in words stands in brackets in the help."""
    text = option.help or ""
    in_words = re.search(r"\s*\[default: (.*)\]$", text)
    default = in_words[1] if in_words else ""
    if option.show_default:
        default = f"{option.default:g}" if isinstance(option.default, float) else option.default
    names = ", ".join(f"`{name}`" for name in option.opts)
    metavar = f" {option.metavar}".replace("|", r"\|") if option.metavar else ""
    return f"| {names}{metavar} | {default} | {text[: in_words.start()] if in_words else text} |"


if __name__ == "__main__":
    (script,) = entry_points(group="console_scripts", name="ddvi-ancestry")
    PAGE.write_text(page(script.load()), encoding="utf-8")
