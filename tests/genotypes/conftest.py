"""Small genotype files of every kind, written here byte by byte or by another library."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

# importlib mode leaves this folder off the path, where the tests' own helpers are.
sys.path.insert(0, str(Path(__file__).parent))

from genotype_files import COMPRESSED, META, Write, vcf_text


@pytest.fixture
def vcf(tmp_path: Path) -> Write:
    """Write a VCF, compressed according to its name, or BCF by cyvcf2; returns the path."""

    def write(
        records: Sequence[str],
        samples: Sequence[str] = ("a", "b", "c"),
        meta: Sequence[str] = META,
        name: str = "x.vcf",
    ) -> str:
        path = tmp_path / name
        text = vcf_text(records, samples, meta)
        if path.suffix == ".bcf":
            return _write_bcf(path, text)
        path.write_bytes(COMPRESSED["".join(path.suffixes)](text.encode()))
        return str(path)

    return write


def _write_bcf(path: Path, text: str) -> str:
    from cyvcf2 import VCF, Writer

    plain = path.with_suffix(".tmp")
    plain.write_text(text)
    reader = VCF(str(plain))
    writer = Writer(str(path), reader, mode="wb")
    writer.write_header()
    for line in reader:
        writer.write_record(line)
    writer.close()
    return str(path)


@pytest.fixture
def bed(tmp_path: Path) -> Write:
    """Write a PLINK 1 fileset by spelling out its codes; returns its prefix."""

    def write(
        dosages: Sequence[Sequence[int]],
        samples: Sequence[str] | None = None,
        variants: Sequence[tuple[str, int, str, str, str]] | None = None,
        name: str = "x",
    ) -> str:
        table = np.asarray(dosages)
        samples = samples or [f"s{i}" for i in range(table.shape[1])]
        variants = variants or [("1", 100 + i, f"rs{i}", "A", "C") for i in range(len(table))]
        prefix = tmp_path / name
        rows = [f"{c}\t{i}\t0\t{p}\t{alt}\t{ref}\n" for c, p, i, ref, alt in variants]
        Path(f"{prefix}.bim").write_text("".join(rows))
        Path(f"{prefix}.fam").write_text("".join(f"0\t{s}\t0\t0\t0\t-9\n" for s in samples))
        Path(f"{prefix}.bed").write_bytes(b"\x6c\x1b\x01" + b"".join(map(_bed_row, table)))
        return str(prefix)

    return write


def _bed_row(dosages: Sequence[int]) -> bytes:
    codes = {2: "00", -1: "01", 1: "10", 0: "11"}
    quads = [dosages[i : i + 4] for i in range(0, len(dosages), 4)]
    return bytes(int("".join(codes[d] for d in reversed(quad)), 2) for quad in quads)


@pytest.fixture
def pgen(tmp_path: Path) -> Write:
    """Write a PLINK 2 fileset by Pgenlib; returns its prefix."""
    pgenlib = pytest.importorskip("pgenlib")

    def write(
        dosages: Sequence[Sequence[int]], pvar: str, psam: str, name: str = "x", suffix: str = ""
    ) -> str:
        table = np.where(np.asarray(dosages) < 0, -9, dosages).astype(np.int8)
        prefix = tmp_path / name
        with pgenlib.PgenWriter(
            f"{prefix}.pgen".encode(), table.shape[1], variant_ct=len(table), nonref_flags=False
        ) as writer:
            writer.append_biallelic_batch(np.ascontiguousarray(table))
        Path(f"{prefix}.psam").write_text(psam)
        _write_pvar(Path(f"{prefix}.pvar{suffix}"), pvar)
        return str(prefix)

    return write


def _write_pvar(path: Path, text: str) -> None:
    if path.suffix == ".zst":
        zstandard = pytest.importorskip("zstandard")
        path.write_bytes(zstandard.compress(text.encode()))
    else:
        path.write_text(text)


@pytest.fixture
def random_dosages() -> np.ndarray:
    """int8 (37 variants, 21 samples), a tenth missing."""
    return np.random.default_rng(7).choice(
        np.array([-1, 0, 1, 2], np.int8), (37, 21), p=[0.1, 0.4, 0.3, 0.2]
    )
