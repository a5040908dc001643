"""What a report contains, read without a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from ancestry_ddvi.reports.attention import _of_reasons
from ancestry_ddvi.reports.markup import Markup, json_text, name_of, prose, tag, text

from .conftest import HOSTILE


class Reader(HTMLParser):
    """Elements with their attributes, and the text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[tuple[str | None, str]] = []
        self._inside: list[str] = []
        self._type: str | None = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)
        if tag == "script":
            self._type = dict(attrs).get("type")
            self.scripts.append((self._type, ""))

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if self._inside and self._inside[-1] == "script":
            self.scripts[-1] = (self._type, self.scripts[-1][1] + data)
        elif not self._inside or self._inside[-1] != "style":
            self.words.append(data)

    @property
    def data(self):
        first, *others = [json.loads(code) for kind, code in self.scripts if kind]
        return first | {"fields": [part for part in others if "meaning" in part]}


@pytest.fixture(scope="module")
def reader(page) -> Reader:
    return Reader(page)


def test_text_is_escaped_in_elements_and_in_attributes():
    assert text("<&\">'") == "&lt;&amp;&quot;&gt;&#x27;"
    assert tag("a", "<b>", title='"x"') == '<a title="&quot;x&quot;">&lt;b&gt;</a>'
    assert name_of("<b>") == "<bdi>&lt;b&gt;</bdi>"
    assert tag("p", Markup("<b>")) == "<p><b></p>"
    assert text("a\x00b\ud800") == "a\ufffdb\ufffd"
    assert prose("`<i>` in [a page](x.md)") == "<code>&lt;i&gt;</code> in a page"


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: name[:12])
def test_data_in_a_script_are_the_same_and_have_no_bracket(name):
    written = json_text({name: [name]})
    assert json.loads(written) == {name: [name]}
    assert not re.search("[<>&\u2028]", written)


def test_nothing_is_loaded_from_elsewhere(reader):
    links = []
    for name, attributes in reader.elements:
        assert name not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert "src" not in attributes
        assert "style" not in attributes
        assert not [key for key in attributes if key.startswith("on")]
        links += [attributes["href"]] if "href" in attributes else []
    assert {link for link in links if not link.startswith("#")} == {
        "https://doi.org/10.17226/26902"
    }
    anchors = {attributes.get("id") for _, attributes in reader.elements}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors


def test_the_policy_names_the_style_and_the_script_and_nothing_else(page, reader):
    (policy,) = [a["content"] for n, a in reader.elements if n == "meta" and "http-equiv" in a]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    first, script = [code for kind, code in reader.scripts if kind is None]
    assert first == 'document.documentElement.className = "js";'
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": f"{digest(script)} {digest(first)}",
        "style-src": digest(style),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_same_files_give_the_same_bytes(report_file, runs_folder, labels, tmp_path):
    from ancestry_ddvi import api

    prefixes = [str(runs_folder / name) for name in ("cohort", "query")]
    again = api.report(prefixes, str(tmp_path / "again"), labels=[labels])
    assert again.files["report"].read_bytes() == report_file.read_bytes()


def test_every_sample_is_in_the_data_and_in_the_table_without_javascript(page, reader):
    fields = {field["name"]: field for field in reader.data["fields"]}
    samples = fields["sample_id"]["texts"]
    assert len(samples) == reader.data["count"] == 122 + 8
    plain = page[page.index("<noscript>") : page.index("</noscript>")]
    assert [name for name in samples if f"<bdi>{name}</bdi>" not in plain] == []


def unpacked(array):
    import numpy as np

    return np.frombuffer(base64.b64decode(array["bytes"]), f"<{array['type']}")


def test_numbers_in_the_page_have_the_digits_of_the_tables(reader, runs_folder):
    import numpy as np
    import pandas as pd

    fields = {field["name"]: field for field in reader.data["fields"]}
    tables = [pd.read_csv(runs_folder / f"{n}.coords.tsv", sep="\t") for n in ("cohort", "query")]
    for name in ("Z1", "Z2_sd", "n_variants", "p_panel", "map_sd"):
        due = np.concatenate([table[name] for table in tables])
        found = [float(f"{value:.6g}") for value in unpacked(fields[name]["numbers"])]
        np.testing.assert_array_equal(found, due, err_msg=name)


