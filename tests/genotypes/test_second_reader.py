"""The readers of VCF and BCF against cyvcf2, call by call, on every shape of record they know.

The oracle below uses only what cyvcf2 itself makes of a file, and shares no code with the package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from genotype_files import META, Write, record, vcf_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ancestry_ddvi.genotypes.formats.registry import open_source

KINDS = ["x.vcf", "x.vcf.gz", "x.vcf.bgz", "x.bcf"]
FIELDS = (
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depth of alleles">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">',
    '##FILTER=<ID=s50,Description="Few samples">',
    '##FILTER=<ID=GENOTYPED,Description="Variant was genotyped">',
    '##FILTER=<ID=IMPUTED,Description="Variant was imputed">',
    '##ALT=<ID=*,Description="Any other allele">',
    '##ALT=<ID=NON_REF,Description="Any other allele">',
    '##ALT=<ID=DEL,Description="Deletion">',
)
HEADER = (*META, *FIELDS)
SAMPLES = ("a", "b", "c", "d", "e", "f")

Variant = tuple[str, int, str, str, str]


@contextmanager
def silence() -> Iterator[None]:
    """htslib warns of what the shapes are for."""
    from cyvcf2.cyvcf2 import set_htslib_log_level

    set_htslib_log_level(0)
    yield
    set_htslib_log_level(3)


Found = list[tuple[Variant, list[int]]]


def by_cyvcf2(path: str) -> tuple[Found, Counter[str]]:
    """Dosages of the biallelic SNPs that passed; other records counted by reason."""
    from cyvcf2 import VCF

    found: Found = []
    skipped: Counter[str] = Counter()
    with silence():
        for line in VCF(path):
            if "GT" not in line.FORMAT:
                skipped["without GT"] += 1
                continue
            alts = [alt.upper() for alt in line.ALT if alt not in ("<*>", "<NON_REF>")]
            name = (line.CHROM, line.POS, line.ID or ".", line.REF.upper(), ",".join(alts))
            if len(alts) > 1:
                skipped["multi-allelic"] += 1
            elif not alts:
                skipped["reference block" if line.ALT else "monomorphic"] += 1
            elif not {name[3], name[4]} <= {*"ACGT"} or name[3] == name[4]:
                skipped["not a SNP"] += 1
            elif not {*(line.FILTER or "PASS").split(";")} <= {"PASS", "GENOTYPED", "IMPUTED"}:
                skipped[f"FILTER {line.FILTER}"] += 1
            else:
                at = 1 + [alt in ("<*>", "<NON_REF>") for alt in line.ALT].index(False)
                found.append((name, [dosage(call[:-1], at) for call in line.genotypes]))
    return found, skipped


def dosage(alleles: list[int], alt: int) -> int:
    """Of a diploid call of REF and ALT, the allele of that index; anything else is missing."""
    return alleles.count(alt) if len(alleles) == 2 and {*alleles} <= {0, alt} else -1


def by_us(path: str, variants: int = 1024) -> tuple[Found, Counter[str]]:
    source = open_source(path)
    found: Found = []
    for block in source.blocks(variants):
        table = block.variants
        columns = (table.chromosome, table.position.tolist(), table.id, table.ref, table.alt)
        found += zip(zip(*columns, strict=True), block.dosages.tolist(), strict=True)
    return found, +source.skipped


SHAPES = {
    "unphased": {"calls": ["0/0", "0/1", "1/0", "1/1", "./.", "0/0"]},
    "phased": {"calls": ["0|0", "0|1", "1|0", "1|1", ".|.", "1|1"]},
    "mixed phase": {"calls": ["0/0", "0|1", "1/0", "1|1", "./.", ".|."]},
    "all missing": {"calls": ["./.", ".|.", "./.", "./.", ".|.", "./."]},
    "half calls": {"calls": ["./1", "1/.", ".|0", "0|.", "0/1", "1/1"]},
    "one dot": {"calls": [".", "0/1", ".", "1|1", "0/0", "."]},
    "haploid": {"calls": ["0", "1", ".", "1", "0", "1"]},
    "haploid among diploid": {"calls": ["0", "1", ".", "0/1", "1|1", "./."]},
    "triploid": {"calls": ["0/0/0", "0/1/1", "1/1/1", "././.", "0|0|1", "0/./1"]},
    "of every ploidy": {"calls": ["0", "0/1", "0/1/1", "0/0/1/1", ".", "1/1"]},
    "further fields": {
        "calls": ["0/0:3,4:9", "0|1:1,2:.", "1/1:.:1", "./.:0,0:0", "0/1:.,.:3", "1|0:2,2:7"],
        "form": "GT:AD:GQ",
    },
    "further fields, one dot": {
        "calls": [".:3", "0/1:4", "1:.", "1/1:2", "0/.:1", "./.:."], "form": "GT:DP",
    },
    "dropped fields": {
        "calls": ["0/0:3,4:9", "0|1:1,2", "1/1", "./.", "0:1,1", "."], "form": "GT:AD:GQ",
    },
    "GT in the middle": {
        "calls": ["3:0/0:9", "4:0|1:.", ".:1/1:8", "0:./.:0", "7:1:2", "2:0/."], "form": "DP:GT:GQ",
    },
    "GT at the end": {
        "calls": ["3:0/0", "4:0|1", ".:1/1", "0:./.", "7:1", "2:.|1"], "form": "DP:GT",
    },
    "GT dropped": {"calls": ["3:0/0", "4", ".:1/1", "0:./.", "7", "2:0/1"], "form": "DP:GT"},
    "without GT": {"calls": ["3", "4", "5", ".", "1", "0"], "form": "DP"},
    "no filter": {"filters": "."},
    "filtered": {"filters": "q10"},
    "filtered twice": {"filters": "q10;s50"},
    "genotyped": {"filters": "GENOTYPED"},
    "passed and imputed": {"filters": "PASS;IMPUTED"},
    "imputed and filtered": {"filters": "IMPUTED;q10"},
    "named": {"name": "rs7"},
    "lower case": {"ref": "a", "alt": "c"},
    "lower case, one of them": {"ref": "a", "alt": "C"},
    "lower case twice": {"ref": "a", "alt": "A"},
    "multi-allelic": {"alt": "C,T", "calls": ["0/0", "0/1", "0/2", "1/2", "2|2", "./2"]},
    "of ten ALT alleles": {
        "alt": "C,T,G,AC,AG,AT,CC,CG,CT,GG", "calls": ["0/10", "10|10", "1/1", "9/10", "./10", "0"],
    },
    "gVCF": {"alt": "C,<NON_REF>", "calls": ["0/0", "0/1", "0/2", "1/2", "2|2", "./2"]},
    "gVCF of bcftools": {"alt": "C,<*>", "calls": ["0/0", "0/1", "0/2", "1/2", "2|2", "1/1"]},
    "gVCF, symbolic allele first": {
        "alt": "<NON_REF>,C", "calls": ["0/0", "0/1", "0/2", "1/2", "2|2", "./2"],
    },
    "gVCF of bcftools, symbolic allele first": {
        "alt": "<*>,C", "calls": ["0/0", "0|1", "2/0", "2", "2/2", "1/1"],
    },
    "gVCF, two symbolic alleles": {
        "alt": "<*>,C,<NON_REF>", "calls": ["0/0", "0/1", "0/2", "2/2", "0/3", "3/3"],
    },
    "gVCF, lower case": {"ref": "a", "alt": "c,<*>"},
    "gVCF, multi-allelic": {"alt": "C,T,<*>"},
    "gVCF of an indel": {"alt": "AC,<*>"},
    "reference block": {"alt": "<NON_REF>", "calls": ["0/0"] * 6},
    "reference block of bcftools": {"alt": "<*>", "calls": ["0/0", "./.", "0/0", "0|0", "0", "."]},
    "monomorphic": {"alt": ".", "calls": ["0/0"] * 6},
    "deletion": {"ref": "AC", "alt": "A"},
    "insertion": {"alt": "AC"},
    "of two bases": {"ref": "AC", "alt": "GT"},
    "symbolic": {"alt": "<DEL>"},
    "overlapping deletion": {"alt": "*"},
    "any base": {"alt": "N"},
    "any base as REF": {"ref": "N"},
    "on another chromosome": {"chromosome": "2"},
}  # fmt: skip
PLAIN = ["0/1", "0/0", "1/1", "./.", "0|1", "1|1"]


def lines_of(shapes: list[dict[str, object]]) -> list[str]:
    """The shapes as records in order, each at its own position unless it has one."""
    return [
        record(**{"calls": PLAIN, "position": 100 + i, **shape})  # type: ignore[arg-type]
        for i, shape in enumerate(shapes)
    ]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_record_of_every_shape_is_read_as_cyvcf2_reads_it(
    vcf: Write, name: str, shape: str
) -> None:
    """Beside a plain record, since a file with no record with GT is refused."""
    path = vcf(lines_of([SHAPES[shape], {}]), SAMPLES, HEADER, name)
    assert by_us(path) == by_cyvcf2(path)


@pytest.mark.parametrize("variants", [1, 7, 1024])
@pytest.mark.parametrize("name", KINDS)
def test_all_shapes_in_one_file_are_read_as_cyvcf2_reads_them(
    vcf: Write, name: str, variants: int
) -> None:
    """The text reader looks up the lines of a block together; neighbours must not matter."""
    shapes = [*SHAPES.values(), *reversed(SHAPES.values())]
    path = vcf(lines_of(shapes), SAMPLES, HEADER, name)
    ours, skipped = by_us(path, variants)
    assert (ours, skipped) == by_cyvcf2(path)
    assert len(ours) > 2 * 18
    assert {*skipped} == {
        "multi-allelic", "reference block", "monomorphic", "not a SNP", "without GT",
        "FILTER q10", "FILTER q10;s50", "FILTER IMPUTED;q10",
    }  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_repeated_records_are_all_read(vcf: Write, name: str) -> None:
    again = [
        {"position": 5}, {"position": 5, "calls": ["1/1"] * 6}, {"position": 5, "alt": "G"},
        {"position": 5, "ref": "C", "alt": "A"}, {"position": 5, "chromosome": "2"},
        {"position": 5, "alt": "C,<*>"}, {"position": 5, "ref": "a"},
        {"position": 5, "filters": "q10"},
    ]  # fmt: skip
    path = vcf(lines_of(again), SAMPLES, HEADER, name)
    assert by_us(path) == by_cyvcf2(path)
    assert by_us(path)[1] == {"FILTER q10": 1}


call = st.sampled_from([
    "0/0", "0/1", "1/0", "1/1", "0|0", "0|1", "1|0", "1|1", "./.", ".|.", "./1", "0/.", "1|.",
    ".", "0", "1", "0/0/1", "1/1/1", "./././.",
])  # fmt: skip
ALTS = ["C", "C", "c", "G", "C,T", "C,<NON_REF>", "C,<*>", "<*>,C", "<NON_REF>,c", ".", "<*>"]
beyond = st.sampled_from(["0/2", "2/2", "2", "1|2", "./2"])


@st.composite
def record_lines(draw: st.DrawFn) -> list[str]:
    """A few records, many of which differ in one thing from the one before."""
    records = []
    for i in range(draw(st.integers(1, 12))):
        alt = draw(st.sampled_from(ALTS))
        plain = st.sampled_from(["0/0", "0|1", "1/1", "./."])
        kind = plain if draw(st.booleans()) else call | beyond if "," in alt else call
        calls = draw(st.lists(kind, min_size=6, max_size=6))
        form = draw(st.sampled_from(["GT", "GT", "GT:DP", "DP:GT", "GT:AD:GQ"]))
        depth = [str(draw(st.integers(0, 99))) for _ in calls]
        written = {
            "GT": calls,
            "GT:DP": [f"{c}:{d}" for c, d in zip(calls, depth, strict=True)],
            "DP:GT": [f"{d}:{c}" for c, d in zip(calls, depth, strict=True)],
            "GT:AD:GQ": [f"{c}:.:{d}" for c, d in zip(calls, depth, strict=True)],
        }
        filters = draw(st.sampled_from(["PASS", "PASS", ".", "q10", "GENOTYPED"]))
        ref = draw(st.sampled_from(["A", "A", "a", "AC"]))
        records.append(record(written[form], 1 + i // 2, ref, alt, filters, form=form))
    return records


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(record_lines(), st.integers(1, 5))
def test_any_text_is_read_as_cyvcf2_reads_it(
    tmp_path: Path, records: list[str], variants: int
) -> None:
    path = tmp_path / "h.vcf"
    last = record(["0/0"] * 6, 10**6)  # so that there is a record with GT
    path.write_text(vcf_text([*records, last], SAMPLES, HEADER))
    assert by_us(str(path), variants) == by_cyvcf2(str(path))


def test_the_oracle_notices_every_difference(vcf: Write) -> None:
    """It sees a changed call, a changed allele and a lost record."""
    first = by_cyvcf2(vcf(lines_of([{}, {}]), SAMPLES, HEADER, "a.vcf"))
    changed = [{"calls": ["1/1", *PLAIN[1:]]}, {}], [{"alt": "G"}, {}], [{}]
    for i, shapes in enumerate(changed):
        assert by_cyvcf2(vcf(lines_of(shapes), SAMPLES, HEADER, f"b{i}.vcf")) != first
    assert first[0][0] == (("1", 100, ".", "A", "C"), [1, 0, 2, -1, 1, 2])
