"""The store: used in place or made once, reused while its input is the same, always whole."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from genotype_files import Write, record, records_of

from ancestry_ddvi.errors import (
    InputUnreadable,
    NothingLeft,
    OutputUnwritable,
    UsageProblem,
)
from ancestry_ddvi.genotypes.formats.packing import pack
from ancestry_ddvi.genotypes.formats.reading import ReadOptions
from ancestry_ddvi.genotypes.formats.registry import open_sources
from ancestry_ddvi.genotypes.formats.vcf import VcfSource
from ancestry_ddvi.genotypes.store import GenotypeStore, ingest
from ancestry_ddvi.genotypes.variants import Block, VariantTable

SAMPLES = [f"s{i}" for i in range(21)]


def everything(store: GenotypeStore) -> np.ndarray:
    return store.dosages(slice(None))


@pytest.fixture
def path(vcf: Write, random_dosages: np.ndarray) -> str:
    extra = [record(["0/0"] * 21, 500, alt="C,T"), record(["0/0"] * 21, 501, ref="AC")]
    return vcf([*records_of(random_dosages), *extra], SAMPLES, name="cohort.vcf.gz")


def test_a_bed_file_is_used_in_place(
    bed: Write, tmp_path: Path, random_dosages: np.ndarray
) -> None:
    prefix = bed(random_dosages)
    before = set(tmp_path.iterdir())
    store = GenotypeStore.open([prefix], tmp_path / "cache")
    assert set(tmp_path.iterdir()) == before
    np.testing.assert_array_equal(everything(store), random_dosages)
    assert isinstance(store.packed[:5].base, np.memmap)


def test_rows_of_a_bed_file_that_are_not_snps_are_not_in_the_store(bed: Write) -> None:
    variants = [("1", i, f"rs{i}", "A", alt) for i, alt in enumerate(["0", "C", "AT", "C", "G"])]
    store = GenotypeStore.open([bed([[i % 3] * 5 for i in range(5)], variants=variants)])
    assert store.variants.id.tolist() == ["rs1", "rs3", "rs4"]
    assert store.packed.shape == (3, 2)
    assert len(store) == 3
    assert everything(store)[:, 0].tolist() == [1, 0, 1]
    assert store.dosages(np.array([2, 1])).tolist() == [[1] * 5, [0] * 5]
    assert store.counts().tolist() == [[0, 5, 0, 0], [5, 0, 0, 0], [0, 5, 0, 0]]
    assert store.skipped == {"monomorphic": 1, "not a SNP": 1}


@pytest.mark.parametrize("cached", [True, False])
def test_a_vcf_becomes_a_store_of_its_snps(
    path: str, tmp_path: Path, random_dosages: np.ndarray, cached: bool
) -> None:
    store = GenotypeStore.open([path], tmp_path / "cache" if cached else None)
    assert store.name == path
    assert store.samples == tuple(SAMPLES)
    assert store.build_hint == "GRCh37"
    assert store.skipped == {"multi-allelic": 1, "not a SNP": 1}
    assert store.variants.position.tolist() == list(range(100, 137))
    np.testing.assert_array_equal(everything(store), random_dosages)
    np.testing.assert_array_equal(store.packed[:], pack(random_dosages))


def test_a_store_in_memory_leaves_no_file(path: str, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    GenotypeStore.open([path])
    assert set(tmp_path.iterdir()) == before


def test_some_rows_of_some_samples_are_read(path: str, random_dosages: np.ndarray) -> None:
    store, rows, samples = GenotypeStore.open([path]), np.array([9, 3]), np.array([20, 0, 5])
    found = store.dosages(rows, samples)
    assert found.dtype == np.int8
    np.testing.assert_array_equal(found, random_dosages[np.ix_(rows, samples)])
    np.testing.assert_array_equal(store.dosages(slice(4, 6)), random_dosages[4:6])


def test_counts_are_those_of_the_dosages(path: str, random_dosages: np.ndarray) -> None:
    store = GenotypeStore.open([path])
    expected = [(random_dosages == value).sum(axis=1) for value in (0, 1, 2, -1)]
    np.testing.assert_array_equal(store.counts(), np.stack(expected, axis=1))
    assert store.counts() is store.counts()


def test_a_store_is_reused_while_its_input_stays(
    path: str, tmp_path: Path, random_dosages: np.ndarray, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    GenotypeStore.open([path], tmp_path / "cache")
    monkeypatch.setattr(VcfSource, "blocks", lambda *_: pytest.fail("the input was read again"))
    with caplog.at_level(logging.INFO):
        again = GenotypeStore.open([path], tmp_path / "cache")
    assert "is reused" in caplog.text
    assert again.name == path
    assert again.build_hint == "GRCh37"
    assert again.skipped == Counter({"multi-allelic": 1, "not a SNP": 1})
    np.testing.assert_array_equal(everything(again), random_dosages)


def test_a_changed_input_is_ingested_anew(
    path: str, vcf: Write, tmp_path: Path, random_dosages: np.ndarray
) -> None:
    GenotypeStore.open([path], tmp_path / "cache")
    vcf(records_of(2 - np.abs(random_dosages)), SAMPLES, name="cohort.vcf.gz")
    again = GenotypeStore.open([path], tmp_path / "cache")
    np.testing.assert_array_equal(everything(again), 2 - np.abs(random_dosages))


def test_content_changed_within_the_same_size_and_time_is_noticed(
    vcf: Write, tmp_path: Path
) -> None:
    path = Path(vcf([record(["0/0", "0/1", "1/1"])]))
    time = path.stat().st_mtime_ns
    GenotypeStore.open([str(path)], tmp_path / "cache")
    path.write_text(path.read_text().replace("0/1\t1/1", "1/1\t0/1"))
    os.utime(path, ns=(time, time))
    again = GenotypeStore.open([str(path)], tmp_path / "cache")
    assert everything(again).tolist() == [[0, 2, 1]]


@pytest.mark.parametrize("damage", ["cut", "no bim", "old format", "no report", "not json"])
def test_a_damaged_store_is_made_again(
    path: str, tmp_path: Path, random_dosages: np.ndarray, damage: str
) -> None:
    GenotypeStore.open([path], tmp_path / "cache")
    report, packed = tmp_path / "cache.json", tmp_path / "cache.bed"
    if damage == "cut":
        packed.write_bytes(packed.read_bytes()[:-1])
    elif damage == "no bim":
        (tmp_path / "cache.bim").unlink()
    elif damage == "old format":
        report.write_text(json.dumps(json.loads(report.read_text()) | {"format": 0}))
    elif damage == "no report":
        report.unlink()
    else:
        report.write_text("[")
    np.testing.assert_array_equal(
        everything(GenotypeStore.open([path], tmp_path / "cache")), random_dosages
    )


def test_a_pipe_is_never_taken_for_an_earlier_one(vcf: Write, tmp_path: Path) -> None:
    for calls in (["0/0", "0/1", "1/1"], ["1/1", "0/1", "0/0"]):
        content, pipe = Path(vcf([record(calls)])).read_bytes(), tmp_path / "pipe"
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        writer = threading.Thread(target=pipe.write_bytes, args=(content,))
        writer.start()
        store = GenotypeStore.open([str(pipe)], tmp_path / "cache")
        writer.join()
    assert everything(store).tolist() == [[2, 1, 0]]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, InputUnreadable, MemoryError])
def test_an_interrupted_ingest_leaves_nothing(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    whole = VcfSource.blocks

    def interrupted(self: VcfSource, variants: int = 1024) -> Iterator[Block]:
        yield next(whole(self, 3))
        raise stop("now")

    monkeypatch.setattr(VcfSource, "blocks", interrupted)
    before = set(tmp_path.iterdir())
    with pytest.raises(stop):
        ingest([path], tmp_path / "cache")
    assert set(tmp_path.iterdir()) == before


def test_an_interrupted_ingest_leaves_the_old_fileset_but_not_as_a_store_of_the_new_input(
    path: str, vcf: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest([path], tmp_path / "cache")
    old = (tmp_path / "cache.bed").read_bytes()
    other = vcf([record(["0/1"] * 21)], SAMPLES, name="other.vcf")
    with monkeypatch.context() as patched:
        patched.setattr(VcfSource, "blocks", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            ingest([other], tmp_path / "cache")
    assert (tmp_path / "cache.bed").read_bytes() == old
    assert everything(GenotypeStore.open([other], tmp_path / "cache")).tolist() == [[1] * 21]


def test_progress_counts_every_record(path: str, bed: Write, vcf: Write) -> None:
    calls: list[tuple[int, int | None]] = []
    GenotypeStore.open([path], progress=lambda done, of: calls.append((done, of)))
    assert calls[-1] == (39, None)
    calls.clear()
    paths = [bed([[0, 1, 2]] * 4, samples="abc", name="p"), bed([[0, 1, 2]], ["a", "b", "c"])]
    GenotypeStore.open(paths, progress=lambda done, of: calls.append((done, of)))
    assert calls[-1] == (5, 5)


def test_a_chromosome_has_one_name_in_several_files(vcf: Write, tmp_path: Path) -> None:
    names = ("1", "chr2", "chr1", "scaffold_2", "MT", "chrM")
    paths = [vcf([record(["0/0", "0/1", "1/1"], chromosome=c)], name=f"{c}.vcf") for c in names]
    store = GenotypeStore.open(paths, tmp_path / "cache")
    assert store.variants.chromosome.tolist() == ["1", "chr2", "1", "scaffold_2", "MT", "MT"]
    for found in (open_sources(paths).blocks(), open_sources(paths).likelihoods()):
        joined = VariantTable.join([block.variants for block in found])
        assert joined.chromosome.tolist() == store.variants.chromosome.tolist()


def test_several_files_become_one_store(vcf: Write, tmp_path: Path) -> None:
    paths = [
        vcf([record(["0/0", "0/1", "1/1"], chromosome=c)], name=f"{c}.vcf") for c in ("1", "2")
    ]
    store = GenotypeStore.open(paths, tmp_path / "cache")
    assert store.variants.chromosome.tolist() == ["1", "2"]
    assert store.name == f"{paths[0]} and 1 more"
    assert len(json.loads((tmp_path / "cache.json").read_text())["inputs"]) == 2


def test_the_folder_of_the_store_is_made(path: str, tmp_path: Path) -> None:
    ingest([path], tmp_path / "new" / "folder" / "x")
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == [
        "x.bed", "x.bim", "x.fam", "x.json",
    ]  # fmt: skip


def test_a_store_that_cannot_be_written_is_one_sentence(path: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritable, match="cannot be"):
        ingest([path], tmp_path / "file" / "x")


def test_a_store_never_overwrites_its_input(bed: Write, tmp_path: Path) -> None:
    prefix = bed([[0, 1, 2]])
    before = Path(f"{prefix}.bed").read_bytes()
    with pytest.raises(UsageProblem, match="overwrite its own input"):
        ingest([prefix], tmp_path / "x")
    assert Path(f"{prefix}.bed").read_bytes() == before


@pytest.mark.parametrize("cached", [True, False])
def test_a_file_without_snps_is_one_sentence_and_no_store(
    vcf: Write, tmp_path: Path, cached: bool
) -> None:
    path = vcf([record(alt="C,T"), record(filters="q10")])
    with pytest.raises(NothingLeft, match=r"its only SNP has FILTER q10"):
        GenotypeStore.open([path], tmp_path / "cache" if cached else None)
    assert [p.name for p in tmp_path.iterdir()] == ["x.vcf"]


@pytest.mark.parametrize(
    ("records", "why", "remedy"),
    [
        ([record(filters="q10")] * 2, "all 2 SNPs have FILTER q10.", "--var-filter q10, or `all`"),
        ([record(filters="q10;s50"), record(filters="q10")] * 9,
         "18 SNPs failed: 9 by FILTER q10;s50, 9 by FILTER q10.", "--var-filter q10,s50, or"),
        ([record(alt="C,T")], "(left out: 1 multi-allelic)", "bcftools norm"),
        ([record(alt="<NON_REF>")] * 3, "(left out: 3 reference block)", "can be embedded"),
        ([record(ref="AC")], "(left out: 1 not a SNP)", "with SNP genotypes"),
        ([record(ref="1", alt="2"), record(ref="A", alt="B"), record(ref="AC")] * 2,
         "(left out: 4 coded alleles, 2 not a SNP)", "plink --alleleACGT"),
        ([], "(left out: there is no record)", "with SNP genotypes"),
    ],
)  # fmt: skip
def test_why_no_snp_is_left_and_what_to_do(
    vcf: Write, records: list[str], why: str, remedy: str
) -> None:
    with pytest.raises(NothingLeft) as caught:
        GenotypeStore.open([vcf(records)])
    assert why in str(caught.value)
    assert remedy in caught.value.remedy


def test_coded_alleles_of_a_bed_file_are_named(bed: Write) -> None:
    for alleles in (("1", "2"), ("2", "1"), ("A", "B"), ("B", "A")):
        with pytest.raises(NothingLeft, match=r"1 coded alleles.*alleleACGT"):
            GenotypeStore.open([bed([[0, 1]], variants=[("1", 1, "r", *alleles)])])


def test_a_store_read_in_another_way_is_not_reused(vcf: Write, tmp_path: Path) -> None:
    path = vcf([record(), record(position=101, filters="q10")])
    for options, variants in ((ReadOptions(), 1), (ReadOptions(None), 2), (ReadOptions(), 1)):
        store = GenotypeStore.open([path], tmp_path / "cache", options=options)
        assert len(store) == variants


def test_a_bed_file_without_snps_is_one_sentence(bed: Write) -> None:
    with pytest.raises(NothingLeft, match="1 monomorphic"):
        GenotypeStore.open([bed([[0, 0]], variants=[("1", 1, "r", "A", "0")])])
