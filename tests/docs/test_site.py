"""The documentation site is complete, and its checker finds what is wrong with one."""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def settings() -> dict:
    """What ``docs/conf.py`` defines."""
    return runpy.run_path(str(ROOT / "docs/conf.py"))


@pytest.fixture(scope="module")
def checker() -> dict:
    return runpy.run_path(str(ROOT / "docs/check_site.py"))


def test_every_page_is_in_the_navigation(settings):
    listed = {page for pages in settings["NAVIGATION"].values() for page in pages}
    written = {
        str(page.relative_to(ROOT).with_suffix(""))
        for page in (ROOT / "docs").rglob("*.md")
        if not page.name.startswith("0")
    }
    assert written <= listed
    assert [page for page in listed if not (ROOT / f"{page}.md").exists()] == []


def test_a_page_of_the_site_links_to_pages_of_the_site_alone(settings):
    """Another page of the repository would be a warning of ``make site``."""
    listed = [page for pages in settings["NAVIGATION"].values() for page in pages]
    listed += settings["DECISIONS"]
    known = {ROOT / f"{page}.md" for page in listed}
    absent = []
    for page in known:
        for link in re.findall(r"\]\(([^)#:\s]+\.md)\b", page.read_text(encoding="utf-8")):
            if (page.parent / link).resolve() not in known:
                absent.append(f"{page.relative_to(ROOT)}: {link}")
    assert absent == []


def test_the_index_of_decisions_lists_each(settings):
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    for page in settings["DECISIONS"]:
        name = Path(page).name
        assert f"[{name[:4]}]({name}.md)" in index, name


def test_everything_that_is_exported_is_in_the_python_reference(settings):
    import ancestry_ddvi

    reference = settings["reference"]()
    names = [name for name in ancestry_ddvi.__all__ if not name.startswith("_")]
    assert [name for name in names if f":: ancestry_ddvi.{name}\n" not in reference] == []


def test_a_page_is_the_same_file_on_a_code_host(settings):
    """Directives of the site stand in no page, where a code host would show them as they are."""
    pages = [page for pages in settings["NAVIGATION"].values() for page in pages]
    directive = ("```{", ":::", "```{eval-rst}")
    texts = {page: (ROOT / f"{page}.md").read_text(encoding="utf-8") for page in pages}
    assert [page for page, text in texts.items() if any(d in text for d in directive)] == []


GOOD = '<p id="place"><a href="other.html#place">x</a><a href="#place">y</a><img src="data:,"></p>'
FAULTS = {
    '<a href="absent.html">x</a>': "no such file",
    '<a href="other.html#absent">x</a>': "no such place",
    '<a href="#absent">x</a>': "no such place",
    '<img src="absent.png">': "no such file",
    '<script src="https://example.org/x.js"></script>': "is from elsewhere",
    '<link rel="stylesheet" href="//example.org/x.css">': "is from elsewhere",
}


def site(folder: Path, page: str, style: str = "") -> Path:
    (folder / "page.html").write_text(page, encoding="utf-8")
    (folder / "other.html").write_text('<p id="place">x</p>', encoding="utf-8")
    (folder / "style.css").write_text(style, encoding="utf-8")
    return folder


def test_the_checker_finds_nothing_wrong_with_good_links(checker, tmp_path):
    page = GOOD + '<a href="https://example.org">elsewhere is a link, and is not loaded</a>'
    assert list(checker["faults"](site(tmp_path, page))) == []


@pytest.mark.parametrize(("page", "wrong"), FAULTS.items())
def test_the_checker_finds_dead_links_and_what_is_loaded_from_elsewhere(
    checker, tmp_path, page, wrong
):
    (found,) = checker["faults"](site(tmp_path, page))
    assert found.startswith("page.html: ")
    assert found.endswith(wrong)


def test_the_checker_finds_fonts_from_elsewhere(checker, tmp_path):
    style = "@font-face { src: url('https://example.org/x.woff2'); }"
    (found,) = checker["faults"](site(tmp_path, GOOD, style))
    assert found.startswith("style.css: ")


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("sphinx"), reason="needs the extra site")
def test_the_site_is_built_without_a_warning_and_every_link_of_it_leads_somewhere(
    checker, tmp_path
):
    command = ["-m", "sphinx", "-c", "docs", "-q", "-W", "--keep-going", "-d", str(tmp_path / "d")]
    done = subprocess.run(
        [sys.executable, *command, ".", str(tmp_path / "site")],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(checker["faults"](tmp_path / "site")) == []
    first = (tmp_path / "site" / "docs" / "index.html").read_text(encoding="utf-8")
    assert "docs/tutorial.html" in first or 'href="tutorial.html"' in first
