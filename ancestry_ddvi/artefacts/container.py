"""A safetensors file with a JSON record and a checksum of all its bytes.

The key ``sha256`` of the record is the SHA-256 of the file with the 64 digits of this value as
zeros. So any changed byte is found, in the header and in the checksum too, and the file remains a
valid safetensors file for other programs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputUnreadable
from ..storage import whole
from .typed import Malformed, require

FROM_FIT = "Give a .ddvi file written by fit."

_KEY = "ddvi_ancestry"
_ZEROS = "0" * 64
_DIGEST = re.compile(rb'\\"sha256\\": \\"([0-9a-f]{64})\\"')
_SIZE_BYTES = 8
_MAX_HEADER = 100_000_000
"""Largest header that safetensors allows, in bytes."""

_TYPES = {"U8", "I64", "F16", "F32", "F64"}


def write_container(
    path: Path, record: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> None:
    """Write a record and arrays beside ``path`` and rename the file when it is complete.

    Raises
    ------
    OutputUnwritable
    """
    from safetensors.numpy import save

    text = json.dumps({**record, "sha256": _ZEROS}, sort_keys=True)
    ordered = {name: np.ascontiguousarray(array) for name, array in sorted(tensors.items())}
    content = bytearray(save(ordered, {_KEY: text}))
    begin, end = _digits(content)
    content[begin:end] = hashlib.sha256(content).hexdigest().encode()
    with whole(path) as beside:
        beside.write_bytes(content)


def read_container(
    path: Path, check_format: Callable[[int], None]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The record and the arrays of a file.

    Parameters
    ----------
    path : Path
    check_format : callable
        Is given the key ``format`` of the record before the checksum is checked.

    Raises
    ------
    InputUnreadable
        If there is no such file, it is of another kind, truncated, or a byte of it has changed.
    Malformed
        If an array has another type than those of this format.
    """
    if not path.exists():
        raise InputUnreadable(f"there is no file {path}", FROM_FIT)
    if path.is_dir():
        raise InputUnreadable(f"{path} is a folder", FROM_FIT)
    try:
        with path.open("rb") as file:
            size = file.read(_SIZE_BYTES)
            length = int.from_bytes(size, "little")
            head = file.read(length) if length <= _MAX_HEADER else b""
            header, record = _parsed(path, head)
            check_format(record["format"])
            content = bytearray(size + head + file.read())
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror or error}"
        raise InputUnreadable(problem, "Check its permissions.") from error
    _check_digest(path, content)
    return record, _arrays(path, header, content)


def _parsed(path: Path, head: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header of a safetensors file, and the record in it."""
    try:
        header = json.loads(head)
        text = header["__metadata__"][_KEY] if "__metadata__" in header else "null"
        record = json.loads(text)
        json.dumps(record, ensure_ascii=False).encode()  # surrogates cannot be written again
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputUnreadable(
            f"{path} is not a ddvi-ancestry model, or a truncated one",
            "Give a .ddvi file written by fit, or copy it again.",
        ) from error
    if not isinstance(record, dict) or type(record.get("format")) is not int:
        raise InputUnreadable(f"{path} is not a ddvi-ancestry model", FROM_FIT)
    return header, record


def _digits(content: bytearray) -> tuple[int, int]:
    """Where the digits of the checksum are."""
    begin = _SIZE_BYTES
    header = content[begin : begin + int.from_bytes(content[:begin], "little")]
    found = [match.span(1) for match in _DIGEST.finditer(header)]
    require(len(found) == 1, "its record has no checksum")
    return begin + found[0][0], begin + found[0][1]


def _check_digest(path: Path, content: bytearray) -> None:
    begin, end = _digits(content)
    stated, content[begin:end] = content[begin:end], _ZEROS.encode()
    if hashlib.sha256(content).hexdigest().encode() != stated:
        raise InputUnreadable(
            f"{path} is a damaged or truncated model: its bytes do not have its checksum",
            "Copy it again, or fit it again.",
        )


def _arrays(path: Path, header: Mapping[str, Any], content: bytearray) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    for name, entry in header.items():
        if name != "__metadata__":
            kind = entry.get("dtype") if isinstance(entry, dict) else None
            require(kind in _TYPES, f"{name:.40} has no type of {', '.join(sorted(_TYPES))}")
    try:
        return dict(load(bytes(content)))
    except (SafetensorError, ValueError) as error:
        raise Malformed(f"{path.name} is no safetensors file ({error})"[:120]) from error
