"""BCF is read as htslib reads it, through cyvcf2 and bcftools, and damage is one sentence."""

from __future__ import annotations

import gzip
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import bcf_bytes as b
import numpy as np
import pytest
from bcf_bytes import END, FLOAT, INT8, INT16, INT32, MISSING
from genotype_files import META, Write, bgzf, record, vcf_text
from hypothesis import HealthCheck, given, settings
from test_second_reader import HEADER, SAMPLES, SHAPES, lines_of, record_lines, silence

from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats.bcf import BcfStream
from ancestry_ddvi.genotypes.formats.bcf_calls import DIPLOID, HAPLOID, copies
from ancestry_ddvi.genotypes.formats.bcf_record import BcfRecord
from ancestry_ddvi.genotypes.formats.registry import open_source
from ancestry_ddvi.genotypes.formats.streams import inflated

WIDE = (
    *HEADER,
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">',
    '##FORMAT=<ID=GL,Number=G,Type=Float,Description="Likelihoods">',
    '##FORMAT=<ID=GP,Number=G,Type=Float,Description="Probabilities">',
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">',
    '##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description="Depth">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
    '##INFO=<ID=NOTE,Number=1,Type=String,Description="Text">',
)
FIELDS = ("PL", "GL", "GP", "DS", "GQ", "DP", "MIN_DP")
PLAIN_CALLS = b.calls([0, 0], [0, 1], [1, 1])

needs_bcftools = pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is absent")
File = Callable[..., str]


@pytest.fixture
def file(tmp_path: Path) -> File:
    def write(content: bytes, compress: Callable[[bytes], bytes] = bgzf) -> str:
        path = tmp_path / "made.bcf"
        path.write_bytes(compress(content))
        return str(path)

    return write


def opened(path: str) -> BcfStream:
    """The file as its reader opens it."""
    return BcfStream(inflated(BytesIO(Path(path).read_bytes()), path), path)


def read(path: str) -> list[BcfRecord]:
    return list(opened(path))


def shown(found: BcfRecord) -> tuple[Any, ...]:
    return found.chromosome, found.position, found.id, found.ref, found.alts, found.filters


# The same as cyvcf2 ----------------------------------------------------------------------------


def assert_as_cyvcf2(path: str) -> int:
    """Compares every record, allele and number; returns how many records there are."""
    from cyvcf2 import VCF

    ours = read(path)
    with silence():
        theirs = 0
        for found, line in zip(ours, VCF(path), strict=True):
            assert shown(found) == (
                line.CHROM, line.POS, line.ID or ".", line.REF, tuple(line.ALT),
                ";".join(line.FILTERS) or ".",
            )  # fmt: skip
            assert found.end == (line.INFO.get("END") or line.POS + len(line.REF) - 1)
            assert found.has_gt == ("GT" in line.FORMAT)
            genotypes = [call[:-1] for call in line.genotypes] if found.has_gt else []
            for alt in range(1, len(line.ALT) + 1):
                expected = genotypes or [[]] * len(SAMPLES)
                assert found.calls(alt).tolist() == [of_ploidy(2, g, alt) for g in expected]
                assert found.haploid(alt).tolist() == [of_ploidy(1, g, alt) for g in expected]
            for field in FIELDS:
                assert_same_numbers(found.numbers(field), line.format(field))
            theirs += 1
    return theirs


def of_ploidy(ploidy: int, alleles: Sequence[int], alt: int) -> int:
    whole = len(alleles) == ploidy and {*alleles} <= {0, alt}
    return alleles.count(alt) if whole else -1


def assert_same_numbers(ours: np.ndarray | None, theirs: np.ndarray | None) -> None:
    if ours is None or theirs is None:
        assert ours is theirs
        return
    assert ours.dtype == np.float64
    if theirs.dtype.kind == "i":
        theirs = np.where(theirs < -(2**31) + 8, np.nan, theirs)
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_record_of_every_shape_is_read_as_cyvcf2_reads_it(vcf: Write, shape: str) -> None:
    lines = lines_of([SHAPES[shape], {}])
    assert assert_as_cyvcf2(vcf(lines, SAMPLES, WIDE, "x.bcf")) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(record_lines())
def test_any_record_is_read_as_cyvcf2_reads_it(vcf: Write, records: list[str]) -> None:
    assert assert_as_cyvcf2(vcf(records, SAMPLES, WIDE, "x.bcf")) == len(records)


