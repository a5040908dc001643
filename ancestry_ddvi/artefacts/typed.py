"""JSON values as what the types of dataclasses say, or one sentence that says where they are not.

A field with the type ``float`` takes a finite number, ``int`` an integer of 64 bits, ``ndarray``
nested lists of finite numbers of one shape, ``Any`` whatever is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

LATER = "later"
"""Metadata of a field, with a default, that files written before it was added lack."""


class Malformed(ValueError):
    """A value is not what it should be; says which one and what it should be."""


def require(condition: bool, problem: str) -> None:
    """Check a condition.

    Raises
    ------
    Malformed
    """
    if not condition:
        raise Malformed(problem)


def typed(kind: Any, value: Any, name: str) -> Any:
    """A value of JSON as an instance of a type.

    Parameters
    ----------
    kind : type
        A dataclass, a named tuple (a list in JSON), ``str``, ``int``, ``float``, ``bool``,
        ``ndarray`` or ``Any``; tuples, sequences and mappings from ``str`` of these; or one of
        these or None.
    value : object
        As ``json.loads`` gives it.
    name : str
        Of the value, for messages.

    Raises
    ------
    Malformed
    """
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _record(kind, value, name)
    if hasattr(kind, "_fields"):
        return kind(*_tuple(tuple(get_type_hints(kind).values()), value, name))
    if make := _CONTAINERS.get(get_origin(kind)):
        return make(get_args(kind), value, name)
    return _array(value, name) if kind is np.ndarray else _scalar(kind, value, name)


def _record(kind: Any, value: Any, name: str) -> Any:
    """A dataclass from an object that has a key for each field; other keys are ignored.

    The key of a field with the metadata ``LATER`` may be missing.
    """
    require(isinstance(value, dict), f"{name} is no object")
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind) if f.name in value or LATER not in f.metadata]
    for key in names:
        require(key in value, f"{name}.{key} is missing")
    return kind(**{key: typed(hints[key], value[key], f"{name}.{key}") for key in names})


def _scalar(kind: type, value: Any, name: str) -> Any:
    """A text, a truth value, an integer of 64 bits or a finite number."""
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is float:
        require(numeric and abs(value) < 2**1023 and math.isfinite(value), f"{name} is no number")
        return float(value)
    require(type(value) is kind, f"{name} is not of the type {kind.__name__}")
    require(kind is not int or abs(value) < 2**63, f"{name} is out of range")
    return value


def _array(value: Any, name: str) -> np.ndarray:
    """Nested lists of numbers, all of one shape."""
    try:
        found = np.array(value)
    except ValueError:
        found = np.array(None)
    require(found.dtype.kind in "if", f"{name} is no array of numbers")
    require(bool(np.isfinite(found).all()), f"{name} has a value that is not finite")
    return found.astype(np.float64)


def _tuple(kinds: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    require(isinstance(value, list), f"{name} is no list")
    if kinds[1:] == (...,):
        kinds = kinds[:1] * len(value)
    require(len(value) == len(kinds), f"{name} has not {len(kinds)} entries")
    pairs = enumerate(zip(kinds, value, strict=True))
    return tuple(typed(part, entry, f"{name}[{i}]") for i, (part, entry) in pairs)


def _sequence(kinds: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    return _tuple((*kinds, ...), value, name)


def _mapping(kinds: tuple[Any, ...], value: Any, name: str) -> dict[str, Any]:
    require(isinstance(value, dict), f"{name} is no object")
    return {key: typed(kinds[1], entry, f"{name}.{key:.40}") for key, entry in value.items()}


def _optional(kinds: tuple[Any, ...], value: Any, name: str) -> Any:
    (kind,) = (kind for kind in kinds if kind is not NoneType)
    return None if value is None else typed(kind, value, name)


_CONTAINERS: Mapping[Any, Callable[[tuple[Any, ...], Any, str], Any]] = {
    tuple: _tuple,
    Sequence: _sequence,
    Mapping: _mapping,
    UnionType: _optional,
}
