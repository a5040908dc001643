"""Snakemake wrapper for ddvi-ancestry report."""

__author__ = "The ddvi-ancestry developers"
__copyright__ = "Copyright 2026, The ddvi-ancestry developers"
__license__ = "MIT"

from pathlib import Path
from shlex import quote
from shutil import move
from tempfile import TemporaryDirectory

from snakemake.shell import shell

SUMMARY = ".summary.json"
runs = [
    path.removesuffix(SUMMARY)
    for path in snakemake.input.get("runs", snakemake.input)
    if path.endswith(SUMMARY)
]
if not runs:
    raise ValueError(f"no run: input has no file that ends in {SUMMARY}")

extra = snakemake.params.get("extra", "")
log = snakemake.log_fmt_shell(stdout=True, stderr=True)

if model := snakemake.input.get("model") or snakemake.params.get("model"):
    extra += f" --model {quote(model)}"
labels = snakemake.input.get("labels", [])
for path in [labels] if isinstance(labels, str) else labels:
    extra += f" --labels {quote(path)}"

# The command names its results by a prefix: the page is moved to its place.
with TemporaryDirectory() as folder:
    prefix = Path(folder) / "page"
    shell("ddvi-ancestry report {runs:q} --out {prefix:q} {extra} {log}")
    move(f"{prefix}.report.html", snakemake.output[0])
