"""Every reader gives the dosages in the file, and counts the records it leaves out."""

from __future__ import annotations

import gzip
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from genotype_files import (
    COMPRESSED,
    GT_FIELD,
    META,
    Write,
    all_dosages,
    record,
    records_of,
    vcf_text,
)

from ancestry_ddvi.errors import InputsDisagree, UsageProblem
from ancestry_ddvi.genotypes.formats.pgen import PgenSource
from ancestry_ddvi.genotypes.formats.plink import PlinkSource, write_plink
from ancestry_ddvi.genotypes.formats.reading import VAR_FILTER, ReadOptions
from ancestry_ddvi.genotypes.formats.registry import open_source, open_sources
from ancestry_ddvi.genotypes.formats.vcf_calls import (
    Dosages,
    add_up,
    add_up_or_look_up,
    look_up,
    words_after_tabs,
)

KGP = Path(__file__).parents[3] / "shared" / "data" / "kgp1092" / "kgp1092"
KINDS = ["x.vcf", "x.vcf.gz", "x.vcf.bgz", "x.bcf"]
AWKWARD_IDS = ["007", "1e5", "NA", "nan", "a_b", "Zoë", "two words", "x\x85y", "#FID"]

in_every_kind = pytest.mark.parametrize("name", KINDS)
needs_plink2 = pytest.mark.skipif(not shutil.which("plink2"), reason="plink2 is not installed")


def plink2(*arguments: str | Path) -> None:
    subprocess.run(["plink2", *map(str, arguments)], check=True, capture_output=True)


# VCF and BCF -----------------------------------------------------------------------------------


@in_every_kind
@pytest.mark.parametrize(
    ("call", "dosage"),
    [
        ("0/0", 0), ("0|0", 0), ("0/1", 1), ("1/0", 1), ("1|0", 1), ("1/1", 2), ("1|1", 2),
        ("./.", -1), (".|.", -1), (".", -1),
    ],
)  # fmt: skip
def test_a_diploid_call_counts_copies_of_alt(vcf: Write, name: str, call: str, dosage: int) -> None:
    source = open_source(vcf([record([call, "0/1", "1/1"])], name=name))
    assert all_dosages(source).tolist() == [[dosage, 1, 2]]


@in_every_kind
@pytest.mark.parametrize("call", ["./1", "1/.", ".|0", "0/."])
def test_a_half_call_is_missing(vcf: Write, name: str, call: str) -> None:
    source = open_source(vcf([record(["0/1", call, "1/1"])], name=name))
    assert all_dosages(source).tolist() == [[1, -1, 2]]


