"""Shrink the picture of ``make demo`` for the README: ``python docs/make_picture.py``."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "example.png"
WIDTH = 1270
COLOURS = 256


def main() -> None:
    """Halve the size and the depth of colour, keeping the rare colours too."""
    with Image.open(ROOT / "demo" / "cohort.png") as demo:
        height = round(demo.height * WIDTH / demo.width)
        small = demo.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    PICTURE.parent.mkdir(exist_ok=True)
    few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