def test_dates_and_identifiers_keep_every_digit():
    import numpy as np

    from ancestry_ddvi.reports.packing import packed

    dates = np.array([20261127.0, 20261128.0, np.nan])
    np.testing.assert_array_equal(unpacked(packed(dates)), dates)
    assert packed(np.array([2.0**24, 1e30, 0.1, np.nan]))["type"] == "f8"
    assert packed(np.array([2.0**24, 0.1, np.nan]))["type"] == "f4"


def test_groups_are_those_of_the_table_of_ancestry(reader, runs_folder):
    import pandas as pd

    fields = {field["name"]: field for field in reader.data["fields"]}
    group = fields["group"]
    found = [group["different"][code] for code in unpacked(group["codes"])]
    tables = [pd.read_csv(runs_folder / f"{n}.ancestry.tsv", sep="\t") for n in ("cohort", "query")]
    assert found == [name for table in tables for name in table["ancestry"]]


def test_the_head_line_counts_the_samples(reader, runs_folder):
    words = " ".join("".join(reader.words).split())
    assert "130 samples in 2 runs." in words
    tables = [(runs_folder / f"{n}.ancestry.tsv").read_text() for n in ("cohort", "query")]
    rows = [row.split("\t") for table in tables for row in table.splitlines()[1:]]
    unassigned = sum(row[1] == "unassigned" for row in rows)
    assert unassigned
    assert f"{130 - unassigned} have a most genetically similar reference group" in words
    reasons = re.search(rf"\b{unassigned} (?:is|are) unassigned: ([^.]*)\.", words)
    assert reasons
    assert sum(map(int, re.findall(r"\d+", reasons[1]))) == unassigned


def test_a_flag_is_explained_with_what_to_do(reader, runs_folder):
    from ancestry_ddvi.artefacts.flags import FLAGS

    summary = json.loads((runs_folder / "cohort.summary.json").read_text())
    words = " ".join("".join(reader.words).split())
    assert summary["flags"]
    for name in summary["flags"]:
        assert FLAGS[name].meaning.replace("`", "")[:60] in words
    assert sorted(reader.data["flags"]) >= sorted(summary["flags"])


@pytest.mark.parametrize(("shares", "more"), [([1.0, 0.5, 1.0], True), ([1.0, 1.0, 0.5], False)])
def test_more_variants_are_advised_where_the_model_has_more(shares, more):
    run = SimpleNamespace(
        finest=SimpleNamespace(reason=np.array(["low_probability", "low_probability", ""])),
        coordinates={"variant_fraction": np.array(shares)},
    )
    [notice] = _of_reasons([run])
    assert "2 samples without a group" in str(notice.what)
    assert str(notice.advice).startswith("Use the coarser level")
    assert ("more variants may help" in str(notice.advice)) is more


def test_every_part_of_the_report_is_there(reader):
    anchors = {attributes.get("id") for _, attributes in reader.elements}
    assert anchors >= {
        "attention", "map", "table", "quality", "harmonisation", "relatives", "trust",
        "stability", "provenance", "reading",
    }  # fmt: skip
    words = "".join(reader.words)
    for part in ("ld-r2", "king-cutoff", "with the same alleles", "first degree", "calibration",
                 "Model card", "not identity", "torch"):  # fmt: skip
        assert part in words, part


def test_groups_of_the_model_are_ellipses_in_both_views(reader, runs_folder):
    from ancestry_ddvi.artefacts.model import Model

    groups = Model.read(runs_folder / "cohort.ddvi").record.groups
    shown = reader.data["groups"]
    assert shown["names"] == [cell[0] for cell in groups.cells]
    assert sorted(shown["shapes"]) == ["PC", "Z"]
    first = shown["shapes"]["Z"]["mean"][0]
    assert first == pytest.approx(groups.coordinates.mean[0], rel=1e-3)
    ellipses = [a for n, a in reader.elements if n == "ellipse"]
    assert len(ellipses) == len(groups.cells)


