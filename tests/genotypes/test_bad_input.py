"""A file that cannot be used gives one sentence with its name, the reason and a remedy."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from genotype_files import GT_FIELD, META, Write, bgzf, record, vcf_text

from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats.registry import open_source

RECORDS = [record(position=i) for i in range(1, 3001)]
TEXT = vcf_text(RECORDS).encode()
ONE = vcf_text([record()])


def consume(path: str | Path) -> None:
    for _ in open_source(str(path)).blocks():
        pass


def refused(path: str | Path, names: str | Path | None = None) -> str:
    """The sentence with which a path is refused; it names the file and has a remedy."""
    with pytest.raises(InputUnreadable) as caught:
        consume(path)
    message = str(caught.value)
    assert str(names or path) in message
    assert caught.value.remedy.endswith((".", "?"))
    assert "\n" not in message
    return message


@pytest.fixture
def file(tmp_path: Path) -> Callable[[bytes, str], Path]:
    def write(content: bytes, name: str = "x.vcf") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


File = Callable[..., Path]


@pytest.fixture(autouse=True)
def nothing_on_stderr(capfd: pytest.CaptureFixture[str]):
    yield
    assert capfd.readouterr().err == ""


# What is there at all --------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path, file: File) -> None:
    file(TEXT, "cohort.vcf.gz")
    assert "Did you mean" not in refused(tmp_path / "else.bcf")
    near = refused(tmp_path / "chort.vcf.gz")
    assert "no such file" in near
    assert f"Did you mean {tmp_path / 'cohort.vcf.gz'}?" in near


def test_a_missing_folder(tmp_path: Path) -> None:
    assert f"The folder {tmp_path / 'no'} does not exist" in refused(tmp_path / "no" / "x.vcf")


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0), bgzf(b"")])
def test_an_empty_file(file: File, content: bytes) -> None:
    assert "is empty" in refused(file(content))


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"chr1\t100\t200\n", "a file that starts with 'chr1"),
        (b"\xff\xfe\x00\x01", "a file that starts with"),
        (b"#CHROM\tPOS\tID\n", "a file that starts with '#CHROM"),
        (b"PK\x03\x04zip", "a zip archive"),
        (gzip.compress(b"BAM\x01abc", mtime=0), "a BAM file"),
        (b"\x28\xb5\x2f\xfdzstd", "zstandard data"),
    ],
)
def test_a_file_of_another_kind(file: File, content: bytes, seen: str) -> None:
    message = refused(file(content))
    assert seen in message
    assert "VCF, VCF.gz, BCF, PLINK 1" in message


def test_a_companion_instead_of_the_genotypes(bed: Write) -> None:
    prefix = bed([[0, 1, 2]])
    assert f"or the prefix {prefix}" in refused(f"{prefix}.bim")


# Headers ---------------------------------------------------------------------------------------


def test_a_header_without_gt(vcf: Write) -> None:
    meta = [line for line in META if line != GT_FIELD]
    for name in ("x.vcf", "x.vcf.gz"):
        assert "declares no FORMAT field GT" in refused(vcf([record()], meta=meta, name=name))


def test_no_record_with_gt(vcf: Write) -> None:
    records = [record(["1", "2", "3"], form="DP")] * 2
    assert "no SNP in it has the FORMAT field GT" in refused(vcf(records))


def test_a_list_of_variants(file: File) -> None:
    lines = [line.split("\t") for line in ONE.splitlines()]
    for columns in (8, 9):
        text = "\n".join("\t".join(line[:columns]) for line in lines) + "\n"
        assert "has no samples" in refused(file(text.encode()))


def test_spaces_in_the_header(file: File) -> None:
    text = "\n".join(
        line.replace("\t", " ") if line.startswith("#CHROM") else line for line in ONE.split("\n")
    )
    assert f"line {len(META) + 1}: the #CHROM line has spaces" in refused(file(text.encode()))


def test_other_columns_in_the_header(file: File) -> None:
    text = ONE.replace("#CHROM\tPOS\tID", "#CHROM\tID\tPOS")
    assert "does not start with #CHROM POS ID" in refused(file(text.encode()))


@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.bgz"])
def test_duplicate_sample_ids(vcf: Write, name: str) -> None:
    message = refused(vcf([record()], ["a", "b", "a"], name=name))
    assert "sample ID 'a' 2 times" in message


def test_an_empty_sample_id(vcf: Write) -> None:
    assert "sample 2 has an empty ID" in refused(vcf([record()], ["a", "", "c"]))


def test_a_sample_id_that_is_not_utf8(file: File) -> None:
    content = vcf_text([record()], ["é", "b", "c"]).encode("latin1")
    assert "not UTF-8" in refused(file(content))


@pytest.mark.parametrize("lines", [1, len(META)])
def test_a_header_cut_short(file: File, lines: int) -> None:
    kept = "\n".join(ONE.split("\n")[:lines]) + "\n"
    for content in (kept.encode(), gzip.compress(kept.encode(), mtime=0)):
        assert "has no complete VCF header" in refused(file(content))


# Damage and truncation -------------------------------------------------------------------------


@pytest.mark.parametrize("compress", [gzip.compress, bgzf], ids=["gzip", "bgzf"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.999])
def test_compressed_data_cut_short(
    file: File, compress: Callable[[bytes], bytes], share: float
) -> None:
    content = compress(TEXT)
    assert "cut short" in refused(file(content[: int(len(content) * share)]))


def test_a_bgzf_file_cut_between_two_blocks(file: File, vcf: Write) -> None:
    for content in (bgzf(TEXT)[:-28], Path(vcf(RECORDS, name="y.bcf")).read_bytes()[:-28]):
        assert "end-of-file mark is missing" in refused(file(content))


@pytest.mark.parametrize("compress", [gzip.compress, bgzf], ids=["gzip", "bgzf"])
def test_compressed_data_with_a_changed_byte(
    file: File, compress: Callable[[bytes], bytes]
) -> None:
    content = bytearray(compress(TEXT))
    content[len(content) // 2] ^= 0xFF
    assert "is damaged" in refused(file(bytes(content)))


def test_a_damaged_bcf_names_the_last_record_that_was_whole(file: File, vcf: Write) -> None:
    content = gzip.decompress(Path(vcf(RECORDS, name="y.bcf")).read_bytes())
    cut = file(bgzf(content[:-7], 5000), "z.bcf")
    assert "record 3000 (after 1:2999): it is cut short" in refused(cut)
    header = refused(file(bgzf(content[:200]), "h.bcf"))
    assert "ends within its header" in header


@pytest.mark.parametrize("cut", [2, 3, 4, 5, 9, 20])
def test_text_cut_within_its_last_line(file: File, cut: int) -> None:
    message = refused(file(TEXT[:-cut]))
    assert f"cut short in line {len(META) + 1 + 3000}" in message


def test_a_cut_last_line_is_noticed_though_its_variant_would_be_skipped(file: File) -> None:
    text = vcf_text([*RECORDS, record(alt="C,T")])
    assert "cut short" in refused(file(text[:-6].encode()))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (record(["0/0", "0/1"], 9), "2 calls for 3 samples"),
        (record(["0/0"] * 4, 9), "4 calls for 3 samples"),
        (record(["0/0:1"] * 2, 9, form="GT:DP"), "2 calls for 3 samples"),
        (record(["0/0", "x/y", "0/1"], 9), "the call 'x/y' is not a genotype"),
        (record(["0/0", "", "0/1"], 9), "the call '' is not a genotype"),
        (record(["0/0", "0", "0-1"], 9), "the call '0-1' is not a genotype"),
        (record(position=9).replace("\t9\t", "\tnine\t"), "does not have ten or more columns"),
        ("1 9 . A C . . . GT 0/0 0/0 0/0", "does not have ten or more columns"),
        (record(position=9).rsplit("\t", 4)[0], "does not have ten or more columns"),
    ],
)
def test_a_malformed_line_is_named(vcf: Write, line: str, why: str) -> None:
    records = [record(position=1), line, record(position=10)]
    message = refused(vcf(records))
    assert why in message
    assert f"line {len(META) + 3}" in message


# PLINK -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [".bim", ".fam"])
def test_a_missing_companion(bed: Write, end: str) -> None:
    prefix = bed([[0, 1, 2]])
    Path(prefix + end).unlink()
    assert f"{prefix}{end} is missing" in refused(prefix)


def test_companions_without_genotypes(bed: Write) -> None:
    prefix = bed([[0, 1, 2]])
    Path(f"{prefix}.bed").unlink()
    assert f"{prefix}.bim is there, but {prefix}.bed is not" in refused(prefix)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_bed_file_of_the_wrong_size(bed: Write, change: int) -> None:
    path = Path(bed([[0, 1, 2, 0, 1]] * 3) + ".bed")
    content = path.read_bytes()
    path.write_bytes(content[:-1] if change < 0 else content + b"\0")
    message = refused(path)
    assert f"has {9 + change} bytes where 3 variants of 5 samples need 9" in message


def test_a_sample_major_bed_file(bed: Write) -> None:
    path = Path(bed([[0, 1, 2]]) + ".bed")
    path.write_bytes(b"\x6c\x1b\x00" + path.read_bytes()[3:])
    assert "is sample-major" in refused(path)


def test_duplicate_fids_and_iids(bed: Write) -> None:
    prefix = bed([[0, 1, 2]], ["a", "b", "a"])
    assert "sample ID 'a' 2 times" in refused(prefix, f"{prefix}.fam")


@pytest.mark.parametrize(
    ("end", "content", "why"),
    [
        (".bim", "1\trs\t0\tnine\tC\tA\n", "line 1: the position 'nine'"),
        (".bim", "1\trs\t9\tC\n", "line 1: 4 columns instead of 5"),
        (".bim", "1\trs\t0\t9\tC\tA\n1\trs\t0\t9\tC\n", "line 2: 5 columns instead of 6"),
        (".bim", "", "is empty"),
        (".fam", "0\ta\t0\t0\t0\t-9\n\n0\tb\n", "line 3: 2 columns instead of 6"),
        (".fam", "", "is empty"),
    ],
)
def test_a_malformed_companion(bed: Write, end: str, content: str, why: str) -> None:
    prefix = bed([[0, 1, 2]])
    Path(prefix + end).write_text(content)
    assert why in refused(prefix, prefix + end)


def test_a_companion_that_is_not_utf8(bed: Write) -> None:
    prefix = bed([[0, 1, 2]])
    Path(f"{prefix}.fam").write_bytes("0\té\t0\t0\t0\t-9\n".encode("latin1"))
    assert "line 1: not UTF-8" in refused(prefix, f"{prefix}.fam")


PVAR = "#CHROM\tPOS\tID\tREF\tALT\n1\t5\tr\tA\tC\n1\t6\tr\tA\tC\n"


@pytest.mark.parametrize(
    ("pvar", "psam", "why"),
    [
        (PVAR[:-10], "#IID\na\nb\nc\n", "cannot be read with the .pvar and .psam"),
        (PVAR[:-12], "#IID\na\nb\nc\n", "line 2: 4 columns instead of 5"),
        (PVAR, "#IID\na\nb\n", "cannot be read with the .pvar and .psam"),
        (PVAR, "#IID\na\nb\na\n", "sample ID 'a' 2 times"),
        (PVAR, "#IID\n", "names no samples"),
        (PVAR.replace("REF\t", "OTHER\t"), "#IID\na\nb\nc\n", "does not name its columns"),
        ("##only\n", "#IID\na\nb\nc\n", "lists no variants"),
    ],
)
def test_a_pgen_file_with_unfitting_companions(pgen: Write, pvar: str, psam: str, why: str) -> None:
    prefix = pgen([[0, 1, 2], [0, 1, 2]], pvar, psam)
    assert why in refused(prefix, prefix)


def test_a_pgen_file_cut_short(pgen: Write) -> None:
    path = Path(pgen([[0, 1, 2] * 100, [2, 1, 0] * 100], PVAR, "#IID\n" + "".join(
        f"s{i}\n" for i in range(300))) + ".pgen")  # fmt: skip
    path.write_bytes(path.read_bytes()[:-40])
    assert "cut short" in refused(path)


@pytest.mark.parametrize("end", [".psam", ".pvar"])
def test_a_missing_companion_of_a_pgen_file(pgen: Write, end: str) -> None:
    prefix = pgen([[0, 1, 2], [0, 1, 2]], PVAR, "#IID\na\nb\nc\n")
    Path(prefix + end).unlink()
    assert f"{prefix}{end} is missing" in refused(prefix)
