"""Labels of samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from ancestry_ddvi.artefacts.labels import UNLABELLED, labels_of, read_labels
from ancestry_ddvi.errors import InputsDisagree, InputUnreadable

SAMPLES = ["007", "1e5", "NA", "Å_b", "x y"]


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "labels.tsv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def labelled(path: Path) -> list[str]:
    return labels_of(SAMPLES, read_labels(path), path)


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


def test_a_table_that_matches_nobody_says_how_many_it_has(tmp_path) -> None:
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
