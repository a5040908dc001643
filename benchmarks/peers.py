"""Other programs: how they are called for the same task, and which of them are here."""

from __future__ import annotations

import importlib.metadata
import shlex
import subprocess
import sys
from pathlib import Path

from measuring import Command, program

ABSENT = {
    "ADMIXTURE": "not free software; fastmixture maximises the same likelihood",
    "neural-admixture": "needs a torch and a Lightning of its own, several GB",
    "popVAE": "no release in the Python package index",
    "flashpca": "an R package on GitHub, in no package index",
    "PCAone": "in conda alone; halkoSVD is its method by the same authors",
}  # fmt: skip
"""Programs that were looked for and could not be had in a minute."""

LOOP = "import sys, cyvcf2\nfor v in cyvcf2.VCF(sys.argv[1], gts012=True): v.gt_types"

UMAP = """
import sys, numpy as np, umap, matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
rows = [line.split()[-20:] for line in open(sys.argv[1] + ".eigenvec")][1:]
values = np.loadtxt(sys.argv[1] + ".eigenval")
xy = umap.UMAP(n_components=2, random_state=1).fit_transform(np.array(rows, float) * values**0.5)
plt.scatter(*xy.T, s=4)
plt.savefig(sys.argv[1] + ".png", dpi=150)
"""

ALLEL = """
import sys, numpy as np, allel
from ancestry_ddvi.genotypes.store import GenotypeStore
store = GenotypeStore.open([sys.argv[1]])
g = store.dosages(np.arange(len(store.variants)))
g = np.where(g < 0, 0, g)
g = g[g.any(axis=1) & (g < 2).any(axis=1)]
allel.randomized_pca(g, n_components=10, scaler="patterson", random_state=1)
"""


def shell(*lines: str) -> list[str]:
    """Commands one after the other, ended by the first that fails."""
    return ["sh", "-ec", "\n".join(lines)]


def plink_and_umap(vcf: Path, threads: int) -> Command | None:
    """LD pruning and components by plink2, a map by umap-learn, and a plot."""
    plink = program("plink2")
    if not plink:
        return None
    call, path = f"{plink} --threads {threads}", shlex.quote(str(vcf))
    return Command(shell(
        f"{call} --vcf {path} --maf 0.01 --indep-pairwise 1000kb 0.2 --make-pgen --out y",
        f"{call} --pfile y --extract y.prune.in --pca 20 --out y",
        f"{sys.executable} -c {shlex.quote(UMAP)} y",
    ))  # fmt: skip


def readers(vcf: Path, threads: int) -> dict[str, Command]:
    """Programs that read every genotype of a VCF."""
    found = {"a cyvcf2 loop": Command([sys.executable, "-c", LOOP, str(vcf)])}
    if plink := program("plink2"):
        call = [plink, "--threads", str(threads), "--vcf", str(vcf), "--make-pgen", "--out", "y"]
        found["plink2 --make-pgen"] = Command(call)
    if bcftools := program("bcftools"):
        found["bcftools query"] = Command([bcftools, "query", "-f", "[%GT ]\n", str(vcf)])
    return found


def components(prefix: Path, samples: int, threads: int) -> dict[str, Command]:
    """Programs that find ten components of every variant of a fileset."""
    found = {}
    if plink := program("plink2"):
        approx = ["approx"] if samples >= 5000 else []
        call = [plink, "--threads", str(threads), "--bfile", str(prefix), "--pca"]
        found["plink2 --pca approx 10" if approx else "plink2 --pca 10"] = Command(
            [*call, *approx, "10", "--out", "y"]
        )
    if halko := program("halkoSVD"):
        call = [halko, "--bfile", str(prefix), "--pca", "10", "--threads", str(threads)]
        found["halkoSVD"] = Command([*call, "--out", "y"])
    return found


def whole_matrix(prefix: Path, clusters: int, threads: int) -> dict[str, Command]:
    """Programs that hold all genotypes in memory, or take very long."""
    found = {"scikit-allel randomized_pca": Command([sys.executable, "-c", ALLEL, f"{prefix}.bed"])}
    if mixture := program("fastmixture"):
        call = [mixture, "-b", str(prefix), "-k", str(clusters), "-t", str(threads), "-o", "y"]
        found[f"fastmixture, {clusters} clusters"] = Command(call, limit=600)
    return found


def versions() -> dict[str, str]:
    """Versions of every program that is here, this one included."""
    found = {}
    for name in ("ddvi-ancestry", "torch", "numpy", "umap-learn", "cyvcf2", "scikit-allel"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    for name in ("plink2", "bcftools", "fastmixture", "halkoSVD"):
        if path := program(name):
            done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            lines = (done.stdout or done.stderr).splitlines()
            found[name] = lines[0].strip()[:60] if lines and not done.returncode else "unknown"
    return found
