"""One sample, however its file writes homozygous reference: the same coordinates."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import ancestry_ddvi
from ancestry_ddvi import api
from ancestry_ddvi.errors import InputsDisagree, InputUnreadable
from ancestry_ddvi.genotypes.variants import MISSING

HEADER = """##fileformat=VCFv4.2
##ALT=<ID=NON_REF,Description="Any other allele">
##ALT=<ID=*,Description="Any other allele">
##FILTER=<ID=q10,Description="Low quality">
##INFO=<ID=END,Number=1,Type=Integer,Description="End of the block">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">
"""
CALLS = {0: "0/0", 1: "0/1", 2: "1/1"}
SAMPLE = "NA1"

DRAWS = 2048
"""Enough that chance moves the mean of a sample by a fiftieth of its standard deviation."""

Row = tuple[str, int, str, str, str, int]


@pytest.fixture(scope="module")
def rows(cohort_files: SimpleNamespace) -> list[Row]:
    """Chromosome, position, ID, REF, ALT and dosage of one sample, called at every variant."""
    table = cohort_files.simulated.variants
    dosages = cohort_files.simulated.dosages[:, 40].clip(0)
    columns = (table.chromosome, table.position.tolist(), table.id, table.ref, table.alt)
    return list(zip(*columns, dosages.tolist(), strict=True))


def written(lines: Iterator[str], path: Path, contigs: list[str]) -> Path:
    declared = "".join(f"##contig=<ID={name}>\n" for name in dict.fromkeys(contigs))
    names = (*"#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".split(), SAMPLE)  # noqa: SIM905
    columns = "\t".join(names)
    path.write_text(HEADER + declared + columns + "\n" + "\n".join(lines) + "\n")
    return path


def all_sites(rows: list[Row]) -> Iterator[str]:
    for c, p, name, ref, alt, g in rows:
        yield f"{c}\t{p}\t{name}\t{ref}\t{alt}\t.\tPASS\t.\tGT\t{CALLS[g]}"


def without_alt(rows: list[Row]) -> Iterator[str]:
    for c, p, name, ref, alt, g in rows:
        yield f"{c}\t{p}\t{name}\t{ref}\t{alt if g else '.'}\t.\tPASS\t.\tGT\t{CALLS[g]}"


def variants_alone(rows: list[Row]) -> Iterator[str]:
    return all_sites([row for row in rows if row[-1]])


def gvcf(symbol: str, likelihoods: bool, first: bool = False) -> Callable:
    """Blocks around every variant, each from the base after the last one."""

    def lines(rows: list[Row]) -> Iterator[str]:
        form = "GT:DP:GQ:PL" if likelihoods else "GT:DP:GQ"
        start, before = 1, None
        for c, p, name, ref, alt, g in rows:
            if c != before:
                start, before = 1, c
            if not g:
                continue
            if start < p:
                block = "0/0:30:90" + (":0,90,900" if likelihoods else "")
                yield f"{c}\t{start}\t.\tN\t{symbol}\t.\t.\tEND={p - 1}\t{form}\t{block}"
            one, two = ("0/2", "2/2") if first else ("0/1", "1/1")
            alts = f"{symbol},{alt}" if first else f"{alt},{symbol}"
            call = f"{one if g == 1 else two}:30:90"
            if likelihoods:
                k = 2 if first else 1
                likely = (0, k) if g == 1 else (k, k)
                pairs = [(a, b) for b in range(3) for a in range(b + 1)]
                call += ":" + ",".join("0" if pair == likely else "900" for pair in pairs)
            yield f"{c}\t{p}\t{name}\t{ref}\t{alts}\t.\tPASS\t.\t{form}\t{call}"
            start = p + 1
        for chromosome in dict.fromkeys(row[0] for row in rows):
            last = max(row[1] for row in rows if row[0] == chromosome and row[-1])
            block = "0/0:30:90" + (":0,90,900" if likelihoods else "")
            yield f"{chromosome}\t{last + 1}\t.\tN\t{symbol}\t.\t.\tEND=250000000\t{form}\t{block}"

    return lines


WAYS: dict[str, Callable] = {
    "ALT named": all_sites,
    "ALT .": without_alt,
    "gVCF of GATK": gvcf("<NON_REF>", likelihoods=True),
    "gVCF of bcftools": gvcf("<*>", likelihoods=False),
    "gVCF, symbolic allele first": gvcf("<*>", likelihoods=True, first=True),
}


@pytest.fixture(scope="module")
def coordinates(fitted_model) -> Callable:
    model = ancestry_ddvi.load(str(fitted_model.files["model"]))

    def of(path: Path, **options: str):
        found = model.embed([str(path)], draws=DRAWS, **options)
        return found.coordinates.mean[0], found.posterior.sd[0], found

    return of


@pytest.fixture(scope="module")
def expected(coordinates, rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "plain.vcf"
    return coordinates(written(all_sites(rows), path, [row[0] for row in rows]))


def tool(*words: object) -> None:
    if shutil.which(str(words[0])) is None:
        pytest.skip(f"{words[0]} is not installed")
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


@pytest.mark.parametrize("kind", ["vcf", "bcf"])
@pytest.mark.parametrize("way", WAYS)
def test_a_sample_has_the_same_coordinates_however_reference_is_written(
    way: str, kind: str, coordinates, expected, rows: list[Row], tmp_path: Path
) -> None:
    plain = written(WAYS[way](rows), tmp_path / "x.vcf", [row[0] for row in rows])
    path = tmp_path / f"y.{kind}"
    if kind == "vcf":
        path = plain
    else:
        tool("bcftools", "view", "-O", "b", "-o", path, plain)
    mean, sd, _ = coordinates(path)
    assert np.abs((mean - expected[0]) / expected[1]).max() < 0.05
    np.testing.assert_allclose(sd, expected[1], rtol=0.05)


@pytest.mark.parametrize("program", ["plink1.9", "plink2 bed", "plink2 pgen"])
def test_a_fileset_of_one_sample_has_its_coordinates(
    program: str, coordinates, expected, rows: list[Row], tmp_path: Path
) -> None:
    """PLINK writes A1 0 or ALT . where the sample is homozygous, and PLINK 1 counts any allele."""
    plain = written(without_alt(rows), tmp_path / "x.vcf", [row[0] for row in rows])
    name, _, kind = program.partition(" ")
    tool(name, "--vcf", plain, "--make-pgen" if kind == "pgen" else "--make-bed", "--out",
         tmp_path / "y", "--allow-extra-chr")  # fmt: skip
    mean, sd, _ = coordinates(tmp_path / f"y.{'pgen' if kind == 'pgen' else 'bed'}")
    np.testing.assert_allclose(mean, expected[0], atol=1e-9)
    np.testing.assert_allclose(sd, expected[1], atol=1e-9)


def test_a_file_of_variants_alone_is_refused_with_the_cause_and_the_remedies(
    coordinates, rows: list[Row], tmp_path: Path
) -> None:
    path = written(variants_alone(rows), tmp_path / "x.vcf", [row[0] for row in rows])
    with pytest.raises(InputsDisagree, match="without homozygous reference calls") as caught:
        coordinates(path)
    assert "gVCF" in caught.value.remedy
    assert "--absent reference" in caught.value.remedy


def test_absent_variants_are_reference_where_the_user_says_so(
    coordinates, expected, rows: list[Row], tmp_path: Path
) -> None:
    path = written(variants_alone(rows), tmp_path / "x.vcf", [row[0] for row in rows])
    mean, sd, _ = coordinates(path, absent="reference")
    np.testing.assert_allclose(mean, expected[0], atol=1e-9)
    np.testing.assert_allclose(sd, expected[1], atol=1e-9)


def test_outside_the_targets_absent_variants_are_missing(
    coordinates, rows: list[Row], tmp_path: Path
) -> None:
    """An exome: half the chromosomes are covered."""
    names = list(dict.fromkeys(row[0] for row in rows))
    covered = set(names[: len(names) // 2])
    bed = tmp_path / "x.bed.gz"
    with gzip.open(bed, "wt") as lines:
        lines.writelines(f"chr{name}\t0\t250000000\n" for name in covered)
    inside = [row for row in rows if row[0] in covered]
    plain = written(all_sites(inside), tmp_path / "plain.vcf", names)
    alone = written(variants_alone(inside), tmp_path / "alone.vcf", names)
    expected = coordinates(plain)
    mean, sd, found = coordinates(alone, absent="reference", targets=str(bed))
    np.testing.assert_allclose(mean, expected[0], atol=1e-9)
    np.testing.assert_allclose(sd, expected[1], atol=1e-9)
    assert found.summary["options"]["targets"] == str(bed)


def test_targets_elsewhere_are_named_as_the_cause(coordinates, rows, tmp_path: Path) -> None:
    bed = tmp_path / "x.bed"
    bed.write_text("chr1\t240000000\t250000000\n")
    path = written(variants_alone(rows), tmp_path / "x.vcf", [row[0] for row in rows])
    with pytest.raises(InputsDisagree, match=r"absent variants of .* lie in the regions of"):
        coordinates(path, absent="reference", targets=str(bed))


def test_variants_that_cannot_all_be_reference_are_not_assumed_to_be(
    coordinates, rows: list[Row], tmp_path: Path
) -> None:
    """An array, or an exome without its targets."""
    some = [row for i, row in enumerate(rows) if i % 4 == 0]
    path = written(all_sites(some), tmp_path / "x.vcf", [row[0] for row in some])
    coordinates(path)
    with pytest.raises(InputsDisagree, match="cannot all be homozygous reference") as caught:
        coordinates(path, absent="reference")
    assert "--targets" in caught.value.remedy


NO_CALL = {
    "low quality": lambda line: line.replace("0/0:30:90", "0/0:1:3"),
    "a FILTER": lambda line: line.replace("\t<*>\t.\t.\t", "\t<*>\t.\tq10\t"),
    "no GT, as FreeBayes writes them": lambda line: line.replace(
        "GT:DP:GQ\t0/0:30:90", "DP:GQ\t30:90"
    ),
}


@pytest.mark.parametrize("absent", ["missing", "reference"])
@pytest.mark.parametrize("why", NO_CALL)
def test_blocks_that_give_no_call_are_named_as_the_cause(
    why: str, absent: str, coordinates, rows: list[Row], tmp_path: Path
) -> None:
    """Neither is the file one of variants alone, nor may what it has records of be assumed."""
    lines = (NO_CALL[why](line) for line in gvcf("<*>", False)(rows))
    path = written(lines, tmp_path / "x.vcf", [row[0] for row in rows])
    with pytest.raises(InputsDisagree, match=r"records over .* that give no call") as caught:
        coordinates(path, absent=absent)
    assert "--absent" not in caught.value.remedy
    assert "PL" in caught.value.remedy


def test_joint_calls_without_all_reference_records_are_told_of(
    fitted_model, cohort_files, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    three = cohort_files.simulated.select(np.array([10, 50, 90]), np.arange(2400))
    seen = (three.dosages > 0).any(axis=1)
    path = tmp_path / "three.vcf"
    three.select(np.arange(3), np.flatnonzero(seen)).write_vcf(path)
    api.embed(str(fitted_model.files["model"]), [str(path)], str(tmp_path / "x"))
    assert "has no variant at which all its samples are homozygous reference" in caplog.text
    assert "standard deviations" in caplog.text


def test_a_merge_of_files_of_variants_has_the_genotypes_and_relatives_of_the_whole(
    fitted_model, cohort_files, tmp_path: Path
) -> None:
    """What a merge leaves missing is reference too: no relatives, no shift by it."""
    some = cohort_files.simulated.select(np.arange(0, 120, 10), np.arange(2400))
    some.dosages.clip(0, out=some.dosages)
    alone = some.select(np.arange(12), np.flatnonzero((some.dosages > 0).any(axis=1)))
    alone.dosages[alone.dosages == 0] = MISSING
    found = []
    for name, cohort, absent in (("all", some, "missing"), ("alone", alone, "reference")):
        path = tmp_path / f"{name}.vcf"
        cohort.write_vcf(path)
        found.append(
            api.embed(str(fitted_model.files["model"]), [str(path)], str(tmp_path / name),
                      absent=absent)
        )  # fmt: skip
    whole, merged = found
    np.testing.assert_allclose(merged.coordinates.mean, whole.coordinates.mean, atol=1e-9)
    assert merged.summary["relatives"] == whole.summary["relatives"]


LEFT_OUT = {
    "a FILTER": lambda c, p, name, ref, alt, call: (ref, alt, "q10", call),
    "two ALT alleles": lambda c, p, name, ref, alt, call: (ref, f"{alt},*", "PASS", call),
    "no call": lambda c, p, name, ref, alt, call: (ref, alt, "PASS", "./."),
    "a deletion": lambda c, p, name, ref, alt, call: (f"{ref}A", ref, "PASS", call),
}


@pytest.mark.parametrize("why", LEFT_OUT)
@pytest.mark.parametrize("kind", ["vcf", "bcf"])
def test_a_record_that_is_left_out_is_not_absent(
    why: str, kind: str, coordinates, rows: list[Row], tmp_path: Path
) -> None:
    """Where a caller saw something that is not read, homozygous reference is not assumed."""
    names = [row[0] for row in rows]
    odd = {(row[0], row[1]) for row in rows[::5] if row[-1]}
    plain = written(
        all_sites([r for r in rows if (r[0], r[1]) not in odd]), tmp_path / "a.vcf", names
    )

    def lines() -> Iterator[str]:
        for c, p, name, ref, alt, g in rows:
            fields = (ref, alt, "PASS", CALLS[g])
            if (c, p) in odd:
                fields = LEFT_OUT[why](c, p, name, ref, alt, CALLS[g])
            if g:
                ref_alt_filter = "\t".join((*fields[:2], ".", fields[2]))
                yield f"{c}\t{p}\t{name}\t{ref_alt_filter}\t.\tGT\t{fields[3]}"

    path = written(lines(), tmp_path / "b.vcf", names)
    if kind == "bcf":
        tool("bcftools", "view", "-O", "b", "-o", tmp_path / "b.bcf", path)
        path = tmp_path / "b.bcf"
    mean, sd, _ = coordinates(path, absent="reference")
    expected = coordinates(plain)
    np.testing.assert_allclose(mean, expected[0], atol=1e-9)
    np.testing.assert_allclose(sd, expected[1], atol=1e-9)


@pytest.mark.parametrize("end", ["x", "-5", "1e6", "99999999999"])
def test_a_block_whose_end_is_no_position_is_refused(
    end: str, coordinates, rows: list[Row], tmp_path: Path
) -> None:
    lines = (line.replace("END=", f"END={end};WAS=", 1) for line in gvcf("<*>", False)(rows))
    with pytest.raises(InputUnreadable, match=rf"line \d+: INFO END is '{end}', no whole number"):
        coordinates(written(lines, tmp_path / "x.vcf", [row[0] for row in rows]))


@pytest.mark.parametrize("likelihoods", [True, False])
def test_blocks_are_refused_where_the_reference_of_the_genome_is_not_that_of_the_model(
    coordinates, rows, tmp_path, likelihoods
) -> None:
    """Inside a block no base is said, so only calls that differ from the genome could be read."""
    other = [
        (c, p, name, alt, ref, 2 - g) if i % 3 == 0 else (c, p, name, ref, alt, g)
        for i, (c, p, name, ref, alt, g) in enumerate(rows)
    ]
    lines = gvcf("<NON_REF>", likelihoods)(other)
    path = written(lines, tmp_path / "x.g.vcf", [row[0] for row in rows])
    for options in ({}, {"absent": "reference"}):
        with pytest.raises(InputsDisagree, match="do not say their bases"):
            coordinates(path, **options)
