"""Reference calls of VCF and BCF at the variants of a model: ALT ".", and blocks of gVCFs."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
from genotype_files import META, Write, record

from ancestry_ddvi.genotypes.formats.fields import FIELDS
from ancestry_ddvi.genotypes.formats.reading import ReadOptions, Targets
from ancestry_ddvi.genotypes.formats.registry import open_source
from ancestry_ddvi.genotypes.formats.variant_filter import table
from ancestry_ddvi.genotypes.likelihood_store import AUTO, LikelihoodStore, open_best

KINDS = ["x.vcf", "x.vcf.gz", "x.vcf.bgz", "x.bcf"]
FIELD = '##FORMAT=<ID={0},Number={1},Type=Integer,Description="{0}">'
HEADER = (
    *META,
    *(FIELD.format(name, 1) for name in ("GQ", "MIN_DP")),
    FIELD.format("PL", "G"),
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
    '##ALT=<ID=NON_REF,Description="Any other allele">',
    '##ALT=<ID=*,Description="Any other allele">',
)
MODEL = table([("1", p, f"rs{p}", "A", "C") for p in (10, 20, 30, 40, 50)])
TARGETS = Targets.of(MODEL, [MODEL.position, MODEL.position + 1000])

in_every_kind = pytest.mark.parametrize("name", KINDS)


def block(start: int, end: int | None, calls: list[str], form: str = "GT", **more: str) -> str:
    """A line with INFO END, or without one."""
    line = record(calls, start, **{"alt": "<NON_REF>", "form": form, **more})
    return line if end is None else line.replace("PASS\t.\t", f"PASS\tEND={end}\t")


def read(path: str, options: ReadOptions = ReadOptions(targets=TARGETS)) -> list[tuple]:  # noqa: B008
    """Position, ID, REF, ALT and dosages of every row."""
    found = []
    for part in open_source(path, options).blocks():
        v = part.variants
        columns = (v.position.tolist(), v.id, v.ref, v.alt, part.dosages.tolist())
        found += zip(*columns, strict=True)
    return found


@in_every_kind
@pytest.mark.parametrize("alt", ["<NON_REF>", "<*>"])
def test_a_block_is_a_reference_call_at_every_target_in_it(vcf: Write, name: str, alt: str) -> None:
    lines = [
        block(1, 9, ["0/0"] * 3, alt=alt),
        block(10, 20, ["0/0", "./.", "0/1"], alt=alt, name="rs10"),
        block(21, 29, ["0/0"] * 3, alt=alt),
        record(["0/1", "0/0", "1/1"], 30, alt=f"C,{alt}"),
        block(31, 60, ["0|0"] * 3, alt=alt),
    ]
    assert read(vcf(lines, meta=HEADER, name=name)) == [
        (10, "rs10", "A", ".", [0, -1, -1]),
        (20, ".", ".", ".", [0, -1, -1]),
        (30, ".", "A", "C", [1, 0, 2]),
        (40, ".", ".", ".", [0, 0, 0]),
        (50, ".", ".", ".", [0, 0, 0]),
    ]


@in_every_kind
def test_without_targets_reference_calls_are_left_out_and_counted(vcf: Write, name: str) -> None:
    lines = [block(10, 20, ["0/0"] * 3), record(["0/0"] * 3, 30, alt="."), record(position=40)]
    source = open_source(vcf(lines, meta=HEADER, name=name))
    assert [b.variants.position.tolist() for b in source.blocks()] == [[40]]
    assert source.skipped == {"reference block": 1, "monomorphic": 1}


@in_every_kind
def test_a_record_without_alt_is_a_reference_call(vcf: Write, name: str) -> None:
    lines = [
        record(["0/0", "./.", "0"], 10, alt="."),
        record(["0/0"] * 3, 11, alt="."),
        record(["0/0", "0|0", "./0"], 19, ref="GTc", alt="."),
        record(["0/0"] * 3, 1030, ref="T", alt="."),
        record(["0/0"] * 3, 7777, ref="T", alt=".", name="rs40"),
        record(position=60),
    ]
    assert read(vcf(lines, meta=HEADER, name=name)) == [
        (10, ".", "A", ".", [0, -1, -1]),
        (20, ".", "T", ".", [0, 0, -1]),
        (1030, ".", "T", ".", [0, 0, 0]),
        (7777, "rs40", "T", ".", [0, 0, 0]),
        (60, ".", "A", "C", [0, 1, 2]),
    ]


@in_every_kind
@pytest.mark.parametrize(
    ("form", "values", "dosages"),
    [
        ("GT:GQ", ["10", "9", "."], [0, -1, 0]),
        ("GT:DP", ["5", "4", "."], [0, -1, 0]),
        ("GT:MIN_DP:DP", ["5:9", "4:9", ".:4"], [0, -1, -1]),
        ("GT:GQ:DP", ["10:1", "9:99", ".:1"], [0, -1, -1]),
    ],
)
def test_calls_of_blocks_of_low_quality_are_missing(
    vcf: Write, name: str, form: str, values: list[str], dosages: list[int]
) -> None:
    calls = [f"0/0:{value}" for value in values]
    lines = [block(10, 12, calls, form), record(calls, 20, alt=".", form=form), record(position=30)]
    found = read(vcf(lines, meta=HEADER, name=name))
    assert found[0][4] == dosages
    assert found[1][4] == [0, 0, 0]


@in_every_kind
def test_blocks_that_failed_their_filters_are_left_out(vcf: Write, name: str) -> None:
    lines = [record(["0/0"] * 3, 10, alt=".", filters="q10"), record(["0/0"] * 3, 20)]
    path = vcf(lines, meta=HEADER, name=name)
    assert read(path) == [
        (10, ".", ".", ".", [-1, -1, -1]),
        (20, ".", "A", "C", [0, 0, 0]),
    ]
    source = open_source(path, ReadOptions(targets=TARGETS))
    list(source.blocks())
    assert source.skipped == {"FILTER q10": 1}
    assert [row[4] for row in read(path, ReadOptions(None, TARGETS))] == [[0, 0, 0]] * 2


@in_every_kind
def test_likelihoods_of_a_block_are_used_before_its_calls(vcf: Write, name: str) -> None:
    lines = [
        block(10, 20, ["0/0:1:0,10,100", "0/0:50:.", "0/0:3:."], "GT:GQ:PL"),
        record(["0/1:9:20,0,40,9,9,9", "0/0:50:0,10,99,9,9,9", "./.:.:."], 30, alt="C,<NON_REF>",
               form="GT:GQ:PL"),
        block(40, 40, ["0/0:9:0", "0/0:50:0", "./.:.:."], "GT:GQ:PL", alt="."),
    ]  # fmt: skip
    options = ReadOptions(targets=TARGETS)
    path = vcf(lines, meta=HEADER, name=name)
    store = open_best([path], AUTO, options, lambda done, total: None)
    assert isinstance(store, LikelihoodStore)
    assert store.variants.alt.tolist() == [".", ".", "C", "."]
    assert store.snps == 1
    codes = [[FIELDS[f] if f < len(FIELDS) else "" for f in row] for row in store.fields]
    assert codes == [["PL", "GT", ""], ["PL", "GT", ""], ["PL", "PL", ""], ["GT", "GT", ""]]
    np.testing.assert_allclose(store.values[0, 0], [1, 0.1, 1e-10], rtol=1e-3, atol=1e-7)
    assert store.values[1, 1].tolist() == [1, 0, 0]


@pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is not installed")
def test_blocks_are_what_bcftools_expands_them_to(vcf: Write, tmp_path) -> None:
    rng = np.random.default_rng(5)
    lines, at = [], 1
    while at < 400:
        end = at + int(rng.integers(0, 30))
        calls = rng.choice(["0/0", "0|0", "./.", "0/0"], 3).tolist()
        lines.append(block(at, end, calls))
        at = end + 1 + int(rng.integers(0, 4))
    path = vcf(lines, meta=HEADER, name="x.vcf.bgz")
    reference = tmp_path / "r.fa"
    reference.write_text(">1\n" + "A" * 500 + "\n")
    command = ["bcftools", "convert", "--gvcf2vcf", "-f", str(reference), path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    codes = {"0/0": 0, "0|0": 0, "./.": -1}
    expected = {}
    for line in done.stdout.splitlines():
        if not line.startswith("#"):
            fields = line.split("\t")
            expected[int(fields[1])] = [codes[call.split(":")[0]] for call in fields[9:]]
    model = table([("chr1", p, ".", "A", "C") for p in range(1, 500, 3)])
    options = ReadOptions(targets=Targets.of(model, [model.position]))
    ours = {position: dosages for position, *_, dosages in read(path, options)}
    assert ours == {p: d for p, d in expected.items() if p % 3 == 1}
    assert len(ours) > 100
