"""Make the pictures of README and docs with the program: ``python docs/make_pictures.py [DATA]``.

DATA holds ``kgp1092/kgp1092.vcf.gz`` with ``kgp1092/labels.tsv``, the 1,092 samples of 1000 Genomes
phase 1, and ``hapmap957/hapmap957.bed``, 957 samples of HapMap 3. Pictures of absent data stay as
they are. The picture of ``make demo`` is taken from ``demo/``. That of the report is taken by
Chromium, of ``example_data/``. The commands on the page on samples
with few variants are run for the picture there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTH = 1800
COLOURS = 256
SCREEN = {"width": 1360, "height": 1450}
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INTERPRETERS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


def main() -> None:
    """Make each picture whose data are there."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "data").absolute()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if exists(ROOT / "demo" / "cohort.png", "example.png", "Run make demo first."):
            shrink(ROOT / "demo" / "cohort.png", "example.png")
        if exists(data / "kgp1092", "1000-genomes.png", "Give DATA."):
            model = fit_1000_genomes(data / "kgp1092", folder)
            shrink(model.with_suffix(".png"), "1000-genomes.png")
            if exists(data / "hapmap957", "strangers.png", "Give DATA."):
                shrink(assign_hapmap(model, data / "hapmap957", folder), "strangers.png")
        if exists(Path(shutil.which("chromium") or "chromium"), "report.png", "Install it."):
            photograph(report_of_example(folder), folder / "report.png")
            shrink(folder / "report.png", "report.png")
        run_page(ROOT / "docs" / "sparse-samples.md", folder)
        shrink(folder / "three-ways" / "three-ways.png", "three-ways.png")


def exists(path: Path, picture: str, remedy: str) -> bool:
    """Whether the source of a picture is there; says so where it is not."""
    if not path.exists():
        print(f"{path} is absent: docs/images/{picture} stays as it is. {remedy}")
    return path.exists()


def fit_1000_genomes(data: Path, folder: Path) -> Path:
    """Fit the cohort with default settings; the path of the model."""
    prefix = folder / "1000 Genomes phase 1"
    options = ["--labels", data / "labels.tsv", "--seed", "42", "--threads", "1", "--out", prefix]
    ddvi_ancestry("fit", data / "kgp1092.vcf.gz", *options)
    return Path(f"{prefix}.ddvi")


def assign_hapmap(model: Path, data: Path, folder: Path) -> Path:
    """Embed HapMap 3, coloured by the group that ``assign`` names; the path of the figure."""
    genotypes, groups = data / "hapmap957.bed", folder / "groups"
    ddvi_ancestry("assign", model, genotypes, "--threads", "1", "--out", groups)
    colours = ["--labels", f"{groups}.assign.superpopulation.tsv", "--threads", "1"]
    ddvi_ancestry("embed", model, genotypes, *colours, "--out", folder / "hapmap")
    return folder / "hapmap.png"


def report_of_example(folder: Path) -> Path:
    """Fit the simulated cohort, assign it and the query; the path of their report."""
    data, model = ROOT / "example_data", folder / "cohort.ddvi"
    labels = ["--labels", data / "labels.tsv"]
    ddvi_ancestry("fit", data / "cohort.vcf.gz", *labels, "--out", folder / "cohort")
    ddvi_ancestry("assign", model, folder / "cohort.coords.tsv", "--out", folder / "cohort")
    query = folder / "query"
    ddvi_ancestry("embed", model, data / "query.vcf.gz", "--draws-out", "--out", query)
    ddvi_ancestry("assign", model, folder / "query.coords.tsv", "--out", query)
    title = ["--title", "Simulated cohort and query"]
    ddvi_ancestry("report", folder / "cohort", query, *title, "--out", folder / "both")
    return folder / "both.report.html"


def photograph(page: Path, picture: Path) -> None:
    """The first screen of a report, with a sample that is looked at."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        flags = ["--no-sandbox", "--use-angle=swiftshader"]
        browser = running.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        view = browser.new_page(viewport=SCREEN, device_scale_factor=1.5)
        view.goto(page.as_uri())
        view.wait_for_selector("canvas[data-drawn]")
        view.fill("#find", "sim0012")
        view.press("#find", "Enter")
        view.wait_for_timeout(500)
        view.screenshot(path=picture)
        browser.close()


def ddvi_ancestry(*words: str | Path) -> None:
    """Run a command of the program."""
    program = Path(sys.executable).with_name("ddvi-ancestry")
    subprocess.run([program, *words], check=True, stdout=subprocess.DEVNULL)


def run_page(page: Path, folder: Path) -> None:
    """Run the blocks of code on a page, in order."""
    (folder / "example_data").symlink_to(ROOT / "example_data")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        subprocess.run(
            [*INTERPRETERS[language], code],
            cwd=folder,
            env=os.environ | {"PATH": path},
            stdout=subprocess.DEVNULL,
            check=True,
        )


def shrink(source: Path, name: str) -> None:
    """Reduce the size and the depth of colour, keeping the rare colours too."""
    with Image.open(source) as picture:
        height = round(picture.height * WIDTH / picture.width)
        small = picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    IMAGES.mkdir(exist_ok=True)
    few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    few.save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