def test_colours_are_those_of_the_figures(reader, runs_folder):
    from ancestry_ddvi.artefacts.model import Model
    from ancestry_ddvi.plots.groups import label_styles
    from ancestry_ddvi.plots.reference import parents_of

    known = parents_of(Model.read(runs_folder / "cohort.ddvi").record.groups)
    styles = label_styles(known)
    for column in ("group", "population", "population_most_similar"):
        for name, style in reader.data["styles"][column].items():
            if name in known:
                assert style["colour"] == styles[name].colour
                assert style["marker"] == styles[name].marker


def test_hostile_names_are_text(hostile_file):
    page = hostile_file.read_text(encoding="utf-8")
    reader = Reader(page)
    assert {kind for kind, _ in reader.scripts[1:-1]} == {"application/json"}
    assert [reader.scripts[k][0] for k in (0, -1)] == [None, None]
    assert {name for name, _ in reader.elements}.isdisjoint({"img", "b"})
    assert "<!--" not in page
    samples = {f["name"]: f for f in reader.data["fields"]}["sample_id"]["texts"]
    assert tuple(samples[: len(HOSTILE)]) == HOSTILE
    assert not re.search(r"(?i)<[^>]*\son\w+=", page)


def test_a_hundred_thousand_samples_are_no_table_of_html(many):
    page = many(4000, 26)
    assert page.count("<tr>") < 3400
    assert "The first 3,000 are here" in page


def test_reliability_is_drawn_for_each_level(reader, runs_folder):
    from ancestry_ddvi.artefacts.model import Model

    levels = Model.read(runs_folder / "cohort.ddvi").record.assignment
    points = sum(len(row["reliability"]) for row in levels)
    assert points
    circles = [
        a for n, a in reader.elements if n == "circle" and (a.get("class") or "")[:3] == "dot"
    ]
    assert len(circles) == points + 9
    for row in levels:
        assert any(f"● {row['level']}" in words for words in reader.words)


def test_a_model_whose_reliability_is_not_known_has_a_page(runs_folder):
    from dataclasses import replace

    from ancestry_ddvi.artefacts.model import Model
    from ancestry_ddvi.reports.build import report_page
    from ancestry_ddvi.reports.runs import read_run

    model = Model.read(runs_folder / "cohort.ddvi")
    rows = [{k: v for k, v in row.items() if k != "reliability"} for row in model.record.assignment]
    none = {"samples": 0, "accuracy": None, "calibration_error": None}
    runs = [read_run(str(runs_folder / "query"))]
    for assignment in (rows, [row | none for row in rows]):
        earlier = replace(model, record=replace(model.record, assignment=assignment))
        page = report_page(runs, {}, earlier, "cohort", "Earlier")
        assert "fitted by a version that kept no more than this average" in page


def test_draws_in_the_page_are_those_of_the_run(page, runs_folder):
    import numpy as np

    (found,) = re.findall(r'<script type="application/json" class="draws">(.*?)</script>', page)
    read = json.loads(found)
    values = np.frombuffer(base64.b64decode(read["bytes"]), "<f4").reshape(8, 16, 2)
    with np.load(runs_folder / "query.draws.npz") as written:
        np.testing.assert_allclose(values, written["draws"], rtol=1e-6)
    assert (read["first"], read["samples"], read["draws"]) == (122, 8, 16)


def test_of_many_samples_fewer_draws_are_in_the_page():
    import numpy as np

    from ancestry_ddvi.reports.samples import _some

    draws = np.broadcast_to(np.arange(64.0)[:, None], (1000, 64, 2))
    assert _some(draws).shape == (1000, 64, 2)
    many = _some(np.broadcast_to(np.arange(64.0)[:, None], (40_000, 64, 2)))
    assert many.shape == (40_000, 25, 2)
    assert (many[0, 0, 0], many[0, -1, 0]) == (0, 63)


def test_stability_is_told_beside_the_size_of_the_map(reader):
    words = " ".join("".join(reader.words).split())
    assert "map_sd, median" in words and "standard deviation of the map" in words
