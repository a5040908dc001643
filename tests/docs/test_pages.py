"""The pages agree with the program."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILT = {"build", "demo", "dist", "node_modules", "results"}
PAGES = sorted(
    path.relative_to(ROOT)
    for path in [*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/**/*.md")]
    if not BUILT & set(path.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return CODE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """Headings as they are linked to: lower case, spaces as dashes, no punctuation.

    The second of two equal ones ends in -1.
    """
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    names = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return {f"{name}-{n}" if (n := names[:i].count(name)) else name for i, name in enumerate(names)}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_within_the_repository_are_not_broken(page):
    for link in LINK.findall(prose(ROOT / page)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), link
        assert not anchor or anchor in anchors(path), link


def test_a_heading_that_comes_twice_has_two_places_and_code_has_none(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A `b`\n\n## A `b`\n\n```\n# a remark\n```\n", encoding="utf-8")
    assert anchors(page) == {"a-b", "a-b-1"}


@pytest.fixture(scope="module")
def formats() -> dict:
    """What ``docs/make_formats.py`` defines."""
    return runpy.run_path(str(ROOT / "docs/make_formats.py"))


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs/file-formats.md").read_text(encoding="utf-8")


def test_the_page_of_file_formats_is_current(formats, page):
    assert formats["page"](page) == page, "run: python docs/make_formats.py"


def test_every_column_of_every_table_has_its_row(page):
    from ancestry_ddvi.artefacts.columns import TABLES

    assert [table for table in TABLES if f"<!-- columns {table} -->" not in page] == []
    for column in TABLES["coords"]:
        (name, *_) = column.names(["Z1", "Z2"])
        assert re.search(rf"^\| `{name}`.* \| {re.escape(column.unit)} ?\| ", page, re.MULTILINE)


def test_every_part_of_a_model_is_described(fitted_model, page):
    import json

    from safetensors import safe_open

    with safe_open(fitted_model.files["model"], framework="numpy") as model:
        record = json.loads(model.metadata()["ddvi_ancestry"])
        arrays = {re.sub(r"^weights\..*", "weights.*", name) for name in model.keys()}  # noqa: SIM118
    described = page[page.index("## PREFIX.ddvi") :]
    assert sorted(name for name in {*record, *arrays} if f"`{name}`" not in described) == []


@pytest.mark.parametrize(
    ("study", "section"),
    [
        ("genotypes", "Tables of methods"),
        ("images", "Tables of images"),
        ("toys", "Tables of flows"),
        ("image_flows", "Tables of flows"),
        ("conditional", "Tables of samplers"),
    ],
)
def test_every_column_of_a_study_is_described(study, section, page):
    from importlib import import_module

    described = page[page.index(f"## {section}") :]
    columns = import_module(f"ancestry_ddvi.validation.{study}").COLUMNS
    assert [name for name in columns if f"`{name}`" not in described] == []


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """The options of every command, by its full name."""
    import click
    from ancestry_ddvi.cli import main

    found = {}

    def add(command: click.Command, name: str) -> None:
        found[name] = {"--help"} | {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        for child in getattr(command, "commands", {}).values():
            add(child, f"{name} {child.name}".strip())

    add(main, "")
    return found


BLOCKS = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITHIN = re.compile(r"`([^`\n]+)`")
CALL = re.compile(r"(?:^|[;&|(]) *ddvi-ancestry ([a-z-][^|;&)#\n]*)", re.MULTILINE)


def faults(text: str, options: dict[str, set[str]]) -> list[str]:
    """Calls of the command line in a text whose command or options do not exist."""
    text = text.replace("\\\n", " ")
    codes = BLOCKS.findall(text) + WITHIN.findall(BLOCKS.sub("", text))
    return [call for code in codes for call in CALL.findall(code) if not exists(call, options)]


def exists(call: str, options: dict[str, set[str]]) -> bool:
    """Whether a call names a command, and gives it options that it has."""
    words = call.split()
    given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    named = [word for word in words if word not in options[""]]
    names = {"", " ".join(named[:1]), " ".join(named[:2])} & options.keys()
    name = max(names, key=len)
    return given <= options[name] | options[""] and bool(name or not named)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_commands_on_a_page_exist_and_have_the_options_they_are_given(page, options):
    assert faults((ROOT / page).read_text(encoding="utf-8"), options) == []


def test_a_command_or_an_option_that_does_not_exist_is_found(options):
    good = "```\nddvi-ancestry fit x.vcf --maf 0.01 \\\n  --out x\n```\n`ddvi-ancestry --version`"
    assert faults(good, options) == []
    assert faults("```\nddvi-ancestry fit x.vcf \\\n  --ouf x\n```", options)
    assert faults("Type `ddvi-ancestry embedd m.ddvi x.vcf`.", options)
