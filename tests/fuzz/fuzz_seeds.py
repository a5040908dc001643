"""Small valid files of every format and shape of record: what the fuzzer damages."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from chain_files import Piece, write_chain
from eigenstrat_files import KINDS, fileset
from genotype_files import GT_FIELD, bgzf, record, vcf_text
from vcf_zarr_stores import ARRAYS, write_store, zipped

from ancestry_ddvi.artefacts.coordinates import Coordinates, write_components
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.artefacts.record import ModelOptions, ModelRecord
from ancestry_ddvi.artefacts.records import EmbeddedSamples
from ancestry_ddvi.genotypes.formats.variant_filter import table
from ancestry_ddvi.genotypes.harmonise.panel import Panel
from ancestry_ddvi.genotypes.projection.scores import Projection
from ancestry_ddvi.reference.groups import Groups
from ancestry_ddvi.reference.normals import Normals

Pack = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Seed:
    """A valid input.

    Attributes
    ----------
    kind : str
        The row of ``READERS`` that reads it.
    family : str
        The format, as counts are listed.
    name : str
    files : mapping of str to bytes
        Content by end of name, before compression; the first is the one that is given.
    packs : mapping of str to callable
        How some of them are compressed, by end of name.
    """

    kind: str
    family: str
    name: str
    files: Mapping[str, bytes]
    packs: Mapping[str, Pack] = field(default_factory=dict)


SAMPLES = ("a", "b", "NA3", "d")
MANY = tuple(f"s{i}" for i in range(20))
META = (
    "##fileformat=VCFv4.3",
    '##FILTER=<ID=PASS,Description="All filters passed">',
    '##FILTER=<ID=q10,Description="Low quality">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">',
    GT_FIELD,
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##FORMAT=<ID=MIN_DP,Number=1,Type=Integer,Description="Least depth">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">',
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">',
    '##FORMAT=<ID=GL,Number=G,Type=Float,Description="Likelihoods">',
    '##FORMAT=<ID=GP,Number=G,Type=Float,Description="Probabilities">',
    '##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">',
    '##ALT=<ID=*,Description="Any other allele">',
    '##ALT=<ID=NON_REF,Description="Any other allele">',
    '##ALT=<ID=DEL,Description="Deletion">',
    "##contig=<ID=1,length=249250621>",
    "##contig=<ID=2,length=243199373>",
    "##contig=<ID=X,length=155270560>",
)
GENOTYPES = ("0/0", "0|1", "1/1", "./.", "1|0", "0/1", "1|1", ".|.")
VALUES = {
    "GT": GENOTYPES,
    "PL": ("0,30,90", "20,0,40", "80,20,0", "0,0,0", "20,0,40", "."),
    "GL": ("0,-3,-9", "-2.5,0,-4", "-8,-1e1,0", "."),
    "GP": ("1,0,0", "0.05,0.9,0.05", "0,0.001,0.999", "0.333,0.333,0.334"),
    "DS": ("0", "1.01", "1.98", "0.667", "."),
    "AD": ("3,4", "0,9", ".,.", "12,0"),
    "DP": ("3", "40", ".", "127", "300"),
    "GQ": ("20", "99", ".", "5"),
}


def cells(form: str, row: int, samples: int) -> list[str]:
    """Sample columns of a record."""
    fields = [VALUES[name] for name in form.split(":")]
    return [":".join(some[(row + i) % len(some)] for some in fields) for i in range(samples)]


def of_form(form: str, samples: int = len(SAMPLES)) -> list[str]:
    """SNPs on two chromosomes, whose sample columns have this FORMAT."""
    shapes = [{}, {"name": "rs7"}, {"ref": "G", "alt": "T"}, {"filters": "."}, {"filters": "q10"},
              {"ref": "a", "alt": "g"}, {"ref": "AC"}, {"chromosome": "2"},
              {"chromosome": "2", "alt": "T", "position": 9000}]  # fmt: skip
    return [
        record(**{"calls": cells(form, i, samples), "position": 100 + i, "form": form, **shape})
        for i, shape in enumerate(shapes)
    ]  # fmt: skip


def block(position: int, end: int, call: str, alt: str = "<NON_REF>") -> str:
    """A reference block of a gVCF."""
    line = record([call] * len(SAMPLES), position, "A", alt, ".", form="GT:DP:GQ:MIN_DP:PL")
    return line.replace("\t.\tGT", f"\tEND={end}\tGT")


BLOCKS = [
    block(90, 104, "0/0:30:60:25:0,60,900"),
    record(["0/1:9:50:9:50,0,90,99,99,99"] * 4, 105, alt="C,<NON_REF>", form="GT:DP:GQ:MIN_DP:PL"),
    block(106, 120, "0/0:30:.:3:0,60,900", "<*>"),
    record(["0/2:9:50:9:50,99,99,0,99,90"] * 4, 121, alt="<*>,C", form="GT:DP:GQ:MIN_DP:PL"),
    block(122, 9500, "./.:0:0:0:0,0,0"),
    record(["0/0"] * 4, 9501, "C", "."),
]
SYMBOLIC = [
    record(["0/2", "2/2", "0/0", "2|0"], 100, alt="<*>,G"),
    record(["0/1", "1/1", "0/0", "2|0"], 101, alt="G,<NON_REF>"),
    record(["0/1", "1/1", "0/0", "./."], 102, alt="<DEL>"),
    record(["0/1", "1/1", "0/0", "./."], 103, alt="*"),
    record(["0/1", "1/1", "0/0", "./."], 104, alt="<*>,G,T"),
]
PLOIDY = [
    record(["0", "1", ".", "0/1"], 100),
    record(["1", "1", "0/1", "0/1/1"], 101),
    record(["0", "0/.", "./.", "1/1"], 102),
    record(["0", "1", "0/1", "1"], 103, chromosome="X"),
]
MULTI = [
    record(["0/1", "1/2", "2/2", "./2"], 100, alt="C,T"),
    record(["0/1", "1/1", "0/0", "./."], 101, alt="C"),
    record(["0/10", "10|10", "9/1", "."], 102, alt="C,T,G,AC,AG,AT,CC,CG,CT,GG"),
]
LATEST = [record(["/0|1", "|1|1", "/0/0", "./."], 100), record(["0/1", "1/1", "/.|1", "|1"], 101)]

RECORDS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "GT": (of_form("GT"), SAMPLES),
    "GT:AD:DP:GQ:PL": (of_form("GT:AD:DP:GQ:PL"), SAMPLES),
    "GT:PL, 20 samples": (of_form("GT:PL", 20), MANY),
    "GT:GL": (of_form("GT:GL"), SAMPLES),
    "GT:DS:GP": (of_form("GT:DS:GP"), SAMPLES),
    "DS": (of_form("DS"), SAMPLES),
    "DS, 20 samples": (of_form("DS", 20), MANY),
    "DP:GT": (of_form("DP:GT"), SAMPLES),
    "one sample": (of_form("GT:GP", 1), SAMPLES[:1]),
    "gVCF": (BLOCKS, SAMPLES),
    "symbolic": (SYMBOLIC, SAMPLES),
    "haploid": (PLOIDY, SAMPLES),
    "multi-allelic": (MULTI, SAMPLES),
    "VCF 4.4": (LATEST, SAMPLES),
}
"""Records and samples of each VCF by its name."""

TEXT_ONLY = {"VCF 4.4"}
"""What cyvcf2 cannot write as BCF."""


def gzipped(content: bytes) -> bytes:
    """As gzip, without the time."""
    return gzip.compress(content, mtime=0)


COMPRESSIONS: dict[str, tuple[str, Pack]] = {
    "VCF": (".vcf", bytes),
    "VCF.gz (gzip)": (".vcf.gz", gzipped),
    "VCF.gz (BGZF)": (".vcf.gz", bgzf),
}
BIM = b"1\trs0\t0\t100\tC\tA\n1\trs1\t0\t101\tG\tT\n1\t.\t0.5\t102\t0\tA\n2\trs3\t0\t9000\tAT\tA\n"
BED = bytes.fromhex("6c1b01") + bytes([0b11100100, 1, 0b01111011, 2, 255, 3, 0b00011011, 0])
FAM = b"f1 a 0 0 1 -9\nf1\tb\t0\t0\t2\t-9\nf2 NA3 a b 0 1\nf3 d 0 0 0 -9\nf3 e 0 0 0 2\n"
BIM_OF_FIVE = b"1 rs0 100 C A\n1 rs1 101 G T\n1 . 102 0 A\n2 rs3 9000 AT A\n"
FAM_OF_FIVE = b"f1 a 0 0 1\nf1 b 0 0 2\nf2 NA3 a b 0\nf3 d 0 0 0\nf3 e 0 0 0\n"
FILESETS = {
    "with FIDs": {".bed": BED, ".bim": BIM, ".fam": FAM},
    "five columns": {".bed": BED, ".bim": BIM_OF_FIVE, ".fam": FAM_OF_FIVE},
}
PVAR = (
    b"##contig=<ID=1,length=249250621>\n#CHROM\tPOS\tID\tREF\tALT\tFILTER\n1\t100\trs0\tA\tC\tPASS\n"
    b"1\t101\trs1\tT\tG\tq10\n1\t102\t.\tA\t.\t.\n2\t9000\trs3\tA\tAT\tPASS\n"
)
PSAM = b"#FID\tIID\tSEX\nf1\ta\t1\nf1\tb\t2\nf2\tNA3\tNA\nf3\td\tNA\nf3\te\tNA\n"
TABLES = {
    "tabs": b"sample\tpopulation\tregion\n" + b"".join(
        b"%s\tP%d\tR\n" % (name.encode(), i % 2) for i, name in enumerate(SAMPLES)),
    "commas": b"a,P1\nb,P1\nNA3,P2\nd,\"P2\"\n",
    "blanks": b"FID IID POP\nf a P1\nf b P1\nf NA3 P2\nf d NA\n",
}  # fmt: skip
POSITIONS = (
    b"id\tchromosome\tGRCh37\tGRCh38\tNCBI36\tstrand\n"
    b"a\t1\t100\t700\t90\t+\nb\tchr2\t5000\t0\tNA\t-\nc\tX\t5\t5\t5\t+\n"
)
REGIONS = b"track name=exome\n1\t0\t101\nchr1\t90\t300\tx\n2 8000 9000\n"


@cache
def seeds() -> Sequence[Seed]:
    """All seeds."""
    return [
        *_variant_files(),
        *_filesets(),
        *_eigenstrat(),
        *_stores(),
        *_bgen(),
        *_tables(),
        *_models(),
    ]


def _variant_files() -> Iterator[Seed]:
    for name, (records, samples) in RECORDS.items():
        text = vcf_text(records, samples, META)
        for family, (end, pack) in COMPRESSIONS.items():
            yield Seed("variants", family, name, {end: text.encode()}, {end: pack})
        if name not in TEXT_ONLY:
            yield Seed("variants", "BCF", name, {".bcf": _bcf(text)}, {".bcf": bgzf})


def _bcf(text: str) -> bytes:
    """The content of a BCF file, as cyvcf2 writes it."""
    from cyvcf2 import VCF, Writer

    with tempfile.TemporaryDirectory() as folder:
        plain, path = Path(folder) / "x.vcf", Path(folder) / "x.bcf"
        plain.write_text(text)
        reader = VCF(str(plain))
        writer = Writer(str(path), reader, mode="wb")
        writer.write_header()
        for line in reader:
            writer.write_record(line)
        writer.close()
        return gzip.decompress(path.read_bytes())


def _filesets() -> Iterator[Seed]:
    for name, files in FILESETS.items():
        yield Seed("PLINK 1", "PLINK 1", name, files)
    try:
        import pgenlib
        import zstandard
    except ImportError:
        return
    calls = np.array([[0, 1, 2, -9, 0], [2, 2, 1, 0, 0], [0] * 5, [1, 0, -9, 0, 1]], np.int8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.pgen"
        with pgenlib.PgenWriter(str(path).encode(), 5, variant_ct=4, nonref_flags=False) as writer:
            writer.append_biallelic_batch(calls)
        pgen = path.read_bytes()
    for end, pack in {".pvar": bytes, ".pvar.zst": zstandard.compress}.items():
        files = {".pgen": pgen, end: PVAR, ".psam": PSAM}
        yield Seed("PLINK 2", "PLINK 2", end, files, {end: pack})


def _eigenstrat() -> Iterator[Seed]:
    calls = np.array([[0, 1, 2, -1, 0], [2, 2, 1, 0, 0], [0] * 5, [1, 0, -1, 0, 1]])
    variants = [("1", 100, "rs0", "A", "C"), ("1", 101, "rs1", "T", "G"),
                ("1", 102, "mono", "A", "X"), ("2", 9000, "rs3", "A", "AT")]  # fmt: skip
    for kind in KINDS:
        files = fileset(kind, calls, variants, ("a", "b", "NA3", "d", "e"))
        yield Seed("EIGENSTRAT", "EIGENSTRAT", kind, files)


def _stores() -> Iterator[Seed]:
    """Folders, and zip archives of them."""
    try:
        import zarr  # noqa: F401
    except ImportError:
        return
    phred = np.tile(np.array([[0, 30, 90], [20, 0, 40], [-1, -2, -2]], np.int32), (6, 1, 1))
    for form in (2, 3):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.vcz"
            write_store(path, ARRAYS | {"call_PL": phred}, form, chunk=3)
            files = {
                f".vcz/{file.relative_to(path)}": file.read_bytes()
                for file in sorted(path.rglob("*"))
                if file.is_file()
            }
            archive = Path(zipped(path)).read_bytes()
        yield Seed("VCF Zarr", "VCF Zarr", f"folder, format {form}", files)
        yield Seed("VCF Zarr", "VCF Zarr", f"archive, format {form}", {".vcz.zip": archive})


def _bgen() -> Iterator[Seed]:
    try:
        import bgen
    except ImportError:
        return
    sure = np.array([[1, 0, 0], [0, 1, 0], [0.2, 0.3, 0.5], [np.nan] * 3])
    phased = np.array([[1, 0, 1, 0], [1, 0, 0, 1], [0.9, 0.1, 0.5, 0.5], [0, 1, 0, 1]], float)
    single = np.array([[0, 1, 0], [0, 1, np.nan], [1, 0, np.nan], [1, 0, 0]])
    variants = (
        {"genotypes": sure, "alleles": ["A", "C"]},
        {"genotypes": phased, "alleles": ["G", "T"], "phased": True, "bit_depth": 16},
        {"genotypes": single, "alleles": ["C", "T"], "ploidy": np.array([2, 1, 1, 2], np.uint8)},
        {"genotypes": sure, "alleles": ["A", "AT"]},
    )
    beside = "ID_1 ID_2 missing\n0 0 0\n" + "".join(f"{name} {name} 0\n" for name in SAMPLES)
    for how in (None, "zlib", "zstd"):
        with tempfile.TemporaryDirectory() as folder:
            path, names = Path(folder) / "x.bgen", SAMPLES if how else ()
            with bgen.BgenWriter(str(path), 4, samples=list(names), compression=how) as writer:
                for i, one in enumerate(variants):
                    writer.add_variant(f"v{i}", f"rs{i}", "1", 100 + i, **one)
            files = {".bgen": path.read_bytes()}
        files |= {} if how else {".sample": beside.encode()}
        yield Seed("BGEN", "BGEN", f"compressed by {how}", files)


def _tables() -> Iterator[Seed]:
    for name, content in TABLES.items():
        yield Seed("labels", "labels", name, {".tsv": content})
    for name, pack in {"plain": bytes, "gzip": gzipped}.items():
        yield Seed("regions", "BED of --targets", name, {".bed": REGIONS}, {".bed": pack})
        yield Seed("chain", "chain file", name, {".chain": _chain()}, {".chain": pack})
        yield Seed("chain", "positions", name, {".tsv": POSITIONS}, {".tsv": pack})


def _chain() -> bytes:
    pieces = [Piece(1, 0, 10_000, 1, 500), Piece(2, 50, 90_000, 2, 0, "-")]
    with tempfile.TemporaryDirectory() as folder:
        return write_chain(Path(folder) / "x.chain", pieces).read_bytes()


def _models() -> Iterator[Seed]:
    rng = np.random.default_rng(0)
    variants = table([("1", 100 + i, f"rs{i}", "A", "C") for i in range(30)])
    frequency, loadings = rng.random(30), np.linalg.qr(rng.normal(size=(30, 3)))[0]
    stretch = np.zeros(30, dtype=np.int64)
    projection = Projection(loadings, frequency, stretch, np.ones(3), 0.1, np.ones(2), 50, 2)
    cells = Normals(np.ones(2) / 2, rng.normal(size=(2, 2)), np.tile(np.eye(2), (2, 1, 1)))
    groups = Groups(("p",), (("a",), ("b",)), cells, cells, ((1.0,) * 3,))
    model = Model(
        Panel(variants, frequency, "GRCh37"), projection, {"a": np.ones(4)}, np.eye(2),
        ModelRecord(ModelOptions("ddvi", 2, 1, {}, {}), (0.1, 0.2), groups=groups),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        model.write(path)
        yield Seed("model", "model file", "small", {".ddvi": path.read_bytes()})
        Coordinates.of(_embedded(rng)).write(path)
        yield Seed("coordinates", "coordinates", "two axes", {".coords.tsv": path.read_bytes()})
        write_components(path, SAMPLES, rng.normal(size=(4, 2)))
        yield Seed("components", "components", "two", {".pcs.tsv": path.read_bytes()})


def _embedded(rng: np.random.Generator) -> EmbeddedSamples:
    posterior = SimpleNamespace(
        mean=rng.normal(size=(4, 2)),
        sd=rng.random((4, 2)),
        correlation=rng.random((4, 1)),
        effective_draws=rng.random(4),
        log_evidence=-rng.random(4),
    )
    scores = SimpleNamespace(observed=np.arange(4), effective_variants=rng.random(4))
    flags = ["", "related", "in_panel,few_draws", ""]
    return EmbeddedSamples(list(SAMPLES), posterior, scores, 10**6, 5000, rng.random(4), flags,
                           rng.random(4))  # fmt: skip
