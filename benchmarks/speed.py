"""Wall times and peak memory of whole processes, this program and another in turn.

usage: speed.py VCF.GZ [--model MODEL QUERY] [--runs 5] [--growth]

Prints one JSON line per row: medians in seconds, the median of the pairwise ratios, and peak
memory in MiB. Programs that are not installed are left out. With --growth, the times of fits of
simulated cohorts of growing size and the slopes of their logarithms.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ancestry_ddvi.genotypes.simulation.populations import simulate

OURS = [str(Path(sys.executable).with_name("ddvi-ancestry"))]
LOOP = "import sys, cyvcf2\nfor v in cyvcf2.VCF(sys.argv[1], gts012=True): v.gt_types"
UMAP = """
import sys, numpy as np, umap
rows = [line.split()[-20:] for line in open(sys.argv[1] + ".eigenvec")][1:]
values = np.loadtxt(sys.argv[1] + ".eigenval")
umap.UMAP(n_components=2, random_state=1).fit_transform(np.array(rows, float) * values**0.5)
"""


def measured(command: list[str], folder: str) -> tuple[float, float]:
    """Wall seconds and peak MiB of a command that has to succeed."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)[:200]} ended with status {status}")
    return seconds, usage.ru_maxrss / 1024


def compare(name: str, ours: list[str], theirs: list[str] | None, runs: int) -> None:
    """Run the two in turn after one warm-up each, and print a row."""
    pairs = []
    for _ in range(runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            pairs.append([measured(c, folder) for c in (ours, theirs) if c])
    pairs = pairs[1:]
    row: dict[str, object] = {
        "row": name,
        "runs": runs,
        "seconds": round(statistics.median(p[0][0] for p in pairs), 3),
        "peak_mib": round(max(p[0][1] for p in pairs)),
    }
    if theirs:
        row["peer_seconds"] = round(statistics.median(p[1][0] for p in pairs), 3)
        row["ratio"] = round(statistics.median(p[0][0] / p[1][0] for p in pairs), 2)
        row["peer_peak_mib"] = round(max(p[1][1] for p in pairs))
    print(json.dumps(row), flush=True)


def growth() -> None:
    """Times of ingest-free fits of growing cohorts, and the slopes on logarithmic axes."""
    sizes = {
        "samples": [(n, 10_000) for n in (500, 1000, 2000, 4000)],
        "variants": [(1000, m) for m in (5_000, 10_000, 20_000, 40_000)],
    }
    for axis, shapes in sizes.items():
        seconds = []
        for samples, variants in shapes:
            with tempfile.TemporaryDirectory() as folder:
                groups = {"A": ["A1", "A2"], "B": ["B1", "B2"], "C": ["C1"]}
                cohort = simulate(1, groups, samples // 5, variants)
                cohort.write_vcf(Path(folder) / "x.vcf")
                subprocess.run([*OURS, "ingest", "x.vcf", "-q"], cwd=folder, check=True)
                took, peak = measured([*OURS, "fit", "x.genotypes.bed", "-q"], folder)
            seconds.append(took)
            print(json.dumps({"samples": samples, "variants": variants, "seconds": round(took, 1),
                              "peak_mib": round(peak)}), flush=True)  # fmt: skip
        size = [shape[0] if axis == "samples" else shape[1] for shape in shapes]
        slope = np.polyfit(np.log(size), np.log(seconds), 1)[0]
        last = np.log(seconds[-1] / seconds[-2]) / np.log(size[-1] / size[-2])
        row = {"growth_with": axis, "slope": slope.round(2), "of_last_doubling": last.round(2)}
        print(json.dumps(row), flush=True)


def main() -> None:
    """Print every row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vcf", type=lambda p: str(Path(p).resolve()))
    parser.add_argument("--model", nargs=2, type=lambda p: str(Path(p).resolve()))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--growth", action="store_true")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ingest = [*OURS, "ingest", given.vcf, "--out", "x", "-q"]
    compare("help", [*OURS, "--help"], None, given.runs)
    compare("ingest against a cyvcf2 loop", ingest,
            [sys.executable, "-c", LOOP, given.vcf], given.runs)  # fmt: skip
    plink = shutil.which("plink2")
    if plink:
        compare("ingest against plink2 --make-pgen", ingest,
                [plink, "--vcf", given.vcf, "--make-pgen", "--out", "y"], given.runs)  # fmt: skip
        pca = f"{plink} --vcf {given.vcf} --maf 0.01 --pca 20 --out y"
        both = ["sh", "-c", f"{pca} && exec {sys.executable} -c '{UMAP}' y"]
        fit = [*OURS, "fit", given.vcf, "--out", "x", "-q"]
        compare("fit against plink2 --pca and umap-learn", fit, both, min(given.runs, 3))
    if given.model:
        model, query = given.model
        compare("embed", [*OURS, "embed", model, query, "--out", "x", "-q"], None, given.runs)
    if given.growth:
        growth()


if __name__ == "__main__":
    main()
