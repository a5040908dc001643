"""Shrink pictures for the pages: ``python docs/make_picture.py``.

That of ``make demo``, and that of the page on sparse samples where its commands were run.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURES = {"demo/cohort.png": "example.png", "three-ways/three-ways.png": "three-ways.png"}
WIDTH = 1270
COLOURS = 256


def main() -> None:
    """Shrink what there is."""
    for source, name in PICTURES.items():
        if (ROOT / source).exists():
            shrink(ROOT / source, ROOT / "docs" / "images" / name)


def shrink(source: Path, target: Path) -> None:
    """Reduce the size and the depth of colour, keeping the rare colours too."""
    with Image.open(source) as picture:
        height = round(picture.height * WIDTH / picture.width)
        small = picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    target.parent.mkdir(exist_ok=True)
    few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(target, optimize=True)


if __name__ == "__main__":
    main()
