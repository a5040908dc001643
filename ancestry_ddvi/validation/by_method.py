"""Which study of images knows a method: a row for each kind of recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from ..errors import UsageProblem
from ..evaluation.tables import Table
from ..methods import recipe
from ..methods.inflationary_flow import InflationaryFlow
from ..methods.networks import NetworkRecipe
from ..progress import Progress
from . import image_flows, images


class ImageStudy(Protocol):
    """A module that plans trials and runs them into a table; ``SUFFIX`` tells its files apart."""

    SUFFIX: str

    def planned(
        self,
        methods: Sequence[str],
        priors: Sequence[str],
        *,
        seeds: int,
        labels: int,
        epochs: float,
        settings: Mapping[str, str],
    ) -> list[Any]:
        """All trials, which can be meant."""

    def run(
        self,
        name: str,
        folder: Path,
        out: Path,
        trials: Sequence[Any],
        device: torch.device,
        threads: int | None,
        progress: Progress,
    ) -> Table:
        """The table of all trials."""


STUDIES: Mapping[type[Any], ImageStudy] = {NetworkRecipe: images, InflationaryFlow: image_flows}


def study_of(method: str) -> ImageStudy:
    """The study that knows a method.

    Raises
    ------
    UsageProblem
        If there is no such method, or it is not fitted to images.
    """
    chosen = recipe(method)
    for kind, study in STUDIES.items():
        if isinstance(chosen, kind):
            return study
    known = (*images.METHODS, "inflationary-flow")
    raise UsageProblem(f"{method} is not fitted to images", f"Choose from {', '.join(known)}.")
