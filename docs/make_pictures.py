"""Make the pictures of README and docs with the program: ``python docs/make_pictures.py [DATA]``.

DATA holds ``kgp1092/kgp1092.vcf.gz`` and ``kgp1092/labels.tsv``, the 1,092 samples of 1000 Genomes
phase 1; without them the map of the README stays as it is. The picture of ``make demo`` is taken
from ``demo/``. The page on sparse samples is run from top to bottom for its own picture.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTH = 1270
COLOURS = 256
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INTERPRETERS = {"bash": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


def main() -> None:
    """Make each picture whose data are there."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "data").absolute() / "kgp1092"
    if (ROOT / "demo" / "cohort.png").exists():
        shrink(ROOT / "demo" / "cohort.png", "example.png")
    else:
        print("demo/cohort.png is absent: docs/images/example.png stays. Run make demo first.")
    with tempfile.TemporaryDirectory() as folder:
        if (data / "kgp1092.vcf.gz").exists():
            shrink(fit_1000_genomes(data, Path(folder)), "1000-genomes.png")
        else:
            print(f"{data} is absent: docs/images/1000-genomes.png stays. Give DATA.")
        run_page(ROOT / "docs" / "sparse-samples.md", Path(folder))
        shrink(Path(folder) / "three-ways" / "three-ways.png", "three-ways.png")


def fit_1000_genomes(data: Path, folder: Path) -> Path:
    """Fit the cohort with default settings and give the path of the figure."""
    prefix = folder / "1000 Genomes phase 1"
    command = [Path(sys.executable).with_name("ddvi-ancestry"), "fit", data / "kgp1092.vcf.gz"]
    options = ["--labels", data / "labels.tsv", "--seed", "42", "--threads", "1", "--out", prefix]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    return Path(f"{prefix}.png")


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
    few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(IMAGES / name, optimize=True)


if __name__ == "__main__":
    main()
