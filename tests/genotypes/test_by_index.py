"""Reading by index gives what reading everything gives, or refuses and leaves it to that."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ancestry_ddvi.errors import DDVIError, InputUnreadable
from ancestry_ddvi.genotypes.formats import by_index, index
from ancestry_ddvi.genotypes.formats.by_index import NotByIndex
from ancestry_ddvi.genotypes.formats.reading import ReadOptions, Targets
from ancestry_ddvi.genotypes.formats.registry import open_source
from ancestry_ddvi.genotypes.harmonise.builds import build_evidence
from ancestry_ddvi.genotypes.harmonise.panel import Alignment, Panel
from ancestry_ddvi.genotypes.likelihood_store import LikelihoodStore, open_best
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.genotypes.variants import VariantTable

pytestmark = pytest.mark.skipif(
    not (shutil.which("bcftools") and shutil.which("bgzip") and shutil.which("tabix")),
    reason="bcftools or tabix is not installed",
)

Store = GenotypeStore | LikelihoodStore
META = (
    "##fileformat=VCFv4.2",
    '##FILTER=<ID=q10,Description="Low quality">',
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
    '##INFO=<ID=XEND,Number=1,Type=Integer,Description="None">',
    '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type">',
    '##ALT=<ID=DEL,Description="Deletion">',
    '##ALT=<ID=NON_REF,Description="Any">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">',
)
SHIFT = 1_000_003
SPAN = 3_000_000
KINDS = ("snp", "dense", "gvcf", "all_sites", "odd", "likelihoods")
INDEXES = ("tbi", "csi", "bcf", "coarse")


@pytest.fixture(autouse=True)
def small_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MIN_BYTES", 0)
    monkeypatch.setattr(by_index, "_NEAR", 1 << 10)
    monkeypatch.setattr(by_index, "_FIRST", 1 << 12)
    monkeypatch.setattr(by_index, "_MOST", 1 << 13)


def panel_of(rng: random.Random, variants: int = 60) -> Panel:
    """A model of chromosomes 1 and 2, known in two builds, some of it in one alone."""
    sites = sorted(
        {(rng.choice("12"), rng.randrange(1, SPAN)) for _ in range(variants)},
        key=lambda site: (int(site[0]), site[1]),
    )
    pairs = [rng.sample("ACGT", 2) for _ in sites]
    columns = [
        [chromosome for chromosome, _ in sites],
        [f"rs{i}" for i in range(len(sites))],
        [pair[0] for pair in pairs],
        [pair[1] for pair in pairs],
    ]
    chromosome, name, ref, alt = (np.array(column, object) for column in columns)
    position = np.array([position for _, position in sites], np.int64)
    table = VariantTable(chromosome, position, name, ref, alt)
    lifted = position + SHIFT
    lifted[rng.sample(range(len(sites)), rng.choice([0, 3]))] = 0
    return Panel(table, np.full(len(sites), 0.3), "GRCh37", {"GRCh38": lifted})


def written(
    folder: Path, rng: random.Random, panel: Panel, kind: str, how: str, samples: int
) -> Path:
    """A sorted file with an index: records at variants of the model, around and over them."""
    build = rng.choice(["GRCh37", "GRCh37", "GRCh38"])
    chr_ = rng.choice(["", "chr"])
    positions = panel.positions[build]
    of_model = {
        (chromosome, int(position)): row
        for row, (chromosome, position) in enumerate(
            zip(panel.variants.chromosome, positions, strict=True)
        )
        if position > 0
    }
    others = {(rng.choice("123"), rng.randrange(1, SPAN + SHIFT)) for _ in range(1500)}
    records = []
    for chromosome, position in sorted({*of_model, *others}, key=lambda s: (int(s[0]), s[1])):
        row = of_model.get((chromosome, position))
        for _ in range(1 + (rng.random() < 0.05)):
            record = record_at(rng, panel, row, position, kind, samples)
            records += [f"{chr_}{chromosome}\t{position}\t{record}"] if record else []
    contigs = [f"##contig=<ID={chr_}{c},length=249250621>" for c in "123"]
    names = "\t".join(f"s{i}" for i in range(samples))
    head = [*META, *contigs, f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}"]
    path = folder / "x.vcf"
    end = rng.choice(["\n", "\r\n"]) if how in ("tbi", "coarse") else "\n"
    path.write_bytes((end.join([*head, *records]) + end).encode())
    return indexed(path, how)


def record_at(
    rng: random.Random, panel: Panel, row: int | None, position: int, kind: str, samples: int
) -> str:
    """What follows POS; empty for no record."""
    ref, alt = rng.sample("ACGT", 2)
    name, share, info, filters = ".", rng.random(), ".", "PASS"
    if row is not None:
        ref, alt = str(panel.variants.ref[row]), str(panel.variants.alt[row])
        name = str(panel.variants.id[row]) if kind != "gvcf" and share < 0.9 else "."
        if share < 0.1:
            ref, alt = rng.sample("ACGT", 2)
        elif share < 0.2:
            ref, alt = alt, ref
    elif rng.random() < 0.05:
        name = f"rs{rng.randrange(60)}"  # the name of a variant elsewhere
    if kind == "gvcf" and rng.random() < 0.7:
        alt, info = "<NON_REF>", f"END={position + rng.choice([0, 5, 1000, 40_000])}"
    elif kind == "all_sites" and rng.random() < 0.6:
        alt = "."
    elif kind == "odd" and rng.random() < 0.5:
        ref, alt, info, filters = rng.choice([
            (ref, f"{alt},{'ACGT'[position % 4]}TT", "DP=3", "PASS"),
            (ref + "ACGT" * rng.choice([1, 600]), ref, ".", "PASS"),
            (ref, "<DEL>", f"SVTYPE=DEL;END={position + rng.choice([3, 20_000])}", "PASS"),
            (ref, "<*>", f"XEND=7;END={position + 300}", "q10"),
            (ref, alt, ".", "q10"),
            (ref, ".", f"DP=1;END={position + 2_000}", "PASS"),
        ])  # fmt: skip
    elif kind == "dense" and rng.random() < 0.3:
        return ""
    calls = [rng.choice(["0/0", "0/1", "1|1", "./.", "0/0"]) for _ in range(samples)]
    form = "GT"
    if kind == "likelihoods":
        form = rng.choice(["GT:PL", "PL", "GT"])
        pl = [f"{rng.randrange(90)},0,{rng.randrange(90)}" for _ in calls]
        calls = [":".join({"GT": c, "PL": p}[f] for f in form.split(":"))
                 for c, p in zip(calls, pl, strict=True)]  # fmt: skip
    elif rng.random() < 0.5:
        form = "GT:DP:GQ"
        calls = [f"{call}:{rng.randrange(40)}:{rng.randrange(60)}" for call in calls]
    return "\t".join([name, ref, alt, "50", filters, info, form, *calls])


def indexed(path: Path, how: str) -> Path:
    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True)

    packed = Path(f"{path}.gz")
    if how == "bcf":
        packed = path.with_suffix(".bcf")
        run("bcftools", "view", "-Ob", "-o", str(packed), str(path))
        run("bcftools", "index", "-f", str(packed))
        return packed
    run("bgzip", "-f", str(path))
    if how == "tbi":
        run("tabix", "-f", "-p", "vcf", str(packed))
    else:
        run("bcftools", "index", "-f", "-m", "14" if how == "csi" else "20", str(packed))
    return packed


def read(path: Path, panel: Panel, besides: bool, field: str = "auto") -> tuple[Store, Alignment]:
    targets = Targets.of(panel.variants, panel.positions.values())
    options = ReadOptions(targets=targets, by_index=build_evidence() if besides else None)
    store = open_best([str(path)], field, options, lambda done, total: None)
    assert (store.by_index is not None) == besides
    return store, panel.align(store.variants, store.counts(), store.build_hint)


@pytest.mark.parametrize("how", INDEXES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_genotypes_and_counts_as_of_the_whole_file(
    tmp_path: Path, kind: str, how: str
) -> None:
    settled = 0
    for seed in range(4):
        rng = random.Random(f"{kind} {how} {seed}")
        folder = tmp_path / str(seed)
        folder.mkdir()
        panel = panel_of(rng)
        path = written(folder, rng, panel, kind, how, rng.choice([1, 1, 3]))
        store, alignment = read(path, panel, besides=True)
        if not alignment.settled:
            continue
        settled += 1
        whole, expected = read(path, panel, besides=False)
        assert store.by_index.read < len(whole.variants) + whole.skipped.total()
        same_alignment(alignment, expected)
        np.testing.assert_array_equal(
            alignment.dosages(store, 0, len(panel)), expected.dosages(whole, 0, len(panel))
        )
        assert type(store) is type(whole)
        if isinstance(store, LikelihoodStore) and isinstance(whole, LikelihoodStore):
            both = (
                np.stack(list(one.likelihoods(found, panel.frequency)))
                for one, found in ((store, alignment), (whole, expected))
            )
            np.testing.assert_array_equal(*both)
    assert settled >= 1 or kind in ("gvcf", "odd", "all_sites")


def same_alignment(found: Alignment, expected: Alignment) -> None:
    """All but what needs the whole file; ``rows`` are of different tables."""
    for name in ("swapped", "absent", "position"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert (found.same_alleles, found.key) == (expected.same_alleles, expected.key)
    assert {*found.report.rejected} - {"id"} == {*expected.report.rejected} - {"id"}
    unknown: dict[str, Any] = {"file_variants": 0, "id_matches": 0, "rejected": []}
    assert replace(found.report, **unknown) == replace(expected.report, **unknown)


def test_an_older_index_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rng = random.Random(1)
    path = written(tmp_path, rng, panel_of(rng), "snp", "tbi", 1)
    os.utime(f"{path}.tbi", (1, 1))
    read(path, panel_of(random.Random(1)), besides=False)
    options = ReadOptions(by_index=build_evidence())
    assert open_source(str(path), options).by_index is None
    assert "is older than" in caplog.text


def test_a_damaged_index_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rng = random.Random(1)
    path = written(tmp_path, rng, panel_of(rng), "snp", "tbi", 1)
    content = Path(f"{path}.tbi").read_bytes()
    options = ReadOptions(by_index=build_evidence())
    for change in (content[:-40], b"", b"no index", content[:100] + b"x" + content[101:]):
        Path(f"{path}.tbi").write_bytes(change)
        assert open_source(str(path), options).by_index is None
    assert "is not used" in caplog.text


def test_the_index_of_a_shorter_file_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, random.Random(1), panel_of(random.Random(1)), "snp", "tbi", 1)
    with path.open("r+b") as handle:
        content = handle.read()
        handle.write(content[-28:] * 3000)
    Path(f"{path}.tbi").touch()
    assert open_source(str(path), ReadOptions(by_index=build_evidence())).by_index is None
    assert "is not the index of" in caplog.text


@pytest.mark.parametrize("how", ["tbi", "csi", "bcf"])
def test_a_damaged_index_is_refused_or_leads_to_no_other_genotypes(
    tmp_path: Path, how: str
) -> None:
    """Bytes of its content changed: read, noticed, or refused in one sentence, and soon."""
    rng = random.Random(how)
    panel = panel_of(rng)
    path = written(tmp_path, rng, panel, "snp", how, 1)
    beside = Path(f"{path}.{'tbi' if how == 'tbi' else 'csi'}")
    content = gzip.decompress(beside.read_bytes())
    whole, expected = read(path, panel, besides=False)
    dosages = expected.dosages(whole, 0, len(panel))
    for _ in range(60):
        data = bytearray(content)
        for _ in range(rng.choice([1, 3])):
            data[rng.randrange(min(len(data), rng.choice([60, 10**6])))] = rng.randrange(256)
        beside.write_bytes(gzip.compress(bytes(data), 1))
        try:
            index.read_index(beside)
            store, alignment = read(path, panel, besides=True)
        except (InputUnreadable, NotByIndex):
            continue
        found = alignment.dosages(store, 0, len(panel))
        assert ((found == dosages) | (found < 0)).all()


@pytest.mark.parametrize("how", ["tbi", "csi", "bcf"])
def test_the_index_of_another_file_is_noticed(tmp_path: Path, how: str) -> None:
    rng = random.Random(3)
    panel = panel_of(rng)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    path = written(tmp_path / "a", rng, panel, "snp", how, 3)
    other = written(tmp_path / "b", rng, panel, "gvcf", how, 1)
    end = "tbi" if how == "tbi" else "csi"
    shutil.copy(f"{other}.{end}", f"{path}.{end}")
    with pytest.raises(NotByIndex):
        read(path, panel, besides=True)


@pytest.mark.parametrize("how", ["tbi", "bcf"])
def test_what_cannot_be_read_is_left_to_reading_the_whole_file(tmp_path: Path, how: str) -> None:
    """Whose message has the line."""
    rng = random.Random(4)
    panel = panel_of(rng)
    path = written(tmp_path, rng, panel, "snp", "tbi", 1)
    lines = subprocess.run(
        ["bgzip", "-dc", str(path)], check=True, capture_output=True
    ).stdout.split(b"\n")
    for change in (b"0/x", b"0/1\t0/1", b"0"):
        bad = [line.rpartition(b"\t")[0] + b"\t" + change if b"rs1\t" in line else line
               for line in lines]  # fmt: skip
        text = tmp_path / f"{len(change)}.vcf"
        text.write_bytes(b"\n".join(bad))
        made = indexed(text, "tbi")
        if change == b"0":
            with pytest.raises(NotByIndex):  # a haploid call: what it means others decide
                read(made, panel, besides=True)
            read(made, panel, besides=False)
            continue
        with pytest.raises(NotByIndex):
            read(made, panel, besides=True)
        with pytest.raises(DDVIError, match="line"):
            read(made, panel, besides=False)


def test_the_build_is_inferred_from_anchors_and_ends_alone() -> None:
    """``infer_build`` gives the same for a table and for what is read of it by an index."""
    from ancestry_ddvi.genotypes.chromosomes import LENGTHS
    from ancestry_ddvi.genotypes.harmonise.builds import infer_build
    from ancestry_ddvi.genotypes.packaged import rows_of

    rng = random.Random(2)
    evidence = build_evidence()
    anchors = [[*row] for row in rows_of("anchors.tsv")]
    for _ in range(40):
        build = rng.choice(list(LENGTHS))
        column = rng.choice([2, 3])
        rows = [(a[1], int(a[column]), a[0]) for a in rng.sample(anchors, rng.choice([0, 2, 9]))]
        for number in range(1, 23):
            length = LENGTHS[build][number - 1]
            rows += [(str(number), rng.randrange(1, length + 1), ".") for _ in range(20)]
            rows += [(str(number), length - rng.choice([0, 10, 10**6]), ".")]
        chromosome, position, name = (np.array(c, object) for c in zip(*rows, strict=True))
        letters = np.full(len(rows), "A", object)
        table = VariantTable(chromosome, position.astype(np.int64), name, letters, letters)
        kept = np.array([
            p in evidence.positions.get(c, []) or p > evidence.beyond[c] for c, p, _ in rows
        ])  # fmt: skip
        assert infer_build(table[kept]) == infer_build(table)
