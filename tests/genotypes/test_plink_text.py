"""The text files of PLINK filesets are read as plink2 reads them, and written so that it can."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from genotype_files import Write, all_dosages, record
from hypothesis import given
from hypothesis import strategies as st

from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats.plink import plink_ids, write_plink
from ancestry_ddvi.genotypes.formats.plink_text import read_samples, read_variants
from ancestry_ddvi.genotypes.formats.registry import open_source
from ancestry_ddvi.genotypes.store import GenotypeStore, ingest
from ancestry_ddvi.genotypes.variants import Block, VariantTable

needs_plink2 = pytest.mark.skipif(not shutil.which("plink2"), reason="plink2 is not installed")

FAM = b"F a 0 0 0 -9\nG b 0 0 0 -9\n"
BIM = b"1\trs1\t0\t5\tC\tA\n1\trs2\t0\t6\tC\tA\n"


def fileset(folder: Path, fam: bytes = FAM, bim: bytes = BIM) -> Path:
    """Two samples at two variants."""
    (folder / "x.fam").write_bytes(fam)
    (folder / "x.bim").write_bytes(bim)
    (folder / "x.bed").write_bytes(b"\x6c\x1b\x01\x0e\x0e")
    return folder / "x"


def by_plink2(prefix: Path) -> tuple[list[str], list[tuple[str, ...]]] | None:
    """IIDs and (CHROM, POS, ID, REF, ALT) as plink2 reads them; None where it refuses."""
    done = subprocess.run(
        ["plink2", "--bfile", prefix, "--out", f"{prefix}.p2", "--make-just-psam",
         "--make-just-pvar", "--allow-extra-chr"],
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return None
    rows = [
        [line.decode(errors="backslashreplace").split("\t") for line in content.splitlines()]
        for content in (Path(f"{prefix}.p2{end}").read_bytes() for end in (".psam", ".pvar"))
    ]
    at = rows[0][0].index("IID") if "IID" in rows[0][0] else 0
    table = [row for row in rows[1] if not row[0].startswith("#")]
    return [row[at] for row in rows[0][1:]], [tuple(row[:5]) for row in table]


def by_us(prefix: Path) -> tuple[list[str], list[tuple[str, ...]]]:
    """The same as the program reads them, in the words of plink2."""
    variants = read_variants(prefix.with_suffix(".bim")).variants
    kept = variants[variants.position >= 0]
    columns = kept.chromosome, kept.position.astype(str), kept.id, kept.ref, kept.alt
    rows = [
        tuple("." if cell == "0" else cell for cell in row) for row in zip(*columns, strict=True)
    ]
    return list(read_samples(prefix.with_suffix(".fam"))), rows


SAME_FAM = {
    "tabs and blanks": b"F\ta 0\t0 0 -9\nG b\t\t0 0  0 -9\n",
    "blanks in front": b"  F a 0 0 0 -9\n\tG b 0 0 0 -9\n",
    "carriage returns": FAM.replace(b"\n", b"\r\n"),
    "no last newline": FAM.rstrip(b"\n"),
    "a comment": b"# made by hand\n" + FAM,
    "a header": b"#FID IID\nF a\nG b\n",
    "a seventh column": FAM.replace(b"-9", b"-9 1"),
    "a no-break space in an ID": "F a\u00a0b 0 0 0 -9\nG b 0 0 0 -9\n".encode(),
}


@needs_plink2
@pytest.mark.parametrize("fam", SAME_FAM.values(), ids=SAME_FAM)
def test_a_fam_file_is_read_as_plink2_reads_it(tmp_path: Path, fam: bytes) -> None:
    prefix = fileset(tmp_path, fam)
    assert by_us(prefix) == by_plink2(prefix)


SAME_BIM = {
    "tabs and blanks": b"1\trs1 0\t 5 C\tA\n 1 rs2 0 6 C A\n",
    "no centimorgans": b"1 rs1 5 C A\n1 rs2 6 C A\n",
    "a seventh column": b"1 rs1 0 5 C A x\n1 rs2 0 6 C A x\n",
    "a negative position": b"1 rs1 0 -5 C A\n1 rs2 0 6 C A\n",
    "the largest position": BIM.replace(b"\t6\t", b"\t2147483646\t"),
    "zeros in front": BIM.replace(b"\t5\t", b"\t005\t"),
    "a comment": b"# made by hand\n" + BIM,
    "a header": b"##x\n#CHROM POS ID REF ALT\n1 5 rs1 A C\n1 6 rs2 A C\n",
    "a header in another order": b"#CHROM ID REF ALT POS\n1 rs1 A C 5\n1 rs2 A C 6\n",
    "carriage returns": BIM.replace(b"\n", b"\r\n"),
    "no last newline": BIM.rstrip(b"\n"),
    "an ID that is not UTF-8": BIM.replace(b"rs1", b"rs\xe5"),
    "alleles that were not seen": b"1 rs1 0 5 0 A\n1 rs2 0 6 A .\n",
    "a contig": BIM.replace(b"1\trs1", b"NW_01.1\trs1"),
}


@needs_plink2
@pytest.mark.parametrize("bim", SAME_BIM.values(), ids=SAME_BIM)
def test_a_bim_file_is_read_as_plink2_reads_it(tmp_path: Path, bim: bytes) -> None:
    prefix = fileset(tmp_path, bim=bim)
    assert by_us(prefix) == by_plink2(prefix)


REFUSED_FAM = {
    "four columns": (b"F a 0 0\nG b 0 0\n", "line 1: 4 columns instead of 5"),
    "a short line": (b"F a 0 0 0 -9\nG b 0 0 0\n", "line 2: 5 columns instead of 6"),
    "a comment below": (b"F a 0 0 0 -9\n#G b 0 0 0 -9\n", "line 2 starts with #"),
    "nothing": (b"\n", "is empty"),
    "a header without IID": (b"#FID SEX\nF 1\nG 1\n", "no column IID"),
}


@pytest.mark.parametrize(("fam", "why"), REFUSED_FAM.values(), ids=REFUSED_FAM)
def test_a_fam_file_that_plink2_refuses_is_refused(tmp_path: Path, fam: bytes, why: str) -> None:
    prefix = fileset(tmp_path, fam)
    with pytest.raises(InputUnreadable, match=why):
        open_source(str(prefix))
    if shutil.which("plink2"):
        assert by_plink2(prefix) is None


REFUSED_BIM = {
    "2^31": (BIM.replace(b"\t6\t", b"\t2147483648\t"), "line 2: the position 2147483648"),
    "2^63": (BIM.replace(b"\t6\t", b"\t9223372036854775808\t"), "line 2: the position '922"),
    "5,000 digits": (BIM.replace(b"\t6\t", b"\t%s\t" % (b"9" * 5000)), r"line 2: .{1,200}$"),
    "a word": (BIM.replace(b"\t5\t", b"\tfive\t"), "line 1: the position 'five'"),
    "four columns": (b"1 rs1 5 C\n1 rs2 6 C\n", "line 1: 4 columns instead of 5"),
    "a comment below": (b"1 rs1 0 5 C A\n# x\n", "line 2: 2 columns instead of 6"),
    "no REF in the header": (b"#CHROM POS ID ALT\n1 5 rs1 C\n1 6 rs2 C\n", "name its columns"),
}


@pytest.mark.parametrize(("bim", "why"), REFUSED_BIM.values(), ids=REFUSED_BIM)
def test_a_bim_file_that_plink2_refuses_is_refused(tmp_path: Path, bim: bytes, why: str) -> None:
    prefix = fileset(tmp_path, bim=bim)
    with pytest.raises(InputUnreadable, match=why):
        open_source(str(prefix))
    if shutil.which("plink2"):
        assert by_plink2(prefix) is None


@pytest.mark.parametrize(
    "position", ["1_000", "1e3", "5x", "+5", "5.0", "\u0665", "--5", "-", "0x5"]
)
def test_a_position_is_plain_digits(tmp_path: Path, position: str) -> None:
    """plink2 reads the digits in front and no further: 1 for 1e3."""
    prefix = fileset(tmp_path, bim=BIM.replace(b"\t5\t", f"\t{position}\t".encode()))
    with pytest.raises(InputUnreadable, match="line 1: the position"):
        open_source(str(prefix))


@pytest.mark.parametrize(
    ("end", "content"),
    [
        (".fam", b"F John Doe 0 0 0 -9\nG b 0 0 0 -9\n"),
        (".bim", b"1 rs1 5 C A\n1 rs2 0 6 C A\n"),
        (".bim", b"1\trs 1\t0\t5\tC\tA\n1\trs2\t0\t6\tC\tA\n"),
        (".bim", b"1\trs1\t0\t5\tC\tA\n1\t\t0\t6\tC\tA\n"),
    ],
    ids=["blank in a sample ID", "centimorgans in one row", "blank in an ID", "empty ID"],
)
def test_a_row_of_another_width_is_refused(tmp_path: Path, end: str, content: bytes) -> None:
    """plink2 takes John for the ID and Doe for the father."""
    path = fileset(tmp_path).with_suffix(end)
    path.write_bytes(content)
    with pytest.raises(InputUnreadable, match=r"line [12]: \d columns instead of \d"):
        open_source(str(path.with_suffix(".bed")))


def test_five_columns_of_a_fam_file_are_enough(tmp_path: Path) -> None:
    """As in plink2 with --no-pheno."""
    assert open_source(str(fileset(tmp_path, FAM.replace(b" -9", b"")))).samples == ("a", "b")


def test_blank_lines_and_a_byte_order_mark_mean_nothing(tmp_path: Path) -> None:
    """plink 1.9 passes over blank lines too; plink2 refuses them."""
    fam = b"\xef\xbb\xbf" + FAM.replace(b"\n", b"\n \t\n")
    prefix = fileset(tmp_path, fam, b"\xef\xbb\xbf" + BIM.replace(b"\n", b"\n\r\n"))
    assert by_us(prefix) == by_us(fileset(tmp_path))


def test_a_negative_position_leaves_the_variant_out_and_is_counted(tmp_path: Path) -> None:
    source = open_source(str(fileset(tmp_path, bim=BIM.replace(b"\t5\t", b"\t-5\t"))))
    (block,) = source.blocks()
    assert block.variants.position.tolist() == [6]
    assert source.skipped == {"negative position": 1}


@pytest.mark.parametrize("at", [0, 4, 5])
def test_only_ids_may_be_any_bytes(tmp_path: Path, at: int) -> None:
    columns = BIM.splitlines()[0].split(b"\t")
    columns[at] += b"\xe5"
    prefix = fileset(tmp_path, bim=b"\t".join(columns) + b"\n" + BIM)
    with pytest.raises(InputUnreadable, match="line 1: not UTF-8 text"):
        open_source(str(prefix))


def test_an_id_that_is_not_utf8_becomes_text_that_can_be_written(tmp_path: Path) -> None:
    source = open_source(str(fileset(tmp_path, bim=BIM.replace(b"rs1", "Zoë".encode("latin1")))))
    write_plink(tmp_path / "y", source.samples, source.blocks())
    assert b"\tZo\\xeb\t" in (tmp_path / "y.bim").read_bytes()


# Sample IDs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("psam", "samples"),
    [
        ("#IID\na\nb\n", ("a", "b")),
        ("#IID SID SEX\na 1 1\nb 2 2\n", ("a", "b")),
        ("#IID\tSID\na\t1\na\t2\n", ("a_1", "a_2")),
        ("#FID IID SID\nF a 0\nG a 0\n", ("F_a", "G_a")),
        ("#FID IID SID\n0 a 1\n0 a 2\n", ("a_1", "a_2")),
        ("#FID IID SID\nF a 1\n0 a 2\n", ("F_a_1", "0_a_2")),
        ("F a 0 0 0 -9\nG a 0 0 0 -9\n", ("F_a", "G_a")),
        ("F a 0 0 0 -9\nG b 0 0 0 -9\n", ("a", "b")),
    ],
)
def test_samples_are_iids_or_all_their_ids_where_iids_repeat(
    tmp_path: Path, psam: str, samples: tuple[str, ...]
) -> None:
    path = tmp_path / "x.psam"
    path.write_text(psam)
    assert read_samples(path) == samples
    if shutil.which("plink2") and len({name[0] for name in samples}) == len(samples) - 1:
        assert in_vcf_of_plink2(path) == samples


def in_vcf_of_plink2(psam: Path) -> tuple[str, ...]:
    prefix = fileset(psam.parent)
    subprocess.run(
        ["plink2", "--bed", f"{prefix}.bed", "--bim", f"{prefix}.bim", "--psam", psam,
         "--export", "vcf", "--out", prefix],
        check=True, capture_output=True,
    )  # fmt: skip
    return open_source(f"{prefix}.vcf").samples


AWKWARD = ["John Doe", "John_Doe", "a", "0", "x  y", " x", "x ", "_x", "\u00e5 b", "ok"]


def test_ids_with_blanks_are_written_so_that_they_stay_apart() -> None:
    assert plink_ids(["John Doe", "John_Doe", "0", "ok"]) == ("John_Doe_", "John_Doe", "0_", "ok")


@given(st.lists(st.text(alphabet="ab_0 \t", min_size=1, max_size=4), unique=True))
def test_plink_ids_are_distinct_columns_and_change_no_plain_id(samples: list[str]) -> None:
    ids = plink_ids(samples)
    assert len(set(ids)) == len(samples)
    assert all(len(name.split()) == 1 and name != "0" for name in ids)
    plain = [(i, s) for i, s in zip(ids, samples, strict=True) if s.split() == [s] and s != "0"]
    assert all(i == s for i, s in plain)


@needs_plink2
def test_plink2_and_bed_reader_read_back_what_is_written(
    tmp_path: Path, random_dosages: np.ndarray
) -> None:
    """IDs with blanks, empty IDs and an empty name of a chromosome included."""
    rows, samples = len(random_dosages), [*AWKWARD, *(f"s{i}" for i in range(11))]
    names = np.array([["", "r s", "  ", "rs1", "."][i % 5] for i in range(rows)], object)
    chromosomes = np.array(["" if i > 30 else "1" for i in range(rows)], object)
    variants = VariantTable(
        chromosomes, np.arange(1, rows + 1), names,
        np.array(["A"] * rows, object), np.array(["C"] * rows, object),
    )  # fmt: skip
    prefix = tmp_path / "y"
    written = write_plink(prefix, samples, [Block(variants, random_dosages)])
    assert set(written.id) == {".", "r_s", "_", "rs1"}
    assert by_plink2(prefix) == by_us(prefix)
    assert by_us(prefix)[0] == list(plink_ids(samples))
    np.testing.assert_array_equal(all_dosages(open_source(str(prefix))), random_dosages)
    bed_reader = pytest.importorskip("bed_reader")
    with bed_reader.open_bed(f"{prefix}.bed", count_A1=True) as reader:
        theirs = reader.read(dtype="int8").T
        assert reader.iid.tolist() == list(plink_ids(samples))
        assert reader.sid.tolist() == written.id.tolist()
    np.testing.assert_array_equal(np.where(random_dosages < 0, -127, random_dosages), theirs)


def test_a_store_has_the_ids_of_the_input_and_its_fileset_those_of_plink(
    vcf: Write, tmp_path: Path
) -> None:
    path = vcf([record()], ["John Doe", "b", "0"])
    for _ in range(2):  # made, then reused
        store = GenotypeStore.open([path], tmp_path / "cache")
        assert store.samples == ("John Doe", "b", "0")
    assert ingest([path], tmp_path / "out").samples == store.samples
    assert open_source(str(tmp_path / "out")).samples == ("John_Doe", "b", "0_")
    assert '"John_Doe": "John Doe"' in (tmp_path / "out.json").read_text()
