"""The pages agree with the files they speak of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT)
    for folder in (".", "docs", "docs/decisions", "pipelines", "example_data", "benchmarks")
    for path in (ROOT / folder).glob("*.md")
)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """Headings as they are linked to: lower case, spaces as dashes, no punctuation."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_within_the_repository_leads_somewhere(page):
    for link in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), link
        assert not anchor or anchor in anchors(path), link


def test_every_column_of_the_coordinates_is_described(fitted_model):
    page = (ROOT / "docs/file-formats.md").read_text(encoding="utf-8")
    header = fitted_model.files["coords"].read_text(encoding="utf-8").splitlines()[0]
    for column in header.split("\t"):
        assert f"`{column}`" in page.replace("Zd", "Z2")


def test_every_part_of_a_model_is_described(fitted_model):
    import json

    from safetensors import safe_open

    page = (ROOT / "docs/file-formats.md").read_text(encoding="utf-8")
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
def test_every_column_of_a_study_is_described(study, section):
    from importlib import import_module

    page = (ROOT / "docs/file-formats.md").read_text(encoding="utf-8")
    described = page[page.index(f"## {section}") :]
    columns = import_module(f"ancestry_ddvi.validation.{study}").COLUMNS
    assert [name for name in columns if f"`{name}`" not in described] == []


def test_every_flag_is_described():
    page = (ROOT / "docs/file-formats.md").read_text(encoding="utf-8")
    code = "".join(path.read_text() for path in (ROOT / "ancestry_ddvi").rglob("*.py"))
    described = re.findall(r"^\| `(\w+)` \| (?:fit|embed)[, a-z]* \|", page, re.MULTILINE)
    for flag in ("low_call_rate", "related", "duplicate", "in_panel", "few_variants", "few_draws",
                 "duplicate_in_input"):  # fmt: skip
        assert f'"{flag}"' in code
        assert flag in described


def test_every_check_of_likeness_is_described():
    from ancestry_ddvi.reference.out_of_panel import CHECKS

    page = (ROOT / "docs/file-formats.md").read_text(encoding="utf-8")
    assert [check for check in CHECKS if f"| `unlike_panel:{check}` |" not in page] == []
