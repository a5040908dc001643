"""Packed rows in another process."""

from __future__ import annotations

import mmap
import pickle
from pathlib import Path

import numpy as np
import pytest

from ancestry_ddvi.genotypes.formats.packing import PackedRows


def test_rows_of_a_file_are_mapped_again_and_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "x.bed"
    content = np.random.default_rng(1).integers(0, 256, 3 + 200 * 1000, dtype=np.uint8)
    content.tofile(path)
    mapped = np.memmap(path, np.uint8, "r", 3, (200, 1000))
    rows = np.arange(199, 0, -2)
    for chosen in (None, rows):
        sent = pickle.dumps(PackedRows(mapped, chosen))
        assert len(sent) < 3000
        np.testing.assert_array_equal(
            pickle.loads(sent)[:], mapped[:] if chosen is None else mapped[rows]
        )


def test_rows_in_memory_are_sent(tmp_path: Path) -> None:
    packed = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(PackedRows(packed)))[:], packed)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_memory_of_a_mapped_file_is_given_back_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x.bed"
    content = np.random.default_rng(1).integers(0, 256, 64 << 20, dtype=np.uint8)
    content.tofile(path)
    rows = PackedRows(np.memmap(path, np.uint8, "r", 0, (64, 1 << 20)))
    total = int(rows[:].sum(dtype=np.int64))
    before = resident_file_kib()
    rows.release()
    if hasattr(mmap, "MADV_DONTNEED"):
        assert resident_file_kib() < before - 60_000
    assert int(rows[:].sum(dtype=np.int64)) == total
    PackedRows(content.reshape(64, -1)).release()


def resident_file_kib() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("RssFile")).split()[1])
