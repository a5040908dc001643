"""Snakemake wrapper for ddvi-ancestry assign."""

__author__ = "The ddvi-ancestry developers"
__copyright__ = "Copyright 2026, The ddvi-ancestry developers"
__license__ = "MIT"

from pathlib import Path
from shlex import quote
from shutil import move
from tempfile import TemporaryDirectory

from snakemake.shell import shell

ENDINGS = {
    "ancestry": ".ancestry.tsv",
    "assign": ".assign.json",
    "multiqc": "_mqc.json",
    "multiqc_map": ".map_mqc.json",
    "report": ".report.html",
    "coords": ".coords.tsv",
    "eigenvec": ".eigenvec",
    "pcs": ".pcs.tsv",
    "groups": ".groups.tsv",
    "relatives": ".relatives.tsv",
    "png": ".png",
    "svg": ".svg",
    "summary": ".summary.json",
}
unknown = {*snakemake.output.keys()} - {*ENDINGS, "levels"}
if unknown:
    known = ", ".join([*ENDINGS, "levels"])
    raise ValueError(f"no such output: {', '.join(unknown)} (there are {known})")

# Tables of the levels of the labels: as many outputs as names of levels.
levels = snakemake.params.get("levels", [])
tables = snakemake.output.get("levels", [])
tables = [tables] if isinstance(tables, str) else tables
if len(levels) != len(tables):
    raise ValueError("params.levels must name the level of each file of output.levels")

model = snakemake.input.get("model") or snakemake.params.get("model")
if not model:
    raise ValueError(
        "no model: give a file as input.model, or the name of a reference model as "
        "params.model"
    )

extra = snakemake.params.get("extra", "")
log = snakemake.log_fmt_shell(stdout=True, stderr=True)

for option in ("labels", "targets"):
    if path := snakemake.input.get(option):
        extra += f" --{option} {quote(path)}"
if snakemake.output.get("report"):
    extra += " --report"


def beside(folder):
    """Coordinates and scores under one prefix, as the command reads them."""
    if not (snakemake.input.get("coords") and snakemake.input.get("pcs")):
        raise ValueError(
            "no samples: give input.genotypes, or input.coords and input.pcs of a run"
        )
    for kind in ("coords", "pcs"):
        (folder / f"input{ENDINGS[kind]}").symlink_to(
            Path(snakemake.input[kind]).resolve()
        )
    return [str(folder / f"input{ENDINGS['coords']}")]


# The command names its results by a prefix: the outputs are moved to their places.
with TemporaryDirectory() as folder:
    prefix = Path(folder) / Path(snakemake.output[0]).name.partition(".")[0]
    samples = snakemake.input.get("genotypes") or beside(Path(folder))
    shell(
        "ddvi-ancestry assign"
        " {model:q}"
        " {samples:q}"
        " --out {prefix:q}"
        " --threads {snakemake.threads}"
        " {extra}"
        " {log}"
    )
    for kind, path in snakemake.output.items():
        if kind != "levels":
            move(f"{prefix}{ENDINGS[kind]}", path)
    for level, path in zip(levels, tables, strict=True):
        move(f"{prefix}.assign.{level}.tsv", path)
