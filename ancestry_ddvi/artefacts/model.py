"""PREFIX.ddvi: a fitted model in one file, safetensors with JSON metadata.

The file holds network weights, loadings, allele frequencies and a record of how they were made.
It holds no genotypes, no sample IDs and no coordinates of samples.
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
from .record import ModelRecord

FORMAT = 2
"""Raised when files of an earlier format can no longer be read."""

_KEY = "ddvi_ancestry"
_WORDS = ("chromosome", "id", "ref", "alt")
_LIFTED = "variants.position."


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
        header = {
            "format": FORMAT,
            "build": self.panel.build,
            "samples": projection.samples,
            "dispersion": projection.dispersion,
            "temperature": projection.temperature,
            "kept": projection.kept,
            **self.record.as_json(),
        }
        with whole(path) as beside:
            ordered = {k: np.ascontiguousarray(v) for k, v in sorted(tensors.items())}
            beside.write_bytes(save(ordered, {_KEY: json.dumps(header, sort_keys=True)}))

    @classmethod
    def read(cls, path: Path) -> Model:
        """Read a model file.

        Raises
        ------
        InputUnreadable
            If the file is absent, truncated, not a model, or of a newer format.
        """
        header, tensors = _contents(path)
        try:
            return _model(header, tensors)
        except KeyError as error:
            what = f"{error.args[0]} is missing"
        except (AttributeError, TypeError, ValueError) as error:
            what = f"a value is not of its type ({error})"[:120]
        raise InputUnreadable(f"{path} is a damaged model: {what}", "Fit it again.")


def _model(header: dict[str, Any], tensors: dict[str, np.ndarray]) -> Model:
    """The model of a file's header and arrays."""
    variants = VariantTable(
        chromosome=_unpacked(tensors["variants.chromosome"]),
        position=tensors["variants.position"],
        id=_unpacked(tensors["variants.id"]),
        ref=_unpacked(tensors["variants.ref"]),
        alt=_unpacked(tensors["variants.alt"]),
    )
    frequency = tensors["variants.frequency"]
    return Model(
        panel=Panel(variants, frequency, header["build"], _under(_LIFTED, tensors)),
        projection=Projection(
            loadings=tensors["projection.loadings"].astype(np.float64),
            frequency=frequency,
            eigenvalues=tensors["projection.eigenvalues"],
            shrinkage=tensors["projection.shrinkage"],
            samples=header["samples"],
            dispersion=header["dispersion"],
            temperature=header["temperature"],
            kept=header["kept"],
        ),
        weights=_under("weights.", tensors),
        rotation=tensors["rotation"],
        record=ModelRecord.of_json(header),
    )


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
            _check_format(path, record["format"])
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
    """The arrays whose names begin so, by the rest of their names."""
    return {n.removeprefix(prefix): a for n, a in tensors.items() if n.startswith(prefix)}


def _packed(words: np.ndarray) -> np.ndarray:
    return np.frombuffer("\n".join(words.tolist()).encode(), dtype=np.uint8)


def _unpacked(packed: np.ndarray) -> np.ndarray:
    return np.array(packed.tobytes().decode().split("\n"), dtype=object)