ALTS = ",".join("ACGT"[i % 4] + "ACGT"[i // 4 % 4] + "ACGT"[i // 16 % 4] + "A" for i in range(150))
MORE_SHAPES = {
    "a call that needs 16 bits": {
        "alt": ALTS, "calls": ["0/70", "62|62", "63|0", "126/127", "150/150", "70"],
    },
    "likelihoods of 8 bits": {
        "form": "GT:PL", "calls": ["0/0:0,3,120", *["0/1:9,0,.", "./.:."] * 2, "1"],
    },
    "likelihoods of 16 bits": {
        "form": "PL:GT", "calls": ["0,3,128:0/0", "7,0,32000", *["1:."] * 4],
    },
    "likelihoods of 32 bits": {
        "form": "PL", "calls": ["0,3,70000", "1,2,3", ".", "5", "6,7", ".,.,1"],
    },
    "many likelihoods": {
        "alt": "C,G,T,AC,AG", "form": "PL", "calls": [",".join(map(str, range(21))), *["."] * 5],
    },
    "floats": {
        "form": "GT:GL:GP:DS", "calls": [
            "0/0:-0.1,-1,-5:0.9,0.1,0:0.1", "0/1:.:0.5,.,.:.", "1/1:-1,-2", ".", "0/1:.,.,-3:.:2",
            "./.:.:.:1e-9",
        ],
    },
    "depths": {"form": "GT:DP:MIN_DP:GQ", "calls": ["0/0:3:2:40", "0/0", *["0/1:.:300:."] * 4]},
    "no values at all": {"form": "DP:PL:DS", "calls": [".:.:."] * 6},
    "long texts": {"name": "rs" + "7" * 300, "ref": "A" * 20, "alt": "C" * 15 + "," + "G" * 40000},
    "two IDs": {"name": "rs1;rs2"},
    "at position 0": {"position": 0},
    "at the last position": {"position": 2**31 - 2},
}  # fmt: skip


@needs_bcftools
@pytest.mark.parametrize("shape", MORE_SHAPES)
def test_numbers_and_long_values_are_read_as_cyvcf2_reads_them(tmp_path: Path, shape: str) -> None:
    for option in ("-Ob", "-Ou"):
        lines = lines_of([{}, MORE_SHAPES[shape], {}])
        path = by_bcftools(tmp_path, vcf_text(lines, SAMPLES, WIDE), option)
        assert assert_as_cyvcf2(path) == 3


def by_bcftools(folder: Path, text: str, option: str = "-Ob") -> str:
    (folder / "text.vcf").write_text(text)
    path = folder / f"by_bcftools{option}.bcf"
    command = ["bcftools", "view", "--no-version", option, "-o", path, folder / "text.vcf"]
    subprocess.run(command, check=True, capture_output=True)
    return str(path)


@needs_bcftools
@pytest.mark.parametrize(
    ("info", "end"),
    [
        ("END=140", 140), ("END=100", 100), ("NOTE=" + "x" * 70 + ";END=70000", 70000),
        ("END=99", 100), ("END=.", 100), (".", 100), ("NOTE=END", 100),
    ],
)  # fmt: skip
def test_the_end_of_a_record(tmp_path: Path, info: str, end: int) -> None:
    line = record(["0/0"] * 6, alt="<*>").replace("\tPASS\t.\t", f"\tPASS\t{info}\t")
    path = by_bcftools(tmp_path, vcf_text([line], SAMPLES, WIDE))
    assert [found.end for found in read(path)] == [end]


@needs_bcftools
def test_a_file_without_calls_is_told_from_one_whose_calls_were_dropped(file: File) -> None:
    """The second would end a process that reads it through cyvcf2."""
    dropped = b.vector(INT8, [b.GT]) + b.descriptor(INT8, 0)
    depth = b.field(b.DP, INT8, [[1], [2], [3]])
    path = file(b.bcf([b.record([depth]), b.record([dropped]), b.record([])]))
    done = subprocess.run(
        ["bcftools", "query", "-f", "[%GT ]", path], capture_output=True, text=True
    )
    assert set(done.stdout) == {".", " "}
    assert [(r.has_gt, r.calls(1).tolist(), r.haploid(1).tolist()) for r in read(path)] == [
        (False, [-1] * 3, [-1] * 3), (True, [-1] * 3, [-1] * 3), (False, [-1] * 3, [-1] * 3),
    ]  # fmt: skip
    assert read(path)[1].numbers("GT") is None


@pytest.mark.parametrize("code", [INT8, INT16, INT32])
def test_calls_of_every_width_and_ploidy(file: File, code: int) -> None:
    """Checked by cyvcf2 as well."""
    pairs = [[0, 1], [1, 1], [None, 1], [1, MISSING], [1, END], [END, END], [None, END], [0, 2]]
    triples = [[0, 1, END], [1, 1, MISSING], [1, END, END], [0, 0, 0], [0, None, END]]
    single = [[0], [1], [None], [END], [2]]
    records = [
        b.record([b.calls(*rows, *[[0] * len(rows[0])] * (8 - len(rows)), code=code)], samples=8)
        for rows in (pairs, triples, single)
    ]
    path = file(b.bcf(records, samples="abcdefgh"))
    found = read(path)
    assert [r.calls(1).tolist() for r in found] == [
        [1, 2, -1, -1, -1, -1, -1, -1], [1, 2, -1, -1, -1, -1, -1, -1], [-1] * 8,
    ]  # fmt: skip
    assert [r.haploid(1).tolist() for r in found] == [
        [-1, -1, -1, 1, 1, -1, -1, -1], [-1, -1, 1, -1, -1, -1, -1, -1],
        [0, 1, -1, -1, -1, 0, 0, 0],
    ]  # fmt: skip
    assert found[0].calls(2).tolist() == [-1] * 7 + [1]


def test_every_pair_of_bytes_is_read_as_wider_integers_are() -> None:
    """Pairs of bytes are looked up in a table."""
    pairs = np.arange(1 << 16, dtype="<u2").view(np.int8).reshape(-1, 2)
    for alt in (1, 2, 62):
        for ploidy in (HAPLOID, DIPLOID):
            wide = copies(pairs.astype(np.int16), alt, ploidy)
            np.testing.assert_array_equal(copies(pairs, alt, ploidy), wide)
            assert (wide >= 0).sum() == (2**2 * 2**2 if ploidy == DIPLOID else 2 * 2 * 128)


@pytest.mark.parametrize("code", [INT8, INT16, INT32, FLOAT])
def test_missing_and_padded_numbers_are_nan(file: File, code: int) -> None:
    field = b.field(b.DS, code, [[1, 2], [MISSING, END], [-100, MISSING]])
    path = file(b.bcf([b.record([PLAIN_CALLS, field])]))
    expected = [[1, 2], [np.nan, np.nan], [-100, np.nan]]
    np.testing.assert_array_equal(read(path)[0].numbers("DS"), expected)
    assert read(path)[0].numbers("PL") is None


def test_a_field_of_text_has_no_numbers(file: File) -> None:
    field = b.field(b.FT, b.CHARACTER, [b"ab", b"cd", b"ef"])
    assert read(file(b.bcf([b.record([field])])))[0].numbers("FT") is None


def test_the_symbolic_allele_is_ignored_wherever_it_stands(file: File) -> None:
    alleles = [b.text(b"A"), b.text(b"<NON_REF>"), b.text(b"g")]
    path = file(b.bcf([b.record([b.calls([0, 2], [2, 2], [0, 1])], alleles=alleles)]))
    (block,) = open_source(path).blocks()
    assert block.variants.alt.tolist() == ["G"]
    assert block.dosages.tolist() == [[1, 2, -1]]


def test_records_whose_calls_were_dropped_are_kept_as_missing(file: File) -> None:
    dropped = b.vector(INT8, [b.GT]) + b.descriptor(INT8, 0)
    path = file(b.bcf([b.record([dropped]), b.record([PLAIN_CALLS], pos=100)]))
    (block,) = open_source(path).blocks()
    assert block.dosages.tolist() == [[-1, -1, -1], [0, 1, 2]]


def test_opening_twice_gives_the_same(file: File) -> None:
    path = file(b.bcf([b.record([PLAIN_CALLS])] * 3))
    found = opened(path)
    assert [*map(shown, found)] == [*map(shown, opened(path))]
    assert found.header.samples == ("a", "b", "c")
    assert found.header_lines[0] == b"##fileformat=VCFv4.3"


# Headers ---------------------------------------------------------------------------------------


def test_idx_in_odd_order_and_with_gaps_is_obeyed(file: File) -> None:
    """``HEADER`` has "IDX=7" in the description of a filter, and contigs 0 and 7."""
    from cyvcf2 import VCF

    records = [
        b.record([PLAIN_CALLS], chrom=7, filters=b.vector(INT8, [b.Q10])),
        b.record([PLAIN_CALLS], filters=b.vector(INT16, [b.PASS, b.Q10])),
        b.record([PLAIN_CALLS], filters=b.vector(INT8, [])),
    ]
    path = file(b.bcf(records))
    found = [(r.chromosome, r.filters) for r in read(path)]
    assert found == [("chrX", "q10"), ("1", "PASS;q10"), ("1", ".")]
    assert found == [(v.CHROM, ";".join(v.FILTERS) or ".") for v in VCF(path)]


def test_without_idx_ids_are_numbered_as_they_appear(file: File) -> None:
    """PASS is 0 wherever it stands, and an ID of INFO and FORMAT is one."""
    header = [line.partition(",IDX")[0] + ">" for line in b.HEADER if "q10" not in line]
    header.insert(5, "##contig=<ID=2>")
    calls = b.vector(INT8, [3]) + PLAIN_CALLS[2:]
    records = [b.record([calls], chrom=chrom) for chrom in (0, 1, 2)]
    found = read(file(b.bcf(records, header)))
    assert [r.chromosome for r in found] == ["2", "1", "chrX"]
    assert [r.calls(1).tolist() for r in found] == [[0, 1, 2]] * 3


def test_an_id_without_idx_follows_the_largest(file: File) -> None:
    """As in htslib."""
    header = [*b.HEADER, "##contig=<ID=next>"]
    found = read(file(b.bcf([b.record([], chrom=8), b.record([], chrom=7)], header)))
    assert [r.chromosome for r in found] == ["next", "chrX"]


def test_the_text_of_a_header_ends_with_the_first_nul(file: File) -> None:
    """As in htslib; its lines may end as in DOS."""
    text = "\r\n".join(b.bcf([])[9:-1].decode().split("\n")).encode() + b"\0\0junk\n"
    path = file(b"BCF\x02\x02" + struct.pack("<I", len(text)) + text + b.record([PLAIN_CALLS]))
    assert opened(path).header.samples == ("a", "b", "c")
    assert opened(path).header_lines[-1].endswith(b"\tc")
    assert len(read(path)) == 1


def test_the_first_of_two_fields_of_one_name_counts(file: File) -> None:
    """As in htslib."""
    again = b.calls([1, 1], [1, 1], [1, 1])
    (found,) = read(file(b.bcf([b.record([PLAIN_CALLS, again])])))
    assert found.calls(1).tolist() == [0, 1, 2]


@needs_bcftools
def test_a_thousand_contigs_in_any_order(tmp_path: Path) -> None:
    order = np.random.default_rng(3).permutation(1000).tolist()
    meta = [META[0], *(f"##contig=<ID=c{i}>" for i in order), *META[3:]]
    lines = [record(["0/1"], chromosome=f"c{i}") for i in range(1000)]
    path = by_bcftools(tmp_path, vcf_text(lines, ["a"], meta))
    assert [r.chromosome for r in read(path)] == [f"c{i}" for i in range(1000)]


def test_bcf_2_1_is_read(file: File) -> None:
    """In which missing values pad calls of fewer alleles."""
    records = [b.record([b.calls([0, 1], [1, MISSING], [1, 1])])]
    (found,) = read(file(b.bcf(records, magic=b"BCF\x02\x01")))
    assert found.calls(1).tolist() == [1, -1, 2]
    assert found.haploid(1).tolist() == [-1, 1, -1]


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bgzf], ids=["plain", "gzip", "bgzf"])
def test_bcf_is_read_compressed_or_not(file: File, compress: Callable[[bytes], bytes]) -> None:
    """With records longer than a block, and blocks longer than a record."""
    calls = [[0, 1], [1, 1], [0, 0]] * 1000
    records = [b.record([b.calls(*calls)], samples=3000, pos=i) for i in range(50)]
    path = file(b.bcf(records, samples=[f"s{i}" for i in range(3000)]), compress)
    assert [r.position for r in read(path)] == list(range(1, 51))
    blocks = [block.dosages for block in open_source(path).blocks()]
    np.testing.assert_array_equal(np.concatenate(blocks), np.tile([1, 2, 0], (50, 1000)))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "."), (b".", "."), (b"rs7", "rs7"), ("Zoë".encode(), "Zoë"),
        (b"caf\xe9", r"caf\xe9"), (b"a\tb\n", r"a\tb\n"), (b"two words", "two words"),
    ],
)  # fmt: skip
def test_an_id_of_any_bytes_is_shown_on_one_line(file: File, content: bytes, name: str) -> None:
    path = file(b.bcf([b.record([PLAIN_CALLS], name=b.text(content))]))
    assert read(path)[0].id == name


