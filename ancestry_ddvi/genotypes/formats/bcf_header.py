"""What the numbers in the records of a BCF file stand for, as its header declares them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...errors import InputUnreadable

_LINE = re.compile(rb"##(FILTER|INFO|FORMAT|contig)=<(.*)>\s*$")
_ENTRY = re.compile(rb'(?:^|,)\s*([^=,]+)=("(?:\\.|[^"\\])*"|[^,]*)')
_SHOWN = 80


@dataclass(frozen=True)
class BcfNames:
    """The two dictionaries of a BCF file (VCF 4.3 specification, section 6.2).

    Attributes
    ----------
    contigs, strings : mapping of int to str
        Chromosomes; IDs of FILTER, INFO and FORMAT.
    end : int or None
        The number that stands for END.
    """

    contigs: Mapping[int, str]
    strings: Mapping[int, str]
    end: int | None


def read_names(lines: Iterable[bytes], name: str) -> BcfNames:
    """The dictionaries, by IDX where it is given, otherwise in order of appearance.

    Raises
    ------
    InputUnreadable
        If an ID is not text, an IDX is not a whole number, or one IDX or ID has two meanings.
    """
    contigs, strings = _Dictionary(), _Dictionary()
    strings.add("PASS", None)
    for number, line in enumerate(lines, 1):
        if not (found := _LINE.match(line)):
            continue
        entries = dict(_ENTRY.findall(found[2]))
        table = contigs if found[1] == b"contig" else strings
        try:
            if b"ID" in entries:
                table.add(_text(entries[b"ID"]), _index(entries.get(b"IDX")))
        except ValueError as error:
            raise InputUnreadable(
                f"{name}, line {number} of its header: {error}",
                "Write the file again, for example with `bcftools view -Ob` from VCF.",
            ) from error
    return BcfNames(contigs.names, strings.names, strings.indices.get("END"))


class _Dictionary:
    """Names by index, one index for each name; the next free index follows the largest."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.indices: dict[str, int] = {}
        self._next = 0

    def add(self, text: str, index: int | None) -> None:
        known = self.indices.get(text)
        if known is not None:
            if index not in (None, known):
                raise ValueError(f"{text[:_SHOWN]!r} has IDX={index}, and IDX={known} before")
            return
        index = self._next if index is None else index
        if index in self.names:
            other = self.names[index]
            raise ValueError(f"IDX={index} stands for {text[:_SHOWN]!r} and {other[:_SHOWN]!r}")
        self.names[index], self.indices[text] = text, index
        self._next = max(self._next, index + 1)


def _text(written: bytes) -> str:
    try:
        text = written.decode()
    except UnicodeDecodeError as error:
        raise ValueError("an ID is not UTF-8 text") from error
    if not text.isprintable():
        raise ValueError(f"the ID {text[:_SHOWN]!r} has control characters")
    return text


def _index(written: bytes | None) -> int | None:
    if written is None:
        return None
    if not written.isdigit() or len(written) > len(str(1 << 31)):
        raise ValueError(f"the IDX {written[:_SHOWN].decode(errors='replace')!r} is no number")
    return int(written)
