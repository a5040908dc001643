"""VCF Zarr stores against the VCF that vcf2zarr made them of, and written array by array.

vcf2zarr comes with bio2zarr, which the tests do not install.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from genotype_files import all_dosages, vcf_text

pytest.importorskip("zarr")
sys.path.insert(0, str(Path(__file__).parents[1] / "fuzz"))

from fuzz_seeds import META, RECORDS
from vcf_zarr_stores import ARRAYS, DOSAGES, GENOTYPES, write_store, zipped

from ancestry_ddvi.errors import InputUnreadable, UsageProblem
from ancestry_ddvi.genotypes.formats import vcf_zarr_store
from ancestry_ddvi.genotypes.formats.fields import FIELDS
from ancestry_ddvi.genotypes.formats.reading import DEFAULT, ReadOptions, Targets
from ancestry_ddvi.genotypes.formats.registry import open_source, open_sources
from ancestry_ddvi.genotypes.formats.source import GenotypeSource
from ancestry_ddvi.genotypes.store import GenotypeStore

AT_TARGETS = ReadOptions(targets=Targets({"1": np.arange(95, 130)}, frozenset({"rs7"})))


def refused(path: str) -> str:
    with pytest.raises(InputUnreadable) as error:
        all_dosages(open_source(path))
    return str(error.value)


def variants(source: GenotypeSource) -> list[tuple]:
    """Every variant and its dosages."""
    found = []
    for block in source.blocks():
        columns = (*vars(block.variants).values(), block.dosages.tolist())
        found += zip(
            *(c.tolist() if isinstance(c, np.ndarray) else c for c in columns), strict=True
        )
    return found


@pytest.fixture
def store(tmp_path: Path) -> str:
    return write_store(tmp_path / "x.vcz")


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("chunk", [1, 2, 6, 100])
def test_a_folder_and_a_zip_archive_are_read(zarr_format, chunk, tmp_path) -> None:
    store = write_store(tmp_path / "x.vcz", zarr_format=zarr_format, chunk=chunk, empty=True)
    for path in (store, f"{store}/", zipped(store)):
        source = open_source(path)
        assert all_dosages(source).tolist() == DOSAGES
        assert source.samples == ("a", "b", "c")
        assert source.skipped == {"not a SNP": 1, "FILTER q10": 1, "multi-allelic": 1}
        assert (source.build_hint, source.records) == ("GRCh37", 6)
    assert [row[:5] for row in variants(source)] == [
        ("1", 100, "rs0", "A", "C"), ("1", 101, ".", "G", "T"), ("chr2", 9000, "rs5", "G", "A"),
    ]  # fmt: skip


def test_a_masked_genotype_is_missing(tmp_path) -> None:
    mask = np.zeros(GENOTYPES.shape, bool)
    mask[0, 1] = mask[5, 0, 1] = True
    store = write_store(tmp_path / "x.vcz", ARRAYS | {"call_genotype_mask": mask})
    assert all_dosages(open_source(store)).tolist() == [[0, -1, 2], [1, -1, -1], [-1, 1, 0]]


def test_a_call_that_ends_early_is_haploid(tmp_path) -> None:
    calls = GENOTYPES.copy()
    calls[:, 2] = [[0, -2]] * 5 + [[1, -2]]
    store = write_store(tmp_path / "x.vcz", ARRAYS | {"call_genotype": calls})
    assert all_dosages(open_source(store))[:, 2].tolist() == [-1, -1, -1]
    every = np.where(np.arange(2) == 1, -2, np.abs(GENOTYPES[:, :, :1])).astype(np.int8)
    store = write_store(tmp_path / "y.vcz", ARRAYS | {"call_genotype": every})
    assert all_dosages(open_source(store)).tolist() == [[0, 0, 2], [2, 2, 0], [2, 0, 0]]
    store = write_store(tmp_path / "z.vcz", ARRAYS | {"call_genotype": every[:, :, :1]})
    assert all_dosages(open_source(store)).tolist() == [[0, 0, 2], [2, 2, 0], [2, 0, 0]]


@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_the_least_integer_is_no_reference_allele(kind, tmp_path) -> None:
    calls = GENOTYPES.astype(kind)
    calls[0, 0] = np.iinfo(kind).min
    calls[5, 0] = np.iinfo(kind).max
    store = write_store(tmp_path / "x.vcz", ARRAYS | {"call_genotype": calls})
    assert all_dosages(open_source(store)).tolist() == [[-1, 1, 2], [1, -1, -1], [-1, 1, 0]]


def test_text_may_be_of_bytes(tmp_path) -> None:
    names = ("sample_id", "contig_id", "filter_id", "variant_id", "variant_allele")
    store = write_store(tmp_path / "x.vcz", ARRAYS | {n: np.array(ARRAYS[n], "S5") for n in names})
    source = open_source(store)
    assert source.samples == ("a", "b", "c")
    assert source.build_hint == "GRCh37"
    assert variants(source) == variants(open_source(write_store(tmp_path / "y.vcz")))
    assert source.skipped == {"not a SNP": 1, "FILTER q10": 1, "multi-allelic": 1}


def test_files_of_file_managers_are_no_chunks(store) -> None:
    for name in ("variant_position/.DS_Store", "variant_position/._0"):
        (Path(store) / name).write_bytes(b"x")
    for path in (store, zipped(store)):
        assert all_dosages(open_source(path)).tolist() == DOSAGES
    (Path(store) / "variant_position" / "1").unlink()
    assert "1 of 3 chunks of variant_position are absent" in refused(store)


def test_a_store_is_packed_joined_and_reused(store, tmp_path, caplog) -> None:
    import logging

    other = write_store(tmp_path / "other.vcz", ARRAYS | {"variant_contig": np.full(6, 1, np.int8)})
    assert all_dosages(open_sources([store, other])).tolist() == [*DOSAGES, *DOSAGES]
    caplog.set_level(logging.INFO, logger="ancestry_ddvi")
    packed = [GenotypeStore.open([store], tmp_path / "cache") for _ in range(2)]
    assert "is reused" in caplog.text
    assert [p.dosages(slice(None)).tolist() for p in packed] == [DOSAGES] * 2
    caplog.clear()
    write_store(Path(store), ARRAYS | {"call_genotype": 1 - GENOTYPES.clip(0, 1)})
    again = GenotypeStore.open([store], tmp_path / "cache")
    assert "is reused" not in caplog.text
    assert again.dosages(slice(None)).tolist()[0] == [2, 1, 0]
    with pytest.raises(UsageProblem, match="given twice"):
        open_sources([store, f"{store}/"])


def test_without_genotypes_likelihoods_are_read_and_calls_refused(tmp_path) -> None:
    some = {name: array for name, array in ARRAYS.items() if name != "call_genotype"}
    phred = np.full((6, 3, 6), -2, np.int32)
    phred[:, :, :3] = [[0, 30, 90], [20, 0, 40], [-1, -2, -2]]
    store = write_store(tmp_path / "x.vcz", some | {"call_PL": phred})
    assert "no SNP in it has the FORMAT field GT" in refused(store)
    (block,) = open_source(store, DEFAULT).likelihoods(FIELDS)
    expected = [[1, 1e-3, 1e-9], [1e-2, 1, 1e-4], [np.nan] * 3]
    np.testing.assert_allclose(block.values[0].astype(float), expected, atol=1e-4)


def test_many_samples_make_small_parts(store, monkeypatch) -> None:
    monkeypatch.setattr(vcf_zarr_store, "_BYTES_AT_ONCE", 7)
    assert all_dosages(open_source(store)).tolist() == DOSAGES


# Damage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("variant_allele", None, "has no array variant_allele"),
        ("sample_id", ["a", "b", "a"], "has the sample ID 'a' 2 times"),
        ("sample_id", ["a", "b"], r"array call_genotype has the shape \(6, 3, 2\)"),
        ("variant_contig", np.zeros(5, np.int8), r"array variant_contig has the shape \(5,\)"),
        ("variant_contig", np.full(6, 7, np.int8), "row 0 has contig 7 of 2 and position 100"),
        ("variant_position", np.full(6, -4), "row 0 has contig 0 of 2 and position -4"),
        ("call_genotype", np.zeros((6, 3), np.int8), r"call_genotype has the shape \(6, 3\)"),
        ("call_genotype", np.full((6, 3, 2), np.nan), "call_genotype has the type float64"),
        ("call_genotype_mask", np.zeros((6, 3), bool), r"_mask has the shape \(6, 3\)"),
        ("variant_contig", np.zeros(6), "variant_contig has the type float64"),
        ("variant_position", np.zeros((6, 2), int), r"variant_position has the shape \(6, 2\)"),
        ("variant_length", np.ones((6, 2), int), r"variant_length has the shape \(6, 2\)"),
        ("variant_filter", np.ones(6, bool), r"variant_filter has the shape \(6,\)"),
        ("variant_filter", np.ones((6, 3), bool), r"variant_filter has the shape \(6, 3\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name, content, said, tmp_path) -> None:
    arrays = {k: v for k, v in (ARRAYS | {name: content}).items() if v is not None}
    assert re.search(said, refused(write_store(tmp_path / "x.vcz", arrays)))


@pytest.mark.parametrize("change", ["cut", "bytes", "absent", "empty"])
@pytest.mark.parametrize(
    "name", ["variant_position/1", "call_genotype/0.0.0", "variant_allele/0.0", "filter_id/0"]
)
def test_damaged_chunks_are_refused_in_a_sentence(name, change, store) -> None:
    if (name, change) == ("call_genotype/0.0.0", "absent"):
        pytest.skip("an absent chunk of calls is missing")
    path = Path(store) / name
    content = path.read_bytes()
    if change == "absent":
        path.unlink()
    else:
        path.write_bytes({"cut": content[:-3], "bytes": b"x" * 40, "empty": b""}[change])
    array = name.split("/")[0]
    why = r"(absent|cannot be read|cut short)"
    assert re.search(rf"x\.vcz.*{array}.* {why}.*\. [A-Z].*\.$", refused(store))


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("packed", [False, True])
def test_genotypes_of_an_absent_chunk_are_missing(zarr_format, packed, tmp_path, caplog) -> None:
    store = write_store(tmp_path / "x.vcz", zarr_format=zarr_format)
    (Path(store) / "call_genotype" / {2: "0.0.0", 3: "c/0/0/0"}[zarr_format]).unlink()
    store = zipped(store) if packed else store
    assert all_dosages(open_source(store)).tolist() == [[-1] * 3, [-1] * 3, DOSAGES[2]]
    assert "1 of 3 chunks of call_genotype are not stored, and read as missing" in caplog.text


def test_a_shard_is_whole_or_lost(tmp_path, caplog) -> None:
    import zarr

    calls = GENOTYPES.copy()
    calls[:2] = 0
    store = write_store(tmp_path / "x.vcz", zarr_format=3)
    shutil.rmtree(Path(store) / "call_genotype")
    zarr.open_group(store).create_array(
        "call_genotype", shape=calls.shape, dtype=calls.dtype, chunks=(2, 3, 2), shards=(6, 3, 2)
    )[:] = calls
    assert all_dosages(open_source(store)).tolist() == [[0] * 3, [0] * 3, DOSAGES[2]]
    assert not caplog.text
    (Path(store) / "call_genotype" / "c" / "0" / "0" / "0").unlink()
    assert "1 of 1 chunks of call_genotype are absent" in refused(store)


def test_a_chunk_left_out_because_it_is_missing_is_no_warning(tmp_path, caplog) -> None:
    calls = GENOTYPES.copy()
    calls[:2] = -1
    store = write_store(tmp_path / "x.vcz", ARRAYS | {"call_genotype": calls}, fill=-1)
    assert not (Path(store) / "call_genotype" / "0.0.0").exists()
    assert all_dosages(open_source(store)).tolist() == [[-1] * 3, [-1] * 3, DOSAGES[2]]
    assert not caplog.text


@pytest.mark.parametrize("field", ["PL", "DS"])
def test_likelihoods_of_an_absent_chunk_are_missing(field, tmp_path, caplog) -> None:
    some = {name: array for name, array in ARRAYS.items() if name != "call_genotype"}
    numbers = {
        "PL": np.full((6, 3, 3), [0, 30, 90], np.int32),
        "DS": np.full((6, 3), 1.2, np.float32),
    }[field]
    store = write_store(tmp_path / "x.vcz", some | {f"call_{field}": numbers})
    (Path(store) / f"call_{field}" / ("0.0.0" if field == "PL" else "0.0")).unlink()
    (block,) = open_source(store, DEFAULT).likelihoods(FIELDS)
    assert np.isnan(block.values.astype(float)).all(axis=(1, 2)).tolist() == [True, True, False]
    assert f"1 of 3 chunks of call_{field} are not stored" in caplog.text


def test_a_lost_chunk_of_unsigned_dosages_is_refused(tmp_path) -> None:
    some = {name: array for name, array in ARRAYS.items() if name != "call_genotype"}
    store = write_store(tmp_path / "x.vcz", some | {"call_DS": np.full((6, 3), 2, np.uint8)})
    (Path(store) / "call_DS" / "0.0").unlink()
    with pytest.raises(InputUnreadable, match="1 of 3 chunks of call_DS are absent"):
        open_source(store, DEFAULT)


@pytest.mark.parametrize("chunk", ["0.0", "1.0"])
def test_a_lost_chunk_of_filters_passes_no_records(chunk, tmp_path) -> None:
    store = write_store(tmp_path / "x.vcz")
    (Path(store) / "variant_filter" / chunk).unlink()
    assert "1 of 3 chunks of variant_filter are not stored" in refused(store)
    assert "--var-filter all." in refused(store)
    anyway = ReadOptions(passing=None)
    assert all_dosages(open_source(store, anyway)).tolist()[0] == DOSAGES[0]
    assert len(all_dosages(open_source(store, ReadOptions(frozenset({"q10"}))))) == 4


def test_a_store_without_failed_filters_needs_no_chunks_of_them(tmp_path) -> None:
    arrays = ARRAYS | {"filter_id": ["PASS"], "variant_filter": np.zeros((6, 1), bool)}
    store = write_store(tmp_path / "x.vcz", arrays)
    assert not list((Path(store) / "variant_filter").glob("[0-9]*"))
    assert len(all_dosages(open_source(store))) == 4


def test_a_lost_chunk_of_contigs_is_not_the_first_contig(tmp_path) -> None:
    contigs = ARRAYS | {"variant_contig": np.ones(6, np.int8)}
    for lost, arrays in (("1", contigs), ("2", ARRAYS | _second_from(4))):
        store = write_store(tmp_path / "x.vcz", arrays)
        (Path(store) / "variant_contig" / lost).unlink()
        said = refused(store)
        assert "of 3 chunks of variant_contig are not stored, and not all of them can be" in said


def _second_from(row: int) -> dict[str, np.ndarray]:
    """Columns of a store whose second contig begins with a row, at position 5."""
    positions = np.array([100, 101, 102, 103, 5, 6], np.int32)
    return {
        "variant_contig": (np.arange(6) >= row).astype(np.int8),
        "variant_position": positions,
    }


@pytest.mark.parametrize("name", [".zgroup", "variant_position/.zarray", "call_genotype/.zarray"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"zarr_format": 9}', b"\xff"])
def test_damaged_metadata_are_refused_in_a_sentence(name, content, store) -> None:
    (Path(store) / name).write_bytes(content)
    assert re.search(r"x\.vcz.*\. [A-Z].*\.$", refused(store))


def test_a_zip_archive_of_something_else_is_refused(tmp_path, store) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.vcf").write_text("no store")
    said = refused(shutil.make_archive(str(tmp_path / "d"), "zip", tmp_path / "d"))
    assert "a zip archive, and not one of a VCF Zarr store. Unpack it" in said
    path = Path(zipped(store))
    path.write_bytes(path.read_bytes()[:-60])
    assert "is a damaged zip archive" in refused(str(path))


def test_without_the_library_the_extra_is_named(store, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(UsageProblem, match=r"pip install 'ddvi-ancestry\[vcz\]'"):
        open_source(store)


# Against vcf2zarr -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def convert(tmp_path_factory):
    """From the name of a set of records to its VCF and the store that vcf2zarr makes of it."""
    if not shutil.which("vcf2zarr"):
        pytest.skip("vcf2zarr is not installed")

    @cache
    def run(name: str) -> tuple[str, str]:
        records, samples = RECORDS[name]
        path = tmp_path_factory.mktemp("vcz") / "x.vcf"
        path.write_text(vcf_text(records, samples, META))
        packed, store = f"{path}.gz", str(path.with_suffix(".vcz"))
        for words in (
            ["bcftools", "view", "-Oz", "-o", packed, str(path)],
            ["bcftools", "index", packed],
            ["vcf2zarr", "convert", "-Q", packed, store],
        ):
            subprocess.run(words, check=True, capture_output=True)
        return packed, store

    return run


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(RECORDS) - {"VCF 4.4"}))
def test_a_store_is_read_as_its_vcf(name, convert) -> None:
    for options in (DEFAULT, AT_TARGETS):
        plain, store = (open_source(path, options) for path in convert(name))
        assert (store.samples, store.build_hint) == (plain.samples, plain.build_hint)
        for theirs, ours in zip(plain.likelihoods(FIELDS), store.likelihoods(FIELDS), strict=True):
            np.testing.assert_array_equal(ours.variants.position, theirs.variants.position)
            np.testing.assert_array_equal(ours.fields, theirs.fields)
            np.testing.assert_allclose(
                ours.values.astype(float), theirs.values.astype(float), atol=1e-3
            )
        if "GT" in name or name in ("gVCF", "symbolic", "haploid", "multi-allelic"):
            assert variants(store) == variants(plain)
            assert store.skipped == plain.skipped