@in_every_kind
def test_a_haploid_call_is_missing_and_counted(
    vcf: Write, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    records = [record(["0", "1", "."], 1), record(["1", "0/1", "."], 2)]
    with caplog.at_level(logging.INFO):
        source = open_source(vcf(records, name=name))
        assert all_dosages(source).tolist() == [[-1, -1, -1], [-1, 1, -1]]
    assert "3 haploid calls are set to missing" in caplog.text


@in_every_kind
def test_a_call_of_three_alleles_is_missing(vcf: Write, name: str) -> None:
    source = open_source(vcf([record(["0/0/1", "0/1", "1/1/1"])], name=name))
    assert all_dosages(source).tolist() == [[-1, 1, -1]]


@in_every_kind
def test_other_format_fields_do_not_matter(vcf: Write, name: str) -> None:
    records = [record(["0/1:3", "1|1:12", "./.:."], form="GT:DP")]
    assert all_dosages(open_source(vcf(records, name=name))).tolist() == [[1, 2, -1]]


@in_every_kind
def test_only_biallelic_snps_that_passed_are_kept(vcf: Write, name: str) -> None:
    records = [
        record(position=1),
        record(position=2, filters="."),
        record(position=3, ref="a", alt="c"),
        record(position=4, alt="C,T"),
        record(position=5, ref="AT", alt="A"),
        record(position=6, alt="AT"),
        record(position=7, alt="*"),
        record(position=8, alt="<DEL>"),
        record(position=9, alt="N"),
        record(position=10, alt="."),
        record(position=11, alt="<NON_REF>"),
        record(position=11, ref="AC", alt="."),
        record(position=12, filters="q10"),
        record(["1/1"] * 3, position=1),
        record(position=1, alt="G"),
        record(position=1, chromosome="2"),
    ]
    source = open_source(vcf(records, name=name))
    blocks = list(source.blocks())
    kept = [(b.variants.chromosome[i], b.variants.position[i], b.variants.ref[i], b.variants.alt[i])
            for b in blocks for i in range(len(b.variants))]  # fmt: skip
    assert kept == [
        ("1", 1, "A", "C"), ("1", 2, "A", "C"), ("1", 3, "A", "C"), ("1", 1, "A", "C"),
        ("1", 1, "A", "G"), ("2", 1, "A", "C"),
    ]  # fmt: skip
    assert blocks[0].dosages[0].tolist() == [0, 1, 2]
    assert source.skipped == {
        "multi-allelic": 1, "not a SNP": 5, "monomorphic": 2, "reference block": 1,
        "FILTER q10": 1,
    }  # fmt: skip


@in_every_kind
@pytest.mark.parametrize(
    ("var_filter", "kept"),
    [
        (VAR_FILTER, [1, 2, 3, 4]),
        ("q10", [1, 2, 5, 6]),
        ("q10,GENOTYPED", [1, 2, 3, 4, 5, 6, 7]),
        ("all", [1, 2, 3, 4, 5, 6, 7]),
        ("none", [1, 2]),
    ],
)
def test_filter_values_that_are_no_failures_are_those_of_plink2_var_filter(
    vcf: Write, name: str, var_filter: str, kept: list[int], tmp_path: Path
) -> None:
    values = ["PASS", ".", "GENOTYPED", "PASS;GENOTYPED", "q10", "PASS;q10", "GENOTYPED;q10"]
    meta = [*META, '##FILTER=<ID=GENOTYPED,Description="Genotyped">']
    records = [record(position=i, filters=value) for i, value in enumerate(values, 1)]
    path = vcf(records, meta=meta, name=name)
    blocks = open_source(path, ReadOptions.of(var_filter)).blocks()
    assert [p for b in blocks for p in b.variants.position.tolist()] == kept
    if shutil.which("plink2") and var_filter != "all":
        as_vcf = vcf([r.replace("PASS;", "") for r in records], meta=meta)
        exceptions = var_filter.split(",")
        plink2("--vcf", as_vcf, "--var-filter", *exceptions, "--make-bed", "--out", tmp_path / "p")
        bim = (tmp_path / "p.bim").read_text().splitlines()
        assert [int(line.split("\t")[3]) for line in bim] == kept


@pytest.mark.parametrize("var_filter", ["", "q10,", ",", "a,,b"])
def test_an_empty_filter_value_is_refused(var_filter: str) -> None:
    with pytest.raises(UsageProblem, match="--var-filter"):
        ReadOptions.of(var_filter)


@in_every_kind
@pytest.mark.parametrize("alt", ["<*>,G", "<NON_REF>,G", "<*>,g,<NON_REF>"])
def test_a_symbolic_allele_is_passed_over_wherever_it_stands(
    vcf: Write, name: str, alt: str
) -> None:
    source = open_source(vcf([record(["0/2", "2/2", "0/1"], alt=alt)], name=name))
    (block,) = source.blocks()
    assert block.variants.alt.tolist() == ["G"]
    assert block.dosages.tolist() == [[1, 2, -1]]


@in_every_kind
def test_a_field_gt_that_the_header_does_not_declare_is_read(vcf: Write, name: str) -> None:
    meta = [line for line in META if line != GT_FIELD]
    path = vcf([record()], meta=meta if name != "x.bcf" else META, name=name)
    assert all_dosages(open_source(path)).tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    "calls", [["/0/0", "/0|1", "|1|1"], ["|0|0", "|0/1", "/1/1"], ["0/0", "/1/0", "|1/1"]]
)
def test_the_phase_before_the_first_allele_of_vcf_4_4_is_passed_over(
    vcf: Write, calls: list[str]
) -> None:
    lines = [record(calls), record([f"{call}:7" for call in calls], 101, form="GT:DP")]
    assert all_dosages(open_source(vcf(lines))).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_blank_lines_are_passed_over(vcf: Write) -> None:
    path = vcf([record(position=1), "", record(position=2), "", ""])
    assert all_dosages(open_source(path)).tolist() == [[0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize("name", KINDS[:3])
@pytest.mark.parametrize(
    ("written", "read"), [(b"rs\xb5", "rs\\xb5"), (b"", "."), ("rsé".encode(), "rsé")]
)
def test_an_id_may_be_any_bytes(name: str, written: bytes, read: str, tmp_path: Path) -> None:
    text = vcf_text([record(name="ID_")]).encode().replace(b"ID_", written)
    path = tmp_path / name
    path.write_bytes(COMPRESSED[name[1:]](text))
    source = open_source(str(path))
    (block,) = source.blocks()
    assert block.variants.id.tolist() == [read]
    write_plink(tmp_path / "ids", source.samples, source.blocks())
    assert open_source(str(tmp_path / "ids")).samples == source.samples


@in_every_kind
def test_position_0_is_a_telomere_and_read(vcf: Write, name: str) -> None:
    (block,) = open_source(vcf([record(position=0)], name=name)).blocks()
    assert block.variants.position.tolist() == [0]


@in_every_kind
def test_the_symbolic_allele_of_a_gvcf_is_passed_over(vcf: Write, name: str) -> None:
    records = [record(["0/1", "0/2", "1/1"], alt="C,<NON_REF>"), record(position=2, alt="<*>")]
    source = open_source(vcf(records, name=name))
    (block,) = source.blocks()
    assert block.variants.alt.tolist() == ["C"]
    assert block.dosages.tolist() == [[1, -1, 2]]
    assert source.skipped == {"reference block": 1}


@in_every_kind
def test_records_without_gt_are_left_out(vcf: Write, name: str) -> None:
    records = [record(["3", "4", "5"], 1, form="DP"), record(position=2)]
    source = open_source(vcf(records, name=name))
    assert len(all_dosages(source)) == 1
    assert source.skipped == {"without GT": 1}


@in_every_kind
def test_reading_twice_gives_the_same(vcf: Write, name: str, random_dosages: np.ndarray) -> None:
    samples = [f"s{i}" for i in range(21)]
    records = [*records_of(random_dosages), record(["0/1"] * 21, 100, alt="C,T")]
    source = open_source(vcf(records, samples, name=name))
    assert source.samples == tuple(samples)
    first, second = all_dosages(source, 5), all_dosages(source, 1000)
    np.testing.assert_array_equal(first, random_dosages)
    np.testing.assert_array_equal(second, random_dosages)
    assert source.skipped == {"multi-allelic": 1}


def test_lines_of_any_length_and_ending_are_read(vcf: Write, tmp_path: Path) -> None:
    samples = [f"s{i}" for i in range(3000)]
    records = [record(["0/1", "1/1", "0|0"] * 1000, i) for i in range(1, 90)]
    path = Path(vcf(records, samples))
    dos = tmp_path / "dos.vcf"
    dos.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    expected = np.tile([1, 2, 0], (89, 1000))
    for file in (path, dos):
        np.testing.assert_array_equal(all_dosages(open_source(str(file))), expected)


def test_a_whole_last_line_needs_no_newline(vcf: Write) -> None:
    path = Path(vcf([record()]))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert all_dosages(open_source(str(path))).tolist() == [[0, 1, 2]]


def test_vcf_dosages_are_those_of_scikit_allel(vcf: Write, random_dosages: np.ndarray) -> None:
    allel = pytest.importorskip("allel")
    path = vcf(records_of(random_dosages), [f"s{i}" for i in range(21)], name="x.vcf.gz")
    calls = allel.GenotypeArray(allel.read_vcf(path, fields=["GT"])["calldata/GT"])
    np.testing.assert_array_equal(all_dosages(open_source(path)), calls.to_n_alt(fill=-1))


@pytest.mark.parametrize(
    ("contig", "build"),
    [
        ("ID=1,length=249250621", "GRCh37"),
        ("ID=chr1,length=248956422,assembly=x", "GRCh38"),
        ("length=247249719,ID=1", "NCBI36"),
        ("ID=11,length=249250621", None),
        ("ID=1", None),
        ("ID=1,length=12", None),
    ],
)
def test_the_build_is_recognised_by_the_length_of_chromosome_1(
    vcf: Write, contig: str, build: str | None
) -> None:
    meta = ["##fileformat=VCFv4.2", f"##contig=<{contig}>", GT_FIELD]
    assert open_source(vcf([record()], meta=meta)).build_hint == build


# Pipes -----------------------------------------------------------------------------------------


def test_a_vcf_is_read_from_standard_input(vcf: Write) -> None:
    for name in ("x.vcf", "x.vcf.bgz"):
        path = vcf([record(), record(["0", "./.", "0/1"], 5)], name=name)
        code = (
            "from ancestry_ddvi.genotypes.formats.registry import open_source\n"
            "s = open_source('-')\n"
            "print(s.name, s.samples, [b.dosages.tolist() for b in s.blocks()])"
        )
        with open(path, "rb") as handle:
            done = subprocess.run(
                [sys.executable, "-c", code],
                stdin=handle,
                capture_output=True,
                text=True,
                cwd=Path(__file__).parents[2],
            )
        assert done.stderr == ""
        assert done.stdout == "standard input ('a', 'b', 'c') [[[0, 1, 2], [-1, -1, 1]]]\n"


def test_a_named_pipe_is_read_once(vcf: Write, tmp_path: Path) -> None:
    pipe, content = tmp_path / "pipe", Path(vcf([record()], name="x.vcf.gz")).read_bytes()
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    source = open_source(str(pipe))
    assert all_dosages(source).tolist() == [[0, 1, 2]]
    writer.join()
    with pytest.raises(UsageProblem, match="only once"):
        all_dosages(source)


# PLINK 1 ---------------------------------------------------------------------------------------


def test_a_bed_file_counts_its_first_allele(bed: Write, random_dosages: np.ndarray) -> None:
    source = open_source(bed(random_dosages))
    assert isinstance(source, PlinkSource)
    np.testing.assert_array_equal(all_dosages(source, 5), random_dosages)
    assert source.variants.alt[0] == "C"
    assert source.variants.ref[0] == "A"


def test_bed_dosages_are_those_of_bed_reader(bed: Write, random_dosages: np.ndarray) -> None:
    bed_reader = pytest.importorskip("bed_reader")
    prefix = bed(random_dosages)
    with bed_reader.open_bed(f"{prefix}.bed", count_A1=True) as reader:
        theirs = reader.read(dtype="int8").T
    ours = all_dosages(open_source(prefix))
    np.testing.assert_array_equal(np.where(ours < 0, -127, ours), theirs)


def test_variants_of_a_bed_file_that_are_not_snps_are_left_out(bed: Write) -> None:
    variants = [
        ("1", 1, "r", "A", "C"), ("1", 2, "r", "A", "0"), ("1", 3, "r", "AT", "A"),
        ("1", 4, "r", ".", "G"), ("1", 1, "r", "A", "C"), ("1", 6, "r", "g", "t"),
    ]  # fmt: skip
    source = PlinkSource(bed([[i % 3] * 2 for i in range(6)], variants=variants))
    (block,) = source.blocks()
    assert block.variants.position.tolist() == [1, 1, 6]
    assert block.variants.ref.tolist() == ["A", "A", "G"]
    assert block.dosages.tolist() == [[0, 0], [1, 1], [2, 2]]
    assert source.skipped == {"monomorphic": 2, "not a SNP": 1}


def test_columns_between_spaces_are_read_too(bed: Write) -> None:
    prefix = bed([[0, 1, 2]])
    Path(f"{prefix}.fam").write_text("F 007 0 0 0 -9\nF  1e5 0 0 0 -9\n F N\xa0A 0 0 0 -9\n")
    Path(f"{prefix}.bim").write_text("1 rs1 0 5 C A\n")
    source = open_source(prefix)
    assert source.samples == ("007", "1e5", "N\xa0A")
    assert all_dosages(source).tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("variants", [1, 7, 1000])
def test_what_is_written_is_read_back(
    bed: Write, tmp_path: Path, random_dosages: np.ndarray, variants: int
) -> None:
    source = open_source(bed(random_dosages))
    write_plink(tmp_path / "new" / "y", source.samples, source.blocks(variants))
    again = open_source(str(tmp_path / "new" / "y"))
    assert again.samples == source.samples
    np.testing.assert_array_equal(all_dosages(again), random_dosages)
    for end in (".bed", ".bim", ".fam"):
        new, old = tmp_path / "new" / f"y{end}", tmp_path / f"x{end}"
        assert new.read_bytes() == old.read_bytes()


def test_sample_ids_survive_as_they_are(vcf: Write, tmp_path: Path) -> None:
    """But for blanks, which a .fam file cannot hold."""
    calls = [["0/1"] * len(AWKWARD_IDS)]
    source = open_source(vcf([record(c) for c in calls], AWKWARD_IDS))
    assert source.samples == tuple(AWKWARD_IDS)
    write_plink(tmp_path / "ids", source.samples, source.blocks())
    written = tuple(name.replace(" ", "_") for name in AWKWARD_IDS)
    assert open_source(str(tmp_path / "ids")).samples == written


# PLINK 2 ---------------------------------------------------------------------------------------

PVAR = "##contig=<ID=1,length=249250621>\n#CHROM\tPOS\tID\tREF\tALT\tFILTER\n" + "".join(
    f"1\t{position}\trs{position}\tA\t{alt}\t{filters}\n"
    for position, alt, filters in [
        (1, "C", "PASS"), (2, "G", "q10"), (3, "AT", "."), (4, "T", "."), (4, "T", "."),
    ]
)  # fmt: skip
PGEN_DOSAGES = [[0, 1, -1], [1, 1, 1], [2, 2, 2], [2, -1, 0], [0, 0, 0]]


@pytest.mark.parametrize("suffix", ["", ".zst"])
@pytest.mark.parametrize("end", ["", ".pgen"])
def test_a_pgen_file_gives_its_hard_calls(pgen: Write, suffix: str, end: str) -> None:
    psam = "##note\n#IID\tSEX\n007\tNA\nb\t1\nc\t2\n"
    source = open_source(pgen(PGEN_DOSAGES, PVAR, psam, suffix=suffix) + end)
    assert isinstance(source, PgenSource)
    assert source.samples == ("007", "b", "c")
    assert source.build_hint == "GRCh37"
    assert source.skipped == {"FILTER q10": 1, "not a SNP": 1}
    for variants in (1, 1000):
        assert all_dosages(source, variants).tolist() == [[0, 1, -1], [2, -1, 0], [0, 0, 0]]
    (block,) = source.blocks()
    assert block.variants.id.tolist() == ["rs1", "rs4", "rs4"]


def test_a_pvar_without_header_is_read_as_a_bim(pgen: Write) -> None:
    psam = "F\ta\t0\t0\t0\t-9\nF\tb\t0\t0\t0\t-9\n"
    for pvar in ("1\trs1\t0\t5\tC\tA\n", "1 rs1 5 C A\n"):
        source = open_source(pgen([[1, 2]], pvar, psam))
        (block,) = source.blocks()
        assert source.samples == ("a", "b")
        assert (block.variants.position[0], block.variants.ref[0], block.variants.alt[0]) == (
            5,
            "A",
            "C",
        )
        assert block.dosages.tolist() == [[1, 2]]


def test_pgen_needs_its_extra(pgen: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = pgen([[1]], "#CHROM\tPOS\tID\tREF\tALT\n1\t5\tr\tA\tC\n", "#IID\na\n")
    monkeypatch.setitem(sys.modules, "pgenlib", None)
    with pytest.raises(UsageProblem, match=r"pip install 'ddvi-ancestry\[plink2\]'"):
        open_source(prefix)


# Several files ---------------------------------------------------------------------------------


def test_files_are_joined_in_the_order_of_the_first_one_s_samples(vcf: Write) -> None:
    first = vcf([record(["0/0", "0/1", "1/1"], 1), record(position=2)], ["a", "b", "c"])
    second = vcf(
        [record(["0/0", "0/1", "1/1"], 9), record(position=2), record(position=3, alt="T,C")],
        ["c", "a", "b"],
        name="y.vcf.gz",
    )
    source = open_sources([first, second])
    assert source.samples == ("a", "b", "c")
    for _ in range(2):
        assert all_dosages(source).tolist() == [[0, 1, 2], [0, 1, 2], [1, 2, 0], [1, 2, 0]]
        assert source.skipped == {"multi-allelic": 1}
    assert source.files == (Path(first), Path(second))


@pytest.mark.parametrize("other", [["a", "b", "d"], ["a", "b"], ["a", "b", "c", "d"]])
def test_files_of_different_samples_are_not_joined(vcf: Write, other: Sequence[str]) -> None:
    first = vcf([record()])
    second = vcf([record(["0/0"] * len(other))], other, name="y.vcf")
    shared = len({"a", "b", "c"}.intersection(other))
    with pytest.raises(InputsDisagree, match=f"{shared} of the 3 .* which has {len(other)}"):
        open_sources([first, second])


def test_files_of_one_sample_each_are_to_be_merged_first(vcf: Write) -> None:
    paths = [vcf([record(["0/1"])], [name], name=f"{name}.vcf") for name in "abc"]
    with pytest.raises(InputsDisagree, match=r"a\.vcf and 2 more hold one sample each") as error:
        open_sources(paths)
    assert "bcftools merge" in error.value.remedy
    assert "reference calls" in error.value.remedy


def test_files_of_different_builds_are_not_joined(vcf: Write) -> None:
    meta = [line.replace("249250621", "248956422") for line in META]
    with pytest.raises(InputsDisagree, match=r"GRCh37.*GRCh38"):
        open_sources([vcf([record()]), vcf([record()], meta=meta, name="y.vcf")])


def test_a_file_given_twice_is_refused(vcf: Write) -> None:
    path = vcf([record()])
    with pytest.raises(UsageProblem, match="twice"):
        open_sources([path, path])


# Opening ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_a_format_is_recognised_by_content_and_not_by_suffix(
    vcf: Write, tmp_path: Path, name: str
) -> None:
    path = vcf([record()], name=name)
    disguised = Path(path).rename(tmp_path / "genotypes.bed")
    assert all_dosages(open_source(str(disguised))).tolist() == [[0, 1, 2]]


def test_bcf_need_not_be_compressed(vcf: Write, tmp_path: Path) -> None:
    content = gzip.decompress(Path(vcf([record()], name="x.bcf")).read_bytes())
    (tmp_path / "plain").write_bytes(content)
    assert all_dosages(open_source(str(tmp_path / "plain"))).tolist() == [[0, 1, 2]]


def test_a_bed_file_under_another_suffix_is_found_with_its_companions(bed: Write) -> None:
    prefix = bed([[0, 1, 2]], name="chr1.part")
    assert all_dosages(open_source(prefix)).tolist() == [[0, 1, 2]]
    renamed = Path(f"{prefix}.bed").rename(f"{prefix}.dat")
    assert all_dosages(open_source(str(renamed))).tolist() == [[0, 1, 2]]


def test_a_folder_beside_the_fileset_of_its_name_is_not_in_the_way(
    bed: Write, tmp_path: Path
) -> None:
    (tmp_path / "x").mkdir()
    assert all_dosages(open_source(bed([[0, 1, 2]]))).tolist() == [[0, 1, 2]]


def test_a_prefix_with_both_means_the_bed(bed: Write, pgen: Write) -> None:
    pgen([[1]], "#CHROM\tPOS\tID\tREF\tALT\n1\t5\tr\tA\tC\n", "#IID\na\n")
    assert isinstance(open_source(bed([[0, 1, 2]])), PlinkSource)


# Other programs and real data ------------------------------------------------------------------


@needs_plink2
def test_plink2_and_this_package_read_each_other_s_files(
    vcf: Write, tmp_path: Path, random_dosages: np.ndarray
) -> None:
    samples = [f"s{i}" for i in range(21)]
    path, base = vcf(records_of(random_dosages), samples), tmp_path / "p"
    plink2("--vcf", path, "--make-bed", "--out", base)
    plink2("--vcf", path, "--make-pgen", "vzs", "--out", tmp_path / "q")
    for prefix in (base, tmp_path / "q"):
        np.testing.assert_array_equal(all_dosages(open_source(str(prefix))), random_dosages)
    source = open_source(path)
    write_plink(tmp_path / "ours", source.samples, source.blocks(10))
    assert (tmp_path / "ours.bed").read_bytes() == Path(f"{base}.bed").read_bytes()
    plink2("--bfile", tmp_path / "ours", "--export", "A", "--out", tmp_path / "raw")
    lines = (tmp_path / "raw.raw").read_text().splitlines()[1:]
    counted = np.array([[int(x) if x != "NA" else -1 for x in s.split("\t")[6:]] for s in lines])
    # plink2 --export A counts REF by default.
    np.testing.assert_array_equal(np.where(counted < 0, -1, 2 - counted).T, random_dosages)


@needs_plink2
def test_multi_allelic_records_of_a_pgen_file_do_not_shift_the_others(
    vcf: Write, tmp_path: Path
) -> None:
    records = [
        record(["0/1", "1/2", "2/2"], 1, alt="C,T"),
        record(["0/1", "1/1", "./."], 2),
        record(["0/2", "1/1", "0/3"], 3, alt="C,T,G"),
        record(["1/1", "0/1", "0/0"], 4),
    ]
    plink2("--vcf", vcf(records), "--make-pgen", "--out", tmp_path / "p")
    source = open_source(str(tmp_path / "p"))
    assert all_dosages(source).tolist() == [[1, 2, -1], [2, 1, 0]]
    assert source.skipped == {"multi-allelic": 2}


@pytest.mark.realdata
@pytest.mark.skipif(not KGP.with_suffix(".bed").exists(), reason="the data are not here")
def test_the_vcf_of_1092_samples_equals_their_bed_file(tmp_path: Path) -> None:
    text, packed = open_source(f"{KGP}.vcf.gz"), open_source(str(KGP))
    assert text.samples == packed.samples
    write_plink(tmp_path / "kgp", text.samples, text.blocks())
    assert (tmp_path / "kgp.bed").read_bytes() == KGP.with_suffix(".bed").read_bytes()
    assert (tmp_path / "kgp.bim").read_bytes() == KGP.with_suffix(".bim").read_bytes()
    assert not text.skipped


def test_every_word_of_a_plain_call_is_known() -> None:
    calls = [a + phase + b for a in "01." for phase in "/|" for b in "01."] + ["0", "1", "."]
    for columns in ([call.encode() for call in calls], [f"{call}:7".encode() for call in calls]):
        words = words_after_tabs(columns, 1)
        assert words is not None
        dosages, known = look_up(words)
        assert known.all()
        assert dosages[:, 0].tolist() == [Dosages()[call.encode()] for call in calls]


def test_calls_are_added_up_only_where_they_are_plain() -> None:
    """Whatever three characters a call has, alone or beside another."""
    some = np.arange(0x20, 0x7F, dtype=np.uint8)
    calls = np.stack(np.meshgrid(some, some, some, np.uint8(9), indexing="ij"), -1).reshape(-1, 4)
    for beside in (b"", b"0/0\t", b"1|1\t"):
        others = np.broadcast_to(np.frombuffer(beside, np.uint8), (len(calls), len(beside)))
        words = np.concatenate([others, calls], axis=1).view("<u4")
        dosages, known = add_up(words)
        texts = [bytes(call[:3]) for call in calls[known]]
        phase = beside[1:2]
        plain = {a + p + b for a in (b"0", b"1") for p in (b"/", b"|") for b in (b"0", b"1")}
        assert set(texts) == {text for text in plain if phase in text}
        assert dosages[known, -1].tolist() == [Dosages()[text] for text in texts]


@pytest.mark.parametrize("others", [0.0, 0.002, 0.05, 0.5, 1.0])
def test_adding_up_and_looking_up_agree(others: float) -> None:
    """On lines of plain calls with some of any other kind, also of none that is a genotype."""
    rng = np.random.default_rng(int(1000 * others))
    plain = np.array([b"0/0\t", b"0/1\t", b"1/0\t", b"1/1\t"])
    odd = np.array([b"./.\t", b"0|1\t", b".|.\t", b"1/.\t", b"0\t\0\0", b"0x0\t", b"2/1\t"])
    calls = plain[rng.integers(0, 4, (200, 31))]
    calls[:100] = np.char.replace(calls[:100], b"/", b"|")
    kinds = rng.integers(0, rng.integers(1, len(odd) + 1, (200, 1)), (200, 31))
    calls = np.where(rng.random((200, 31)) < others, odd[kinds], calls)
    calls[7] = b"0x0\t"
    words = np.frombuffer(calls.astype("S4").tobytes(), "<u4").reshape(calls.shape)
    dosages, known = look_up(words)
    found, found_known = add_up_or_look_up(words)
    np.testing.assert_array_equal(found_known, known)
    np.testing.assert_array_equal(found[known], dosages[known])
    assert not known[7]


@pytest.mark.parametrize("name", [*KINDS, "x.bed"])
def test_many_samples_make_small_blocks(
    vcf: Write, bed: Write, name: str, random_dosages: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ancestry_ddvi.genotypes.formats.packing._GENOTYPES_AT_ONCE", 21 * 4)
    monkeypatch.setattr("ancestry_ddvi.genotypes.formats.record_source.TEXT_AT_ONCE", 300)
    samples = [f"s{i}" for i in range(21)]
    made = (
        bed(random_dosages)
        if name == "x.bed"
        else vcf(records_of(random_dosages), samples, name=name)
    )
    blocks = [block.dosages for block in open_source(made).blocks()]
    assert max(map(len, blocks)) <= 4
    np.testing.assert_array_equal(np.concatenate(blocks), random_dosages)


def test_importing_the_readers_loads_no_heavy_library() -> None:
    heavy = {"cyvcf2", "pgenlib", "zstandard", "torch", "scipy", "pandas"}
    code = f"import sys, ancestry_ddvi.genotypes.store; print({heavy} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout == "set()\n"
