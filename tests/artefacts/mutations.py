"""Seeded mutations of model files: flipped bytes, and records and arrays of another kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from ancestry_ddvi.artefacts.container import write_container

Tensors = dict[str, np.ndarray]

VALUES: tuple[Any, ...] = (
    None, True, "", "x", "../../x", "a\tb", "a\nb", "\ud800", 0, 1, -1, 3, 2.5, 1e308, -1e308,
    10**9, 10**30, float("nan"), float("inf"), [], {}, [[]], [None], [1, "x"], {"x": 1},
    [[1.0] * 40] * 40, "9" * 5000,
)  # fmt: skip
"""What a value of the record is replaced by."""


def contents(path: Path) -> tuple[dict[str, Any], Tensors]:
    """The record and the arrays of a model file, by the library of the format."""
    with safe_open(path, framework="numpy") as file:
        record = json.loads(file.metadata()["ddvi_ancestry"])
        return record, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def flip(content: bytes, chance: np.random.Generator) -> bytes:
    """The same with one byte changed; headers as often as arrays, though they are shorter."""
    header = 8 + int.from_bytes(content[:8], "little")
    at = int(chance.integers(header if chance.random() < 0.5 else len(content)))
    changed = bytearray(content)
    changed[at] ^= int(chance.integers(1, 256))
    return bytes(changed)


def mutate(
    record: dict[str, Any], tensors: Tensors, path: Path, chance: np.random.Generator
) -> str:
    """Write the model with one part of another kind and a right checksum; says what was done."""
    if chance.random() < 0.6:
        record = json.loads(json.dumps(record))
        said = _mutate_record(record, chance)
    else:
        tensors = {name: array.copy() for name, array in tensors.items()}
        said = _mutate_tensors(tensors, chance)
    write_container(path, record, tensors)
    return said


def _places(node: Any, before: str = "") -> list[tuple[Any, Any, str]]:
    """Every container with a key in it, and the path of the key."""
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    found = []
    for key in keys:
        found += [(node, key, f"{before}.{key}"), *_places(node[key], f"{before}.{key}")]
    return found


def _mutate_record(record: dict[str, Any], chance: np.random.Generator) -> str:
    """Replace, remove or scale one value; keys near the top as often as numbers in long lists."""
    places = _places(record)
    depth = int(chance.integers(1, 5))
    places = [place for place in places if place[2].count(".") == depth] or places
    node, key, name = places[chance.integers(len(places))]
    kind = chance.choice(["replace", "remove", "scale"])
    if kind == "remove":
        del node[key]
        return f"{name} removed"
    if kind == "scale" and isinstance(node[key], (int, float)):
        node[key] *= [-1, 0, 1000, 1e-9][chance.integers(4)]
        return f"{name} scaled to {node[key]}"
    node[key] = VALUES[chance.integers(len(VALUES))]
    return f"{name} = {str(node[key])[:40]!r}"


def _mutate_tensors(tensors: Tensors, chance: np.random.Generator) -> str:
    name = sorted(tensors)[chance.integers(len(tensors))]
    kind = sorted(KINDS)[chance.integers(len(KINDS))]
    with np.errstate(all="ignore"):
        found = KINDS[kind](tensors[name], chance)
    if found is None:
        del tensors[name]
    else:
        tensors[name] = found
    return f"{name}: {kind}"


def _one(array: np.ndarray, chance: np.random.Generator, value: float) -> np.ndarray:
    """The same with one value changed."""
    flat = array.reshape(-1).copy()
    flat[chance.integers(len(flat))] = np.array(value).astype(array.dtype)
    return flat.reshape(array.shape)


KINDS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray | None]] = {
    "removed": lambda array, chance: None,
    "empty": lambda array, chance: array[:0],
    "shorter": lambda array, chance: array[:-1],
    "longer": lambda array, chance: np.concatenate([array, array[:1]]),
    "flat": lambda array, chance: array.reshape(-1),
    "deeper": lambda array, chance: array[None],
    "turned": lambda array, chance: np.ascontiguousarray(array.T),
    "integers": lambda array, chance: array.astype(np.int64),
    "singles": lambda array, chance: array.astype(np.float32),
    "halves": lambda array, chance: array.astype(np.float16),
    "not a number": lambda array, chance: _one(array, chance, np.nan),
    "infinite": lambda array, chance: _one(array, chance, np.inf),
    "huge": lambda array, chance: _one(array, chance, 1e30),
    "zero": lambda array, chance: _one(array, chance, 0),
    "negative": lambda array, chance: _one(array, chance, -5),
    "all zero": lambda array, chance: np.zeros_like(array),
    "all huge": lambda array, chance: np.full_like(array, 100),
    "line feed": lambda array, chance: _one(array, chance, 10),
    "no UTF-8": lambda array, chance: _one(array, chance, 200),
}
