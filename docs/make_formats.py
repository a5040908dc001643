"""Fill the generated tables of docs/file-formats.md: ``python docs/make_formats.py``.

A table stands between ``<!-- KIND NAME -->`` and ``<!-- end -->``. The kinds: ``columns`` of a
table (``artefacts/columns.py``), ``flags`` (``artefacts/flags.py``), ``outputs`` (``outputs.py``)
and ``keys`` of a part of the JSON Schema of summaries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from ancestry_ddvi.artefacts.columns import TABLES, Column
from ancestry_ddvi.artefacts.flags import FLAGS
from ancestry_ddvi.outputs import OUTPUTS, Output

PAGE = Path(__file__).with_name("file-formats.md")
BLOCK = re.compile(r"<!-- (\w+) ?(\w*) -->\n.*?<!-- end -->", re.DOTALL)
AXES = {"eigenvec": ("PC1", "PCd"), "pcs": ("PC1", "PCk"), "coords": ("Z1", "Zd"),
        "samples": ("Z1", "Zd"), "ancestry": ("Z1", "Zd")}  # fmt: skip
"""The first and the last axis of each table; the others have a column for each group."""

TYPES = {"string": "text", "boolean": "true or false", "array": "list"}
"""What to call some types of JSON."""


def page(text: str) -> str:
    """The page with its generated tables made anew."""
    return BLOCK.sub(lambda found: _block(*found.groups()), text)


def _block(kind: str, name: str) -> str:
    makers = {"columns": columns, "flags": flags, "keys": keys, "outputs": outputs}
    label = f"{kind} {name}".strip()
    return f"<!-- {label} -->\n\n{makers[kind](name)}\n\n<!-- end -->"


def columns(table: str) -> str:
    """The columns of one table of ``TABLES``."""
    rows = [(_named(column, table), column.unit, column.description) for column in TABLES[table]]
    return _table(("column", "unit", "meaning"), rows)


def _named(column: Column[Any], table: str) -> str:
    """The name of a column, or the first and the last of a family."""
    if "{" not in column.name or "{level}" in column.name:
        return f"`{column.name.format(level='LEVEL')}`"
    if table not in AXES:
        return "one per group"
    if "{other}" in column.name:
        return f"`{column.names(('Z1', 'Z2'))[0]}` …"
    first, last = column.names(AXES[table])
    return f"`{first}` … `{last}`"


def outputs(_: str) -> str:
    """All files of commands on samples."""
    rows = [(_linked(row), ", ".join(row.commands), _content(row)) for row in OUTPUTS]
    return _table(("file", "from", "content"), rows)


def _linked(row: Output) -> str:
    """The name of a file, with a link to its section if it has one."""
    name = f"PREFIX{row.shown}"
    has_section = f"## {name}\n" in PAGE.read_text(encoding="utf-8")
    anchor = "".join(letter for letter in name.lower() if letter.isalnum() or letter == "_")
    return f"[`{name}`](#{anchor})" if has_section else f"`{name}`"


def _content(row: Output) -> str:
    return ", ".join(
        filter(None, (row.content, row.condition.replace("--draws-out", "`--draws-out`")))
    )


def flags(_: str) -> str:
    """All flags."""
    rows = [(f"`{f.name}`", ", ".join(f.commands), f.meaning, f.advice) for f in FLAGS.values()]
    return _table(("flag", "from", "meaning", "what to do"), rows)


def schema() -> dict[str, Any]:
    """The JSON Schema of summaries."""
    text = files("ancestry_ddvi.artefacts").joinpath("summary.schema.json").read_text("utf-8")
    return dict(json.loads(text))


def keys(part: str) -> str:
    """The keys of the summary itself, or of one of the schema's definitions."""
    whole = schema()
    node = whole if part == "summary" else whole["$defs"][part]
    rows = [(f"`{key}`", _type(node), _meaning(node)) for key, node in _keys(node, whole)]
    return _table(("key", "type", "meaning"), rows)


def _keys(node: dict[str, Any], whole: dict[str, Any], before: str = "") -> Iterator[tuple]:
    """Every key with a description, nested ones with a dot between, and its part of the schema."""
    for name, part in node.get("properties", {}).items():
        found = _resolved(part, whole)
        if "description" in found:
            yield f"{before}{name}", found
            yield from _nested(found, whole, f"{before}{name}")


def _nested(node: dict[str, Any], whole: dict[str, Any], name: str) -> Iterator[tuple]:
    """The keys of an object, of the objects in a list, or of those under names of any kind."""
    yield from _keys(node, whole, f"{name}.")
    yield from _keys(_resolved(node.get("items", {}), whole), whole, f"{name}[].")
    if isinstance(node.get("additionalProperties"), dict):
        yield from _keys(node["additionalProperties"], whole, f"{name}.*.")


def _resolved(node: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    """A part of the schema with what it refers to; of a choice with null, the other."""
    choices = [part for part in node.get("anyOf", []) if part != {"type": "null"}]
    for part in choices:
        node = node | _resolved(part, whole) | {"nullable": True} | _said(node)
    if "$ref" not in node:
        return node
    base = _resolved(whole["$defs"][node["$ref"].removeprefix("#/$defs/")], whole)
    both = base.get("properties", {}) | node.get("properties", {})
    return base | node | ({"properties": both} if both else {})


def _said(node: dict[str, Any]) -> dict[str, Any]:
    return {key: node[key] for key in ("description",) if key in node}


def _type(node: dict[str, Any]) -> str:
    if "const" in node:
        return f"`{json.dumps(node['const'])}`".replace('"', "")
    if "enum" in node:
        return ", ".join("null" if value is None else f"`{value}`" for value in node["enum"])
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    kinds = [TYPES.get(kind, kind) for kind in kinds] + ["null"] * ("nullable" in node)
    share = " from 0 to 1" if "maximum" in node else ""
    return " or ".join(kinds).replace("number", f"number{share}")


def _meaning(node: dict[str, Any]) -> str:
    return str(node["description"]).rstrip(".")


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
