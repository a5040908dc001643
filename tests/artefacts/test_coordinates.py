"""Tables of coordinates, read back by other hands."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi.artefacts.coordinates import (
    Coordinates,
    looks_like_coordinates,
    numbers,
    read_coordinates,
    write_components,
    write_draws,
)
from ancestry_ddvi.errors import InputUnreadable, OutputUnwritable

IDS = ["007", "1e5", "NA", "nan", "Ørsted_Å", "a b", "-9", "0x1F", "None", "TRUE", "1_000"]


def coordinates(count: int = len(IDS), dims: int = 2) -> Coordinates:
    rng = np.random.default_rng(0)
    return Coordinates(
        samples=IDS[:count],
        mean=rng.normal(size=(count, dims)),
        sd=rng.random((count, dims)),
        correlation=rng.uniform(-1, 1, (count, dims * (dims - 1) // 2)),
        n_variants=rng.integers(0, 10**6, count),
        effective_variants=rng.uniform(0, 10**5, count),
        variant_fraction=rng.random(count),
        call_rate=rng.random(count),
        effective_draws=rng.random(count) * 100,
        log_evidence=-rng.random(count) * 100,
        p_panel=rng.random(count),
        flag=(["", "related", "in_panel,few_draws"] * count)[:count],
    )


def as_text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


@pytest.mark.parametrize("dims", [1, 2, 8])
def test_columns_are_those_of_the_documentation(tmp_path, dims: int) -> None:
    coordinates(dims=dims).write(tmp_path / "x.tsv")
    axes = [f"Z{k}" for k in range(1, dims + 1)]
    assert list(as_text(tmp_path / "x.tsv").columns) == [
        "sample_id", *axes, *(f"{a}_sd" for a in axes),
        *(f"{a}_{b}_corr" for i, a in enumerate(axes) for b in axes[i + 1 :]),
        "n_variants", "effective_variants", "variant_fraction", "call_rate",
        "effective_draws", "log_evidence", "p_panel", "flag",
    ]  # fmt: skip


def test_ids_survive_in_order(tmp_path) -> None:
    table = coordinates()
    table.write(tmp_path / "x.tsv")
    table.write_eigenvec(tmp_path / "x.eigenvec")
    write_components(tmp_path / "x.pcs.tsv", IDS, table.mean)
    assert as_text(tmp_path / "x.tsv")["sample_id"].tolist() == IDS
    assert as_text(tmp_path / "x.eigenvec")["IID"].tolist() == IDS
    assert as_text(tmp_path / "x.pcs.tsv")["sample_id"].tolist() == IDS


def test_numbers_come_back_to_six_digits(tmp_path) -> None:
    table = coordinates()
    table.write(tmp_path / "x.tsv")
    back = pd.read_csv(tmp_path / "x.tsv", sep="\t", dtype={"sample_id": str})
    np.testing.assert_allclose(back[["Z1", "Z2"]], table.mean, rtol=1e-5)
    np.testing.assert_allclose(back[["Z1_sd", "Z2_sd"]], table.sd, rtol=1e-5)
    np.testing.assert_allclose(
        back[["effective_variants"]].T, [table.effective_variants], rtol=1e-5
    )
    np.testing.assert_allclose(back[["variant_fraction"]].T, [table.variant_fraction], rtol=1e-5)
    assert back["n_variants"].tolist() == table.n_variants.tolist()
    assert back["flag"].fillna("").tolist() == list(table.flag)


def test_the_eigenvec_is_laid_out_as_plink2_does(tmp_path) -> None:
    coordinates(3).write_eigenvec(tmp_path / "x.eigenvec")
    lines = (tmp_path / "x.eigenvec").read_text().splitlines()
    assert lines[0] == "#FID\tIID\tPC1\tPC2"
    assert [line.split("\t")[:2] for line in lines[1:]] == [["0", name] for name in IDS[:3]]


def test_a_value_that_is_none_is_na() -> None:
    assert numbers([np.nan, 1.0, -1234567.0, 1e-9]) == ["NA", "1", "-1.23457e+06", "1e-09"]


def test_lines_end_the_same_way_everywhere(tmp_path) -> None:
    coordinates().write(tmp_path / "x.tsv")
    content = (tmp_path / "x.tsv").read_bytes()
    assert b"\r" not in content
    assert content.count(b"\n") == len(IDS) + 1


def test_a_full_disk_leaves_the_old_table(tmp_path, small_disk) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("the old one")
    table = coordinates(1)
    many = Coordinates(
        **{f.name: np.repeat(getattr(table, f.name), 500, axis=0) for f in fields(Coordinates)}
    )
    with pytest.raises(OutputUnwritable, match=r"x\.tsv cannot be written"), small_disk():
        many.write(path)
    assert path.read_text() == "the old one"
    assert [p.name for p in tmp_path.iterdir()] == ["x.tsv"]


@pytest.mark.parametrize("dims", [1, 2, 8])
def test_a_table_is_read_back_as_it_was_written(tmp_path, dims: int) -> None:
    table = coordinates(dims=dims)
    table.p_panel[3] = np.nan
    table.write(tmp_path / "x.tsv")
    back = read_coordinates(tmp_path / "x.tsv")
    assert (list(back.samples), list(back.flag)) == (IDS, list(table.flag))
    for field in fields(Coordinates):
        if field.name not in ("samples", "flag"):
            np.testing.assert_allclose(
                getattr(back, field.name), getattr(table, field.name), rtol=1e-5
            )


def test_a_table_is_known_by_its_start(tmp_path) -> None:
    coordinates().write(tmp_path / "x.tsv")
    (tmp_path / "y.vcf").write_text("##fileformat=VCFv4.2")
    assert looks_like_coordinates(tmp_path / "x.tsv")
    assert not looks_like_coordinates(tmp_path / "y.vcf")
    assert not looks_like_coordinates(tmp_path / "absent")


HEADER = "\t".join([
    "sample_id", "Z1", "Z1_sd", "n_variants", "effective_variants", "variant_fraction", "call_rate",
    "effective_draws", "log_evidence", "p_panel", "flag",
])  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("sample_id\tPC1\na\t1\n", "no column Z1"),
        ("sample_id\tZ1\na\t1\n", "no column Z1_sd"),
        ("", "no table of coordinates"),
        (f"{HEADER}\na\t1\n", "line 2: not 11 columns"),
        (f"{HEADER}\na" + "\tx" * 9 + "\t\n", "could not convert"),
    ],
)
def test_a_table_that_is_none_is_refused_in_a_sentence(tmp_path, content, said) -> None:
    path = tmp_path / "x.tsv"
    path.write_text(content)
    with pytest.raises(InputUnreadable, match=said):
        read_coordinates(path)


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
