"""Rows of the table of results: what is run, against what, and what is read of it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import genome
import machine
import peers
from measuring import Command, Run, in_turn, program
from truth import recovered

from ancestry_ddvi.genotypes.simulation.cohort import Design, write_cohort

OURS = str(Path(sys.executable).with_name("ddvi-ancestry"))
SELF = "ddvi-ancestry"

GROWTH_SAMPLES = (500, 1_000, 2_000, 4_000, 8_000, 16_000)
GROWTH_VARIANTS = (2_000, 4_000, 8_000, 16_000, 32_000, 64_000)
AT_VARIANTS, AT_SAMPLES = 10_000, 1_000
"""What is held constant while the other grows."""


@dataclass(frozen=True)
class Bench:
    """Where things are, and how often they are run.

    Attributes
    ----------
    data : Path
        Folder with kgp1092, kgp2504 and hapmap957.
    work : Path
        Folder for simulated cohorts and models, which are kept.
    runs, threads, seed : int
    sizes : sequence of (samples, variants)
        Simulated cohorts to fit.
    """

    data: Path
    work: Path
    runs: int
    threads: int
    seed: int
    sizes: Sequence[tuple[int, int]]

    def cohort(self, samples: int, variants: int) -> Path:
        """Prefix of a simulated cohort, written if it is not there."""
        prefix = self.work / f"simulated.{samples}x{variants}.seed{self.seed}"
        if not (prefix.with_name(f"{prefix.name}.truth") / "frequencies.npy").exists():
            write_cohort(Design(samples, variants, self.seed), prefix)
        return prefix

    def vcf(self, prefix: Path) -> Path:
        """A fileset as VCF.gz with an index, written if it is not there."""
        path = self.work / f"{prefix.name}.vcf.gz"
        if not path.exists():
            plink = needed("plink2")
            part = self.work / f"{prefix.name}.part"
            subprocess.run(
                [plink, "--bfile", str(prefix), "--export", "vcf", "bgz", "id-paste=iid",
                 "--out", str(part)], check=True, capture_output=True,
            )  # fmt: skip
            part.with_name(f"{part.name}.vcf.gz").rename(path)
            subprocess.run([needed("tabix"), "-p", "vcf", str(path)], check=True)
        return path

    def model(self, inputs: Path) -> Path:
        """A default model of a cohort, fitted if it is not there."""
        path = self.work / f"{inputs.name}.ddvi"
        if not path.exists():
            call = ours("fit", inputs, "--out", path.with_suffix(""))
            subprocess.run(call, check=True, capture_output=True)
        return path


def needed(name: str) -> str:
    """Path of a program that a row cannot do without."""
    if path := program(name):
        return path
    raise SystemExit(f"{name} is needed to prepare the files of this row and is not installed.")


def ours(command: str, *arguments: str | Path, threads: int | None = None) -> list[str]:
    """A call of this program."""
    given = [] if threads is None else ["--threads", str(threads)]
    return [OURS, command, *map(str, arguments), *given, "-q"]


def summary(folder: Path, prefix: str = "x") -> dict[str, Any]:
    """Size and times of stages of a run, from its summary."""
    found = json.loads((folder / f"{prefix}.summary.json").read_text())
    keys = ("samples", "samples_in_fit", "variants_in_model", "components", "timings")
    return {key: found[key] for key in keys if key in found}


Found = dict[str, list[Run] | str]
"""Runs of each program, or why there are none."""


@dataclass(frozen=True)
class Measured:
    """One row as it was measured.

    Attributes
    ----------
    key, what : str
    found : mapping
        By the name of the program; this one under ``SELF``.
    facts : dict
        Sizes of the input, and what was checked.
    """

    key: str
    what: str
    found: Found
    facts: dict[str, Any]


def machine_(bench: Bench) -> Iterator[Measured]:
    """Rates of the machine, for floors."""
    yield Measured("machine", "the machine", {}, machine.rates(bench.threads))


def help_(bench: Bench) -> Iterator[Measured]:
    """Start of the program."""
    found = in_turn({SELF: Command([OURS, "--help"])}, 5 * bench.runs, bench.threads)
    yield Measured("help", "`--help`", found, {})


def fit(bench: Bench) -> Iterator[Measured]:
    """Whole default fit, from VCF to table and figure."""
    vcf = bench.data / "kgp1092" / "kgp1092.vcf.gz"
    commands = {
        SELF: Command(ours("fit", vcf, "--out", "x", threads=bench.threads), summary),
        "plink2 and umap-learn": peers.plink_and_umap(vcf, bench.threads),
    }
    facts = {"command": "fit", "samples": 1092, "variants": 14_079, "text": True}
    yield Measured("fit", "`fit` of kgp1092.vcf.gz", _turns(bench, commands), facts)


def ingest(bench: Bench) -> Iterator[Measured]:
    """Reading a VCF of calls."""
    vcf = bench.vcf(bench.data / "kgp2504" / "kgp2504")
    commands = {SELF: Command(ours("ingest", vcf, "--out", "x"))}
    found = _turns(bench, {**commands, **peers.readers(vcf, bench.threads)}, 2)
    facts = {"command": "ingest", "samples": 2504, "variants": 23_770}
    yield Measured("ingest", "`ingest` of VCF.gz, 2,504 × 23,770", found, facts)


def cohort(bench: Bench) -> Iterator[Measured]:
    """Whole default fits of simulated cohorts, checked against their truth."""
    for samples, variants in bench.sizes:
        prefix = bench.cohort(samples, variants)
        call = ours("fit", f"{prefix}.bed", "--out", "x", threads=bench.threads)

        def facts(folder: Path, prefix: Path = prefix) -> dict[str, Any]:
            return {**summary(folder), "truth": recovered(prefix, folder / "x")}

        runs = bench.runs if samples * variants < 1e8 else 1
        found = in_turn({SELF: Command(call, facts)}, runs, bench.threads, warm=False)
        yield Measured(
            f"cohort.{samples}x{variants}",
            f"`fit` of a simulated .bed, {samples:,} × {variants:,}",
            found,
            {"command": "fit", "samples": samples, "variants": variants},
        )


def components(bench: Bench) -> Iterator[Measured]:
    """Components alone, of the same pruned variants."""
    for samples, variants in bench.sizes:
        pruned, left = _pruned(bench, bench.cohort(samples, variants))
        script = str(Path(__file__).with_name("components.py"))
        call = [sys.executable, script, f"{pruned}.bed", str(bench.threads)]
        commands = {
            SELF: Command([*call, "10"]),
            f"{SELF}, as in a fit": Command(call),
            **peers.components(pruned, samples, bench.threads),
        }
        found = in_turn(commands, bench.runs, bench.threads, warm=False)
        yield Measured(
            f"components.{samples}x{variants}",
            f"ten components of {samples:,} × {left:,}, pruned",
            found,
            {"command": "components", "samples": samples, "variants": left},
        )


def embed(bench: Bench) -> Iterator[Measured]:
    """Samples typed by arrays, embedded in a model of whole genomes."""
    vcf = bench.data / "kgp1092" / "kgp1092.vcf.gz"
    query = bench.data / "hapmap957" / "hapmap957.bed"
    call = ours("embed", bench.model(vcf), query, "--out", "x", threads=bench.threads)
    commands = {
        SELF: Command(call, summary),
        "plink2 and umap-learn": peers.plink_and_umap(vcf, bench.threads),
    }
    facts = {"command": "embed", "samples": 957, "variants": 13_928}
    what = "`embed` of 957 samples, against the map of kgp1092"
    yield Measured("embed", what, _turns(bench, commands), facts)


def genome_(bench: Bench) -> Iterator[Measured]:
    """One sample from a whole-genome VCF with an index."""
    model = bench.model(bench.data / "kgp1092" / "kgp1092.vcf.gz")
    query = bench.work / "genome.vcf.gz"
    if not query.with_name(f"{query.name}.tbi").exists():
        genome.write(bench.data / "kgp1092" / "kgp1092.bed", query)
    call = ours("embed", model, query, "--out", "x", threads=bench.threads)
    found = _turns(bench, {SELF: Command(call, summary)})
    what = "`embed` of one sample from an indexed VCF of 5 million records"
    yield Measured("genome", what, found, {"command": "embed", "samples": 1})


def growth(bench: Bench) -> Iterator[Measured]:
    """Ingest, fit and embed as samples and variants grow."""
    shapes = [("samples", n, AT_VARIANTS) for n in GROWTH_SAMPLES]
    shapes += [("variants", AT_SAMPLES, m) for m in GROWTH_VARIANTS]
    for axis, samples, variants in shapes:
        prefix = bench.cohort(samples, variants)
        model = bench.model(Path(f"{bench.cohort(AT_SAMPLES, variants)}.bed"))
        commands = {
            "ingest": Command(ours("ingest", bench.vcf(prefix), "--out", "x")),
            "fit": Command(
                ours("fit", f"{prefix}.bed", "--out", "x", threads=bench.threads), summary
            ),
            "embed": Command(
                ours("embed", model, f"{prefix}.bed", "--out", "x", threads=bench.threads), summary
            ),
        }
        for name, found in in_turn(commands, 1, bench.threads, warm=False).items():
            yield Measured(
                f"growth.{name}.{axis}.{samples if axis == 'samples' else variants}",
                f"`{name}` of {samples:,} × {variants:,}",
                {SELF: found},
                {"command": name, "axis": axis, "samples": samples, "variants": variants},
            )


def others(bench: Bench) -> Iterator[Measured]:
    """Other ways to components and clusters of kgp1092."""
    prefix = bench.data / "kgp1092" / "kgp1092"
    commands = {
        SELF: Command(ours("fit", f"{prefix}.bed", "--out", "x", threads=bench.threads), summary),
        **peers.components(prefix, 1092, bench.threads),
        **peers.whole_matrix(prefix, 4, bench.threads),
    }
    found = in_turn(commands, 1, bench.threads, warm=False)
    facts = {"command": "fit", "samples": 1092, "variants": 14_079}
    yield Measured(
        "others", "whole `fit` of kgp1092.bed; others components or clusters", found, facts
    )


ROWS: Mapping[str, Callable[[Bench], Iterator[Measured]]] = {
    "machine": machine_,
    "help": help_,
    "fit": fit,
    "ingest": ingest,
    "cohort": cohort,
    "components": components,
    "embed": embed,
    "genome": genome_,
    "growth": growth,
    "others": others,
}
"""Rows by the name under which they are chosen."""


def _turns(bench: Bench, commands: Mapping[str, Command | None], more: int = 1) -> Found:
    """Paired runs of the commands that are there."""
    there = {name: command for name, command in commands.items() if command}
    return in_turn(there, more * bench.runs, bench.threads)


def _pruned(bench: Bench, prefix: Path) -> tuple[Path, int]:
    """A fileset of the variants that LD pruning leaves, and their number."""
    out = bench.work / f"{prefix.name}.pruned"
    if not out.with_name(f"{out.name}.fam").exists():
        plink = f"{needed('plink2')} --threads {bench.threads}"
        bed, to = shlex.quote(str(prefix)), shlex.quote(str(out))
        lines = peers.shell(
            f"{plink} --bfile {bed} --maf 0.01 --indep-pairwise 1000kb 0.1 --out {to}",
            f"{plink} --bfile {bed} --extract {to}.prune.in --make-bed --out {to}",
        )
        subprocess.run(lines, check=True, capture_output=True)
    with out.with_name(f"{out.name}.bim").open() as lines_:
        return out, sum(1 for _ in lines_)
