"""Small tables in the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def rows_of(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of a packaged tab-separated file, without its comment lines."""
    text = (files(__package__) / "data" / name).read_text(encoding="utf-8")
    return tuple(tuple(line.split("\t")) for line in text.splitlines() if line[0] != "#")
