"""Write the table in docs/filters.md from the table of filters: ``python docs/make_filters.py``."""

from __future__ import annotations

import re
from pathlib import Path

from ancestry_ddvi.genotypes.qc.filters import FILTERS, Filter, Option

PAGE = Path(__file__).with_name("filters.md")
TABLE = re.compile(r"^\| filter \|.*?(?=\n\n)", re.MULTILINE | re.DOTALL)
HEADING = "| filter | keeps | option | default | why |\n|---|---|---|---|---|"


def page(text: str) -> str:
    """The page with its table replaced by the present one."""
    table = "\n".join([HEADING, *(row(name, found) for name, found in FILTERS.items())])
    return TABLE.sub(lambda _: table, text, count=1)


def row(name: str, found: Filter) -> str:
    """One line of the table."""
    options = ", ".join(f"`{option.option}`" for option in found.options)
    defaults = ", ".join(default(option) for option in found.options)
    return f"| {name} | {found.keeps} | {options} | {defaults} | {found.why} |"


def default(option: Option) -> str:
    """The default in words; a switch is off."""
    if option.is_switch:
        return "off"
    return option.unset or f"{option.default:g}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
