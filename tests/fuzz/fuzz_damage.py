"""What can happen to a file: seeded damage of its content, and of its compression."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from fuzz_seeds import Seed
from genotype_files import bgzf

Chance = np.random.Generator
Damage = Callable[[bytes, Chance], bytes]

BYTES = (0, 1, 9, 10, 13, 32, 48, 127, 128, 129, 255)
INSERTED = (b"\0", b"\r", b" ", b"\t", b"\n", b"\r\n", b"\xff", b"\xe9", b"\xef\xbb\xbf",
            b"\x1b[2J", "é".encode(), b"\n\n", b"#", b'"', b",", b":", b";", b"=")  # fmt: skip
NUMBERS = (b"0", b"-1", b"-5", b"2147483647", b"2147483648", b"4294967296", b"9223372036854775808",
           b"9" * 400, b"1_000", b" 200", b"+7", b"1e5", b"1e400", b"nan", b"inf", b"0x10", b".",
           b"", "٣".encode(), b"00", b"1.5")  # fmt: skip
CELLS = (b"", b".", b"0", b"1", b"X", b"chr1", b"../../x", b"x" * 3000, b"a b", b"\x1b[31mred",
         b"=1+1", "é".encode(), b"\xff\xfe", b"<*>", b"<NON_REF>", b"<*>,G", b"C,<*>", b"*", b"N",
         b"NA", b"-", b"FID", b"#x", b"%s", b"{}", b"GT", b"GT:GT", b"PL:GT", b"q10;PASS",
         b"GENOTYPED", b"END=5", b"END=-1", b"END=99999999999", b"a", b"\xc2\xa0",
         b"\xe2\x80\xae", b"\x7f")  # fmt: skip
CALLS = (b"0", b"1", b".", b"/0|1", b"|1", b"0/9", b"./x", b"0/1/1", b":::", b"", b"/", b"0//1",
         b"0/0:", b"0|1:99", b"00/01", b"-1/0", b"0/-1", b"1/1:0,0,0", b"0/2147483648",
         b"junk" * 30, b"./.:nan", b"0/1:1e400", b"0/1:.,.,.", b"0/0:1,2,3,4,5,6,7")  # fmt: skip
LINES = (b"", b" ", b"\t", b"junk", b"1 100 . A C", b"##x", b"#CHROM", b"##contig=<ID=1>",
         b"##contig=<ID=a b>", b"##FORMAT=<ID=GT", b"\t" * 12, b"1\t100")  # fmt: skip


def pick(options: tuple[bytes, ...], chance: Chance) -> bytes:
    """One of them."""
    return options[chance.integers(len(options))]


def place(content: bytes, chance: Chance) -> int:
    """Where damage begins: mostly behind the header of a VCF, which is longer than the rest."""
    first = content.find(b"#CHROM") if chance.random() < 0.7 else 0
    return int(chance.integers(max(first, 0), len(content))) if content else 0


def flip(content: bytes, chance: Chance) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.integers(1, 4) if content else 0):
        changed[place(content, chance)] ^= 1 << int(chance.integers(8))
    return bytes(changed)


def overwrite(content: bytes, chance: Chance) -> bytes:
    at = place(content, chance)
    return content[:at] + bytes([int(chance.choice(BYTES))]) + content[at + 1 :]


def cut(content: bytes, chance: Chance) -> bytes:
    return content[: place(content, chance)]


def cut_a_little(content: bytes, chance: Chance) -> bytes:
    return content[: -int(chance.integers(1, 6))]


def remove(content: bytes, chance: Chance) -> bytes:
    at = place(content, chance)
    return content[:at] + content[at + int(chance.integers(1, 40)) :]


def repeat(content: bytes, chance: Chance) -> bytes:
    at = place(content, chance)
    return content[: at + int(chance.integers(1, 200))] + content[at:]


def insert(content: bytes, chance: Chance) -> bytes:
    at = place(content, chance)
    return content[:at] + pick(INSERTED, chance) + content[at:]


def in_front(content: bytes, chance: Chance) -> bytes:
    return pick(INSERTED, chance) + content


def at_end(content: bytes, chance: Chance) -> bytes:
    return content + pick((*INSERTED, *LINES), chance)


def other_line_ends(content: bytes, chance: Chance) -> bytes:
    return content.replace(b"\n", pick((b"\r\n", b"\r", b"\n\n", b"\n\r", b" \n"), chance))


def of_lines(change: Callable[[list[bytes], int, Chance], None]) -> Damage:
    """Damage of the list of lines, at one of them."""

    def damage(content: bytes, chance: Chance) -> bytes:
        lines = content.split(b"\n")
        change(lines, content[: place(content, chance)].count(b"\n"), chance)
        return b"\n".join(lines)

    return damage


def drop_line(lines: list[bytes], at: int, chance: Chance) -> None:
    del lines[at]


def drop_header_line(lines: list[bytes], at: int, chance: Chance) -> None:
    headers = [i for i, line in enumerate(lines) if line.startswith(b"#")]
    if headers:
        del lines[headers[chance.integers(len(headers))]]


def repeat_line(lines: list[bytes], at: int, chance: Chance) -> None:
    lines.insert(int(chance.integers(len(lines))), lines[at])


def swap_lines(lines: list[bytes], at: int, chance: Chance) -> None:
    other = int(chance.integers(len(lines)))
    lines[at], lines[other] = lines[other], lines[at]


def insert_line(lines: list[bytes], at: int, chance: Chance) -> None:
    lines.insert(at, pick(LINES, chance))


def of_cells(change: Callable[[list[bytes], int, Chance], None]) -> Damage:
    """Damage of the cells of a line, at one of them."""

    def in_line(lines: list[bytes], at: int, chance: Chance) -> None:
        mark = next((mark for mark in (b"\t", b",", b" ") if mark in lines[at]), b"\t")
        cells = lines[at].split(mark)
        change(cells, int(chance.integers(len(cells))), chance)
        lines[at] = mark.join(cells)

    return of_lines(in_line)


def drop_cell(cells: list[bytes], at: int, chance: Chance) -> None:
    del cells[at]


def repeat_cell(cells: list[bytes], at: int, chance: Chance) -> None:
    cells.insert(int(chance.integers(len(cells))), cells[at])


def swap_cells(cells: list[bytes], at: int, chance: Chance) -> None:
    other = int(chance.integers(len(cells)))
    cells[at], cells[other] = cells[other], cells[at]


def join_cells(cells: list[bytes], at: int, chance: Chance) -> None:
    cells[at : at + 2] = [b" ".join(cells[at : at + 2])]


def odd_cell(cells: list[bytes], at: int, chance: Chance) -> None:
    cells[at] = pick(CELLS, chance)


def odd_call(cells: list[bytes], at: int, chance: Chance) -> None:
    cells[int(chance.integers(min(9, len(cells) - 1), len(cells)))] = pick(CALLS, chance)


def odd_number(content: bytes, chance: Chance) -> bytes:
    at = place(content, chance)
    while at < len(content) and not content[at : at + 1].isdigit():
        at += 1
    end = at
    while content[end : end + 1].isdigit():
        end += 1
    return content[:at] + pick(NUMBERS, chance) + content[end:]


CONTENT: dict[str, Damage] = {
    "flipped bits": flip,
    "byte overwritten": overwrite,
    "cut": cut,
    "cut at the end": cut_a_little,
    "piece removed": remove,
    "piece repeated": repeat,
    "bytes inserted": insert,
    "bytes in front": in_front,
    "bytes at the end": at_end,
    "other line ends": other_line_ends,
    "line dropped": of_lines(drop_line),
    "header line dropped": of_lines(drop_header_line),
    "line repeated": of_lines(repeat_line),
    "lines swapped": of_lines(swap_lines),
    "line inserted": of_lines(insert_line),
    "cell dropped": of_cells(drop_cell),
    "cell repeated": of_cells(repeat_cell),
    "cells swapped": of_cells(swap_cells),
    "tab lost": of_cells(join_cells),
    "odd cell": of_cells(odd_cell),
    "odd call": of_cells(odd_call),
    "odd number": odd_number,
}
"""Damage before compression."""


def with_size(block: bytes, size: int) -> bytes:
    """A BGZF block that states another size."""
    return block[:16] + max(size, 0).to_bytes(2, "little") + block[18:]


def of_blocks(change: Callable[[list[bytes], int, Chance], None]) -> Damage:
    """Damage of the list of BGZF blocks, at one of them; gzip is one block."""

    def damage(packed: bytes, chance: Chance) -> bytes:
        blocks, at = [], 0
        while packed[at : at + 4] == b"\x1f\x8b\x08\x04":
            size = int.from_bytes(packed[at + 16 : at + 18], "little") + 1
            blocks.append(packed[at : at + size])
            at += size
        blocks = blocks or [packed]
        change(blocks, int(chance.integers(len(blocks))), chance)
        return b"".join(blocks)

    return damage


def wrong_size(blocks: list[bytes], at: int, chance: Chance) -> None:
    wrong = (0, 1, 17, 25, len(blocks[at]), len(blocks[at]) - 2, 65535)
    blocks[at] = with_size(blocks[at], wrong[chance.integers(len(wrong))])


def wrong_checksum(blocks: list[bytes], at: int, chance: Chance) -> None:
    blocks[at] = blocks[at][:-8] + flip(blocks[at][-8:-4], chance) + blocks[at][-4:]


def wrong_length(blocks: list[bytes], at: int, chance: Chance) -> None:
    blocks[at] = blocks[at][:-4] + flip(blocks[at][-4:], chance)


def swap_blocks(blocks: list[bytes], at: int, chance: Chance) -> None:
    other = int(chance.integers(len(blocks)))
    blocks[at], blocks[other] = blocks[other], blocks[at]


def drop_block(blocks: list[bytes], at: int, chance: Chance) -> None:
    del blocks[at]


def drop_end(blocks: list[bytes], at: int, chance: Chance) -> None:
    del blocks[-1]


def other_end(blocks: list[bytes], at: int, chance: Chance) -> None:
    blocks.append(pick((b"junk", bytes(28), blocks[0], b"\x1f\x8b", b"\n"), chance))


def recompressed(packed: bytes, chance: Chance) -> bytes:
    """The same content in other blocks, or compressed twice."""
    content = _unpacked(packed)
    twice = gzip.compress(packed, mtime=0)
    return (bgzf(content, 7), bgzf(content, 1 << 16), twice, content)[chance.integers(4)]


def _unpacked(packed: bytes) -> bytes:
    """The content, or what is given if it cannot be decompressed."""
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        return packed


PACKED: dict[str, Damage] = {
    "compressed: flipped bits": flip,
    "compressed: cut": cut,
    "compressed: piece removed": remove,
    "compressed: bytes inserted": insert,
    "block of wrong size": of_blocks(wrong_size),
    "block of wrong checksum": of_blocks(wrong_checksum),
    "block of wrong length": of_blocks(wrong_length),
    "blocks swapped": of_blocks(swap_blocks),
    "block dropped": of_blocks(drop_block),
    "end mark dropped": of_blocks(drop_end),
    "something behind the end": of_blocks(other_end),
    "recompressed": recompressed,
}
"""Damage after compression."""


@dataclass(frozen=True)
class Input:
    """A damaged file, and the files beside it.

    Attributes
    ----------
    number : int
        With the seed of the run it makes the same input again.
    seed : Seed
    damage : tuple of str
        What was done to it.
    files : dict of str to bytes
        By end of name, as they are written.
    contents : dict of str to bytes
        The same before compression; of damaged compression what can be decompressed.
    """

    number: int
    seed: Seed
    damage: tuple[str, ...]
    files: dict[str, bytes]
    contents: dict[str, bytes]


def damaged(seeds: Sequence[Seed], run: int, number: int) -> Input:
    """The input of a number: a seed with one to three kinds of damage in one of its files.

    One in thirty is left as it is, so that a judge which refuses everything is noticed.
    """
    chance = np.random.default_rng([run, number])
    families = sorted({seed.family for seed in seeds})
    family = families[number % len(families)]
    of_family = [seed for seed in seeds if seed.family == family]
    seed = of_family[chance.integers(len(of_family))]
    contents = dict(seed.files)
    end = sorted(contents)[chance.integers(len(contents))]
    outside = end in seed.packs and seed.packs[end] is not bytes and chance.random() < 0.3
    table = PACKED if outside else CONTENT
    names = [sorted(table)[chance.integers(len(table))] for _ in range(_kinds(chance))]
    if not outside:
        contents[end] = _apply(names, table, contents[end], chance)
    files = {name: seed.packs.get(name, bytes)(content) for name, content in contents.items()}
    if outside:
        files[end] = _apply(names, table, files[end], chance)
        contents[end] = _unpacked(files[end])
    return Input(number, seed, tuple(f"{end} {name}" for name in names), files, contents)


def _kinds(chance: Chance) -> int:
    return 0 if chance.random() < 1 / 30 else int(chance.choice([1, 1, 1, 2, 3]))


def _apply(names: list[str], table: dict[str, Damage], content: bytes, chance: Chance) -> bytes:
    for name in names:
        content = table[name](content, chance)
    return content
