"""Tables of coordinates, read back by other hands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ancestry_ddvi.artefacts.coordinates import Coordinates, numbers, write_components
from ancestry_ddvi.errors import OutputUnwritable

IDS = ["007", "1e5", "NA", "nan", "Ørsted_Å", "a b", "-9", "0x1F", "None", "TRUE", "1_000"]


def coordinates(people: int = len(IDS), dims: int = 2) -> Coordinates:
    rng = np.random.default_rng(0)
    return Coordinates(
        samples=IDS[:people],
        mean=rng.normal(size=(people, dims)),
        sd=rng.random((people, dims)),
        n_sites=rng.integers(0, 10**6, people),
        information=rng.uniform(0, 10**5, people),
        site_fraction=rng.random(people),
        call_rate=rng.random(people),
        flag=["", "related", "in_panel,few_draws"] * people,
    )


def as_text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


@pytest.mark.parametrize("dims", [1, 2, 8])
def test_columns_are_those_of_the_documentation(tmp_path, dims: int) -> None:
    coordinates(dims=dims).write(tmp_path / "x.tsv")
    axes = [f"Z{k}" for k in range(1, dims + 1)]
    assert list(as_text(tmp_path / "x.tsv").columns) == [
        "sample_id", *axes, *(f"{a}_sd" for a in axes),
        "n_sites", "information", "site_fraction", "call_rate", "flag",
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
    np.testing.assert_allclose(back[["information"]].T, [table.information], rtol=1e-5)
    np.testing.assert_allclose(back[["site_fraction"]].T, [table.site_fraction], rtol=1e-5)
    assert back["n_sites"].tolist() == table.n_sites.tolist()
    assert back["flag"].fillna("").tolist() == list(table.flag[: len(IDS)])


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
    many = Coordinates(*[np.repeat(getattr(table, f), 500, axis=0) for f in (
        "samples", "mean", "sd", "n_sites", "information", "site_fraction", "call_rate",
        "flag")])  # fmt: skip
    with pytest.raises(OutputUnwritable, match=r"x\.tsv cannot be written"), small_disk():
        many.write(path)
    assert path.read_text() == "the old one"
    assert [p.name for p in tmp_path.iterdir()] == ["x.tsv"]
