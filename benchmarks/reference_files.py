"""Genotypes of samples as files of many kinds: parts of the variants, reads, builds, gVCFs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts import reads
from reference_panels import COMPLEMENT, Panel
from splits import part

from ancestry_ddvi.genotypes.chromosomes import LENGTHS
from ancestry_ddvi.genotypes.formats.plink import write_plink
from ancestry_ddvi.genotypes.formats.vcf_writer import bgzf
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.genotypes.variants import Block, VariantTable

READ_ERROR = 0.01
READ = 200
"""Samples of each fold for which reads are simulated."""

COMMON = 0.05
ON_ARRAY = 0.3
NEAR_EXON = 200
WINDOW, COVERED, CALLED = 50_000, 0.9, 0.95

CALLS = np.array(["./.", "0/0", "0/1", "1/1"])
"""By dosage + 1."""

OTHER = dict(zip("ACGT", "CATG", strict=True))
"""A base that is not the one."""

PL = ("0,90,1350", "900,0,900,990,990,1890", "1350,90,0,1350,90,1350")
"""Of 30 reads: of REF alone; and with <NON_REF> of a heterozygous and a homozygous call."""


@dataclass(frozen=True)
class Query:
    """Genotypes to ask about.

    Attributes
    ----------
    panel : Panel
    samples : ndarray of int
        Rows of the panel.
    variants : VariantTable
    dosages : ndarray of int8, (variants, samples)
    seed : int
    """

    panel: Panel
    samples: np.ndarray
    variants: VariantTable
    dosages: np.ndarray
    seed: int

    @classmethod
    def of(cls, panel: Panel, samples: np.ndarray, seed: int) -> Query:
        """All genotypes of some samples of a panel."""
        every = slice(0, len(panel.store))
        dosages = panel.store.dosages(every, samples)
        return cls(panel, samples, panel.store.variants, dosages, seed)

    @property
    def ids(self) -> list[str]:
        """Names of the samples."""
        return [self.panel.store.samples[i] for i in self.samples]

    @property
    def rng(self) -> np.random.Generator:
        """The same numbers for the same seed."""
        return np.random.default_rng((self.seed, 7))

    def at(self, variants: np.ndarray) -> Query:
        """Some of the variants, by a mask or rows."""
        return replace(self, variants=self.variants[variants], dosages=self.dosages[variants])

    def by_genome(self) -> Query:
        """As sequencing writes it, with the REF of the genome.

        Where the panel has alleles in the order of its source, half of them are the other way
        round, at random: which ones is not known.
        """
        if self.panel.of_genome:
            return self
        turned = self.rng.random(len(self.variants)) < 0.5
        table = self.variants
        ref = np.where(turned, table.alt, table.ref)
        alt = np.where(turned, table.ref, table.alt)
        exchanged = turned[:, None] & (self.dosages >= 0)
        dosages = np.where(exchanged, 2 - self.dosages, self.dosages).astype(np.int8)
        return replace(self, variants=replace(table, ref=ref, alt=alt), dosages=dosages)

    def some(self, most: int) -> Query:
        """At most so many of the samples, spread evenly."""
        kept = np.linspace(0, len(self.samples) - 1, min(most, len(self.samples))).astype(int)
        return replace(self, samples=self.samples[kept], dosages=self.dosages[:, kept])


Writer = Callable[[Query, Path], str]
"""Writes a file with a prefix and returns its name."""


@dataclass(frozen=True)
class Condition:
    """One kind of file.

    Attributes
    ----------
    title : str
    write : Writer
    source : str
        Where a list of variants is from, or how it is simulated.
    hides : bool
        Whether it says less than all calls, so that coverage is measured.
    most : int
        Samples of each fold.
    """

    title: str
    write: Writer
    source: str = ""
    hides: bool = True
    most: int = 10**6


def plink(query: Query, prefix: Path) -> str:
    """Hard calls, PLINK 1."""
    write_plink(prefix, query.ids, [Block(query.variants, query.dosages)])
    return f"{prefix}.bed"


def share(of_all: float) -> Writer:
    """A share of the variants at random, the same for all samples of the file."""

    def write(query: Query, prefix: Path) -> str:
        return plink(query.at(query.rng.random(len(query.variants)) < of_all), prefix)

    return write


def array(query: Query, prefix: Path) -> str:
    """Common variants, as on an array."""
    frequency = query.panel.frequency
    common = np.minimum(frequency, 1 - frequency) >= COMMON
    return plink(query.at(common & (query.rng.random(len(common)) < ON_ARRAY)), prefix)


def at_sites_of(other: str) -> Writer:
    """The variants whose positions another data set has."""

    def write(query: Query, prefix: Path) -> str:
        return plink(query.at(apart(query, other) == 0), prefix)

    return write


def near_sites_of(other: str) -> Writer:
    """The variants in or beside exons, as far as the sites of another data set show them."""

    def write(query: Query, prefix: Path) -> str:
        return plink(query.at(apart(query, other) <= NEAR_EXON), prefix)

    return write


def apart(query: Query, other: str) -> np.ndarray:
    """Distance of each variant to the nearest of a .bim, in bases; int (variants,)."""
    columns = ["chromosome", "id", "cm", "position", "alt", "ref"]
    known = pd.read_csv(query.panel.data / other, sep="\t", names=columns, dtype={0: str})
    found = np.full(len(query.variants), 10**9)
    for name, rows in known.groupby("chromosome"):
        mine = query.variants.chromosome == name
        sites, position = np.sort(rows["position"].to_numpy()), query.variants.position[mine]
        after = np.searchsorted(sites, position).clip(1, len(sites) - 1)
        found[mine] = np.minimum(abs(sites[after] - position), abs(sites[after - 1] - position))
    return found


def typed_again(query: Query, prefix: Path) -> str:
    """The calls of arrays for those of the samples that HapMap 3 has too, in NCBI36."""
    store = GenotypeStore.open([str(query.panel.data / "hapmap957" / "hapmap957.bed")])
    place = {sample: i for i, sample in enumerate(store.samples)}
    rows = np.array([place[i] for i in query.ids if i in place])
    part(store, rows, prefix)
    return f"{prefix}.bed"


def exome(query: Query, prefix: Path) -> str:
    """Nine tenths of the windows of exonic variants, and 5 % of the calls missing."""
    rng = query.rng
    window = query.variants.position // WINDOW % 97
    targets = np.isin(window, rng.permutation(97)[: round(97 * COVERED)])
    called = rng.random(query.dosages.shape) < CALLED
    kept = replace(query, dosages=np.where(called, query.dosages, -1).astype(np.int8))
    return plink(kept.at(targets), prefix)


def at_depth(depth: float) -> Writer:
    """Likelihoods of simulated reads, as PL in a VCF without calls."""

    def write(query: Query, prefix: Path) -> str:
        cells = [
            _phred(likelihood) for likelihood in reads(query.dosages, depth, query.rng, READ_ERROR)
        ]
        return _vcf(query.ids, query.variants, "PL", zip(*cells, strict=True), prefix, "GRCh37")

    return write


def _phred(likelihood: np.ndarray) -> list[str]:
    """PL of each variant of a sample."""
    pl = np.rint(-10 * np.log10(likelihood)).astype(np.int64)
    code, place = np.unique(pl @ np.array([1 << 40, 1 << 20, 1]), return_inverse=True)
    mask = (1 << 20) - 1
    text = [f"{c >> 40},{c >> 20 & mask},{c & mask}" for c in code.tolist()]
    return [text[i] for i in place.tolist()]


def vcf(query: Query, prefix: Path) -> str:
    """Hard calls, VCF."""
    calls = CALLS[query.dosages + 1].tolist()
    return _vcf(query.ids, query.variants, "GT", calls, prefix, "GRCh37")


def without_ids(query: Query, prefix: Path) -> str:
    """As ``vcf``, with no ID of any variant."""
    none = np.full(len(query.variants), ".", dtype=object)
    return vcf(replace(query, variants=replace(query.variants, id=none)), prefix)


def other_build(query: Query, prefix: Path) -> str:
    """GRCh38, with half of the alleles swapped and half on the other strand, without IDs."""
    known, position = query.variants, query.panel.grch38
    kept = np.flatnonzero(position > 0)
    kept = kept[np.lexsort([position[kept], known.chromosome[kept].astype(int)])]
    swapped, flipped = query.rng.random((2, len(kept))) < 0.5
    ref, alt = known.ref[kept], known.alt[kept]
    ref, alt = np.where(swapped, alt, ref), np.where(swapped, ref, alt)
    ref, alt = (np.where(flipped, _complement(a), a) for a in (ref, alt))
    dosages = query.dosages[kept]
    exchanged = np.where(swapped[:, None] & (dosages >= 0), 2 - dosages, dosages)
    none = np.full(len(kept), ".", dtype=object)
    variants = VariantTable(known.chromosome[kept], position[kept], none, ref, alt)
    return _vcf(query.ids, variants, "GT", CALLS[exchanged + 1].tolist(), prefix, "GRCh38")


def gvcf(query: Query, prefix: Path) -> str:
    """The first sample, with blocks of homozygous reference between its variants."""
    lines = list(_blocks(query.variants, query.dosages[:, 0]))
    return _written(prefix, query.ids[:1], lines, "GRCh37")


def variants_only(query: Query, prefix: Path) -> str:
    """The first sample, its calls with ALT alone."""
    rows = np.flatnonzero(query.dosages[:, 0] > 0)
    return vcf(replace(query.at(rows), samples=query.samples[:1],
                       dosages=query.dosages[rows, :1]), prefix)  # fmt: skip


def _blocks(variants: VariantTable, dosages: np.ndarray) -> Iterator[str]:
    """Records of a gVCF; nothing is said where a call is missing.

    A block begins before its first variant where it can, so that its REF is not that of a variant.
    """
    rows = zip(variants.chromosome, variants.position.tolist(), variants.ref, variants.alt,
               dosages.tolist(), strict=True)  # fmt: skip
    block: list[Any] = []
    last: tuple[str, int] = ("", 0)
    for chromosome, position, ref, alt, dosage in rows:
        if block and (dosage or block[0] != chromosome):
            yield _block(*block)
            block = []
        if dosage > 0:
            yield (
                f"{chromosome}\t{position}\t.\t{ref}\t{alt},<NON_REF>\t900\t.\tDP=30\t"
                f"GT:DP:GQ:PL\t{CALLS[dosage + 1]}:30:99:{PL[dosage]}\n"
            )
        elif dosage == 0 and block:
            block[2] = position
        elif dosage == 0:
            before = last[0] == chromosome and last[1] == position - 1
            block = [chromosome, position - (not before), position, ref if before else OTHER[ref]]
        last = chromosome, position
    if block:
        yield _block(*block)


def _block(chromosome: str, start: int, end: int, ref: str) -> str:
    return (
        f"{chromosome}\t{start}\t.\t{ref}\t<NON_REF>\t.\t.\tEND={end}\t"
        f"GT:DP:GQ:MIN_DP:PL\t0/0:30:90:30:{PL[0]}\n"
    )


def _complement(alleles: np.ndarray) -> np.ndarray:
    return np.array([allele.translate(COMPLEMENT) for allele in alleles], dtype=object)


def _vcf(
    samples: list[str], variants: VariantTable, name: str, cells: Iterable[Iterable[str]],
    prefix: Path, build: str,
) -> str:  # fmt: skip
    """A VCF with one FORMAT field; ``cells`` has those of each variant."""
    columns = (variants.chromosome, variants.position.tolist(), variants.id, variants.ref,
               variants.alt)  # fmt: skip
    lines = (
        f"{c}\t{p}\t{i}\t{a}\t{b}\t.\tPASS\t.\t{name}\t" + "\t".join(row) + "\n"
        for c, p, i, a, b, row in zip(*columns, cells, strict=True)
    )
    return _written(prefix, samples, lines, build)


FORMATS = {
    "GT": 'Number=1,Type=String,Description="Genotype"',
    "DP": 'Number=1,Type=Integer,Description="Depth"',
    "MIN_DP": 'Number=1,Type=Integer,Description="Least depth in the block"',
    "GQ": 'Number=1,Type=Integer,Description="Quality of the genotype"',
    "PL": 'Number=G,Type=Integer,Description="Phred-scaled likelihoods"',
}


def _written(prefix: Path, samples: list[str], lines: Iterable[str], build: str) -> str:
    """A header and records, BGZF."""
    contigs = enumerate(LENGTHS[build], 1)
    header = [
        "##fileformat=VCFv4.2\n",
        '##FILTER=<ID=PASS,Description="All filters passed">\n',
        *(f"##contig=<ID={i},length={n}>\n" for i, n in contigs),
        '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">\n',
        '##INFO=<ID=END,Number=1,Type=Integer,Description="End of the block">\n',
        *(f"##FORMAT=<ID={name},{text}>\n" for name, text in FORMATS.items()),
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]),
        "".join(f"\t{sample}" for sample in samples) + "\n",
    ]
    path = f"{prefix}.vcf.gz"
    with open(path, "wb") as out:
        out.writelines(bgzf((line.encode() for line in [*header, *lines]), level=1))
    return path


@dataclass(frozen=True)
class FileKind:
    """One way to write the same genotypes, which must give the same answer.

    Attributes
    ----------
    title : str
    write : Writer
    single : bool
        Whether a file holds one sample.
    options : dict
        Of ``assign``.
    """

    title: str
    write: Writer
    single: bool = False
    options: dict[str, Any] = field(default_factory=dict)


def conditions(name: str) -> dict[str, Condition]:
    """The conditions of a model by their key, in the order of the table."""
    return {
        "all": Condition("all variants", plink, hides=False),
        **(EXONIC if name == "kgp" else OF_ARRAYS),
        **{
            f"reads{depth:g}": Condition(
                f"reads, depth {depth:g}", at_depth(depth), READS, most=READ
            )
            for depth in (4, 1, 0.5)
        },
        **{
            f"share{part:g}": Condition(
                f"{100 * part:g} % of the variants", share(part), "at random"
            )
            for part in (0.1, 0.01, 0.001)
        },
    }


READS = f"simulated: Poisson depth, {100 * READ_ERROR:g} % errors, PL"
ARRAY = Condition(
    "array",
    array,
    f"simulated: {100 * ON_ARRAY:g} % of the variants of {100 * COMMON:g} % frequency or more",
)
EXONIC = {
    "exome": Condition(
        "exome",
        exome,
        f"simulated: {100 * COVERED:g} % of windows of {WINDOW // 1000} kb, "
        f"{100 - 100 * CALLED:g} % of calls missing",
    ),
    "array": ARRAY,
    "listed": Condition(
        "HapMap 3 arrays",
        at_sites_of("kgp1092/kgp1092.bim"),
        "the variants that 1000 Genomes phase 1 and HapMap 3 have in common",
    ),
}
OF_ARRAYS = {
    "typed": Condition(
        "the samples of HapMap 3, typed by arrays",
        typed_again,
        "all variants, other measurements of phase 1 samples, positions of NCBI36",
        hides=False,
    ),
    "array": ARRAY,
    "exome": Condition(
        "exome",
        near_sites_of("kgp2504/kgp2504.bim"),
        f"the variants within {NEAR_EXON} bases of a variant of `kgp`",
    ),
}


KINDS = {
    "plain": FileKind("VCF, the calls of all variants", vcf),
    "no_ids": FileKind("no IDs of variants", without_ids),
    "other_build": FileKind("GRCh38, alleles swapped and on the other strand", other_build),
    "gvcf": FileKind("gVCF of one sample, with reference blocks", gvcf, single=True),
    "variants": FileKind("variants alone of one sample", variants_only, single=True),
    "reference": FileKind(
        "variants alone of one sample, `--absent reference`", variants_only, single=True,
        options={"absent": "reference"},
    ),
}  # fmt: skip
"""Files of the same genotypes; the first is what the others are compared with."""
