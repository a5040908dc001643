"""A whole-genome VCF of one sample with an index: its calls at known variants among many others."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measuring import program

from ancestry_ddvi.genotypes.chromosomes import LENGTHS
from ancestry_ddvi.genotypes.formats.vcf_writer import bgzf
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.genotypes.variants import VariantTable

RECORDS = 5_000_000
CALLS = ("0/0", "0/1", "1/1")
BASES = np.array(list("ACGT"))
HEADER = """##fileformat=VCFv4.2
##FILTER=<ID=PASS,Description="All filters passed">
{contigs}##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Allele depths">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Phred-scaled likelihoods">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tGENOME
"""


def write(known: Path, path: Path, records: int = RECORDS, seed: int = 1) -> None:
    """Write the first sample of a fileset as GRCh37 among ``records`` records, and its index."""
    with path.open("wb") as out:
        out.writelines(bgzf(_text(known, records, seed), level=1))
    if not (tabix := program("tabix")):
        raise SystemExit("tabix is needed to index the VCF of this row and is not installed.")
    subprocess.run([tabix, "-p", "vcf", str(path)], check=True)


def _text(known: Path, records: int, seed: int) -> Iterator[bytes]:
    """The header, and the records of one chromosome after the other."""
    store = GenotypeStore.open([str(known)])
    calls = store.dosages(slice(0, len(store.variants)), np.array([0]))[:, 0]
    lengths = LENGTHS["GRCh37"]
    contigs = "".join(f"##contig=<ID={i},length={n}>\n" for i, n in enumerate(lengths, 1))
    yield HEADER.format(contigs=contigs).encode()
    rng = np.random.default_rng(seed)
    for number, length in enumerate(lengths, 1):
        rows = np.flatnonzero(store.variants.chromosome == str(number))
        count = round(records * length / sum(lengths)) - len(rows)
        yield _chromosome(store.variants[rows], calls[rows], count, length, rng).encode()


def _chromosome(
    variants: VariantTable, calls: np.ndarray, count: int, length: int, rng: np.random.Generator
) -> str:
    """Records of one chromosome in order: calls at the variants, and ``count`` others."""
    taken = set(variants.position.tolist())
    drawn = np.unique(rng.integers(10_000, length, count))
    drawn = drawn[~np.isin(drawn, list(taken))]
    ref = rng.integers(0, 4, len(drawn))
    alt = (ref + rng.integers(1, 4, len(drawn))) % 4
    position = np.concatenate([variants.position, drawn])
    order = np.argsort(position, kind="stable")
    first = np.concatenate([variants.ref, BASES[ref]])[order]
    second = np.concatenate([variants.alt, BASES[alt]])[order]
    call = np.concatenate([calls, rng.integers(1, 3, len(drawn))])[order].tolist()
    depth = rng.integers(20, 45, len(order)).tolist()
    name = variants.chromosome[0]
    return "".join(
        f"{name}\t{p}\t.\t{a}\t{b}\t{30 * d}.77\tPASS\tDP={d}\tGT:AD:DP:GQ:PL\t{_cell(c, d)}\n"
        for p, a, b, c, d in zip(position[order].tolist(), first, second, call, depth, strict=True)
    )


def _cell(call: int, depth: int) -> str:
    """A call with the depths and likelihoods that go with it."""
    if call < 0:
        return "./.:0,0:0:.:."
    alt = (0, depth // 2, depth)[call]
    likelihoods = ((0, 3, 45), (15, 0, 14), (45, 3, 0))[call]
    pl = ",".join(str(depth * each) for each in likelihoods)
    return f"{CALLS[call]}:{depth - alt},{alt}:{depth}:99:{pl}"
