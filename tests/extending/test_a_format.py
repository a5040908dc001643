"""A genotype format from outside the package: one source and one row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ancestry_ddvi.cli import main
from click.testing import CliRunner

from ancestry_ddvi import api
from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats.packing import PackedRows, pack
from ancestry_ddvi.genotypes.formats.reading import ReadOptions
from ancestry_ddvi.genotypes.formats.registry import FORMATS, Format, open_source
from ancestry_ddvi.genotypes.formats.source import GenotypeSource
from ancestry_ddvi.genotypes.formats.vcf_writer import write_vcf
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.genotypes.variants import Block, VariantTable

START = b"#toy genotypes\n"
DOSAGES = np.array([[0, 1, 2], [2, -1, 1], [1, 1, 0]], np.int8)


def one_variant(chromosome: str, position: int, ref: str, alt: str) -> VariantTable:
    texts = [np.array([text], object) for text in (chromosome, ".", ref, alt)]
    return VariantTable(texts[0], np.array([position]), *texts[1:])


class ToySource(GenotypeSource):
    """Lines of chromosome, position, REF, ALT and dosages; sample IDs in a file beside."""

    def __init__(self, path: str, options: ReadOptions) -> None:
        self.name, self.files = path, (Path(path), Path(path).with_suffix(".toysamples"))
        self.samples = tuple(self.files[1].read_text().split())
        self.skipped = Counter()

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        for line in self.files[0].read_text().splitlines()[1:]:
            chromosome, position, ref, alt, *dosages = line.split()
            variant = one_variant(chromosome, int(position), ref, alt)
            yield Block(variant, np.array([dosages], np.int8))


class PackedToySource(ToySource):
    """The same, which a store can use without reading its blocks."""

    def blocks(self, variants: int = 1024) -> Iterator[Block]:
        raise AssertionError("the blocks were read")

    def in_place(self) -> tuple[VariantTable, PackedRows]:
        blocks = list(super().blocks())
        packed = pack(np.concatenate([block.dosages for block in blocks]))
        return VariantTable.join([block.variants for block in blocks]), PackedRows(packed)


ROW = Format(ToySource, (START,), prefix_end=".toy", companions=(".toysamples",))


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "Toy (.toy)", ROW)


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """The prefix of a toy fileset."""
    lines = [
        "\t".join(["1", str(100 + i), "A", "C", *map(str, row)]) for i, row in enumerate(DOSAGES)
    ]
    (tmp_path / "cohort.toy").write_bytes(START + "\n".join(lines).encode())
    (tmp_path / "cohort.toysamples").write_text("a b c")
    return tmp_path / "cohort"


def test_without_its_row_it_is_refused(toy: Path) -> None:
    with pytest.raises(InputUnreadable, match="not a genotype file"):
        open_source(f"{toy}.toy")


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("end", [".toy", ""])
def test_ingest_packs_it_under_its_own_name(
    toy: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(toy.parent)
    done = CliRunner().invoke(main, ["ingest", f"{toy}{end}"])
    assert done.exit_code == 0, done.output
    store = GenotypeStore.open(["cohort.genotypes"])
    assert store.samples == ("a", "b", "c")
    assert store.variants.position.tolist() == [100, 101, 102]
    np.testing.assert_array_equal(store.dosages(slice(None)), DOSAGES)


@pytest.mark.usefixtures("registered")
def test_it_is_joined_with_files_of_other_formats(toy: Path) -> None:
    other = toy.with_name("other.vcf")
    write_vcf(
        other,
        ("a", "b", "c"),
        one_variant("2", 5, "A", "G"),
        np.array([[1, 2, 0]], np.int8),
        {"2": 10},
    )
    store = GenotypeStore.open([str(toy), str(other)])
    np.testing.assert_array_equal(store.dosages(slice(None)), [*DOSAGES, [1, 2, 0]])


@pytest.mark.usefixtures("registered")
def test_its_ends_are_left_out_of_the_names_of_results() -> None:
    assert api.default_prefix(["data/cohort.toy"]) == "cohort"
    assert api.default_prefix(["data/cohort.toysamples"]) == "cohort"
    assert api.default_prefix(["data/cohort.toysamples.toy"]) == "cohort.toysamples"


@pytest.mark.usefixtures("registered")
def test_messages_know_it(toy: Path, tmp_path: Path) -> None:
    other = tmp_path / "x.txt"
    other.write_text("no genotypes")
    with pytest.raises(InputUnreadable, match=r"VCF Zarr \(.vcz\) and Toy \(.toy\) files are read"):
        open_source(str(other))
    with pytest.raises(InputUnreadable, match=r"belongs beside a \.toy file"):
        open_source(f"{toy}.toysamples")
    Path(f"{toy}.toy").unlink()
    with pytest.raises(InputUnreadable, match=r"cohort\.toysamples is there, but .*cohort\.toy is"):
        open_source(str(toy))


def test_a_source_that_can_be_used_in_place_is(
    toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, "Toy (.toy)", Format(PackedToySource, (START,)))
    before = set(tmp_path.iterdir())
    store = GenotypeStore.open([f"{toy}.toy"], tmp_path / "cache")
    np.testing.assert_array_equal(store.dosages(slice(None)), DOSAGES)
    assert set(tmp_path.iterdir()) == before
