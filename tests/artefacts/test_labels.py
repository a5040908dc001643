"""Labels of samples."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ancestry_ddvi.artefacts.label_table import UNLABELLED, iid_of
from ancestry_ddvi.artefacts.labels import read_labels
from ancestry_ddvi.errors import InputsDisagree, InputUnreadable

SAMPLES = ["007", "1e5", "NA", "Å_b", "x y"]


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "labels.tsv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def labelled(path: Path) -> list[str]:
    return of(path, SAMPLES)


def of(path: Path, samples: Sequence[str]) -> list[str]:
    return read_labels(path).match(samples).of(samples)


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
    path = written(tmp_path, "id\tpop\nx y\tCHB\n1e5 YRI\n")
    with pytest.raises(InputUnreadable, match="line 3") as caught:
        labelled(path)
    assert "tab" in caught.value.remedy


@pytest.mark.parametrize(
    "content",
    ["", "id\tpop\n", b"id\tpop\n007\tCHB\n1e5\t\xe5"],
    ids=["empty", "header alone", "not UTF-8"],
)
def test_a_file_without_labels_cannot_be_read(tmp_path, content) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputUnreadable) as caught:
        labelled(path)
    assert str(path) in caught.value.problem


def test_text_of_another_encoding_is_refused_with_its_line_and_the_remedy(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\n007\tCHB\n1e5\tÅland\n".encode("latin1"))
    with pytest.raises(InputUnreadable, match="line 3: not UTF-8 text") as caught:
        read_labels(path)
    assert "iconv" in caught.value.remedy


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
    levels = read_labels(written(tmp_path, LEVELS)).match("abcdefgh")
    assert levels.names == ("population", "super", "continent")
    assert levels.by_sample["e"] == ("YRI", "AFR", "south")
    assert levels.of(["g"]) == ["CHB"]


def test_a_second_name_for_each_label_is_no_level(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\tname\na\tFIN\tFinns\nb\tGBR\tBritons\n")
    assert read_labels(path).match("ab").names == ("pop",)


@pytest.mark.parametrize("gap", ["", "NA"])
def test_a_column_with_gaps_is_no_level(tmp_path, gap: str) -> None:
    path = written(tmp_path, LEVELS.replace("\tEAS\t", f"\t{gap}\t"))
    assert read_labels(path).match("abcdefgh").names == ("population", "continent")


def test_samples_without_a_label_are_on_no_level(tmp_path) -> None:
    """Nor do their other columns count."""
    unknown = "i\t\tf\tEUR\t2\tpanel\tsouth\nj\tNA\tf\tAFR\t3\tpanel\tnorth\n"
    levels = read_labels(written(tmp_path, LEVELS + unknown)).match("abcdefghij")
    assert levels.names == ("population", "super", "continent")
    assert set(levels.by_sample) == set("abcdefgh")


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("id\t\t", ("level1", "level2")),
        ("id", ("level1",)),
        ("id\tpop", ("pop",)),
        ("id\tpop\tpop", ("pop", "level2")),
    ],
)
def test_columns_without_a_name_of_their_own_are_numbered_or_left(tmp_path, header, names) -> None:
    rows = "a\tFIN\tEUR\nb\tGBR\tEUR\nc\tYRI\tAFR\n"
    assert read_labels(written(tmp_path, f"{header}\n{rows}")).match("abc").names == names


def test_short_lines_are_borne(tmp_path) -> None:
    """A line that ends before a coarser column leaves that column out."""
    levels = read_labels(written(tmp_path, LEVELS + "k\tFIN\n")).match("abk")
    assert levels.names == ("population",)
    assert levels.by_sample["k"] == ("FIN",)


# However it is written ------------------------------------------------------------------------


COHORT = ["HG1", "HG2", "HG3", "HG4"]
TRUTH = ["FIN", "GBR", "FIN", "YRI"]


@pytest.mark.parametrize("header", ["sample\tpopulation", "#IID\tpop", "ID\tPop", "x\tlabel", ""])
@pytest.mark.parametrize("separator", ["\t", ",", " ", "   ", " \t "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "  \n", "\r"])
def test_separator_header_and_line_ends_do_not_matter(tmp_path, header, separator, end) -> None:
    rows = [*([header] if header else []), *map("\t".join, zip(COHORT, TRUTH, strict=True))]
    content = "".join(row.replace("\t", separator) + end for row in rows)
    assert of(written(tmp_path, content), COHORT) == TRUTH
    assert of(written(tmp_path, "\ufeff" + content.rstrip()), COHORT) == TRUTH


WORDS = st.text("abXY019_-.é", min_size=1, max_size=6).filter(lambda word: word != UNLABELLED)
HEADERS = st.sampled_from([["sample", "population"], ["#IID", "pop"], ["Sample ID", "label"], []])
SLOW_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@SLOW_FOLDER
@given(
    table=st.dictionaries(WORDS, WORDS, min_size=1, max_size=8),
    header=HEADERS,
    separator=st.sampled_from(["\t", ",", " ", "  ", "\t ", ", "]),
    padding=st.sampled_from(["", " ", "  "]),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
)
def test_any_table_gives_the_labels_in_it(
    tmp_path, table, header, separator, padding, end, bom
) -> None:
    rows = [header, *table.items()] if header else list(table.items())
    lines = [separator.join(row) + padding for row in rows]
    content = ("\ufeff" if bom else "") + end.join(lines)
    found = read_labels(written(tmp_path, content)).match(list(table))
    assert found.by_sample == {sample: (label,) for sample, label in table.items()}


@SLOW_FOLDER
@given(table=st.dictionaries(WORDS, st.text("ab ,;'\"é", min_size=1), min_size=1, max_size=5))
def test_a_csv_file_may_quote_its_cells(tmp_path, table) -> None:
    content = io.StringIO()
    csv.writer(content, quoting=csv.QUOTE_ALL).writerows([["sample", "population"], *table.items()])
    expected = {s: (label.strip(),) for s, label in table.items() if label.strip()}
    found = read_labels(written(tmp_path, content.getvalue())).match(list(table))
    assert found.by_sample == expected


def test_trailing_blanks_make_no_second_group(tmp_path) -> None:
    path = written(tmp_path, "sample\tpop\nHG1\tFIN\nHG3 \tFIN \nHG2\t GBR\nHG4\tYRI\u00a0\n")
    assert of(path, COHORT) == TRUTH


def test_labels_and_ids_between_tabs_may_have_blanks_and_commas(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\nx y\tNorth Africa\n1e5\tA, B\n")
    assert labelled(path) == ["NA", "A, B", "NA", "NA", "North Africa"]


def test_a_table_of_r_is_read(tmp_path) -> None:
    """Blanks, quotes, and a header without a name for the column of row names."""
    path = written(
        tmp_path, '"pop" "super"\n"HG1" "FIN" "EUR"\n"HG2" "GBR" "EUR"\n"HG4" "Yo ru" "AFR"\n'
    )
    found = read_labels(path).match(COHORT)
    assert found.names == ("pop", "super")
    assert found.by_sample["HG4"] == ("Yo ru", "AFR")


# Header ---------------------------------------------------------------------------------------


def test_a_first_line_with_the_id_of_a_sample_is_no_header(tmp_path) -> None:
    for first in ("HG1", "id"):
        samples = [first, *COHORT[1:]]
        rows = "".join(f"{s}\t{label}\n" for s, label in zip(samples, TRUTH, strict=True))
        assert of(written(tmp_path, rows), samples) == TRUTH


def test_a_first_line_of_a_stranger_is_no_header_if_others_share_its_label(tmp_path) -> None:
    found = read_labels(written(tmp_path, "X9\tFIN\nHG1\tFIN\nHG2\tGBR\n")).match(COHORT)
    assert found.names == ("level1",)
    assert found.of(COHORT) == ["FIN", "GBR", "NA", "NA"]


def test_one_line_is_enough_for_one_sample(tmp_path) -> None:
    assert of(written(tmp_path, "HG1 FIN\n"), ["HG1"]) == ["FIN"]


@pytest.mark.parametrize(
    "content",
    ["population,sample_id\nFIN,HG1\nGBR,HG2\nFIN,HG3\nYRI,HG4\n",
     "n\tIID\tpop\n1\tHG1\tFIN\n2\tHG2\tGBR\n3\tHG3\tFIN\n4\tHG4\tYRI\n",
     "##made by hand\n#IID SID SEX pop\nHG1 1 2 FIN\nHG2 1 1 GBR\nHG3 1 1 FIN\nHG4 1 1 YRI\n"],
    ids=["labels first", "numbers first", "psam"],
)  # fmt: skip
def test_the_column_of_ids_is_found_by_its_name(tmp_path, content) -> None:
    assert of(written(tmp_path, content), COHORT) == TRUTH


# Family IDs -----------------------------------------------------------------------------------


FAMILIES = ["F", "G", "H", "F"]


@pytest.mark.parametrize("header", ["FID IID pop\n", "#FID IID SEX pop\n", ""])
@pytest.mark.parametrize("same", [True, False], ids=["FID is IID", "FID is a family"])
def test_a_table_with_fid_and_iid_is_read(tmp_path, header, same) -> None:
    sex = "1 " if "SEX" in header else ""
    rows = [
        f"{iid if same else family} {iid} {sex}{label}\n"
        for family, iid, label in zip(FAMILIES, COHORT, TRUTH, strict=True)
    ]
    path = written(tmp_path, header + "".join(rows))
    assert of(path, COHORT) == TRUTH
    joined = [f"{r.split()[0]}_{r.split()[1]}" for r in rows]
    assert of(path, joined) == TRUTH


def test_fid_tells_samples_apart_whose_iids_repeat(tmp_path) -> None:
    path = written(tmp_path, "FID IID pop\nF 1 FIN\nG 1 GBR\nH 1 YRI\n")
    assert of(path, ["G_1", "F_1", "H_1"]) == ["GBR", "FIN", "YRI"]
    with pytest.raises(InputUnreadable, match="sample '1' is 'FIN' in line 2 and 'GBR' in line 3"):
        of(path, ["1"])


@pytest.mark.parametrize("double", [True, False])
def test_fid_iid_and_iid_are_the_same_sample_on_either_side(tmp_path, double, caplog) -> None:
    caplog.set_level(logging.INFO)
    joined = [f"{s if double else f}_{s}" for f, s in zip(FAMILIES, COHORT, strict=True)]
    for ids, samples in ((joined, COHORT), (COHORT, joined)):
        rows = [f"{name}\t{label}\n" for name, label in zip(ids, TRUTH, strict=True)]
        assert of(written(tmp_path, "".join(rows)), samples) == TRUTH
    assert caplog.text.count("FID_IID") == 2


def test_ids_are_not_cut_where_that_explains_few_or_confuses_two(tmp_path) -> None:
    path = written(tmp_path, "id\tpop\n1\tFIN\n" + "".join(f"X{i}\tGBR\n" for i in range(9)))
    for samples in (["A_1", *COHORT], ["A_1", "B_1"]):
        with pytest.raises(InputsDisagree):
            of(path, samples)


@pytest.mark.parametrize(
    ("name", "iid"), [("a_a", "a"), ("x_1_x_1", "x_1"), ("F_a", "a"), ("F_a_b", "a_b"), ("a", ""),
                      ("_", ""), ("", "")],
)  # fmt: skip
def test_the_iid_in_fid_iid(name: str, iid: str) -> None:
    assert iid_of(name) == iid


# What is said ---------------------------------------------------------------------------------


def test_contradictory_lines_are_an_error_and_repeated_ones_are_not(tmp_path) -> None:
    rows = "sample,pop\nHG1,FIN\nHG2,GBR\nHG1,FIN \nHG1,NA\n"
    assert of(written(tmp_path, rows), COHORT)[:2] == ["FIN", "GBR"]
    path = written(tmp_path, rows + "other,FIN\nother,YRI\nHG2,YRI\n")
    with pytest.raises(InputUnreadable, match="'HG2' is 'GBR' in line 3 and 'YRI' in line 8"):
        of(path, COHORT)


def said(path: Path, samples: Sequence[str], caplog: pytest.LogCaptureFixture) -> tuple[str, str]:
    """Level and message."""
    caplog.clear()
    caplog.set_level(logging.INFO)
    read_labels(path).match(samples)
    (entry,) = caplog.records
    return entry.levelname, entry.getMessage()


def test_how_many_samples_have_a_label_is_always_said(tmp_path, caplog) -> None:
    path = written(tmp_path, "sample\tpop\nHG1\tFIN\nHG2\tNA\n")
    level, message = said(path, ["HG1", "HG2"], caplog)
    assert level == "INFO"
    assert message == f"1 of 2 samples have a label in {path}."
    level, message = said(path, COHORT, caplog)
    assert level == "WARNING"
    assert message.startswith("1 of 4 samples have a label")
    level, message = said(path, ["HG1", *(f"Z{i}" for i in range(20))], caplog)
    assert level == "WARNING"
    assert message.endswith("'Z0, Z1, Z2'.")


def test_where_none_match_three_ids_of_both_sides_are_shown(tmp_path) -> None:
    path = written(tmp_path, "sample\tpop\n" + "".join(f"Q{i}\tFIN\n" for i in range(9)))
    with pytest.raises(InputsDisagree) as caught:
        of(path, COHORT)
    assert "it has 'Q0, Q1, Q2', the input 'HG1, HG2, HG3'" in caught.value.problem
    assert "IID" in caught.value.remedy


@pytest.mark.parametrize("header", ["sample\tpop\n", ""])
def test_where_none_match_ids_and_not_labels_are_shown(tmp_path, header) -> None:
    path = written(tmp_path, header + "".join(f"Q{i}\tP{i % 3}\n" for i in range(9)))
    with pytest.raises(InputsDisagree, match="it has 'Q0, Q1, Q2'"):
        of(path, COHORT)


def test_no_empty_list_of_ids_is_shown(tmp_path, caplog) -> None:
    path = written(tmp_path, "sample\tpop\nHG1\tFIN\n")
    _, message = said(path, ["HG1", *(f"Z{i}" for i in range(20))], caplog)
    assert message.endswith(f"in {path}: the input also has 'Z0, Z1, Z2'.")
    path = written(tmp_path, "sample\tpop\n" + "".join(f"Z{i}\tNA\n" for i in range(20)))
    _, message = said(path, [f"Z{i}" for i in range(20)], caplog)
    assert message == f"0 of 20 samples have a label in {path}."


def test_a_message_quotes_little_of_the_table(tmp_path) -> None:
    path = written(tmp_path, f"sample\tpop\n{'Q' * 10**5}\tFIN\n")
    with pytest.raises(InputsDisagree) as caught:
        of(path, COHORT)
    assert len(caught.value.problem) < 500


def test_ids_without_a_column_of_labels_are_refused(tmp_path) -> None:
    with pytest.raises(InputUnreadable, match="no column of labels"):
        of(written(tmp_path, "FID IID\nF HG1\n"), COHORT)
