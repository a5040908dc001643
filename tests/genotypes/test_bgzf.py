"""Blocks of BGZF: what is damaged is told the same way, whichever library decompresses."""

from __future__ import annotations

import random
import struct
import zlib

import pytest

from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats import bgzf

END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def block(content: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    data = deflate.compress(content) + deflate.flush()
    start = bytes.fromhex("1f8b08040000000000ff060042430200") + struct.pack("<H", len(data) + 25)
    return start + data + struct.pack("<II", zlib.crc32(content), len(content))


def read(data: bytes) -> bytes | str:
    try:
        return b"".join(bgzf.BgzfBlocks(iter([data]), "x.vcf.gz"))
    except InputUnreadable as error:
        return str(error)


@pytest.mark.skipif(bgzf.isal_zlib is None, reason="isal is not installed")
def test_damage_is_told_alike_with_and_without_isal(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    text = bytes(rng.choices(b"01./|\t\n", k=3000))
    whole = block(text) + END
    damaged = [whole]
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 2)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        damaged.append(bytes(data))
    damaged += [whole[:cut] for cut in rng.sample(range(1, len(whole)), 50)]
    fast = [read(data) for data in damaged]
    monkeypatch.setattr(bgzf, "isal_zlib", None)
    assert fast == [read(data) for data in damaged]
    assert fast[0] == text
    assert sum(isinstance(found, str) for found in fast) > 400


def test_a_block_longer_than_64_kib_is_refused() -> None:
    data = block(bytes(1 << 16) + b"x") + END
    assert "its length is wrong" in str(read(data))
