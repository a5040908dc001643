"""A small stand-in for Galaxy: expands a tool's macros, fills its command, and runs its tests.

It knows what the tools in ``pipelines/galaxy`` use and nothing else. ``planemo test`` does more,
and needs Galaxy itself.
"""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

FOLDER = Path(__file__).parents[2] / "pipelines" / "galaxy" / "tools" / "ddvi_ancestry"
NAMES = ("fit", "embed", "assign", "report")


class Dataset(str):
    """A dataset of a history: its path, with what a command may ask of it."""

    ext: str
    element_identifier: str
    extra_files_path: str
    metadata: SimpleNamespace

    @classmethod
    def of(cls, path: Path, ext: str, *, name: str = "") -> Dataset:
        found = cls(path)
        found.ext, found.element_identifier = ext, name or path.name
        found.extra_files_path = str(path.parent)
        found.metadata = SimpleNamespace(base_name=path.stem)
        return found


class Values(dict):
    """Parameters of a section or a conditional, with dots as Cheetah has it."""

    __getattr__ = dict.__getitem__


def tool(name: str) -> ET.Element:
    """The tool with its macros in place and its tokens still in the command."""
    root = ET.parse(FOLDER / f"ddvi_ancestry_{name}.xml").getroot()
    macros = ET.parse(FOLDER / "macros.xml").getroot()
    known = {macro.get("name"): macro for macro in macros.findall("xml")}
    expand(root, known)
    return root


def expand(parent: ET.Element, known: dict[str, ET.Element]) -> None:
    for child in list(parent):
        if child.tag != "expand":
            expand(child, known)
            continue
        macro = copy.deepcopy(known[child.get("macro")])
        fill(macro, list(child))
        expand(macro, known)
        at = list(parent).index(child)
        parent.remove(child)
        for offset, row in enumerate(macro):
            parent.insert(at + offset, row)


def fill(macro: ET.Element, content: list[ET.Element]) -> None:
    for parent in list(macro.iter()):
        for child in list(parent):
            if child.tag == "yield":
                at = list(parent).index(child)
                parent.remove(child)
                for offset, row in enumerate(content):
                    parent.insert(at + offset, row)


def command(root: ET.Element) -> str:
    """The command with the tokens of macros.xml in place."""
    macros = ET.parse(FOLDER / "macros.xml").getroot()
    tokens = {token.get("name"): token.text or "" for token in macros.findall("token")}
    text = root.findtext("command", "").strip()
    while found := re.search(r"@[A-Z]+@", text):
        text = text.replace(found[0], tokens[found[0]].strip())
    return text


def name_of(param: ET.Element) -> str:
    return param.get("name") or param.get("argument", "").lstrip("-").replace("-", "_")


def default(param: ET.Element) -> Any:
    kind, optional = param.get("type"), param.get("optional") == "true"
    if kind == "data":
        return None
    if kind == "boolean":
        return param.get("truevalue" if param.get("checked") == "true" else "falsevalue")
    if kind == "select":
        chosen = [o.get("value") for o in param.findall("option") if o.get("selected") == "true"]
        first = [] if optional else [param.find("option").get("value")]
        return ",".join(chosen or first) or "None"
    return param.get("value", "")


def values(inputs: ET.Element, given: dict[str, Any]) -> Values:
    """All parameters: those given, which are nested as in the tool, and defaults."""
    found = Values()
    for row in inputs:
        name = name_of(row)
        if row.tag == "param":
            found[name] = given.get(name, default(row))
        elif row.tag == "section":
            found[name] = values(row, given.get(name, {}))
        elif row.tag == "conditional":
            inside, test = given.get(name, {}), row.find("param")
            choice = inside.get(name_of(test), default(test))
            case = next(when for when in row.findall("when") if when.get("value") == choice)
            found[name] = Values({name_of(test): choice}) | values(case, inside)
            found[name] = Values(found[name])
    return found


def outputs(root: ET.Element, given: Values, folder: Path) -> dict[str, Path]:
    """The outputs whose filters hold; collections have the name of their folder."""
    found = {}
    for row in root.find("outputs"):
        condition = row.findtext("filter")
        kept = str(given.get("keep", "None")).split(",")
        if condition is None or eval(condition, {}, {"keep": kept}):
            place = row.find("discover_datasets")
            inside = folder / (place.get("directory") if place is not None else "")
            found[row.get("name")] = (
                inside if place is not None else folder / f"{row.get('name')}.dat"
            )
    return found


def run(
    name: str, given: dict[str, Any], folder: Path
) -> tuple[subprocess.CompletedProcess[str], dict[str, Path]]:
    """Fill the command of a tool and run it in a folder; its outputs by name."""
    from Cheetah.Template import Template

    folder.mkdir()
    (folder / "job").mkdir()
    root = tool(name)
    filled = values(root.find("inputs"), given)
    files = outputs(root, filled, folder)
    places = {
        key: (folder / "job" / path.name if path.suffix != ".dat" else path)
        for key, path in files.items()
    }
    text = str(
        Template(command(root), searchList=[{**filled, **{k: str(v) for k, v in files.items()}}])
    )
    script = re.sub(r"\s*\n\s*", " ", text).strip()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder / "job", capture_output=True, text=True,
        env=os.environ | {"PATH": path},
    )  # fmt: skip
    return done, places


def nested(test: ET.Element) -> dict[str, Any]:
    """The parameters of a <test>, with datasets of the folder test-data."""
    found: dict[str, Any] = {}
    for row in test:
        if row.tag == "conditional":
            found[row.get("name")] = nested(row)
        elif row.tag == "param":
            found[row.get("name")] = value_of(row)
    return found


def value_of(param: ET.Element) -> Any:
    if not param.get("ftype"):
        return param.get("value")
    data = Dataset.of(FOLDER / "test-data" / param.get("value"), param.get("ftype"))
    return [data] if param.get("name") in ("files", "runs") else data


def check(assertion: ET.Element, path: Path) -> bool:
    """Whether one row of <assert_contents> holds of a file."""
    kind = assertion.tag
    if kind == "has_size":
        return path.stat().st_size >= 1000 * int(assertion.get("min").removesuffix("k"))
    if kind == "has_archive_member":
        return assertion.get("path") in zipfile.ZipFile(path).namelist()
    text = path.read_text("utf-8")
    if kind == "has_n_lines":
        return len(text.splitlines()) == int(assertion.get("n"))
    if kind == "has_text":
        return assertion.get("text") in text
    if kind == "has_text_matching":
        return re.search(assertion.get("expression"), text, re.M) is not None
    raise KeyError(kind)
