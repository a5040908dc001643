"""Snakemake wrapper for ddvi-ancestry embed."""

__author__ = "The ddvi-ancestry developers"
__copyright__ = "Copyright 2026, The ddvi-ancestry developers"
__license__ = "MIT"

from pathlib import Path
from shlex import quote
from shutil import move
from tempfile import TemporaryDirectory

from snakemake.shell import shell

ENDINGS = {
    "coords": ".coords.tsv",
    "eigenvec": ".eigenvec",
    "pcs": ".pcs.tsv",
    "groups": ".groups.tsv",
    "relatives": ".relatives.tsv",
    "png": ".png",
    "svg": ".svg",
    "draws": ".draws.npz",
    "summary": ".summary.json",
    "multiqc": "_mqc.json",
    "multiqc_map": ".map_mqc.json",
    "report": ".report.html",
}
unknown = {*snakemake.output.keys()} - {*ENDINGS}
if unknown:
    known = ", ".join(ENDINGS)
    raise ValueError(f"no such output: {', '.join(unknown)} (there are {known})")

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
for output, option in (("draws", "--draws-out"), ("report", "--report")):
    if snakemake.output.get(output):
        extra += f" {option}"

# The command names its results by a prefix: the outputs are moved to their places.
with TemporaryDirectory() as folder:
    prefix = Path(folder) / Path(snakemake.output[0]).name.partition(".")[0]
    shell(
        "ddvi-ancestry embed"
        " {model:q}"
        " {snakemake.input.genotypes:q}"
        " --out {prefix:q}"
        " --threads {snakemake.threads}"
        " {extra}"
        " {log}"
    )
    for kind, path in snakemake.output.items():
        move(f"{prefix}{ENDINGS[kind]}", path)
