"""Chain files of straight pieces, and where they lift a position."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ancestry_ddvi.genotypes.chromosomes import LENGTHS, autosome
from ancestry_ddvi.genotypes.variants import VariantTable


class Piece(NamedTuple):
    """Bases start < position <= end of a chromosome, and where the first of them goes."""

    chromosome: int
    start: int
    end: int
    to: int
    target: int
    strand: str = "+"


def write_chain(
    path: Path, pieces: list[Piece], source: str = "GRCh37", target: str = "GRCh38"
) -> Path:
    """One chain for each piece, in the coordinates of the format; compressed if named .gz."""
    blocks = []
    for number, p in enumerate(pieces, start=1):
        length, size = p.end - p.start, LENGTHS[target][p.to - 1]
        first = p.target if p.strand == "+" else size - p.target - length
        blocks.append(
            f"chain 1000 chr{p.chromosome} {LENGTHS[source][p.chromosome - 1]} + {p.start} {p.end} "
            f"chr{p.to} {size} {p.strand} {first} {first + length} {number}\n{length}\n"
        )
    text = "\n".join(blocks).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


def genome_pieces(source: str = "GRCh37") -> list[Piece]:
    """Of each chromosome ten pieces: eight shifted, the third not there, the sixth inverted."""
    pieces = []
    for chromosome in range(1, 23):
        edges = np.linspace(0, LENGTHS[source][chromosome - 1] - 400_000, 11).astype(int).tolist()
        for k in range(10):
            strand = "-" if k == 5 else "+"
            if k != 2:
                shift = 1_000 * (k + 1) + 17 * chromosome
                pieces.append(
                    Piece(chromosome, edges[k], edges[k + 1], chromosome, edges[k] + shift, strand)
                )
    return pieces


def expected(variants: VariantTable, pieces: list[Piece]) -> np.ndarray:
    """Where variants go, by the pieces themselves: 0 off them, on the other strand or elsewhere."""
    out = np.zeros(len(variants), dtype=np.int64)
    number = autosome(variants.chromosome)
    for p in pieces:
        here = (
            (number == p.chromosome) & (variants.position > p.start) & (variants.position <= p.end)
        )
        good = p.strand == "+" and p.to == p.chromosome
        out[here] = variants.position[here] - p.start + p.target if good else 0
    return out
