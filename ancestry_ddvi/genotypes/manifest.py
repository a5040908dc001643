"""The manifest of a store: its input files and their state, and the records left out."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..storage import whole
from .formats.plink import plink_ids
from .formats.reading import ReadOptions
from .formats.source import GenotypeSource

FORMAT = 2
"""Increased when older stores can no longer be used."""

_EDGE_BYTES = 1 << 20

FilePrint = dict[str, str | int]


@dataclass(frozen=True)
class Manifest:
    """Written beside a store as PREFIX.json; a store without one is never reused.

    ``inputs`` identifies the input files and their state; it is empty for a pipe. ``options`` are
    those of reading that decide what is in the store. ``renamed`` has the IDs of the input by those
    of the .fam where they differ.
    """

    name: str
    inputs: list[FilePrint]
    skipped: dict[str, int]
    build_hint: str | None
    options: dict[str, list[str] | None]
    renamed: dict[str, str]
    format: int = FORMAT

    @classmethod
    def of(
        cls, source: GenotypeSource, inputs: Sequence[FilePrint], options: ReadOptions
    ) -> Manifest:
        """The manifest of a store made from a source, after all its blocks were read."""
        skipped, read = dict(source.skipped), options.as_json()
        written = zip(plink_ids(source.samples), source.samples, strict=True)
        renamed = {there: sample for there, sample in written if there != sample}
        return cls(source.name, list(inputs), skipped, source.build_hint, read, renamed)

    @classmethod
    def read(cls, prefix: Path) -> Manifest | None:
        """The manifest of the store at ``prefix``; None if there is none of this format."""
        try:
            manifest = cls(**json.loads(cls.path(prefix).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return manifest if manifest.format == FORMAT else None

    @staticmethod
    def path(prefix: Path) -> Path:
        """Where the manifest of a store is."""
        return Path(f"{prefix}.json")

    def write(self, prefix: Path) -> None:
        with whole(self.path(prefix)) as beside:
            beside.write_text(json.dumps(asdict(self), indent=1))

    def left_out(self) -> Counter[str]:
        """Records that are not in the store, by reason."""
        return Counter(self.skipped)


def fingerprint(files: Sequence[Path]) -> list[FilePrint]:
    """Path, size, time of change, and a digest of the first and last MiB of each file.

    Of a folder, the number of files, the latest change, and a digest of what they are in all.
    """
    return [_folder_print(path) if path.is_dir() else _file_print(path) for path in files]


def _folder_print(folder: Path) -> FilePrint:
    listed = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            state = path.stat()
            listed.append((str(path.relative_to(folder)), state.st_size, state.st_mtime_ns))
    return {
        "path": str(folder.resolve()),
        "size": len(listed),
        "mtime_ns": max((changed for *_, changed in listed), default=0),
        "sha256_of_edges": hashlib.sha256(json.dumps(listed).encode()).hexdigest(),
    }


def _file_print(path: Path) -> FilePrint:
    state = path.stat()
    with path.open("rb") as handle:
        edges = hashlib.sha256(handle.read(_EDGE_BYTES))
        handle.seek(max(0, state.st_size - _EDGE_BYTES))
        edges.update(handle.read(_EDGE_BYTES))
    return {
        "path": str(path.resolve()),
        "size": state.st_size,
        "mtime_ns": state.st_mtime_ns,
        "sha256_of_edges": edges.hexdigest(),
    }
