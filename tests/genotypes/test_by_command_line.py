"""Small files of kinds that are easily read wrongly, by the command line.

What is right of each was settled with bcftools, plink2 and the specifications. Genotypes that were
written are read back by bed-reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import bcf_bytes as b
import numpy as np
import pytest
from ancestry_ddvi.cli import main
from bed_reader import open_bed
from click.testing import CliRunner, Result
from genotype_files import GT_FIELD, bgzf, record, vcf_text

META = ("##fileformat=VCFv4.2", "##contig=<ID=1,length=249250621>", GT_FIELD)
THREE = ("0/1", "1/1", "0/0")
NAN = np.nan


@dataclass(frozen=True)
class Read:
    """What is written of a file that is read.

    Attributes
    ----------
    dosages : list of list
        Of ALT, by variant and sample.
    iids : tuple of str
    bim : str
        The first line of the .bim, with blanks between its columns.
    said : str
        A part of what is logged.
    """

    dosages: list[list[float]]
    iids: tuple[str, ...] = ("a", "b", "c")
    bim: str = "1 . 0 100 C A"
    said: str = ""


@dataclass(frozen=True)
class Refused:
    """What is said of a file that is not read."""

    pattern: str
    code: int = field(default=3)


def vcf(*records: str, samples: tuple[str, ...] = ("a", "b", "c"), meta: tuple[str, ...] = META):
    return {".vcf": vcf_text(records, samples, meta).encode()}


def bcf(*records: bytes) -> dict[str, bytes]:
    return {".bcf": bgzf(b.bcf(records))}


def changed(files: dict[str, bytes], old: bytes, new: bytes) -> dict[str, bytes]:
    return {end: content.replace(old, new) for end, content in files.items()}


def symbolic(alt: str) -> dict[str, bytes]:
    return vcf(record(["0/2", "2/2", "0/1"], alt=alt), record(["0/2", "2/2", "0/0"], 200, alt=alt))


def no_gt_values() -> bytes:
    """A record in which every GT was dropped: a field of no values."""
    gt = b.vector(b.INT8, [b.GT]) + b.descriptor(b.INT8, 0)
    return b.record([b.field(b.DP, b.INT8, [[5], [6], [7]]), gt])


SYMBOLIC_CALLS = Read([[1, 2, NAN], [1, 2, 0]])
CALLS = b.calls([0, 1], [1, 1], [0, 0])
ALLELES = [b.text(text) for text in (b"A", b"<*>", b"C")]
SYMBOLIC_BCF = b.record([b.calls([0, 2], [2, 2], [0, 1])], alleles=ALLELES)
BED = {".bed": b"\x6c\x1b\x01\x00", ".fam": b"0 a 0 0 0 -9\n0 b 0 0 0 -9\n"}
MANY = [record(THREE, 100 + i) for i in range(3)]

FILES: dict[str, tuple[dict[str, bytes], Read | Refused]] = {
    "a symbolic allele first, as bcftools merge writes it": (symbolic("<*>,C"), SYMBOLIC_CALLS),
    "a symbolic allele first, as GATK names it": (symbolic("<NON_REF>,C"), SYMBOLIC_CALLS),
    "a symbolic allele first, in BCF": (bcf(SYMBOLIC_BCF), Read([[1, 2, NAN]])),
    "GT that the header does not declare": (vcf(record(THREE), meta=META[:2]), Read([[1, 2, 0]])),
    "POS of 2^63": (vcf(record(THREE, 2**63)), Refused(r"line 5: POS is '9223372036854775808'")),
    "POS of 2^31": (vcf(record(THREE, 2**31)), Refused(r"line 5: POS is '2147483648'")),
    "POS of 2^63 in a .bim": (
        {**BED, ".bim": b"1 rs1 0 9223372036854775808 G A\n"},
        Refused(r"x\.bim, line 1: the position '9223372036854775808'"),
    ),
    "POS with an underscore": (
        changed(vcf(record(THREE)), b"\t100\t", b"\t1_000\t"), Refused("line 5: POS is '1_000'"),
    ),
    "POS behind a blank": (
        changed(vcf(record(THREE)), b"\t100\t", b"\t 200\t"), Refused("line 5: POS is ' 200'"),
    ),
    "POS below 0": (vcf(record(THREE, -5)), Refused("line 5: POS is '-5'")),
    "POS in other digits": (
        changed(vcf(record(THREE)), b"\t100\t", "\t٣٠\t".encode()), Refused("line 5: POS is"),
    ),
    "an ID in Latin-1": (
        changed(vcf(record(THREE, name="caf@")), b"@", b"\xe9"),
        Read([[1, 2, 0]], bim="1 caf\\xe9 0 100 C A"),
    ),
    "an ID in Latin-1, in BCF": (
        bcf(b.record([CALLS], name=b.text(b"caf\xe9"))),
        Read([[1, 2, 0]], bim="1 caf\\xe9 0 100 C A"),
    ),
    "ALT that is not UTF-8, in BCF": (
        bcf(b.record([CALLS]), b.record([CALLS], alleles=[b.text(b"A"), b.text(b"\xffC")])),
        Refused(r"record 2 \(after 1:100\): ALT allele 1 is not UTF-8 text"),
    ),
    "a lost tab before FORMAT": (
        vcf(record(THREE), record(THREE, 200).replace("PASS\t.", "PASS ."), record(THREE, 300)),
        Refused("line 6: FORMAT is '0/1'"),
    ),
    "a lost tab among the calls": (
        vcf(record(["0/1", "1/1 0/0"])), Refused("line 5: it has 2 calls for 3 samples"),
    ),
    "damage in a record that failed FILTER": (
        vcf(record(THREE), record(["0/1"], 200, filters="q10")),
        Refused("line 6: it has 1 calls? for 3 samples"),
    ),
    "damage in a record that is no SNP": (
        vcf(record(THREE), record(["junk"], 200, ref="AT")),
        Refused("line 6: it has 1 calls? for 3 samples"),
    ),
    "phase before the first allele, of VCF 4.4": (
        vcf(record(["/0|1", "|1|1", "0/0"])), Read([[1, 2, 0]]),
    ),
    "a sample ID with a blank": (
        vcf(record(THREE), samples=("John Doe", "b", "c")),
        Read([[1, 2, 0]], iids=("John_Doe", "b", "c"), said="Sample IDs changed in"),
    ),
    "a sample ID that another becomes": (
        vcf(record(THREE), samples=("J D", "J_D", "0")),
        Read([[1, 2, 0]], iids=("J_D_", "J_D", "0_"), said="Sample IDs changed in"),
    ),
    "an empty ID": (changed(vcf(record(THREE)), b"\t.\tA", b"\t\tA"), Read([[1, 2, 0]])),
    "an empty CHROM": (
        changed(vcf(record(THREE)), b"\n1\t", b"\n\t"),
        Refused("line 5: CHROM, REF or ALT is empty"),
    ),
    "a haploid call at the end, without a newline": (
        {".vcf": vcf(record(["0/1", "1/1", "1"]))[".vcf"][:-1]}, Read([[1, 2, NAN]]),
    ),
    "a diploid call cut within its last line": (
        {".vcf": vcf(*MANY)[".vcf"][:-3]}, Refused("is cut short in line 7, its last"),
    ),
    "GT dropped at the end of the columns": (
        vcf(record(["5", "6", "7:0/1"], form="DP:GT")), Read([[NAN, NAN, 1]]),
    ),
    "every GT dropped, in BCF": (
        bcf(no_gt_values(), b.record([CALLS], pos=100)), Read([[NAN] * 3, [1, 2, 0]]),
    ),
    "a blank line": ({".vcf": vcf(record(THREE))[".vcf"] + b"\n"}, Read([[1, 2, 0]])),
    "a line without tabs": (
        {".vcf": vcf(record(THREE))[".vcf"] + b"x\n"}, Refused("line 6: it has 1 columns"),
    ),
    "a contig that the header lacks": (
        vcf(record(THREE, chromosome="9")), Read([[1, 2, 0]], bim="9 . 0 100 C A"),
    ),
    "a call of 3 MB": (
        vcf(record(["x" * 3_000_000, "1/1", "0/0"])), Refused(r"line 5: the call 'x{1,80}\.\.\.'"),
    ),
}  # fmt: skip


def command(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), prog_name="ddvi-ancestry")


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_right_or_refused_with_the_cause(name: str, tmp_path: Path) -> None:
    files, expected = FILES[name]
    for end, content in files.items():
        (tmp_path / f"x{end}").write_bytes(content)
    done = command("ingest", tmp_path / f"x{next(iter(files))}", "--out", tmp_path / "y")
    written = {path.name for path in tmp_path.iterdir() if path.name[:2] not in ("x.",)}
    if isinstance(expected, Refused):
        *_, last = done.output.splitlines()
        assert (done.exit_code, written) == (expected.code, {"y.log"})
        assert re.match(rf"Error: .*{expected.pattern}.*\. [A-Z]", last) and len(last) < 500
        return
    assert (done.exit_code, done.exception) == (0, None)
    assert written == {"y.bed", "y.bim", "y.fam", "y.json", "y.log"}
    assert expected.said in done.output
    assert (tmp_path / "y.bim").read_text().split("\n")[0].split("\t") == expected.bim.split(" ")
    with open_bed(tmp_path / "y.bed", count_A1=True) as bed:
        assert tuple(bed.iid) == expected.iids
        np.testing.assert_array_equal(bed.read().T, expected.dosages)


# The same kinds where likelihoods are read --------------------------------------------------------

DS = '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">'
CHANGES: dict[str, tuple[Callable[[str], str], str]] = {
    "a blank line at the end": (lambda text: text + "\n", ""),
    "a blank line in the middle": (lambda text: text.replace("\n1\t", "\n\n1\t", 1), ""),
    "contigs that the header lacks": (lambda text: re.sub("##contig.*\n", "", text), ""),
    "a line without tabs": (lambda text: text + "x\n", "it has 1 columns; ten or more are needed"),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_file_with_dosages_is_embedded_or_refused(
    change: str, fitted_model: SimpleNamespace, cohort_files: SimpleNamespace, tmp_path: Path
) -> None:
    written, said = CHANGES[change]
    text = with_dosages(cohort_files.simulated)
    coordinates = []
    for name, content in (("plain", text), ("changed", written(text))):
        path, out = tmp_path / f"{name}.vcf", tmp_path / name
        path.write_text(content)
        done = command("embed", fitted_model.files["model"], path, "--out", out, "--device", "cpu")
        if name == "changed" and said:
            assert (done.exit_code, said in done.output) == (3, True)
            return
        assert done.exit_code == 0, done.output
        coordinates.append(Path(f"{out}.coords.tsv").read_text())
    assert coordinates[0] == coordinates[1]


def with_dosages(simulated: SimpleNamespace) -> str:
    """Three samples of a cohort as VCF with GT and DS."""
    table = simulated.variants
    rows = zip(
        table.chromosome, table.position.tolist(), table.ref, table.alt,
        simulated.dosages[:, 40:43].tolist(), strict=True,
    )  # fmt: skip
    calls = {0: "0/0:0", 1: "0/1:1", 2: "1/1:2", -1: "./.:."}
    records = [
        record([calls[d] for d in dosages], position, ref, alt, chromosome=name, form="GT:DS")
        for name, position, ref, alt, dosages in rows
    ]
    contigs = [f"##contig=<ID={name}>" for name in dict.fromkeys(table.chromosome)]
    return vcf_text(records, ("a", "b", "c"), (META[0], *contigs, GT_FIELD, DS))
