"""EIGENSTRAT filesets, spelled out after the description of the formats, bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

KINDS = ("text", "packed", "transposed")
_CODES = {2: "00", 1: "01", 0: "10", -1: "11"}
"""Copies of the reference allele as two bits, by copies of the variant allele."""


def hash_of(words: Sequence[str]) -> int:
    """As a C program with 32-bit integers has it."""
    total = np.uint32(0)
    with np.errstate(over="ignore"):
        for word in words:
            one = np.uint32(0)
            for letter in word:
                one = np.uint32(one * np.uint32(23) + np.uint32(ord(letter)))
            total = np.uint32(total * np.uint32(17)) ^ one
    return int(total)


def _bits(row: Sequence[int], least: int) -> bytes:
    text = "".join(_CODES[dosage] for dosage in row)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8)).ljust(least, b"\0")


def geno(
    kind: str, dosages: np.ndarray, ids: Sequence[str], samples: Sequence[str], end: str = "\n"
) -> bytes:
    """The .geno file of dosages of the variant allele."""
    rows = np.asarray(dosages).tolist()
    if kind == "text":
        lines = ["".join("9" if d < 0 else str(2 - d) for d in row) for row in rows]
        return "".join(f"{line}{end}" for line in lines).encode()
    name = {"packed": "GENO", "transposed": "TGENO"}[kind]
    header = f"{name} {len(samples):7} {len(ids):7} {hash_of(samples):x} {hash_of(ids):x}"
    if kind == "transposed":
        records = [_bits(row, 0) for row in np.asarray(dosages).T.tolist()]
        return header.encode().ljust(48, b"\0") + b"".join(records)
    least = max(48, -(-len(samples) // 4))
    return header.encode().ljust(least, b"\0") + b"".join(_bits(row, least) for row in rows)


def fileset(
    kind: str,
    dosages: np.ndarray,
    variants: Sequence[tuple[str, int, str, str, str]] | None = None,
    samples: Sequence[str] | None = None,
) -> dict[str, bytes]:
    """The content of the three files, by ending; variants as chromosome, position, ID, REF, ALT."""
    table = np.asarray(dosages)
    samples = samples or [f"s{i}" for i in range(table.shape[1])]
    variants = variants or [("1", 100 + i, f"rs{i}", "A", "C") for i in range(len(table))]
    snp = "".join(f"{n:>20} {c:>3} 0.0125 {p:>12} {ref} {alt}\n" for c, p, n, ref, alt in variants)
    ind = "".join(f"{name:>16} U    Pop{i % 2}\n" for i, name in enumerate(samples))
    content = geno(kind, table, [v[2] for v in variants], samples)
    return {".geno": content, ".snp": snp.encode(), ".ind": ind.encode()}


def write_fileset(prefix: Path, kind: str, dosages: np.ndarray, *more: Sequence) -> str:
    """Write the three files; their prefix."""
    for end, content in fileset(kind, dosages, *more).items():
        Path(f"{prefix}{end}").write_bytes(content)
    return str(prefix)
