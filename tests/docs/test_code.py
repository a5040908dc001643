"""The code blocks of the pages run as written, and give what the text says."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (ROOT / "docs").rglob("*.md")
    if re.search(r"^```(bash|python)$", page.read_text(encoding="utf-8"), re.MULTILINE)
)
LONG = ("docs/sparse-samples.md", "docs/tutorial.md")
"""Pages whose results are judged one by one, in ``test_tutorial.py``."""

FILES_OF_THE_READER = ("docs/file-formats.md",)
"""Pages whose code reads files that the reader has made."""

SAID = {
    "docs/api.md": ["FittedModel kgp", "GWD", r"\(12, 2\)", "3 'no-such-model' is neither"],
    "docs/how-to/ancient-dna.md": [r"pseudo_haploid", r"_000002\tEAS", r"_000003\t(AMR|PEL|MXL)"],
    "docs/how-to/array.md": [r"kgp\t2524\t", r"hapmap3\t9\t", r"_000001\tGWD.*\tkgp\n"],
    "docs/how-to/biobank.md": ["need about", r"write biobank/two\.ddvi"],
    "docs/how-to/builds.md": ["GRCh37,GRCh38,NCBI36", "build of the file's positions: GRCh38"],
    "docs/how-to/exome.md": ["exit code 4", r"_000001\tGWD\tpopulation\t[\d.]+\t2524"],
    "docs/how-to/low-pass.md": [r"_000001\t(AFR|GWD)", r"_000002\tEAS", r"_000003\t(AMR|MXL)"],
    "docs/how-to/multiqc.md": [r"batch_17_mqc\.json", r"batch_17\.map_mqc\.json"],
    "docs/how-to/other-species.md": [r"maf +5,400  5,156", r"king-cutoff +\S+  \S+ +239    237"],
    "docs/how-to/own-reference-model.md": [r"\nsimulated\t", "Simulated cohort of the examples"],
    "docs/methods.md": [r"\nddvi\tyes\tyes\tyes", r"\| ddvi \| adaptive \| 1 \|"],
    "docs/tutorial-reference.md": [
        r"matched by position +2,524  \(16\.7 %\)",
        r"GWD\tpopulation\t0\.9",
        r"example\.report\.html",
        r"figure\.pdf",
    ],
}
"""What the output of a page has, and its text says or implies; regular expressions."""


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if p not in LONG + FILES_OF_THE_READER])
def test_a_page_runs_as_written(page, run, tmp_path):
    said = "".join(run(page, tmp_path))
    assert [words for words in SAID[page] if not re.search(words, said)] == [], said
    assert (
        not_ignored(path.name for path in tmp_path.iterdir() if path.name != "example_data") == []
    )


def not_ignored(names: Iterable[str]) -> list[str]:
    """Those of the files and folders in the repository that git would show as new."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        return []
    command = ["git", "check-ignore", "-q", "--no-index"]
    return [
        name
        for name in names
        if all(
            subprocess.run([*command, path], cwd=ROOT, check=False).returncode == 1
            for path in (name, f"{name}/x")
        )
    ]
