"""A file that cannot be used gives one sentence with its name, the reason and a remedy."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from genotype_files import META, Write, bgzf, record, vcf_text

from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats.registry import open_source

RECORDS = [record(position=i) for i in range(1, 3001)]
TEXT = vcf_text(RECORDS).encode()
ONE = vcf_text([record()])


ONLY_CR = ONE.replace("\n", "\r").encode()
MARK = b"\xef\xbb\xbf"


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
        (b"PK\x03\x04zip", "a damaged zip archive"),
        (gzip.compress(b"BAM\x01abc", mtime=0), "a BAM file"),
        (b"\x28\xb5\x2f\xfdzstd", "zstandard data"),
    ],
)
def test_a_file_of_another_kind(file: File, content: bytes, seen: str) -> None:
    assert seen in refused(file(content))


@pytest.mark.parametrize(
    ("content", "seen", "remedy"),
    [
        (b"# rsid\tchromosome\tposition\tgenotype\nrs1\t1\t5\tAA\n", "genetic test", "--23file"),
        (
            b"#AncestryDNA raw data\nrsid\tchromosome\tposition\tallele1\tallele2\n",
            "genetic test",
            "--tsv2vcf",
        ),
        (b'"RSID","CHROMOSOME","POSITION","RESULT"\n', "genetic test", "--23file"),
        (b"rs123\t1\t742429\tAG\r\n", "genetic test", "--23file"),
        (b"F1 s1 0 0 1 -9 A A C T\n", ".ped", "plink1.9 --file"),
        (b"F1\ts1\t0\t0\t2\t1\t1\t2\n", ".ped", "plink1.9 --file"),
        (b"1 rs1 0 742429\n1 rs2 0 7\n", ".map", "plink1.9 --file"),
        (b"rs#\talleles\tchrom\tpos\tstrand\n", "HapMap", "TASSEL"),
        (gzip.compress(b"TBI\x01abc", mtime=0), "an index", "belongs to"),
        (bgzf(b"CSI\x01abc"), "an index", "belongs to"),
        (b">chr1\nACGTNN\n", "FASTA", "bcftools call"),
        (b"@read\nACGT\n+\nIIII\n", "FASTQ", "bcftools call"),
    ],
)
def test_a_file_of_another_kind_comes_with_how_to_convert_it(
    file: File, content: bytes, seen: str, remedy: str
) -> None:
    message = refused(file(content))
    assert seen in message
    assert remedy in message


def test_a_kind_that_is_not_known_comes_with_those_that_are(file: File) -> None:
    assert "VCF, VCF.gz, BCF, PLINK 1" in refused(file(b"chr1\t100\t200\n"))


def test_a_companion_instead_of_the_genotypes(bed: Write) -> None:
    prefix = bed([[0, 1, 2]])
    assert f"or the prefix {prefix}" in refused(f"{prefix}.bim")


# Headers ---------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("INFO  \tFORMAT\ta\tb\tc", "has blanks beside INFO"),
        ("INFO\t FORMAT\ta\tb\tc", "has blanks beside FORMAT"),
        ("INFO ", "has blanks beside INFO"),
        ("INFO   FORMAT a b c", "has spaces instead of tabs"),
        ("INFO\tFORMAT a b c", "has spaces instead of tabs"),
        ("INFO\ta\tb\tc", "has 'a' where FORMAT belongs"),
    ],
)
def test_blanks_between_some_columns_of_the_header(file: File, written: str, why: str) -> None:
    text = ONE.replace("INFO\tFORMAT\ta\tb\tc", written)
    assert f"line {len(META) + 1}: the #CHROM line {why}" in refused(file(text.encode()))


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bgzf])
def test_a_byte_order_mark(file: File, compress: Callable[[bytes], bytes]) -> None:
    message = refused(file(compress(MARK + ONE.encode())))
    assert "starts with a byte order mark" in message
    assert "sed" in message


def test_lines_that_end_in_carriage_returns_alone(file: File) -> None:
    assert "carriage returns alone" in refused(file(ONLY_CR))
    lines = ONE.encode().split(b"\n")
    text = b"\n".join(lines[: len(META) + 1]) + b"\n" + b"\r".join([lines[-2]] * 3) + b"\r"
    assert f"line {len(META) + 2}" in refused(file(text))


def test_bytes_of_any_kind_in_the_header_do_not_matter(file: File) -> None:
    text = ONE.encode().replace(b"##contig", b"##note=\xff\xfe\xb5\n##contig", 1)
    consume(file(text))


@pytest.mark.parametrize("at", [0, 1, -1])
def test_a_zero_byte_in_the_text(file: File, at: int) -> None:
    lines = TEXT.split(b"\n")
    lines[len(META) + 5] = lines[len(META) + 5][: at or None] + b"\0" + lines[len(META) + 5][at:]
    assert f"line {len(META) + 6}: a zero byte" in refused(file(b"\n".join(lines)))


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
    content = vcf_text([record()], ["a", "é", "c"]).encode("latin1")
    message = refused(file(content))
    assert f"line {len(META) + 1}: the ID of sample 2 is not UTF-8 text" in message


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
    assert "is damaged in the compressed block at byte" in refused(file(bytes(content)))


@pytest.mark.parametrize("compress", [gzip.compress, bgzf], ids=["gzip", "bgzf"])
@pytest.mark.parametrize("garbage", [b"\0", b"garbage" * 9, b"\x1f\x8b\x08"])
def test_garbage_after_compressed_data(
    file: File, compress: Callable[[bytes], bytes], garbage: bytes
) -> None:
    content = compress(TEXT)
    message = refused(file(content + garbage))
    assert "damaged" in message or "cut short" in message


def test_a_bgzf_block_that_states_another_size(file: File) -> None:
    content = bytearray(bgzf(TEXT))
    first = int.from_bytes(content[16:18], "little") + 1
    content[first + 16] ^= 1
    message = refused(file(bytes(content)))
    assert f"at byte {first:,}: its length is wrong" in message


@pytest.mark.parametrize("compress", [gzip.compress, bgzf], ids=["gzip", "bgzf"])
def test_a_wrong_checksum(file: File, compress: Callable[[bytes], bytes]) -> None:
    content = bytearray(compress(TEXT))
    end = int.from_bytes(content[16:18], "little") + 1 if compress is bgzf else len(content)
    content[end - 8] ^= 1
    assert "at byte 0: " in refused(file(bytes(content)))


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


@pytest.mark.parametrize(
    ("records", "whole"),
    [
        ([record(["0/0", "0/1", "1"], 1)], True),
        ([record(["0/0", "1", "1"], 1), record(["0/0", "1", "1"], 2)], True),
        ([record(["0/0", "0/1", "1"], 1), record(["0/0", "0/1", "0"], 2)], True),
        ([record(["0/0", "1", "0/1"], 1), record(["0/0", "1", "0"], 2)], True),
        ([record(["0/0", "0/1", "1/1"], 1), record(["0/0", "0/1", "1"], 2)], False),
        ([record(["0/0", "0/1"], 1)], False),
        ([record(["0/0", "0/1", "1/"], 1)], False),
        ([record(["0/0", "0/1", ""], 1)], False),
    ],
)
def test_a_haploid_call_at_the_end_of_the_text_is_whole_if_others_are_haploid(
    file: File, records: list[str], whole: bool
) -> None:
    path = file(vcf_text(records).encode().rstrip(b"\n"))
    if whole:
        consume(path)
    else:
        assert f"cut short in line {len(META) + 1 + len(records)}" in refused(path)


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
        (record(position=9).replace("\t9\t", "\tnine\t"), "POS is 'nine'"),
        *[
            (record(position=9).replace("\t9\t", f"\t{pos}\t"), f"POS is '{pos}'")
            for pos in ("1_000", " 200", "-5", "+5", "", "2147483648", "9" * 19, "1.0", "٣")
        ],
        (record(position=9).replace("1\t9\t", "\t9\t"), "CHROM, REF or ALT is empty"),
        (record(position=9, ref=""), "CHROM, REF or ALT is empty"),
        (record(position=9, alt=""), "CHROM, REF or ALT is empty"),
        ("1 9 . A C . . . GT 0/0 0/0 0/0", "1 columns; ten or more are needed"),
        (record(position=9).rsplit("\t", 4)[0], "8 columns; ten or more are needed"),
        (record(position=9).replace("PASS\t", "PASS "), "FORMAT is '0/0', no list of fields"),
        (record(["0/0", "0/1"], 9, filters="q10"), "2 calls for 3 samples"),
        (record(["junk"], 9, ref="AT"), "1 calls for 3 samples"),
        (record(["0/0"] * 4, 9, alt="C,T"), "4 calls for 3 samples"),
        (record(["3", "4"], 9, form="DP"), "2 calls for 3 samples"),
        (record(["0/0"] * 2, 9, alt="<NON_REF>"), "2 calls for 3 samples"),
        (record(["0/0", "0:1", "0/1"], 9), "more values than FORMAT names"),
        (record(["0/0", "0:/1", "0/1"], 9), "more values than FORMAT names"),
        (record(["0/0", "//0/1", "0/1"], 9), "the call '//0/1' is not a genotype"),
        (record(["0/0", "/", "0/1"], 9), "the call '/' is not a genotype"),
    ],
)
def test_a_malformed_line_is_named(vcf: Write, line: str, why: str) -> None:
    records = [record(position=1), line, record(position=10)]
    message = refused(vcf(records))
    assert why in message
    assert f"line {len(META) + 3}" in message


@pytest.mark.parametrize("column", [0, 3, 4])
def test_a_name_or_allele_that_is_not_utf8(file: File, column: int) -> None:
    columns = record(position=9).encode().split(b"\t")
    columns[column] = b"\xff"
    text = ONE.encode() + b"\t".join(columns) + b"\n"
    assert f"line {len(META) + 3}: CHROM, REF, ALT or FILTER is not UTF-8" in refused(file(text))


@pytest.mark.parametrize("garbage", ["x" * 3_000_000, "0-1" * 1_000_000, "'\"" * 1_000_000])
def test_a_message_quotes_no_more_than_eighty_characters(file: File, garbage: str) -> None:
    message = refused(file(vcf_text([record(["0/0", garbage, "0/1"])]).encode()))
    assert "..." in message
    assert len(message) < 400


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
    assert ("fam file is cut short" in message) == (change > 0)


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
