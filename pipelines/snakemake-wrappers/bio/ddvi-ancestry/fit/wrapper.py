"""Snakemake wrapper for ddvi-ancestry fit."""

__author__ = "The ddvi-ancestry developers"
__copyright__ = "Copyright 2026, The ddvi-ancestry developers"
__license__ = "MIT"

from pathlib import Path
from shlex import quote
from shutil import move
from tempfile import TemporaryDirectory

from snakemake.shell import shell

ENDINGS = {
    "model": ".ddvi",
    "coords": ".coords.tsv",
    "eigenvec": ".eigenvec",
    "pcs": ".pcs.tsv",
    "groups": ".groups.tsv",
    "relatives": ".relatives.tsv",
    "png": ".png",
    "svg": ".svg",
    "summary": ".summary.json",
    "report": ".report.html",
}
unknown = {*snakemake.output.keys()} - {*ENDINGS}
if unknown:
    known = ", ".join(ENDINGS)
    raise ValueError(f"no such output: {', '.join(unknown)} (there are {known})")

extra = snakemake.params.get("extra", "")
log = snakemake.log_fmt_shell(stdout=True, stderr=True)

for option in ("labels", "chain"):
    if path := snakemake.input.get(option):
        extra += f" --{option} {quote(path)}"
if snakemake.output.get("report"):
    extra += " --report"

# The command names its results by a prefix: the outputs are moved to their places.
with TemporaryDirectory() as folder:
    prefix = Path(folder) / Path(snakemake.output[0]).name.partition(".")[0]
    shell(
        "ddvi-ancestry fit"
        " {snakemake.input.genotypes:q}"
        " --out {prefix:q}"
        " --threads {snakemake.threads}"
        " {extra}"
        " {log}"
    )
    for kind, path in snakemake.output.items():
        move(f"{prefix}{ENDINGS[kind]}", path)
