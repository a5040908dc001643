"""Which rows of a PLINK fileset are given, and what its codes stand for there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from genotype_files import Write, all_dosages

from ancestry_ddvi.errors import DDVIError
from ancestry_ddvi.genotypes.formats.packing import genotype_counts, unpack
from ancestry_ddvi.genotypes.formats.pgen import PgenSource
from ancestry_ddvi.genotypes.formats.plink import PlinkSource
from ancestry_ddvi.genotypes.formats.reading import ReadOptions, Targets
from ancestry_ddvi.genotypes.formats.source import GenotypeSource

needs_plink2 = pytest.mark.skipif(not shutil.which("plink2"), reason="plink2 is not installed")

TARGETS = Targets({"1": np.array([1, 2, 3, 4, 5, 6, 7])}, frozenset({"rs9"}))
AT_TARGETS = ReadOptions(targets=TARGETS)

ROWS = [
    ("1", 1, "a", "A", "C"), ("1", 2, "b", "A", "0"), ("1", 3, "c", "G", "."),
    ("1", 4, "d", "0", "T"), ("1", 5, "e", ".", "C"), ("1", 6, "f", "0", "0"),
    ("1", 7, "g", "AT", "0"), ("1", 8, "h", "A", "0"), ("2", 3, "rs9", "A", "0"),
]  # fmt: skip
EVERY_CALL = [0, 1, 2, -1, 0]
GIVEN = {
    "a": ("A", "C", [0, 1, 2, -1, 0]),
    "b": ("A", ".", [0, -1, -1, -1, 0]),
    "c": ("G", ".", [0, -1, -1, -1, 0]),
    "d": ("T", ".", [-1, -1, 0, -1, -1]),
    "e": ("C", ".", [-1, -1, 0, -1, -1]),
    "rs9": ("A", ".", [0, -1, -1, -1, 0]),
}


def given(source: GenotypeSource, variants: int = 1024) -> dict[str, tuple[str, str, list[int]]]:
    """REF, ALT and dosages by ID."""
    return {
        block.variants.id[i]: (block.variants.ref[i], block.variants.alt[i], row)
        for block in source.blocks(variants)
        for i, row in enumerate(block.dosages.tolist())
    }


@pytest.mark.parametrize("variants", [1, 4, 1024])
def test_monomorphic_rows_at_targets_hold_calls_of_the_base_that_was_seen(
    bed: Write, variants: int
) -> None:
    """A call of an allele that the row does not name is damage, and so missing."""
    source = PlinkSource(bed([EVERY_CALL] * len(ROWS), variants=ROWS), AT_TARGETS)
    assert given(source, variants) == GIVEN
    assert source.skipped == {"monomorphic": 3}


def test_a_fileset_in_place_has_the_same_calls_as_one_that_is_read(bed: Write) -> None:
    source = PlinkSource(bed([EVERY_CALL] * len(ROWS), variants=ROWS), AT_TARGETS)
    variants, packed = source.in_place()
    read = all_dosages(source)
    assert variants.id.tolist() == list(GIVEN)
    np.testing.assert_array_equal(unpack(packed[:], 5), read)
    np.testing.assert_array_equal(unpack(packed[np.array([4, 0, 2])], 5), read[[4, 0, 2]])
    counts = [[(row == d).sum() for d in (0, 1, 2, -1)] for row in read]
    np.testing.assert_array_equal(genotype_counts(packed, 5), counts)


def test_without_targets_monomorphic_rows_are_left_out_and_counted(bed: Write) -> None:
    source = PlinkSource(bed([EVERY_CALL] * len(ROWS), variants=ROWS))
    assert list(given(source)) == ["a"]
    assert source.skipped == {"monomorphic": 8}


def test_a_pvar_without_alt_is_read_in_the_same_way(pgen: Write) -> None:
    lines = [f"{c}\t{p}\t{i}\t{ref}\t{alt}\n" for c, p, i, ref, alt in ROWS]
    pvar = "#CHROM\tPOS\tID\tREF\tALT\n" + "".join(lines)
    prefix = pgen([EVERY_CALL] * len(ROWS), pvar, "#IID\n" + "\n".join("abcde") + "\n")
    for options, kept in ((AT_TARGETS, list(GIVEN)), (ReadOptions(), ["a"])):
        source = PgenSource(prefix, options)
        assert given(source) == {name: GIVEN[name] for name in kept}
        assert source.skipped == {"monomorphic": len(ROWS) - len(kept)}


@needs_plink2
def test_reference_calls_of_a_vcf_stay_reference_calls_through_plink2(
    vcf: Write, tmp_path: Path
) -> None:
    """As .bed, whose A1 is then ".", and as .pgen; the base that was seen is REF or ALT."""
    lines = [
        "1\t1\tb\tA\t.\t.\tPASS\t.\tGT\t0/0\t./.\t0/0",
        "1\t2\ta\tA\tC\t.\tPASS\t.\tGT\t0/0\t0/1\t1/1",
    ]
    prefix = tmp_path / "y"
    command = ["plink2", "--vcf", vcf(lines), "--out", prefix]
    subprocess.run([*command, "--make-bed"], check=True, capture_output=True)
    subprocess.run([*command, "--make-pgen"], check=True, capture_output=True)
    expected = {"b": ("A", ".", [0, -1, 0]), "a": ("A", "C", [0, 1, 2])}
    assert given(PlinkSource(f"{prefix}.bed", AT_TARGETS)) == expected
    assert given(PgenSource(f"{prefix}.pgen", AT_TARGETS)) == expected


# PLINK 2 ---------------------------------------------------------------------------------------

FILTERS = ["PASS", ".", "q10", "PASS;q10", "GENOTYPED", "PASS;GENOTYPED", "q10;GENOTYPED"]


@pytest.mark.parametrize(
    ("passing", "kept"),
    [
        (ReadOptions(), "0145"),
        (ReadOptions(passing=frozenset()), "01"),
        (ReadOptions(passing=frozenset({"q10"})), "0123"),
        (ReadOptions(passing=None), "0123456"),
    ],
)
def test_rows_of_a_pvar_pass_by_their_filter(pgen: Write, passing: ReadOptions, kept: str) -> None:
    rows = [f"1\t{i + 1}\t{i}\tA\tC\t.\t{f}\tA=b c;D\n" for i, f in enumerate(FILTERS)]
    pvar = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" + "".join(rows)
    source = PgenSource(pgen([[0, 1]] * 7, pvar, "#IID\na\nb\n"), passing)
    assert "".join(given(source)) == kept
    assert source.skipped.total() == 7 - len(kept)


@needs_plink2
def test_a_pgen_of_dosages_gives_the_hard_calls_of_plink2(vcf: Write, tmp_path: Path) -> None:
    """Multi-allelic rows are counted; dosages far from a whole number are missing."""
    meta = ["##fileformat=VCFv4.2", "##contig=<ID=1,length=249250621>",
            '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">']  # fmt: skip
    lines = [
        f"1\t{i + 1}\tr{i}\tA\tC\t.\tPASS\t.\tDS\t" + "\t".join(f"{d:.2f}" for d in row)
        for i, row in enumerate(np.random.default_rng(3).uniform(0, 2, (40, 12)))
    ]
    path = vcf(lines, [f"s{i}" for i in range(12)], meta)
    prefix = tmp_path / "y"
    subprocess.run(
        ["plink2", "--vcf", path, "dosage=DS", "--make-pgen", "--out", prefix],
        check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run(
        ["plink2", "--pfile", prefix, "--make-bed", "--out", prefix],
        check=True, capture_output=True,
    )  # fmt: skip
    calls = all_dosages(PgenSource(f"{prefix}.pgen"))
    assert (calls == -1).any()
    np.testing.assert_array_equal(calls, all_dosages(PlinkSource(f"{prefix}.bed")))


@needs_plink2
def test_multiallelic_rows_of_a_pgen_are_counted_and_do_not_move_the_others(
    vcf: Write, tmp_path: Path
) -> None:
    lines = [
        "1\t1\ta\tA\tC\t.\tPASS\t.\tGT\t0/0\t0/1\t1/1",
        "1\t2\tb\tA\tC,G\t.\tPASS\t.\tGT\t0/2\t1/2\t2/2",
        "1\t2\tb\tA\t<*>,G\t.\tPASS\t.\tGT\t0/2\t1/2\t2/2",
        "1\t3\tc\tA\tC\t.\tPASS\t.\tGT\t1/1\t./.\t0/1",
    ]
    prefix = tmp_path / "y"
    subprocess.run(
        ["plink2", "--vcf", vcf(lines), "--make-pgen", "vzs", "--out", prefix],
        check=True, capture_output=True,
    )  # fmt: skip
    source = PgenSource(str(prefix))
    assert given(source) == {"a": ("A", "C", [0, 1, 2]), "c": ("A", "C", [2, -1, 1])}
    assert source.skipped == {"multi-allelic": 2}


def test_a_damaged_pgen_is_refused_in_a_sentence_or_read(pgen: Write) -> None:
    """Pgenlib checks what it reads: 5,600 damaged files, made from phased, multi-allelic and dosage
    data of plink2, gave no crash, hang or other exception, so that it needs no process of its own.
    The format has no checksum: a flipped genotype is a genotype.
    """
    rng = np.random.default_rng(11)
    calls = rng.choice(np.array([-1, 0, 0, 0, 1, 2]), (80, 60))
    calls[1::2] = np.where(rng.random((40, 60)) < 0.02, 1, calls[::2])  # rows alike are compressed
    rows = "".join(f"1\t{i + 1}\t{i}\tA\tC\n" for i in range(80))
    psam = "#IID\n" + "".join(f"s{i}\n" for i in range(60))
    path = Path(pgen(calls, "#CHROM\tPOS\tID\tREF\tALT\n" + rows, psam) + ".pgen")
    content, refused = path.read_bytes(), 0
    for number in range(500):
        damaged = bytearray(content)
        if number % 5 == 0:
            del damaged[rng.integers(2, len(damaged)) :]
        else:
            damaged[rng.integers(len(damaged))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        read = read_or_problem(path)
        if isinstance(read, str):
            refused += 1
            assert str(path) in read
            assert len(read) < len(str(path)) + 200
        else:
            assert read.shape == (80, 60)
            assert np.isin(read, [-1, 0, 1, 2]).all()
    assert refused > 100


def read_or_problem(path: Path) -> np.ndarray | str:
    try:
        return all_dosages(PgenSource(str(path)))
    except DDVIError as error:
        return error.problem
