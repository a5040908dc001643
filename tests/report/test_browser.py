"""The report in a real browser: Debian's Chromium, headless, driven by Playwright."""

from __future__ import annotations

import csv
import io
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import HOSTILE

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox", "--use-angle=swiftshader", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.filterwarnings("default"),
]


class Opened:
    """A page that was opened, what it said on the console and what it asked for."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.context = browser.new_context(accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.url = path.as_uri()
        self.page.goto(self.url)

    def draws(self, samples: int, which: int = 0) -> None:
        """Wait until so many samples are drawn in a view."""
        self.page.wait_for_function(
            "([which, samples]) => {"
            "const views = document.querySelectorAll('.plot canvas:not(.over)');"
            "return views[which] && views[which].dataset.drawn === String(samples); }",
            arg=[which, samples],
        )

    @property
    def drawn(self) -> int:
        """Samples drawn in the first view."""
        return int(self.page.locator(".plot canvas").first.get_attribute("data-drawn"))

    def colours(self) -> int:
        """Different colours of pixels in the map."""
        return self.page.evaluate(
            "() => { const c = document.querySelector('.plot canvas');"
            "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
            "const found = new Set();"
            "for (let k = 0; k < d.length; k += 4) found.add(d[k] * 65536 + d[k+1] * 256 + d[k+2]);"
            "return found.size; }"
        )

    @property
    def rows(self) -> list[list[str]]:
        """The cells of the table."""
        rows = self.page.locator("table.samples tbody tr").all()
        return [row.locator("td").all_inner_texts() for row in rows]

    @property
    def status(self) -> str:
        return self.page.locator("p.status").inner_text()

    def find(self, name: str) -> None:
        """Look at a sample."""
        self.page.fill("#find", name)
        self.page.press("#find", "Enter")

    def filter(self, text: str, left: int) -> None:
        """Filter, and wait until so many samples are left."""
        self.page.fill("#filter", text)
        self.page.wait_for_function(
            "left => document.querySelector('p.status').innerText.startsWith(left)",
            arg=f"{left:,} of",
        )

    def downloaded(self, kind: str) -> str:
        with self.page.expect_download() as found:
            self.page.click(f"text=Download {kind}")
        return Path(found.value.path()).read_text(encoding="utf-8")

    def check(self) -> None:
        """Nothing was said, and nothing was asked for but the page itself."""
        assert self.said == []
        assert {url for url in self.asked if not url.startswith("blob:")} == {self.url}
        self.context.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def opened(browser, report_file) -> Iterator[Opened]:
    found = Opened(browser, report_file)
    yield found
    found.check()


def test_samples_are_drawn_in_colours_in_both_views(opened):
    opened.draws(130)
    opened.draws(130, which=1)
    assert opened.colours() > 30


def test_a_sample_is_found_and_told_about(opened, runs_folder):
    opened.draws(130)
    row = (runs_folder / "query.ancestry.tsv").read_text().splitlines()[1].split("\t")
    opened.page.fill("#find", row[0])
    opened.page.press("#find", "Enter")
    said = opened.page.locator("#details").inner_text()
    assert said.startswith(row[0])
    assert row[1] in said
    opened.page.fill("#find", "no such sample")
    opened.page.press("#find", "Enter")
    assert "No sample has this name." in opened.page.locator("[role=search]").inner_text()


def test_the_bars_of_an_unassigned_sample_are_grey_and_say_what_they_are(opened, runs_folder):
    opened.draws(130)
    tables = [(runs_folder / f"{n}.ancestry.tsv").read_text() for n in ("cohort", "query")]
    rows = [row.split("\t") for table in tables for row in table.splitlines()[1:]]
    like = [row for row in rows if not any("unlike_panel" in cell for cell in row)]
    filters = (
        "[...document.querySelectorAll('#details meter')].map(e => getComputedStyle(e).filter)"
    )
    for assigned in (True, False):
        opened.find(next(row[0] for row in like if (row[1] != "unassigned") is assigned))
        said = opened.page.locator("#details").inner_text()
        assert ("If it had to be one of these groups:" in said) is not assigned
        assert set(opened.page.evaluate(filters)) == {"none" if assigned else "grayscale(1)"}


def first_like(path: Path) -> str:
    """The first sample of a table that is like the panel."""
    lines = path.read_text().splitlines()[1:]
    return next(line.split("\t")[0] for line in lines if "unlike_panel" not in line)


def dark_dots(found: Opened) -> int:
    """Pixels of the upper canvas of the map with the ink of dots."""
    return found.page.evaluate(
        "() => { const c = document.querySelector('.plot canvas.over');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "let dots = 0;"
        "for (let k = 3; k < d.length; k += 4) if (d[k] > 130 && d[k - 3] < 60) dots++;"
        "return dots; }"
    )


def test_draws_of_a_sample_are_those_of_the_run_or_are_said_to_be_of_a_normal(opened, runs_folder):
    opened.draws(130)
    assert dark_dots(opened) == 0
    opened.find(first_like(runs_folder / "query.coords.tsv"))
    assert "Dots: 16 draws from its posterior." in opened.page.locator("#details").inner_text()
    assert dark_dots(opened) > 30
    opened.find(first_like(runs_folder / "cohort.coords.tsv"))
    before = dark_dots(opened)
    opened.page.click("text=Zoom to its interval")
    opened.page.wait_for_timeout(400)
    assert dark_dots(opened) > before + 30
    said = opened.page.locator("#details").inner_text()
    assert "Dots: 64 draws of the normal with these standard deviations" in said
    assert "Dashed circle: how far a refit moves it" in said


def test_a_filter_holds_for_the_table_and_the_map(opened):
    opened.draws(130)
    opened.filter("run=query", 8)
    opened.draws(8)
    assert {row[2] for row in opened.rows} == {"query"}
    opened.filter("age>100", 41)
    opened.filter("nothing has these words", 0)
    assert opened.rows == []


def test_the_table_is_sorted_by_numbers_and_by_text(opened):
    opened.draws(130)
    opened.page.click("th button:has-text('Z1')")
    header = opened.page.locator("table.samples thead th").all_inner_texts()
    column = next(n for n, words in enumerate(header) if words.startswith("Z1"))
    values = [float(row[column]) for row in opened.rows]
    assert values == sorted(values)
    opened.page.click("th button:has-text('Z1')")
    values = [float(row[column]) for row in opened.rows]
    assert values == sorted(values, reverse=True)


def test_what_is_selected_is_downloaded(opened):
    opened.draws(130)
    opened.filter("run=query", 8)
    opened.page.click("text=Select all shown")
    opened.filter("", 130)
    assert opened.status.endswith("8 selected")
    table = list(csv.DictReader(io.StringIO(opened.downloaded("CSV"))))
    assert [row["run"] for row in table] == ["query"] * 8
    rows = list(csv.DictReader(io.StringIO(opened.downloaded("TSV")), delimiter="\t"))
    assert [row["sample_id"] for row in rows] == [row["sample_id"] for row in table]
    opened.page.click("text=Clear selection")
    assert opened.status.endswith("0 selected")
    assert len(opened.downloaded("TSV").splitlines()) == 131


def test_a_lasso_selects(opened):
    opened.draws(130)
    opened.page.locator("button:has-text('Lasso')").first.click()
    canvas = opened.page.locator(".plot canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y, wide, high = (box[name] for name in ("x", "y", "width", "height"))
    corners = [(2, 2), (wide - 2, 2), (wide - 2, high - 2), (2, high - 2), (2, 4)]
    opened.page.mouse.move(x + corners[0][0], y + corners[0][1])
    opened.page.mouse.down()
    for across, down in corners[1:]:
        opened.page.mouse.move(x + across, y + down)
    opened.page.mouse.up()
    assert opened.status.endswith("130 selected")


def test_the_legend_switches_groups_and_colours_follow_a_column(opened):
    opened.draws(130)
    entry = opened.page.locator(".legend button.entry").first
    count = int(entry.locator(".n").inner_text())
    entry.click()
    opened.draws(130 - count)
    opened.page.select_option("#colour", "age")
    opened.draws(130)
    assert "20 to 141" in opened.page.locator("div.legend").inner_text()


def test_keys_move_and_zoom_and_axes_can_be_chosen(opened):
    opened.draws(130)
    opened.page.locator(".plot canvas").first.focus()
    for _ in range(12):
        opened.page.keyboard.press("+")
    opened.page.wait_for_timeout(300)
    assert opened.drawn < 130
    opened.page.keyboard.press("0")
    opened.draws(130)
    opened.page.locator(".panel select").first.select_option("PC2")
    opened.draws(130)


@pytest.mark.parametrize(
    "options", [{"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 700}}]
)
def test_the_page_fits_a_phone_and_is_dark_where_asked(browser, report_file, options):
    found = Opened(browser, report_file, **options)
    found.draws(130)
    wide = found.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    found.check()


def test_maps_and_tables_are_there_without_javascript(browser, report_file):
    found = Opened(browser, report_file, java_script_enabled=False)
    assert found.page.locator("svg.map").is_visible()
    assert found.page.locator("noscript table tbody tr").count() == 130
    found.check()


def test_hostile_names_are_harmless(browser, hostile_file):
    found = Opened(browser, hostile_file)
    found.draws(122)
    for name in HOSTILE:
        found.page.fill("#find", name)
        found.page.press("#find", "Enter")
        assert found.page.locator("#details h3").inner_text()[:8].strip() == name[:8].strip()
    found.page.select_option("#colour", "<b>label</b>")
    found.page.mouse.move(300, 600)
    found.filter(HOSTILE[0], 3)
    found.filter("", 122)
    samples = [row["sample_id"] for row in csv.DictReader(io.StringIO(found.downloaded("CSV")))]
    given = [f"'{name}" if name.startswith("=") else name for name in HOSTILE]
    assert samples[: len(HOSTILE)] == given
    assert found.page.locator("b:has-text('label'), img").count() == 0
    found.check()


def test_a_hundred_thousand_samples_are_usable_in_five_seconds(browser, many, tmp_path):
    path = tmp_path / "many.html"
    path.write_text(many(100_000, 26), encoding="utf-8")
    begin = time.monotonic()
    found = Opened(browser, path)
    found.draws(100_000)
    assert found.page.locator("table.samples tbody tr").count() == 25
    found.page.fill("#find", "S099999")
    found.page.press("#find", "Enter")
    assert found.page.locator("#details h3").inner_text() == "S099999"
    assert time.monotonic() - begin < (5 if os.getloadavg()[0] <= (os.cpu_count() or 1) else 30)
    found.filter("label=G07", 3846)
    found.draws(3846)
    found.check()