def test_an_allele_of_no_text_is_a_dot(file: File) -> None:
    """As in bcftools: an ALT of "." is none."""
    alleles = [(b"A",), (b"A", b"."), (b"", b"C"), (b"A", b"", b"C")]
    records = [b.record([], alleles=[*map(b.text, written)]) for written in alleles]
    found = [(r.ref, r.alts) for r in read(file(b.bcf(records)))]
    assert found == [("A", ()), ("A", ()), (".", ("C",)), ("A", (".", "C"))]


@pytest.mark.parametrize("key", [5, 127, 128, 200, 299])
def test_keys_are_integers_of_any_width_with_a_sign(file: File, key: int) -> None:
    """A byte of 128 or more is a negative key, though the header may have that number."""
    numbered = (f"##FORMAT=<ID=F{i},Number=1,Type=Integer,IDX={i}>" for i in range(1, 300))
    header = [line for line in b.HEADER if "IDX=0" in line or "##file" in line] + [*numbered]
    info = b.vector(INT16, [key]) + b.vector(INT8, [1])
    field = b.vector(INT16, [key]) + b.descriptor(INT8, 1) + bytes(3)
    (found,) = read(file(b.bcf([b.record([field], infos=[info])], header)))
    assert found.numbers(f"F{key}") is not None
    if key in (128, 200):
        byte = bytes([0x11, key])
        for some in ({"infos": [byte + info[3:]]}, {"fields": [byte + field[3:]]}):
            made = b.record(**{"fields": [], **some})
            assert f"field {key - 256} is not in the header" in refused(file(b.bcf([made], header)))


