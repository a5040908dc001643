"""Tables of coordinates, read back by pandas and by ``read_coordinates``."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ancestry_ddvi.artefacts.coordinates import (
    Coordinates,
    looks_like_coordinates,
    read_coordinates,
    write_components,
    write_draws,
    write_groups,
)
from ancestry_ddvi.artefacts.records import EmbeddedSamples
from ancestry_ddvi.errors import InputUnreadable, OutputUnwritable

IDS = ["007", "1e5", "NA", "nan", "Ørsted_Å", "a b", "-9", "0x1F", "None", "TRUE", "1_000"]


NUMBERS = ("effective_variants", "variant_fraction", "call_rate", "effective_draws",
           "log_evidence", "p_panel", "map_sd")  # fmt: skip


def record(count: int = len(IDS), dims: int = 2) -> EmbeddedSamples:
    """Embedded samples with numbers of every size."""
    rng = np.random.default_rng(0)
    posterior = SimpleNamespace(
        mean=rng.normal(size=(count, dims)),
        sd=rng.random((count, dims)),
        correlation=rng.uniform(-1, 1, (count, dims * (dims - 1) // 2)),
        effective_draws=rng.random(count) * 100,
        log_evidence=-rng.random(count) * 100,
    )
    scores = SimpleNamespace(
        observed=rng.integers(0, 10**6, count), effective_variants=rng.uniform(0, 10**5, count)
    )
    flags = (["", "related", "in_panel,few_draws"] * count)[:count]
    return EmbeddedSamples(IDS[:count], posterior, scores, 10**6, 5000, rng.random(count), flags,
                           rng.random(count))  # fmt: skip


def coordinates(count: int = len(IDS), dims: int = 2) -> Coordinates:
    return Coordinates.of(record(count, dims))


def as_text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


@pytest.mark.parametrize("dims", [1, 2, 8])
def test_columns_are_those_of_the_documentation(tmp_path, dims: int) -> None:
    coordinates(dims=dims).write(tmp_path / "x.tsv")
    axes = [f"Z{k}" for k in range(1, dims + 1)]
    assert list(as_text(tmp_path / "x.tsv").columns) == [
        "sample_id", *axes, *(f"{a}_sd" for a in axes),
        *(f"{a}_{b}_corr" for i, a in enumerate(axes) for b in axes[i + 1 :]),
        "map_sd", "n_variants", "effective_variants", "variant_fraction", "call_rate",
        "effective_draws", "log_evidence", "p_panel", "flag",
    ]  # fmt: skip


@pytest.mark.parametrize("check", ["position", "scores", "norm"])
def test_the_intervals_of_a_sample_unlike_the_panel_cover_the_map(tmp_path, check: str) -> None:
    flags = ["", f"related,unlike_panel:{check},few_draws", "in_panel"] * 4
    panel = np.array([[4.0, 0.6, 0], [0.6, 1.0, -0.3], [0, -0.3, 9.0]])
    seen = replace(record(11, dims=3), flags=flags[:11], panel=panel)
    strange = np.arange(11) % 3 == 1
    Coordinates.of(seen).write(tmp_path / "x.tsv")
    back = read_coordinates(tmp_path / "x.tsv")
    np.testing.assert_allclose(back.mean, seen.posterior.mean, rtol=1e-5)
    for found, written, of_panel in (
        (back.sd, seen.posterior.sd, [2, 1, 3]),
        (back.correlation, seen.posterior.correlation, [0.3, 0, -0.1]),
    ):
        np.testing.assert_allclose(found[strange], np.tile(of_panel, (int(strange.sum()), 1)))
        np.testing.assert_allclose(found[~strange], written[~strange], rtol=1e-5)


def test_strangers_have_no_interval_where_the_method_has_none() -> None:
    seen = record(11)
    seen.posterior.sd[:], seen.posterior.correlation[:] = np.nan, np.nan
    strange = replace(seen, flags=["unlike_panel:scores"] * 11, panel=np.eye(2))
    assert np.isnan(strange.sd).all()
    assert np.isnan(strange.correlation).all()


def test_ids_survive_in_order(tmp_path) -> None:
    table = coordinates()
    table.write(tmp_path / "x.tsv")
    table.write_eigenvec(tmp_path / "x.eigenvec")
    write_components(tmp_path / "x.pcs.tsv", IDS, table.mean)
    assert as_text(tmp_path / "x.tsv")["sample_id"].tolist() == IDS
    assert as_text(tmp_path / "x.eigenvec")["IID"].tolist() == IDS
    assert as_text(tmp_path / "x.pcs.tsv")["sample_id"].tolist() == IDS


def test_numbers_come_back_to_six_digits(tmp_path) -> None:
    truth = record()
    coordinates().write(tmp_path / "x.tsv")
    back = pd.read_csv(tmp_path / "x.tsv", sep="\t", dtype={"sample_id": str})
    np.testing.assert_allclose(back[["Z1", "Z2"]], truth.posterior.mean, rtol=1e-5)
    np.testing.assert_allclose(back[["Z1_sd", "Z2_sd"]], truth.posterior.sd, rtol=1e-5)
    np.testing.assert_allclose(back[["Z1_Z2_corr"]], truth.posterior.correlation, rtol=1e-5)
    np.testing.assert_allclose(
        back["effective_variants"], truth.scores.effective_variants, rtol=1e-5
    )
    np.testing.assert_allclose(back["variant_fraction"], truth.scores.observed / 10**6, rtol=1e-5)
    np.testing.assert_allclose(back["call_rate"], truth.scores.observed / 5000, rtol=1e-5)
    np.testing.assert_allclose(back["effective_draws"], truth.posterior.effective_draws, rtol=1e-5)
    np.testing.assert_allclose(back["log_evidence"], truth.posterior.log_evidence, rtol=1e-5)
    np.testing.assert_allclose(back["p_panel"], truth.p_panel, rtol=1e-5)
    assert back["n_variants"].tolist() == truth.scores.observed.tolist()
    assert back["flag"].fillna("").tolist() == list(truth.flags)


def test_a_call_rate_without_variants_in_the_file_is_missing(tmp_path) -> None:
    nothing = EmbeddedSamples(**(vars(record(1)) | {"variants_in_file": 0}))
    Coordinates.of(nothing).write(tmp_path / "x.tsv")
    assert as_text(tmp_path / "x.tsv")["call_rate"].tolist() == ["NA"]


def test_the_eigenvec_is_laid_out_as_plink2_does(tmp_path) -> None:
    coordinates(3).write_eigenvec(tmp_path / "x.eigenvec")
    lines = (tmp_path / "x.eigenvec").read_text().splitlines()
    assert lines[0] == "#FID\tIID\tPC1\tPC2"
    assert [line.split("\t")[:2] for line in lines[1:]] == [["0", name] for name in IDS[:3]]


def test_numbers_have_six_significant_digits_and_missing_ones_are_na(tmp_path) -> None:
    scores = np.array([[np.nan, 1.0, -1234567.0, 1e-9, -0.0, 123456.4]])
    write_components(tmp_path / "x.tsv", ["a"], scores)
    (row,) = as_text(tmp_path / "x.tsv").to_numpy().tolist()
    assert row == ["a", "NA", "1", "-1.23457e+06", "1e-09", "-0", "123456"]


def test_lines_end_the_same_way_everywhere(tmp_path) -> None:
    coordinates().write(tmp_path / "x.tsv")
    content = (tmp_path / "x.tsv").read_bytes()
    assert b"\r" not in content
    assert content.count(b"\n") == len(IDS) + 1


def test_a_full_disk_leaves_the_old_table(tmp_path, small_disk) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("the old one")
    table = coordinates(1)
    many = Coordinates({name: np.repeat(column, 500) for name, column in table.columns.items()})
    with pytest.raises(OutputUnwritable, match=r"x\.tsv cannot be written"), small_disk():
        many.write(path)
    assert path.read_text() == "the old one"
    assert [p.name for p in tmp_path.iterdir()] == ["x.tsv"]


@pytest.mark.parametrize("dims", [1, 2, 8])
def test_a_table_is_read_back_as_it_was_written(tmp_path, dims: int) -> None:
    table = coordinates(dims=dims)
    table["p_panel"][3] = np.nan
    table.write(tmp_path / "x.tsv")
    back = read_coordinates(tmp_path / "x.tsv")
    assert (back.samples, back.flag) == (IDS, table.flag)
    assert list(back.columns) == list(table.columns)
    for name in ("mean", "sd", "correlation"):
        assert getattr(back, name).shape == getattr(table, name).shape
        np.testing.assert_allclose(getattr(back, name), getattr(table, name), rtol=1e-5)
    for name in NUMBERS:
        np.testing.assert_allclose(back[name], table[name], rtol=1e-5)


ODD = [*IDS, '"', "'quoted'", '"a', "#x", "\\", "", " x ", "1.0", "\x85", "\u2028"]
CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\t\r\n\0")
TEXT = st.text(CHARACTERS, min_size=1) | st.sampled_from(ODD)


@given(
    ids=st.lists(TEXT, min_size=1, max_size=6),
    value=arrays(np.float64, (6, 2), elements=st.floats(allow_nan=True, allow_infinity=True)),
    count=arrays(np.int64, 6, elements=st.integers(0, 2**53)),
)
def test_any_table_comes_back_to_the_same_bytes(tmp_path_factory, ids, value, count) -> None:
    """Whatever the IDs are, and to the last of six digits."""
    folder, rows = tmp_path_factory.mktemp("x"), len(ids)
    columns = dict(coordinates(1).columns) | {
        "sample_id": np.array(ids, dtype=object), "n_variants": count[:rows],
        "Z1": value[:rows, 0], "p_panel": value[:rows, 1],
    }  # fmt: skip
    table = Coordinates({name: np.resize(column, rows) for name, column in columns.items()})
    table.write(folder / "x.tsv")
    back = read_coordinates(folder / "x.tsv")
    back.write(folder / "y.tsv")
    assert (folder / "y.tsv").read_bytes() == (folder / "x.tsv").read_bytes()
    assert (back.samples, back["n_variants"].tolist()) == (ids, count[:rows].tolist())
    assert back["Z1"].tolist() == pytest.approx(value[:rows, 0].tolist(), rel=1e-5, nan_ok=True)


def test_bytes_are_those_of_a_table_written_by_hand(tmp_path) -> None:
    table = coordinates()
    table["p_panel"][3] = np.nan
    table.write(tmp_path / "x.tsv")

    def cell(value: object) -> str:
        if isinstance(value, float):
            return "NA" if np.isnan(value) else f"{value:.6g}"
        return str(value)

    rows = zip(*(column.tolist() for column in table.columns.values()), strict=True)
    lines = ["\t".join(table.columns), *("\t".join(map(cell, row)) for row in rows)]
    assert (tmp_path / "x.tsv").read_bytes() == "".join(f"{line}\n" for line in lines).encode()


@pytest.mark.parametrize("dims", [1, 3])
def test_the_frame_is_what_pandas_reads_from_the_file(tmp_path, dims: int) -> None:
    table = coordinates(dims=dims)
    table["p_panel"][3] = np.nan
    table.write(tmp_path / "x.tsv")
    text = {"sample_id": str, "flag": str}
    read = pd.read_csv(
        tmp_path / "x.tsv", sep="\t", dtype=text, keep_default_na=False,
        na_values={name: "NA" for name in table.columns if name not in text},
    )  # fmt: skip
    pd.testing.assert_frame_equal(table.to_frame(), read)
    pd.testing.assert_frame_equal(
        read_coordinates(tmp_path / "x.tsv").to_frame(), read, rtol=0, atol=1e-12
    )


def test_a_table_shows_its_size() -> None:
    assert repr(coordinates(3)) == "Coordinates(3 samples, 2 axes)"
    assert "<td>1e5</td>" in coordinates(3)._repr_html_()


def test_pandas_is_not_loaded_before_a_table_is_written() -> None:
    modules = "ancestry, coordinates, columns, flags, tables, assignments, relatives, synthetic"
    code = (
        f"import sys; from ancestry_ddvi.artefacts import {modules}; print('pandas' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_groups_may_be_named_like_columns(tmp_path) -> None:
    write_groups(tmp_path / "x.tsv", ["a"], np.array([[0.25, 0.75]]), ["group", "sample_id"])
    assert (tmp_path / "x.tsv").read_text() == (
        "sample_id\tgroup\tprobability\tgroup\tsample_id\na\tsample_id\t0.75\t0.25\t0.75\n"
    )


@given(names=st.lists(TEXT.filter(bool), min_size=2, max_size=5), chance=st.floats(0, 1))
def test_groups_of_any_name_keep_it(tmp_path_factory, names, chance) -> None:
    path = tmp_path_factory.mktemp("x") / "x.tsv"
    rest = [(1 - chance) / (len(names) - 1)] * (len(names) - 1)
    probability = np.array([[chance, *rest]])
    write_groups(path, ["a"], probability, names)
    header, row = (
        line.split("\t") for line in path.read_text("utf-8").removesuffix("\n").split("\n")
    )
    assert header == ["sample_id", "group", "probability", *names]
    assert row[1] == names[probability[0].argmax()]
    expected = [p if p >= 1e-4 else 0 for p in probability[0]]
    np.testing.assert_allclose([float(cell) for cell in row[3:]], expected, rtol=1e-5)


def test_clusters_are_numbered(tmp_path) -> None:
    write_groups(tmp_path / "x.tsv", ["a"], np.array([[0.25, 0.75]]), ())
    assert (tmp_path / "x.tsv").read_text().splitlines()[1] == "a\tcluster2\t0.75\t0.25\t0.75"


def test_a_table_is_known_by_its_start(tmp_path) -> None:
    coordinates().write(tmp_path / "x.tsv")
    (tmp_path / "y.vcf").write_text("##fileformat=VCFv4.2")
    assert looks_like_coordinates(tmp_path / "x.tsv")
    assert not looks_like_coordinates(tmp_path / "y.vcf")
    assert not looks_like_coordinates(tmp_path / "absent")


HEADER = "\t".join([
    "sample_id", "Z1", "Z1_sd", "map_sd", "n_variants", "effective_variants", "variant_fraction",
    "call_rate", "effective_draws", "log_evidence", "p_panel", "flag",
])  # fmt: skip


ROW = ["a", *["1"] * 10, ""]


def changed(column: int, cell: str) -> str:
    """A table with one good row and one with another cell."""
    return "\n".join([HEADER, "\t".join(ROW), "\t".join([*ROW[:column], cell, *ROW[column + 1 :]])])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("sample_id\tPC1\na\t1\n", "no column Z1"),
        ("sample_id\tZ1\na\t1\n", "no column Z1_sd"),
        ("", "x.tsv is empty"),
        (f"{HEADER}\na\t1\n", "line 2: not 12 columns"),
        (f"{HEADER}\n" + "\t".join([*ROW, "", "\n"]), "line 2: not 12 columns"),
        (f"{HEADER}\n" + "\t".join(ROW) + "\n\n", "line 3: not 12 columns"),
        (changed(1, "x"), "line 3: Z1 is 'x' and not a number"),
        (changed(1, ""), "line 3: Z1 is '' and not a number"),
        (changed(4, "NA"), "line 3: n_variants is 'NA' and not an integer"),
        (changed(4, "1.5"), "line 3: n_variants is '1.5' and not an integer"),
    ],
)
def test_a_damaged_table_is_refused_with_its_line(tmp_path, content, said) -> None:
    path = tmp_path / "x.tsv"
    path.write_text(content)
    with pytest.raises(InputUnreadable, match=said):
        read_coordinates(path)


def test_an_absent_table_and_one_that_is_not_text_are_refused(tmp_path) -> None:
    (tmp_path / "x.tsv").write_bytes(b"\xff\xfe")
    with pytest.raises(InputUnreadable, match=r"x\.tsv cannot be read: not UTF-8 text"):
        read_coordinates(tmp_path / "x.tsv")
    with pytest.raises(InputUnreadable, match="No such file"):
        read_coordinates(tmp_path / "y.tsv")


def test_windows_line_ends_are_read(tmp_path) -> None:
    coordinates().write(tmp_path / "x.tsv")
    text = (tmp_path / "x.tsv").read_text()
    (tmp_path / "y.tsv").write_bytes(text.replace("\n", "\r\n").encode())
    assert read_coordinates(tmp_path / "y.tsv").flag == coordinates().flag


def test_covariances_are_made_of_sds_and_correlations() -> None:
    table = coordinates(dims=3)
    first = table.covariance[0]
    np.testing.assert_allclose(np.diagonal(first), table.sd[0] ** 2)
    np.testing.assert_allclose(
        first[[0, 0, 1], [1, 2, 2]],
        table.correlation[0] * table.sd[0][[0, 0, 1]] * table.sd[0][[1, 2, 2]],
    )


def test_draws_are_arrays_that_numpy_reads_without_code(tmp_path) -> None:
    draws = np.random.default_rng(1).normal(size=(len(IDS), 4, 2))
    write_draws(tmp_path / "x.draws.npz", IDS, draws)
    with np.load(tmp_path / "x.draws.npz", allow_pickle=False) as back:
        assert back["sample_id"].tolist() == IDS
        np.testing.assert_array_equal(back["draws"], draws)
