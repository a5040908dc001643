"""Labels of samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from ancestry_ddvi.artefacts.labels import UNLABELLED, read_labels
from ancestry_ddvi.errors import InputsDisagree, InputUnreadable

SAMPLES = ["007", "1e5", "NA", "Å_b", "x y"]


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "labels.tsv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def labelled(path: Path) -> list[str]:
    return read_labels(path).of(SAMPLES)


def test_labels_go_to_their_samples_in_the_order_of_the_samples(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\nx y\tFIN\n1e5\tYRI\n007\tCHB\nÅ_b\tÅland\nNA\tNorth A\n")
    assert labelled(path) == ["CHB", "YRI", "North A", "Åland", "FIN"]


def test_samples_the_table_lacks_are_unlabelled_and_others_are_let_be(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\n007\tCHB\n7\tCEU\nstranger\tFIN\n1e5\t\n")
    assert labelled(path) == ["CHB", *[UNLABELLED] * 4]


def test_further_columns_and_foreign_line_ends_are_borne(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\tsuper\r\n007\tCHB\tEAS\r\n1e5\tYRI\tAFR")
    assert labelled(path)[:2] == ["CHB", "YRI"]


def test_blank_lines_say_nothing(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\n\n007\tCHB\n\r\n\n")
    assert labelled(path)[0] == "CHB"


def test_a_table_that_matches_no_sample_says_how_many_it_has(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\na\tCHB\nb\tCEU\n")
    with pytest.raises(InputsDisagree, match=r"none of the 2 IDs .* 5 samples"):
        labelled(path)


def test_a_line_without_a_tab_is_named_by_its_number(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\n007\tCHB\n1e5 YRI\n")
    with pytest.raises(InputUnreadable, match="line 3") as caught:
        labelled(path)
    assert "tab" in caught.value.remedy


@pytest.mark.parametrize(
    "content",
    ["", "id\tpop\n", b"\xff\xfe\x00i\x00d"],
    ids=["empty", "header alone", "not UTF-8"],
)
def test_a_file_without_labels_cannot_be_read(tmp_path, content) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputUnreadable) as caught:
        read_labels(path)
    assert str(path) in caught.value.problem


def test_an_absent_file_or_a_folder_cannot_be_read(tmp_path) -> None:
    for path in (tmp_path / "absent.tsv", tmp_path):
        with pytest.raises(InputUnreadable, match="cannot be read") as caught:
            labelled(path)
        assert "--labels" in caught.value.remedy


LEVELS = """\
sample\tpopulation\tsex\tsuper\tage\tsource\tcontinent
a\tFIN\tf\tEUR\t31\tpanel\tnorth
b\tFIN\tm\tEUR\t40\tpanel\tnorth
c\tGBR\tf\tEUR\t31\tpanel\tnorth
d\tGBR\tm\tEUR\t28\tpanel\tnorth
e\tYRI\tf\tAFR\t31\tpanel\tsouth
f\tYRI\tm\tAFR\t55\tpanel\tsouth
g\tCHB\tf\tEAS\t31\tpanel\tsouth
h\tCHB\tm\tEAS\t60\tpanel\tsouth
"""


def test_coarser_columns_are_levels_and_others_are_not(tmp_path) -> None:
    """Sex and age differ within a label, and a column of one entry says nothing."""
    levels = read_labels(written(tmp_path, LEVELS))
    assert levels.names == ("population", "super", "continent")
    assert levels.by_sample["e"] == ("YRI", "AFR", "south")
    assert levels.of(["g"]) == ["CHB"]


def test_a_second_name_for_each_label_is_no_level(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\tname\na\tFIN\tFinns\nb\tGBR\tBritons\n")
    assert read_labels(path).names == ("pop",)


@pytest.mark.parametrize("gap", ["", "NA"])
def test_a_column_with_gaps_is_no_level(tmp_path, gap: str) -> None:
    path = written(tmp_path, LEVELS.replace("\tEAS\t", f"\t{gap}\t"))
    assert read_labels(path).names == ("population", "continent")


def test_samples_without_a_label_are_on_no_level(tmp_path) -> None:
    """Nor do their other columns count."""
    unknown = "i\t\tf\tEUR\t2\tpanel\tsouth\nj\tNA\tf\tAFR\t3\tpanel\tnorth\n"
    levels = read_labels(written(tmp_path, LEVELS + unknown))
    assert levels.names == ("population", "super", "continent")
    assert set(levels.by_sample) == set("abcdefgh")


@pytest.mark.parametrize(
    ("header", "names"),
    [("id\t\t", ("level1", "level2")), ("id", ("level1",)), ("id\tpop", ("pop",))],
)
def test_columns_without_a_name_are_numbered_or_left(tmp_path, header, names) -> None:
    rows = "a\tFIN\tEUR\nb\tGBR\tEUR\nc\tYRI\tAFR\n"
    assert read_labels(written(tmp_path, f"{header}\n{rows}")).names == names


def test_short_lines_are_borne(tmp_path) -> None:
    """A line that ends before a coarser column leaves that column out."""
    levels = read_labels(written(tmp_path, LEVELS + "k\tFIN\n"))
    assert levels.names == ("population",)
    assert levels.by_sample["k"] == ("FIN",)
