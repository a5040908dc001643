"""PREFIX.ddvi: a fitted model in one file, safetensors with JSON metadata and a checksum.

The file holds network weights, loadings, allele frequencies and a record of how they were made.
It holds no genotypes, no sample IDs and no coordinates of samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputUnreadable
from ..genotypes.harmonise.panel import Panel
from ..genotypes.projection.own_noise import stretches
from ..genotypes.projection.scores import Projection
from ..genotypes.variants import VariantTable
from .checks import LIFTED, TEXTS, check_arrays, check_model
from .container import read_container, write_container
from .record import ModelRecord
from .typed import Malformed, typed

FORMAT = 7
"""Raised when files of an earlier format can no longer be read."""


@dataclass(frozen=True)
class Model:
    """All that is needed to embed new samples.

    Attributes
    ----------
    panel : Panel
        Variants, alleles, frequencies and genome build.
    projection : Projection
        From dosages at those variants to component scores.
    weights : mapping of str to ndarray
        State of the method's networks.
    rotation : ndarray of float64, (dims, dims)
        Rotates latents to the axes of the coordinates.
    record : ModelRecord
        How the model was made and what it says of itself.
    """

    panel: Panel
    projection: Projection
    weights: Mapping[str, np.ndarray]
    rotation: np.ndarray
    record: ModelRecord

    def write(self, path: Path) -> None:
        """Write the model beside ``path`` and rename it when whole.

        Raises
        ------
        OutputUnwritable
        """
        variants, projection = self.panel.variants, self.projection
        tensors = {f"weights.{name}": value for name, value in self.weights.items()}
        tensors |= {f"variants.{name}": _packed(getattr(variants, name)) for name in TEXTS}
        tensors |= {
            "variants.position": variants.position.astype(np.int64),
            "variants.frequency": self.panel.frequency,
            "projection.loadings": projection.loadings.astype(np.float16),
            "projection.eigenvalues": projection.eigenvalues,
            "projection.marks": projection.marks.astype(np.float16),
            "projection.recurrence": projection.recurrence,
            "projection.signal": projection.signal,
            "rotation": self.rotation,
        }
        lifted = self.panel.lifted.items()
        tensors |= {f"{LIFTED}{build}": place.astype(np.int64) for build, place in lifted}
        record = {
            "format": FORMAT,
            "build": self.panel.build,
            "samples": projection.samples,
            "spread": projection.spread,
            "dispersion": projection.dispersion,
            "temperature": projection.temperature,
            "kept": projection.kept,
            "trace": projection.trace,
            **self.record.as_json(),
        }
        write_container(path, record, tensors)

    def with_limits(self, limits: Mapping[str, tuple[float, float]]) -> Model:
        """The model with what the figure of its fit shows of each axis."""
        return replace(self, record=replace(self.record, limits=dict(limits)))

    @classmethod
    def read(cls, path: Path) -> Model:
        """Read a model file.

        Raises
        ------
        InputUnreadable
            If the file is absent, not a model, of another format, or damaged in any way.
        """
        try:
            record, tensors = read_container(path, lambda number: _check_format(path, number))
            model = _model(record, tensors)
            check_model(model)
        except Malformed as error:
            raise InputUnreadable(f"{path} is a damaged model: {error}", "Fit it again.") from error
        return model


@dataclass(frozen=True)
class _Numbers:
    """Keys of the record that belong to the panel and the projection."""

    build: str | None
    samples: int
    spread: float
    dispersion: float
    temperature: float
    kept: int
    trace: float


def _model(content: dict[str, Any], tensors: dict[str, np.ndarray]) -> Model:
    """The model of a file's record and arrays."""
    numbers, record = typed(_Numbers, content, "record"), typed(ModelRecord, content, "record")
    check_arrays(tensors, {"kept": numbers.kept, "dims": record.options.dims})
    words = {name: _unpacked(tensors[f"variants.{name}"], name) for name in TEXTS}
    variants = VariantTable(position=tensors["variants.position"], **words)
    frequency = tensors["variants.frequency"]
    return Model(
        panel=Panel(variants, frequency, numbers.build, _under(LIFTED, tensors)),
        projection=Projection(
            loadings=tensors["projection.loadings"].astype(np.float64),
            frequency=frequency,
            stretch=stretches(variants.chromosome),
            eigenvalues=tensors["projection.eigenvalues"],
            marks=tensors["projection.marks"].astype(np.float64),
            recurrence=tensors["projection.recurrence"],
            spread=numbers.spread,
            signal=tensors["projection.signal"],
            samples=numbers.samples,
            dispersion=numbers.dispersion,
            temperature=numbers.temperature,
            kept=numbers.kept,
            trace=numbers.trace,
        ),
        weights=_under("weights.", tensors),
        rotation=tensors["rotation"],
        record=record,
    )


def _check_format(path: Path, number: int) -> None:
    if number > FORMAT:
        raise InputUnreadable(
            f"{path} has model format {number}, newer than {FORMAT}, the newest this version reads",
            "Upgrade ddvi-ancestry.",
        )
    if number < FORMAT:
        raise InputUnreadable(
            f"{path} has model format {number}, which this version no longer reads",
            "Fit the model again from its genotypes.",
        )


def _under(prefix: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, by the rest of their names, in one order."""
    return {n.removeprefix(prefix): tensors[n] for n in sorted(tensors) if n.startswith(prefix)}


def _packed(words: np.ndarray) -> np.ndarray:
    return np.frombuffer("\n".join(words.tolist()).encode(), dtype=np.uint8)


def _unpacked(packed: np.ndarray, name: str) -> np.ndarray:
    try:
        return np.array(packed.tobytes().decode().split("\n"), dtype=object)
    except UnicodeDecodeError:
        raise Malformed(f"variants.{name} is no UTF-8 text") from None