# Damage ----------------------------------------------------------------------------------------


def refused(path: str) -> str:
    with pytest.raises(InputUnreadable) as caught:
        read(path)
    message = str(caught.value)
    assert path in message
    assert caught.value.remedy.endswith(".")
    assert "\n" not in message
    assert len(message) < len(path) + 300
    return message


def damaged(fields: Sequence[bytes] = (PLAIN_CALLS,), **parts: Any) -> bytes:
    return b.record(fields, **parts)


A, C = b.text(b"A"), b.text(b"C")
DAMAGE = {
    "CHROM beyond": (damaged(chrom=1), "CHROM 1 is not in the header"),
    "CHROM negative": (damaged(chrom=-1), "CHROM -1 is not in the header"),
    "POS negative": (damaged(pos=-2), "POS -1 is out of range"),
    "POS too large": (damaged(pos=2**31 - 1), "POS 2147483648 is out of range"),
    "too few samples": (damaged(samples=2), "2 samples, and the header 3"),
    "too many samples": (damaged(samples=2**24 - 1), "16777215 samples, and the header 3"),
    "no alleles": (damaged(alleles=[]), "it has no REF"),
    "an allele too many": (damaged(n_allele=3), "ALT allele 2 is not text"),
    "an allele too few": (damaged(n_allele=1), "type code 7 are not integers"),
    "FILTER unknown": (damaged(filters=b.vector(INT8, [b.GAP])), "FILTER 9 is not in the header"),
    "FILTER negative": (damaged(filters=b.vector(INT8, [-1])), "FILTER -1 is not in the header"),
    "FILTER is text": (damaged(filters=b.text(b"q")), "type code 7 are not integers"),
    "FILTER is a float": (damaged(filters=b.vector(FLOAT, [0])), "type code 5 are not integers"),
    "too many filters": (damaged(filters=b.vector(INT8, [0] * 20)), "it has 20 filters"),
    "ID is empty numbers": (damaged(name=b.vector(INT16, [])), "ID is not text"),
    "ID is a number": (damaged(name=b.vector(INT8, [5])), "ID is not text"),
    "REF is a number": (damaged(alleles=[b.vector(INT8, [5]), C]), "REF is not text"),
    "REF is not text": (damaged(alleles=[b.text(b"A\xe9"), C]), "REF is not UTF-8 text"),
    "ALT is not text": (damaged(alleles=[A, C, b.text(b"<\xff>")]), "ALT allele 2 is not UTF-8"),
    "INFO unknown": (
        damaged(infos=[b.vector(INT8, [77]) + b.text(b"x")]), "INFO field 77 is not in the header",
    ),
    "INFO without key": (damaged(infos=[b.text(b"x") * 2]), "a key or length is not an integer"),
    "INFO of no type": (
        damaged(infos=[b.vector(INT8, [b.DP]) + b"\x14\0\0\0\0\0\0\0\0"]), "type code 4 with 1",
    ),
    "values of type 0": (
        damaged(infos=[b.vector(INT8, [b.DP]) + b"\x30"]), "type code 0 with 3 values",
    ),
    "END is text": (
        damaged(infos=[b.vector(INT8, [b.END_KEY]) + b.text(b"9")]), "are not integers",
    ),
    "INFO too long": (
        damaged([], infos=[b.vector(INT8, [b.DP]) + b"\x41\0"]), "a value reaches beyond its end",
    ),
    "INFO too many and nothing more": (damaged([], n_info=1), "a value reaches beyond its end"),
    "INFO too many": (damaged(n_info=1), "a value reaches beyond its end"),
    "INFO too few": (
        damaged(infos=[b.vector(INT8, [b.DP]) * 2], n_info=0),
        "4 bytes are left over after its INFO",
    ),
    "FORMAT too many": (damaged(n_fmt=2), "a value reaches beyond its end"),
    "FORMAT too few": (damaged(n_fmt=0), "9 bytes are left over after its FORMAT"),
    "FORMAT unknown": (
        damaged([b.field(b.GAP, INT8, [[1]] * 3)]), "FORMAT field 9 is not in the header",
    ),
    "GT is text": (damaged([b.field(b.GT, b.CHARACTER, [b"0/1"] * 3)]), "GT are not integers"),
    "GT is a float": (damaged([b.field(b.GT, FLOAT, [[0, 1]] * 3)]), "GT are not integers"),
    "a field too short": (damaged([PLAIN_CALLS[:-1]]), "a value reaches beyond its end"),
    "a field too long": (damaged([PLAIN_CALLS + b"\0\0"]), "2 bytes are left over"),
    "a huge vector": (
        damaged([b"\x11\x04\xf1\x13\xff\xff\xff\x7f"]), "a value reaches beyond its end",
    ),
    "a negative length": (
        damaged([b"\x11\x04\xf1\x11\xff" + bytes(100)]), "a value reaches beyond its end",
    ),
    "a length of no type": (damaged([b"\x11\x04\xf1\x15\0\0\0\0"]), "length is not an integer"),
    "the shared part is too short for a record": (damaged(shared=23), "lengths of 23 and"),
    "the shared part is huge": (damaged(shared=-1), "lengths of 4294967295 and"),
    "the FORMAT part is huge": (damaged(indiv=2**31), "and 2147483648 bytes are impossible"),
    "the FORMAT part is longer than the file": (damaged(indiv=2**29), "it is cut short"),
    "the shared part ends early": (damaged(shared=30), "a value reaches beyond its end"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_in_a_record_is_one_sentence_with_the_place(file: File, name: str) -> None:
    content, why = DAMAGE[name]
    sound = b.record([PLAIN_CALLS])
    message = refused(file(b.bcf([sound, content, sound])))
    assert "record 2 (after 1:100)" in message
    assert why in message
    assert "record 1: " in refused(file(b.bcf([content, sound])))
    last = refused(file(b.bcf([sound, sound, content])))
    assert "record 3 (after 1:100)" in last
    assert why in last


def test_messages_stay_short(file: File) -> None:
    header = [line.replace("ID=1,", f"ID={'1' * 10000},") for line in b.HEADER]
    path = file(b.bcf([b.record([]), b.record([], chrom=5)], header))
    assert f"record 2 (after {'1' * 80}:100)" in refused(path)


def test_damage_is_found_in_records_that_a_filter_leaves_out(file: File) -> None:
    alleles = [b.text(b"AT"), b.text(b"A")]
    content = b.record([PLAIN_CALLS + b"\0"], alleles=alleles)
    path = file(b.bcf([b.record([PLAIN_CALLS]), content]))
    with pytest.raises(InputUnreadable, match=r"record 2 \(after 1:100\)"):
        list(open_source(path).blocks())


def test_every_cut_of_the_content_is_found(file: File) -> None:
    content = b.bcf([b.record([PLAIN_CALLS])] * 2)
    size = len(b.record([PLAIN_CALLS]))
    for cut in range(1, len(content)):
        message = refused_or_read(file(content[:-cut]))
        assert (message is None) == (cut in (size, 2 * size))
        if cut < size:
            assert message and "record 2 (after 1:100): it is cut short" in message


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("IDX=3>", "IDX=1>", "IDX=1 stands for 'DP' and 'q10'"),
        ("IDX=1>", "IDX=0>", "line 3 of its header: IDX=0 stands for 'q10' and 'PASS'"),
        ("IDX=0>", "IDX=3>", "'PASS' has IDX=3, and IDX=0 before"),
        ("IDX=7>", "IDX=0>", "IDX=0 stands for 'chrX' and '1'"),
        ("IDX=1>", "IDX=x>", "the IDX 'x' is no number"),
        ("IDX=1>", "IDX=>", "the IDX '' is no number"),
        ("IDX=1>", "IDX=" + "9" * 5000 + ">", "is no number"),
        ("ID=chrX", "ID=chr\tX", "has control characters"),
        ("#CHROM", "#CHROMOSOME", "the #CHROM line does not start with"),
        ("\n#CHROM", "\nCHROM", "has no complete VCF header"),
        ("##fileformat", "##format", "has no complete VCF header"),
        ("\ta\tb\tc", "", "has no samples"),
    ],
)
def test_damage_in_the_header(file: File, old: str, new: str, why: str) -> None:
    text = b.bcf([])[9:-1].decode()
    content = text.replace(old, new, 1).encode() + b"\0"
    path = file(b"BCF\x02\x02" + struct.pack("<I", len(content)) + content)
    assert why in refused(path)


