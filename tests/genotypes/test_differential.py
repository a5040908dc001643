"""Every shape of record, through every format and from standard input, against other programs.

Files are made by bcftools and plink2 from one text. What is read here is compared, sample by
sample, with what the documentation says of the same file as bcftools or plink2 print it.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from documented_calls import documented_calls, documented_reference_calls
from genotype_files import record, vcf_text
from test_second_reader import HEADER, PLAIN, SAMPLES, SHAPES

from ancestry_ddvi.genotypes.formats.reading import DEFAULT, ReadOptions, Targets
from ancestry_ddvi.genotypes.formats.registry import open_source

MORE = (
    "##contig=<ID=X,length=155270560>",
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
    '##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description="Least depth">',
)
NO_PLINK = {"triploid", "of every ploidy"}
"""Shapes that plink2 refuses."""

HAPLOID = ["0", "1", ".", "0", "1", "1"]
FILES: dict[str, list[dict[str, object]]] = {
    "all shapes": [*SHAPES.values(), *reversed(SHAPES.values())],
    "diploid shapes": [shape for name, shape in SHAPES.items() if name not in NO_PLINK],
    "calls of one allele alone": [{"calls": HAPLOID}] * 3,
    "pseudo-haploid beside diploid": [{"calls": [*HAPLOID[:3], "0/1", "1/1", "0/0"]}] * 25,
    "too few calls of one allele": [{"calls": [*HAPLOID[:3], "0/1", "1/1", "0/0"]}] * 5,
    "a sex chromosome": [{"calls": PLAIN}, *[{"calls": HAPLOID, "chromosome": "X"}] * 3],
    "the same variant again": [{"position": 7, "calls": [call] * 6} for call in PLAIN],
}
"""Records of each file by its name."""

REFERENCE = [
    {"alt": ".", "calls": ["0/0", "./.", "0|0", "0", ".", "0/."]},
    {"alt": ".", "filters": "q10"},
    {"alt": "<NON_REF>", "info": "END=120", "form": "GT:DP:GQ:MIN_DP",
     "calls": ["0/0:9:20:9", "0/0:9:19:9", "0/0:4:.:.", "0/0:5:.:.", "0/0:9:.:4", "0/0:1:.:5"]},
    {"alt": "<*>", "info": "END=140", "calls": ["0/0"] * 6, "position": 130, "ref": "N"},
    {"alt": "<*>", "info": "DP=3;END=150", "form": "GT:DP", "calls": ["0/0:4", "./.:9"] * 3,
     "position": 141},
    {"alt": ".", "ref": "ACG", "calls": ["0/0", "./."] * 3, "position": 160},
    {"alt": "C,<NON_REF>", "calls": ["0/0", "0/1", "1/1", "./.", "0/2", "1/2"], "position": 170},
]  # fmt: skip
AT = range(90, 180)
TARGETS = Targets({"1": np.array(AT)}, frozenset())


def lines_of(shapes: list[dict[str, object]]) -> list[str]:
    """The shapes as records, each at its own position unless it has one."""
    return [
        _line(**{"calls": PLAIN, "position": 100 + i, **shape}) for i, shape in enumerate(shapes)
    ]


def _line(info: str = ".", **shape: object) -> str:
    columns = record(**shape).split("\t")
    return "\t".join([*columns[:7], info, *columns[8:]])


def run(*words: object) -> bytes:
    """What a program prints; the test is skipped where it is not installed."""
    if shutil.which(str(words[0])) is None:
        pytest.skip(f"{words[0]} is not installed")
    return subprocess.run([*map(str, words)], capture_output=True, check=True).stdout


def bcftools(kind: str) -> Callable[[Path], Path]:
    """Writes a VCF in another form."""

    def write(plain: Path) -> Path:
        path = plain.with_name(f"y.{kind}")
        run("bcftools", "view", "--no-version", f"-O{kind}", "-o", path, plain)
        return path

    return write


def bgzip(plain: Path) -> Path:
    path = plain.with_suffix(".vcf.gz")
    path.write_bytes(run("bgzip", "-c", plain))
    return path


PLINK = ["--allow-extra-chr", "--threads", "1", "--memory", "700"]


def plink2(*words: str) -> Callable[[Path], Path]:
    """Writes a VCF as a fileset."""

    def write(plain: Path) -> Path:
        out = plain.with_name("y")
        run("plink2", "--vcf", plain, "--vcf-half-call", "m", *words, *PLINK, "--out", out)
        return next(path for end in (".bed", ".pgen") if (path := out.with_suffix(end)).exists())

    return write


WAYS: dict[str, Callable[[Path], Path]] = {
    "VCF": lambda plain: plain,
    "VCF.gz": bgzip,
    "BCF": bcftools("b"),
    "BCF, not compressed": bcftools("u"),
    ".bed": plink2("--max-alleles", "2", "--make-bed"),
    ".pgen": plink2("--make-pgen"),
    ".pgen, .pvar.zst": plink2("--make-pgen", "vzs"),
}
"""How a file is made of a VCF."""


def as_text(path: Path) -> str:
    """A file as VCF, by bcftools or plink2.

    Of a .pgen, SNPs beside a symbolic allele are not read (docs/reliability.md): they are left out.
    """
    if path.suffix not in (".bed", ".pgen"):
        return run("bcftools", "view", "--no-version", path).decode()
    flag = "--bfile" if path.suffix == ".bed" else "--pfile"
    packed = ["vzs"] if path.with_suffix(".pvar.zst").exists() else []
    out = path.with_name("z")
    written = ["--export", "vcf", "id-paste=iid", "--out", out]
    run("plink2", flag, path.with_suffix(""), *packed, *PLINK, *written)
    lines = out.with_suffix(".vcf").read_text().split("\n")
    return "\n".join(line for line in lines if line.startswith("#") or "<" not in line)


def samples_of(text: str) -> tuple[str, ...]:
    (line,) = (line for line in text.split("\n") if line.startswith("#CHROM"))
    return tuple(line.split("\t")[9:])


def by_us(path: str, options: ReadOptions = DEFAULT) -> tuple[tuple[str, ...], list[tuple]]:
    source = open_source(path, options)
    found = []
    for block in source.blocks(7):
        table = block.variants
        columns = (table.chromosome, table.position.tolist(), table.id, table.ref, table.alt)
        found += zip(*columns, map(tuple, block.dosages.tolist()), strict=True)
    return source.samples, found


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], str]:
    """Makes a file the standard input; returns its name there."""

    def give(path: Path) -> str:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(path.read_bytes())))
        return "-"

    return give


def made(name: str, way: str, shapes: list[dict[str, object]], folder: Path) -> Path:
    """A file of these records; plink2 gets no calls that it refuses."""
    plain = folder / "x.vcf"
    plain.write_text(vcf_text(lines_of(shapes), SAMPLES, (*HEADER, *MORE)))
    if way.startswith(".") and name == "all shapes":
        pytest.skip("plink2 refuses calls of three alleles")
    return WAYS[way](plain)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FILES)
def test_calls_are_those_of_other_programs(
    name: str, way: str, tmp_path: Path, standard_input: Callable[[Path], str]
) -> None:
    path = made(name, way, FILES[name], tmp_path)
    text = as_text(path)
    expected = samples_of(text), [tuple(row) for row in documented_calls(text)]
    assert expected[1]
    assert by_us(str(path)) == expected
    if not way.startswith("."):
        assert by_us(standard_input(path)) == expected


@pytest.mark.parametrize("way", WAYS)
def test_reference_calls_at_targets_are_those_of_other_programs(
    way: str, tmp_path: Path, standard_input: Callable[[Path], str]
) -> None:
    shapes = (
        REFERENCE if not way.startswith(".") else [REFERENCE[0], {}, {**REFERENCE[0], "ref": "T"}]
    )
    path = made("reference", way, shapes, tmp_path)
    expected = documented_reference_calls(as_text(path), AT)
    assert len(expected) >= 2
    options = ReadOptions(targets=TARGETS)
    names = [str(path)] if way.startswith(".") else [str(path), standard_input(path)]
    for given in names:
        found = [row for row in by_us(given, options)[1] if row[4] == "."]
        assert [(row[1], row[5]) for row in found] == expected


def test_the_documentation_as_an_oracle_notices_every_difference() -> None:
    """A changed call, a changed allele, a lost record and a lost sample."""
    text = vcf_text(lines_of([{}, {}]), SAMPLES, HEADER)
    assert documented_calls(text)[0] == ("1", 100, ".", "A", "C", (1, 0, 2, -1, 1, 2))
    for old, new in (("0/1", "0/0"), ("\tC\t", "\tG\t"), ("1\t100", "1\t90"), ("\t0/0\t", "\t")):
        assert documented_calls(text.replace(old, new, 1)) != documented_calls(text)
