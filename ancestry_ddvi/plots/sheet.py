"""Size of a figure: on a screen, or in print at a width in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

MILLIMETRES = 25.4
"""In an inch."""


@dataclass(frozen=True)
class Sheet:
    """How large a figure and its letters are.

    Attributes
    ----------
    width : float, optional
        Inches; None for as much as panels and legend need.
    scale : float
        Of letters and margins, relative to those of a figure on a screen, where the base is 9
        points.
    dpi : int
        Of PNG files, and of rasterised parts of SVG and PDF files.
    """

    width: float | None = None
    scale: float = 1.0
    dpi: int = 200

    @classmethod
    def printed(cls, millimetres: float) -> Sheet:
        """A figure of so many millimetres, with letters of 6 to 10 points."""
        return cls(millimetres / MILLIMETRES, 0.8, 300)


SCREEN = Sheet()
