"""PREFIX.ddvi: a fitted model in one file, safetensors with JSON metadata.

The file holds weights, loadings and frequencies of variants, and a record of how they were made.
It holds no genotypes, no sample names and no sample's coordinates.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputUnreadable
from ..genotypes.harmonise.panel import Panel
from ..genotypes.projection.scores import Projection
from ..genotypes.variants import VariantTable
from ..storage import whole

FORMAT = 1
"""Raised when files written before can no longer be read as they are."""

_KEY = "ddvi_ancestry"
_WORDS = ("chromosome", "id", "ref", "alt")
_LIFTED = "variants.position."


@dataclass(frozen=True)
class Model:
    """All that is needed to place new samples.

    Attributes
    ----------
    panel : Panel
        Variants, alleles, frequencies and build.
    projection : Projection
        From dosages at those variants to scores.
    weights : mapping of str to ndarray
        State of the method's networks.
    rotation : ndarray of float64, (dims, dims)
        Turns latents to the axes of the coordinates.
    record : dict
        method, settings, dims, scale, seed, filters, counts, versions, bounds, card: plain
        JSON values.
    """

    panel: Panel
    projection: Projection
    weights: Mapping[str, np.ndarray]
    rotation: np.ndarray
    record: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Write the model beside ``path`` and rename it when whole."""
        from safetensors.numpy import save

        variants, projection = self.panel.variants, self.projection
        tensors = {f"weights.{name}": value for name, value in self.weights.items()}
        tensors |= {f"variants.{name}": _packed(getattr(variants, name)) for name in _WORDS}
        tensors |= {
            "variants.position": variants.position.astype(np.int64),
            "variants.frequency": self.panel.frequency,
            "projection.loadings": projection.loadings.astype(np.float32),
            "projection.eigenvalues": projection.eigenvalues,
            "projection.shrinkage": projection.shrinkage,
            "rotation": self.rotation,
        }
        lifted = self.panel.lifted.items()
        tensors |= {f"{_LIFTED}{build}": place.astype(np.int64) for build, place in lifted}
        record = {
            "format": FORMAT,
            "build": self.panel.build,
            "samples": projection.samples,
            "dispersion": projection.dispersion,
            "temperature": projection.temperature,
            "kept": projection.kept,
            **self.record,
        }
        with whole(path) as beside:
            ordered = {k: np.ascontiguousarray(v) for k, v in sorted(tensors.items())}
            beside.write_bytes(save(ordered, {_KEY: json.dumps(record, sort_keys=True)}))

    @classmethod
    def read(cls, path: Path) -> Model:
        """Read a model file.

        Raises
        ------
        InputUnreadable
            If the file is absent, truncated, not a model, or of a newer format.
        """
        record, tensors = _contents(path)
        try:
            variants = VariantTable(
                chromosome=_unpacked(tensors["variants.chromosome"]),
                position=tensors["variants.position"],
                id=_unpacked(tensors["variants.id"]),
                ref=_unpacked(tensors["variants.ref"]),
                alt=_unpacked(tensors["variants.alt"]),
            )
            frequency = tensors["variants.frequency"]
            return cls(
                panel=Panel(variants, frequency, record["build"], _under(_LIFTED, tensors)),
                projection=Projection(
                    loadings=tensors["projection.loadings"].astype(np.float64),
                    frequency=frequency,
                    eigenvalues=tensors["projection.eigenvalues"],
                    shrinkage=tensors["projection.shrinkage"],
                    samples=record["samples"],
                    dispersion=record["dispersion"],
                    temperature=record["temperature"],
                    kept=record["kept"],
                ),
                weights=_under("weights.", tensors),
                rotation=tensors["rotation"],
                record=record,
            )
        except KeyError as error:
            raise InputUnreadable(
                f"{path} is a damaged model: {error.args[0]} is missing", "Fit it again."
            ) from error


def _contents(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        raise InputUnreadable(f"there is no file {path}", "Give a .ddvi file written by fit.")
    if path.is_dir():
        raise InputUnreadable(f"{path} is a folder", "Give a .ddvi file written by fit.")
    try:
        with safe_open(path, framework="numpy") as file:
            record = json.loads((file.metadata() or {}).get(_KEY, "null"))
            if not isinstance(record, dict) or not isinstance(record.get("format"), int):
                raise InputUnreadable(
                    f"{path} is not a ddvi-ancestry model", "Give a .ddvi file written by fit."
                )
            if record["format"] > FORMAT:
                raise InputUnreadable(
                    f"{path} has model format {record['format']}, newer than {FORMAT}, "
                    "the newest this version reads",
                    "Upgrade ddvi-ancestry.",
                )
            return record, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise InputUnreadable(
            f"{path} is not a ddvi-ancestry model, or a truncated one",
            "Give a .ddvi file written by fit, or copy it again.",
        ) from error
    except OSError as error:
        raise InputUnreadable(
            f"{path} cannot be read: {error.strerror or error}", "Check its permissions."
        ) from error


def _under(prefix: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, by the rest of their names."""
    return {n.removeprefix(prefix): a for n, a in tensors.items() if n.startswith(prefix)}


def _packed(words: np.ndarray) -> np.ndarray:
    return np.frombuffer("\n".join(words.tolist()).encode(), dtype=np.uint8)


def _unpacked(packed: np.ndarray) -> np.ndarray:
    return np.array(packed.tobytes().decode().split("\n"), dtype=object)
