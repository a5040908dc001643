"""Which files MultiQC gives to the module.

MultiQC calls ``add_patterns`` at every start, whatever it is to show: this file imports little.
"""

from __future__ import annotations

from typing import Any

from ..outputs import output

MODULE = "ddvi_ancestry"
"""Name of the module on the command line of MultiQC."""

_CONTENT = '"id": "ddvi_ancestry'
"""In the second line of custom content of ours, and of no other tool."""

_SUMMARY = '"$schema": "urn:ddvi-ancestry:summary:'

KINDS = {
    "multiqc": _CONTENT + "_in_",
    "multiqc_map": _CONTENT + "_map_",
    "summary": _SUMMARY,
    "assign": _SUMMARY,
    "coords": "log_evidence\tp_panel\tflag",
    "assign.{level}": "most_similar\tprobability\tentropy\treason\t",
}
"""What is near the top of the files of each kind of output."""


def key(kind: str) -> str:
    """The name of the search pattern of a kind."""
    return f"{MODULE}/{kind.replace('.{level}', '_level')}"


def add_patterns() -> None:
    """Tell MultiQC the names of the files, and that custom content of ours is the module's.

    Reports without the module, by ``multiqc --exclude ddvi_ancestry``, have the custom content.
    """
    from multiqc import config

    for kind, content in KINDS.items():
        name = "*" + output(kind).ending.format(level="*")
        config.sp[key(kind)] = {"fn": name, "contents": content, "num_lines": 3}
    left_out = config.run_modules and MODULE not in config.run_modules
    if left_out or MODULE in config.exclude_modules:
        return
    config.sp["custom_content"] = [_without_ours(row) for row in _rows(config.sp)]


def _rows(patterns: dict[str, Any]) -> list[dict[str, Any]]:
    """The patterns of custom content, of which there may be one or a list."""
    found = patterns["custom_content"]
    return list(found) if isinstance(found, list) else [found]


def _without_ours(pattern: dict[str, Any]) -> dict[str, Any]:
    """A pattern that leaves our files to the module.

    Without ``shared`` MultiQC shows no other module a file that a pattern excludes.
    """
    excluded = pattern.get("exclude_contents", [])
    others = [excluded] if isinstance(excluded, str) else [*excluded]
    return {**pattern, "exclude_contents": [*others, _CONTENT], "shared": True}
