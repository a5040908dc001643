"""Download of the original image files, verified by checksum."""

from __future__ import annotations

import gzip
import hashlib
import logging
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from ..errors import InputUnreadable, UsageProblem
from ..storage import whole

logger = logging.getLogger(__name__)

PIECE = 1 << 20
"""Bytes read at a time."""

TIMEOUT = 60.0
"""Seconds to wait for a mirror."""


@dataclass(frozen=True)
class Source:
    """Where a collection of images is, and its checksums.

    Attributes
    ----------
    mirrors : tuple of str
        Addresses of folders, tried in order.
    files : dict
        SHA-256 of each file: of an archive itself, else of the uncompressed content, so that the
        compression of a mirror does not matter.
    members : tuple of str
        Files to extract, if the files are archives.
    """

    mirrors: tuple[str, ...]
    files: dict[str, str]
    members: tuple[str, ...] = ()


MNIST = """
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte.gz
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte.gz
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte.gz
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte.gz
"""

CIFAR10 = """
c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd  cifar-10-binary.tar.gz
"""


def by_file(digests: str) -> dict[str, str]:
    """File -> SHA-256, from lines as ``sha256sum`` writes them."""
    lines = (line.split() for line in digests.split("\n") if line)
    return {file: digest for digest, file in lines}


SOURCES = {
    "mnist": Source(
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        by_file(MNIST),
    ),
    "cifar10": Source(
        ("https://www.cs.toronto.edu/~kriz/",),
        by_file(CIFAR10),
        (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"),
    ),
}


def download(name: str, folder: Path) -> None:
    """Put the files of ``mnist`` or ``cifar10`` into a folder, unless they are there.

    Raises
    ------
    UsageProblem
        If there is no collection of this name.
    InputUnreadable
        If no mirror can be reached, or none has the right file.
    OutputUnwritable
        If the folder cannot be written.
    """
    if name not in SOURCES:
        raise UsageProblem(f"no images are called {name}", f"Use {' or '.join(SOURCES)}.")
    source = SOURCES[name]
    if source.members and all((folder / member).is_file() for member in source.members):
        return
    for file, digest in source.files.items():
        path = folder / file
        if not _is_sound(path, file, digest):
            _fetch(source.mirrors, path, digest)
        if source.members:
            _unpack(path, source.members)


def _fetch(mirrors: tuple[str, ...], path: Path, digest: str) -> None:
    """Download a file from the first mirror with the right one.

    Raises
    ------
    InputUnreadable
        If there is no such mirror.
    """
    problems = []
    for mirror in mirrors:
        try:
            logger.info("fetching %s%s", mirror, path.name)
            with whole(path) as beside:
                _save(mirror + path.name, beside, path.name, digest)
        except InputUnreadable as error:
            logger.warning("%s", error.problem)
            problems.append(error.problem)
        else:
            return
    raise InputUnreadable(
        "; ".join(problems), f"Get the files on another machine and copy them to {path.parent}."
    )


def _save(url: str, path: Path, name: str, digest: str) -> None:
    """Save the content of an address if its checksum is right.

    Raises
    ------
    InputUnreadable
    """
    with path.open("wb") as out:
        for piece in _pieces(url):
            out.write(piece)
    if not _is_sound(path, name, digest):
        raise InputUnreadable(f"{url} is not the original file, or arrived damaged")


def _pieces(url: str) -> Iterator[bytes]:
    """The content of an address, in pieces.

    Raises
    ------
    InputUnreadable
        If the server does not answer, or does not have the file.
    """
    try:
        with urlopen(url, timeout=TIMEOUT) as answer:
            while piece := answer.read(PIECE):
                yield piece
    except (OSError, HTTPException) as error:
        raise InputUnreadable(f"{url} cannot be fetched: {error}") from error


def _is_sound(path: Path, name: str, digest: str) -> bool:
    """Whether a file exists and has the checksum of the file called ``name``."""
    compressed = name.endswith(".gz") and not name.endswith(".tar.gz")
    try:
        with gzip.open(path) if compressed else path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except (OSError, EOFError, zlib.error):
        return False


def _unpack(archive: Path, members: tuple[str, ...]) -> None:
    """Extract files from an archive to its folder, without their paths."""
    with tarfile.open(archive) as tar:
        for info in tar:
            name = Path(info.name).name
            inside = tar.extractfile(info)
            if name in members and inside is not None:
                with whole(archive.with_name(name)) as beside:
                    beside.write_bytes(inside.read())
