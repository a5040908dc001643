"""HTML from values: text is escaped unless it is markup that was made here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

_VOID = {"br", "col", "hr", "input", "meta"}

_UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
"""What could end or change a script element, as JSON may have it."""

_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, and halves of surrogate pairs: no text of HTML."""


_KEY = re.compile(r"({\w+})")


class Markup(str):
    """Markup that is written as it is."""

    __slots__ = ()


def text(value: object) -> Markup:
    """A value as text of HTML, in an attribute too; markup as it is."""
    if isinstance(value, Markup):
        return value
    return Markup(escape(_INVISIBLE.sub("\ufffd", str(value)), quote=True))


def joined(parts: Iterable[object], between: str = "") -> Markup:
    """Several values one after another."""
    return Markup(between.join(text(part) for part in parts))


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """An element with its children.

    Attributes that are None or False are left out, and those that are True have no value; an
    underscore in a name is a dash, and one at the end is left out: ``class_``.
    """
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        plain = key.rstrip("_").replace("_", "-")
        words.append(plain if value is True else f'{plain}="{text(value)}"')
    opened = f"<{' '.join(words)}>"
    return Markup(opened if name in _VOID else f"{opened}{joined(children)}</{name}>")


def name_of(value: object) -> Markup:
    """A name that was given by others, which keeps its direction of writing to itself."""
    return tag("bdi", value)


def prose(markdown: str, **names: object) -> Markup:
    """A sentence of the program: words in backticks become code, links become their words.

    A key of ``names`` in braces stands for a name that was given by others, which is kept as it is.
    """
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    parts = ([_named(word, names) for word in _KEY.split(part)] for part in plain.split("`"))
    return joined(tag("code", *part) if odd % 2 else joined(part) for odd, part in enumerate(parts))


def _named(word: str, names: Mapping[str, object]) -> Markup:
    """The name that a word in braces stands for, or the word."""
    return name_of(names[word[1:-1]]) if word[1:-1] in names and word[:1] == "{" else text(word)


def table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Markup:
    """A table in a box that scrolls sideways; numbers are aligned to the right."""
    head = tag("tr", *(tag("th", cell, scope="col") for cell in header))
    body = (tag("tr", *map(_cell, row)) for row in rows)
    return tag(
        "div",
        tag("table", tag("thead", head), tag("tbody", *body)),
        class_="scroll",
        tabindex="0",
    )


def _cell(value: object) -> Markup:
    if isinstance(value, float):
        return tag("td", f"{value:.4g}", class_="n")
    if isinstance(value, int) and not isinstance(value, bool):
        return tag("td", f"{value:,}", class_="n")
    return tag("td", value)


def data_script(id_: str | None, value: object, class_: str | None = None) -> Markup:
    """Data of the page, which are not run: JSON in a script element."""
    content = Markup(json_text(value))
    return tag("script", content, type="application/json", id=id_, class_=class_)


def json_text(value: object) -> str:
    """JSON that can stand in a script element: no text in it ends the element or opens another."""
    dumped = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda found: _UNSAFE[found[0]], dumped)


def section(name: str, title: str, *parts: object, open_: bool = True) -> Markup:
    """A part of the page that can be folded."""
    head = tag("summary", tag("h2", title))
    return tag("details", head, *parts, id=name, open=open_, class_="part")


def percent(value: float) -> Markup:
    """A share of 0 to 1 in a cell."""
    return tag("span", f"{100 * value:.1f} %")