def test_a_header_that_is_not_text(file: File) -> None:
    content = b.bcf([]).replace(b"chrX", b"chr\xff")
    assert "line 12 of its header: an ID is not UTF-8 text" in refused(file(content))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"BCF\x02\x03" + b.bcf([])[5:], "is not BCF 2.1 or 2.2"),
        (b"BCF\x02\x02", "ends within its header"),
        (b"BCF\x02\x02\0\0\0\0", "ends within its header"),
        (b"BCF\x02\x02\xff\xff\xff\x07" + b.bcf([])[9:], "ends within its header"),
        (b"BCF\x02\x02\xff\xff\xff\xff" + b.bcf([])[9:], "claims to have 4294967295 bytes"),
        (b.bcf([])[:-9], "ends within its header"),
    ],
)  # fmt: skip
def test_a_header_of_the_wrong_kind_or_length(file: File, content: bytes, why: str) -> None:
    assert why in refused(file(content))


# Containers ------------------------------------------------------------------------------------

CONTENT = b.bcf([b.record([PLAIN_CALLS], pos=i) for i in range(40)])
BLOCKS = bgzf(CONTENT)
SECOND = struct.unpack_from("<H", BLOCKS, 16)[0] + 1
"""Where the second block starts."""


def changed(at: int, new: bytes) -> bytes:
    return BLOCKS[:at] + new + BLOCKS[at + len(new) :]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BLOCKS[:-28], "its end-of-file mark is missing"),
        (BLOCKS[:-1], f"block at byte {len(BLOCKS) - 28:,} is not whole"),
        (BLOCKS[: SECOND + 5], f"block at byte {SECOND} is not whole"),
        (BLOCKS + b"\0", f"block at byte {len(BLOCKS):,} is not whole"),
        (BLOCKS + bytes(28), f"block at byte {len(BLOCKS):,}: no block starts there"),
        (BLOCKS[:SECOND] + b"x" + BLOCKS[SECOND:], f"block at byte {SECOND}: no block starts"),
        (changed(SECOND + 16, b"\x05\0"), f"block at byte {SECOND}: its length is wrong"),
        (changed(SECOND + 12, b"XY"), f"block at byte {SECOND}: no block starts there"),
        (changed(16, struct.pack("<H", SECOND - 2)), "block at byte 0: its length is wrong"),
        (changed(16, struct.pack("<H", SECOND)), "block at byte 0: its length is wrong"),
        (changed(SECOND - 8, b"\0\0\0\0"), "block at byte 0: Error -3"),
        (changed(SECOND - 4, b"\0\0\0\0"), "block at byte 0: Error -3"),
        (changed(SECOND + 40, b"\xff\xff"), f"block at byte {SECOND}: Error -3"),
    ],
)  # fmt: skip
def test_damage_in_a_block_is_one_sentence_with_the_byte(
    file: File, content: bytes, why: str
) -> None:
    assert why in refused(file(content, bytes))


