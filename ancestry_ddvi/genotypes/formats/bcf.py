"""BCF files: their header, their records, and the records as blocks of dosages.

Every length is checked before it is used, so that no content can end the process.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ...errors import InputUnreadable
from .bcf_header import BcfNames, read_names
from .bcf_record import FIXED, BcfRecord, decode
from .bcf_values import Damage
from .vcf_header import VcfHeader, read_header

_MAGIC = (b"BCF\x02\x01", b"BCF\x02\x02")
_LENGTH = struct.Struct("<I")
_LENGTHS = struct.Struct("<II")
_START = len(_MAGIC[0]) + _LENGTH.size
_AT_ONCE = 1 << 18
_MAX_HEADER, _MAX_RECORD = 1 << 27, 1 << 30
"""More bytes than any has; what claims to be longer is damaged."""

_SHOWN = 80
_COPY_AGAIN = "Copy it again; `bcftools view` shows more."


class BcfStream:
    """The decompressed content of a BCF 2.1 or 2.2 file, which is read once.

    Iterating raises InputUnreadable at the first damaged record; the message gives its number
    and the record before it.
    """

    def __init__(self, pieces: Iterator[bytes], name: str) -> None:
        self.name = name
        self._content = BcfContent(pieces)
        self.header_lines = self._read_header_lines()
        self.header: VcfHeader = read_header(self.header_lines, name)
        if self.header.lines < len(self.header_lines):
            raise InputUnreadable(
                f"{name} is damaged: its header goes on below the #CHROM line", _COPY_AGAIN
            )
        self.names: BcfNames = read_names(self.header_lines, name)

    def __iter__(self) -> Iterator[BcfRecord]:
        number, last = 1, None
        while True:
            try:
                record = self._next()
            except Damage as error:
                after = f" (after {last.chromosome[:_SHOWN]}:{last.position})" if last else ""
                raise InputUnreadable(
                    f"{self.name}, record {number}{after}: {error}", _COPY_AGAIN
                ) from error
            if record is None:
                return
            yield record
            number, last = number + 1, record

    def restart(self, pieces: Iterator[bytes]) -> None:
        """Take other content, of whole records, for what follows the header."""
        self._content = BcfContent(pieces)

    def _next(self) -> BcfRecord | None:
        content = self._content
        if not content.holds(1):
            return None
        if not content.holds(_LENGTHS.size):
            raise Damage("it is cut short")
        shared, fields = _LENGTHS.unpack_from(content.held, content.at)
        size = _LENGTHS.size + shared + fields
        if shared < FIXED.size or size > _MAX_RECORD:
            raise Damage(f"its lengths of {shared} and {fields} bytes are impossible")
        if not content.holds(size):
            raise Damage("it is cut short")
        start, content.at = content.at + _LENGTHS.size, content.at + size
        middle = start + shared
        samples = len(self.header.samples)
        return decode(content.held, start, middle, content.at, self.names, samples)

    def _read_header_lines(self) -> list[bytes]:
        content = self._content
        if content.holds(_START) and not content.held.startswith(_MAGIC):
            raise InputUnreadable(
                f"{self.name} is not BCF 2.1 or 2.2", "Convert it with `bcftools view -Ob`."
            )
        size = _LENGTH.unpack_from(content.held, 5)[0] if content.holds(_START) else 0
        if size > _MAX_HEADER:
            raise InputUnreadable(
                f"{self.name} is damaged: its header claims to have {size} bytes", _COPY_AGAIN
            )
        if not size or not content.holds(_START + size):
            raise InputUnreadable(
                f"{self.name} is cut short: it ends within its header", _COPY_AGAIN
            )
        content.at = _START + size
        text = content.held[_START : content.at].partition(b"\0")[0]
        return [line.removesuffix(b"\r") for line in text.rstrip(b"\r\n").split(b"\n")]


class BcfContent:
    """Bytes of which some are held; the next one is at ``held[at]``."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.held = b""
        self.at = 0

    def holds(self, size: int) -> bool:
        """Read on until this many bytes are held; False if there are fewer."""
        if len(self.held) - self.at >= size:
            return True
        pieces = [self.held[self.at :]]
        missing = max(size, _AT_ONCE) - len(pieces[0])
        for piece in self._pieces:
            pieces.append(piece)
            missing -= len(piece)
            if missing <= 0:
                break
        self.held, self.at = b"".join(pieces), 0
        return len(self.held) >= size
