"""Colours of a quantity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize, to_rgba

from .lettering import shortened
from .palette import NEUTRAL

LONGEST = 26
LIGHTEST = 0.92
"""Part of the scale of colours that stands out from white paper."""


@dataclass(frozen=True)
class Shade:
    """A quantity by which samples are coloured.

    Attributes
    ----------
    name : str
    values : ndarray of float64, (samples,)
        NaN where there is none.
    """

    name: str
    values: np.ndarray

    @property
    def unknown(self) -> np.ndarray:
        """Samples without a value; bool (samples,)."""
        return np.asarray(~np.isfinite(self.values))

    @property
    def colours(self) -> np.ndarray:
        """RGBA of each sample, grey where there is no value; (samples, 4)."""
        found = np.asarray(_scale()(self._norm(np.where(self.unknown, 0, self.values))))
        found[self.unknown] = to_rgba(NEUTRAL)
        return found

    @property
    def _norm(self) -> Normalize:
        known = self.values[~self.unknown]
        return Normalize(*(known.min(), known.max()) if len(known) else (0, 1))

    def draw_bar(self, axes: Axes, scale: float) -> None:
        """A bar of all colours, with the name of the quantity above."""
        figure = axes.get_figure(root=True)
        assert figure is not None
        bar = figure.colorbar(
            ScalarMappable(self._norm, _scale()), cax=axes, orientation="horizontal"
        )
        bar.ax.tick_params(labelsize=8 * scale, length=2.5 * scale)
        bar.ax.locator_params(nbins=4)
        bar.outline.set_visible(False)
        axes.set_title(
            shortened(self.name, LONGEST), fontsize=8 * scale, pad=4 * scale, parse_math=False
        )


def _scale() -> Colormap:
    """Viridis without its brightest part: even for every kind of colour vision, and in grey."""
    return ListedColormap(colormaps["viridis"](np.linspace(0, LIGHTEST, 256)))