@pytest.mark.parametrize("size", [(1 << 16) + 1, 1 << 24])
def test_a_block_of_more_than_64_kib_is_refused(file: File, size: int) -> None:
    """As in htslib; a small file that claims to be a large one is not expanded."""
    assert "its length is wrong" in refused(file(bgzf(bytes(size), size), bytes))


# Any damage ------------------------------------------------------------------------------------


def refused_or_read(path: str) -> str | None:
    """The sentence with which a file is refused; None if it is read. Nothing else may happen."""
    try:
        for found in opened(path):
            _ = found.id, found.calls(1), found.haploid(1), found.end
            for field in ("PL", "DS", "DP", "FT"):
                found.numbers(field)
        for _ in open_source(path).blocks():
            pass
    except InputUnreadable as error:
        return str(error)
    return None


def a_file_to_damage() -> bytes:
    """Every kind of value, in every width."""
    rows = [[0, 1], [1, END], [None, 1]]
    fields = [
        [b.calls(*rows), b.field(b.PL, INT8, [[0, 3, 9], [MISSING, END, END], [1, 2, 3]])],
        [b.field(b.DP, INT32, [[1], [2], [3]]), b.calls(*rows, code=INT16)],
        [b.calls(*rows, code=INT32), b.field(b.DS, FLOAT, [[0.5], [MISSING], [2]])],
        [b.field(b.FT, b.CHARACTER, [b"PASS"] * 3), b.field(b.PL, INT16, [[300] * 20] * 3)],
        [],
    ]
    infos = [b.vector(INT8, [b.END_KEY]) + b.vector(INT16, [300]), b.vector(INT8, [b.DP]) * 2]
    return b.bcf(
        b.record(some, pos=100 + i, name=b.text(b"rs" * i), infos=infos[: i % 3])
        for i, some in enumerate(fields * 2)
    )


