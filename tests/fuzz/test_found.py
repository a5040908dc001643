"""Faults that the fuzzer found: each stays mended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import bcf_bytes
import pytest
from fuzz_seeds import BED, BIM, FAM, RECORDS, REGIONS, seeds
from genotype_files import META, bgzf, record, vcf_text

from ancestry_ddvi.artefacts.coordinates import read_coordinates
from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats.registry import open_source
from ancestry_ddvi.genotypes.harmonise.liftover import Chain
from ancestry_ddvi.genotypes.harmonise.target_regions import TargetRegions

END_MARK = 28


def fileset(folder: Path, files: dict[str, bytes]) -> str:
    for end, content in files.items():
        (folder / f"x{end}").write_bytes(content)
    return str(folder / f"x{next(iter(files))}")


def refusal(path: str) -> str:
    with pytest.raises(InputUnreadable) as caught:
        list(open_source(path).blocks())
    return str(caught.value)


def test_bgzf_without_its_end_is_cut_short_on_standard_input_too() -> None:
    records, samples = RECORDS["GT"]
    whole = bgzf(vcf_text(records, samples, META).encode())
    program = (
        "from ancestry_ddvi.genotypes.formats.registry import open_source as o\n"
        "for block in o('-').blocks(): pass"
    )
    for content, said in ((whole, ""), (whole[:-END_MARK], "end-of-file mark is missing")):
        done = subprocess.run(
            [sys.executable, "-c", program], input=content, capture_output=True, check=False
        )
        assert said in done.stderr.decode() and bool(said) == bool(done.returncode)


def test_regions_without_the_end_of_their_bgzf_are_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "x.bed.gz"
    path.write_bytes(bgzf(REGIONS)[:-END_MARK])
    with pytest.raises(InputUnreadable, match="end-of-file mark is missing"):
        TargetRegions.read(str(path))


def test_damage_in_a_record_of_a_pgen_that_is_left_out_is_found(tmp_path: Path) -> None:
    pytest.importorskip("pgenlib")
    (seed,) = (seed for seed in seeds() if seed.name == ".pvar")
    files = {**seed.files, ".pgen": seed.files[".pgen"][:-1]}
    assert "a record is damaged" in refusal(fileset(tmp_path, files))


def test_a_row_shorter_than_its_header_is_refused(tmp_path: Path) -> None:
    """With its first cell lost, its SEX would be its IID."""
    pytest.importorskip("pgenlib")
    (seed,) = (seed for seed in seeds() if seed.name == ".pvar")
    psam = seed.files[".psam"].replace(b"f1\tb\t2", b"b\t2")
    assert "line 3: 2 columns instead of 3" in refusal(
        fileset(tmp_path, {**seed.files, ".psam": psam})
    )


@pytest.mark.parametrize("character", [b"\r", b"\v", b"\f", b"\x1b", b"\0"])
@pytest.mark.parametrize("end", [".fam", ".bim"])
def test_a_control_character_beside_a_bed_file_is_refused(
    tmp_path: Path, end: str, character: bytes
) -> None:
    """Python splits lines at some of them, PLINK at others."""
    files = {".bed": BED, ".bim": BIM, ".fam": FAM}
    for name in (b"NA3", b"rs1"):
        files[end] = files[end].replace(name, name[:1] + character + name[1:])
    assert "has a control character in it" in refusal(fileset(tmp_path, files))


def test_a_message_about_a_chain_file_quotes_little_of_it(tmp_path: Path) -> None:
    path = tmp_path / "x.chain"
    path.write_bytes(b"chain 1000 chr1 " + b"9" * 5000 + b"\n")
    with pytest.raises(InputUnreadable) as caught:
        Chain.read(str(path))
    assert "9" * 80 not in str(caught.value)


def test_a_bcf_whose_header_goes_on_is_refused(tmp_path: Path) -> None:
    lines = bcf_bytes.bcf([])[9:-1] + b"##x\n\0"
    content = b"BCF\x02\x02" + len(lines).to_bytes(4, "little") + lines
    assert "goes on below the #CHROM line" in refusal(fileset(tmp_path, {".bcf": content}))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"\n1\t", b"\n1,2\t", "CHROM is '1,2', no name of a chromosome"),
        (b"\n1\t", b"\n1 \t", "CHROM is '1 ', no name of a chromosome"),
        (b"\tGT\t", b"\tGT:GT\t", "FORMAT is 'GT:GT', no list of fields"),
        (b"\n1\t", b"\n#1\t", "CHROM is '#1', no name of a chromosome"),
        (b"\tC\t", b"\tC,\t", "ALT is 'C,', with an empty allele"),
        (b"\tGT\t", b"\tG T\t", "FORMAT is 'G T', no list of fields"),
        (b"\tb\t", b"\t \t", "sample 2 has an empty ID"),
        (b"\tb\t", b"\tb\x1b[31m\t", "the ID of sample 2 has a control character"),
    ],
)
def test_a_vcf_with_damage_that_hides_is_refused(
    tmp_path: Path, old: bytes, new: bytes, why: str
) -> None:
    content = vcf_text(*RECORDS["GT"], META).encode()
    assert why in refusal(fileset(tmp_path, {".vcf": content.replace(old, new)}))


def test_an_allele_index_with_zeros_before_it_is_a_number(tmp_path: Path) -> None:
    path = fileset(tmp_path, {".vcf": vcf_text([record(["00/01", "1/00", "0/0"])]).encode()})
    (block,) = open_source(path).blocks()
    assert block.dosages.tolist() == [[1, 1, 0]]


@pytest.mark.parametrize("number", ["1_000", " 1", "٣", "1e400" * 30, "0x10"])
def test_numbers_of_coordinates_are_plain(tmp_path: Path, number: str) -> None:
    (seed,) = (seed for seed in seeds() if seed.kind == "coordinates")
    first, line, *others = seed.files[".coords.tsv"].decode().split("\n")
    name, _, *cells = line.split("\t")
    path = tmp_path / "x.coords.tsv"
    path.write_text("\n".join([first, "\t".join([name, number, *cells]), *others]))
    with pytest.raises(InputUnreadable, match="line 2: Z1 is") as caught:
        read_coordinates(path)
    assert len(caught.value.problem) < len(str(path)) + 130
