"""Write the man pages from the commands themselves: ``python packaging/make_man.py FOLDER``.

One page a command, with what ``--help`` prints and the exit codes. The tools that make man pages of
click commands shorten the first sentence, print marks of layout, and leave the exit codes out.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import click

from ancestry_ddvi import __version__

PROGRAM = "ddvi-ancestry"
UNFILLED = "\b\n"
"""What click takes for a paragraph whose lines stay as they are."""


def pages(group: click.Group, context: click.Context) -> Iterator[tuple[str, str]]:
    """The names of all commands, with dashes, and their pages."""
    yield name_of(context), page(group, context)
    for name, command in group.commands.items():
        below = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from pages(command, below)
        else:
            yield name_of(below), page(command, below)


def name_of(context: click.Context) -> str:
    """The name of a command as that of its page, such as ddvi-ancestry-fit."""
    return context.command_path.replace(" ", "-")


def page(command: click.Command, context: click.Context) -> str:
    """One page as roff source."""
    name, help_text = name_of(context), inspect.cleandoc(command.help or "")
    sentence = help_text.split("\n\n")[0].replace("\n", " ").removesuffix(".")
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f'.TH "{escaped(name.upper())}" 1 "" "{PROGRAM} {__version__}" "{PROGRAM} manual"',
        *section("NAME", [f"{escaped(name)} \\- {escaped(sentence)}"]),
        *section("SYNOPSIS", [rf"\fB{escaped(context.command_path)}\fR {escaped(usage)}"]),
        *section("DESCRIPTION", paragraphs(help_text)),
        *section("OPTIONS", options(command, context)),
        *section("COMMANDS", subcommands(command, context)),
        *section("EXIT STATUS", paragraphs(inspect.cleandoc(command.epilog or ""))),
        *section("SEE ALSO", see_also(command, context)),
    ]
    return "\n".join(lines) + "\n"


def section(title: str, lines: list[str]) -> list[str]:
    """A section; none without lines."""
    return [f".SH {title}", *lines] if lines else []


def paragraphs(text: str) -> list[str]:
    """A text as click lays it out: filled, but for paragraphs that are marked."""
    lines = []
    for number, part in enumerate(text.split("\n\n") if text else []):
        filled = not part.startswith(UNFILLED)
        body = [escaped(line) for line in part.removeprefix(UNFILLED).split("\n")]
        lines += [".PP"] if number else []
        lines += body if filled else [".nf", *body, ".fi"]
    return lines


def options(command: click.Command, context: click.Context) -> list[str]:
    """Each option with its help."""
    own = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    records = [option.get_help_record(context) for option in own]
    return [
        line
        for names, text in filter(None, records)
        for line in (".TP", rf"\fB{escaped(names)}\fR", escaped(" ".join(text.split())))
    ]


def subcommands(command: click.Command, context: click.Context) -> list[str]:
    """Each command of a group with its first sentence."""
    below = command.commands.items() if isinstance(command, click.Group) else ()
    return [
        line
        for name, one in below
        for line in (".TP", rf"\fB{escaped(name)}\fR", escaped(one.get_short_help_str(200)))
    ]


def see_also(command: click.Command, context: click.Context) -> list[str]:
    """The pages of the commands above and below."""
    above = [name_of(context.parent)] if context.parent else []
    below = command.commands if isinstance(command, click.Group) else ()
    names = [*above, *(f"{name_of(context)}-{name}" for name in below)]
    return [", ".join(rf"\fB{escaped(name)}\fR(1)" for name in names)]


def escaped(text: str) -> str:
    """Text as roff prints it: dashes that can be copied, and no line that is a request."""
    safe = text.replace("\\", r"\e").replace("-", r"\-").replace("\b", "")
    return re.sub(r"^([.'])", r"\\&\1", safe)


def main(folder: str) -> None:
    """Write all pages into a folder."""
    (script,) = entry_points(group="console_scripts", name=PROGRAM)
    group = script.load()
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, text in pages(group, click.Context(group, info_name=PROGRAM)):
        Path(folder, f"{name}.1").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