def damaged_files(number: int) -> list[bytes]:
    """Flipped bytes and cuts, half of them in the content, half in the compressed file."""
    draw = np.random.default_rng(2026)
    whole = a_file_to_damage()
    made = []
    for i in range(number):
        inside = i % 2 == 0
        content = bytearray(whole if inside else bgzf(whole))
        first = whole.index(b"#CHROM") if inside and i % 4 else 0
        for at in draw.integers(first, len(content), draw.integers(1, 4)).tolist():
            content[at] = int(draw.choice([0, 1, 127, 128, 255, draw.integers(256)]))
        if i % 5 == 0:
            del content[int(draw.integers(len(content))) :]
        made.append((bgzf if inside else bytes)(bytes(content)))
    return made


def assert_damage_is_a_sentence(folder: Path, number: int) -> None:
    path, outcomes = folder / "damaged.bcf", []
    for content in damaged_files(number):
        path.write_bytes(content)
        before = time.perf_counter()
        outcomes.append(refused_or_read(str(path)))
        assert time.perf_counter() - before < 5
    sentences = [outcome for outcome in outcomes if outcome]
    assert all("\n" not in sentence and len(sentence) < 500 for sentence in sentences)
    assert number * 0.5 < len(sentences) < number


def test_damaged_files_are_refused_in_one_sentence_or_read(tmp_path: Path) -> None:
    assert_damage_is_a_sentence(tmp_path, 200)


@pytest.mark.slow
def test_many_damaged_files_are_refused_in_one_sentence_or_read(tmp_path: Path) -> None:
    """In little memory: no length of 2**31 in a small file is taken at its word."""
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert_damage_is_a_sentence(tmp_path, 2000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024
