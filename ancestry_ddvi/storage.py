"""Atomic writes: a file that exists is complete, and files of one run appear together."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from .errors import OutputUnwritable


class _Part:
    """A temporary file beside ``path``, locked as long as this process lives."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.beside, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
        with suppress(OSError):  # some file systems have no locks
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def keep(self) -> None:
        """Rename the file to its path."""
        os.replace(self.beside, self.path)

    def close(self) -> None:
        """Remove the file unless it was renamed."""
        with suppress(OSError):
            self.beside.unlink()
        os.close(self._lock)


_waiting: ContextVar[list[_Part] | None] = ContextVar("waiting", default=None)
"""Inside ``together``, the files that are complete."""


@contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the same folder, and rename it to ``path`` at the end.

    The folder is created if it is absent. If the block raises, the temporary file is removed and
    an existing ``path`` is left unchanged. Inside ``together`` the file is renamed with others.

    Raises
    ------
    OutputUnwritable
        If the folder cannot be created or the file cannot be written or renamed, or ``path`` is a
        device or a pipe.
    """
    path = Path(path)
    with _unwritable(path):
        _check_replaceable(path)
        part = _Part(path)
    waiting, complete = _waiting.get(), False
    try:
        with _unwritable(path):
            yield part.beside
            if waiting is None:
                part.keep()
        complete = True
    finally:
        if complete and waiting is not None:
            waiting.append(part)
        else:
            part.close()


def _check_replaceable(path: Path) -> None:
    """Check that no device or pipe is in this place: root would replace /dev/null for everyone.

    A folder is not replaced by a file: the system refuses that.

    Raises
    ------
    OSError
    """
    is_stream = path.is_symlink() and os.readlink(path).startswith("/proc/")  # /dev/stdout
    if is_stream or (path.exists() and not (path.is_file() or path.is_dir())):
        raise OSError(errno.EINVAL, "it is not a regular file")


@contextmanager
def together() -> Iterator[list[Path]]:
    """Files written by ``whole`` in the block are renamed at its end, in order of writing.

    If the block raises, no file is changed.

    Yields
    ------
    list of Path
        Files to remove before, which the block may add to.

    Raises
    ------
    OutputUnwritable
        If a file cannot be renamed or removed.
    """
    parts: list[_Part] = []
    stale: list[Path] = []
    token = _waiting.set(parts)
    try:
        try:
            yield stale
        finally:
            _waiting.reset(token)
        for path in stale:
            with _unwritable(path):
                path.unlink(missing_ok=True)
        for part in parts:
            with _unwritable(part.path):
                part.keep()
    finally:
        for part in parts:
            part.close()


@contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    """An error of the system becomes one sentence with the path."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputUnwritable(
            f"{path} cannot be written: {reason}",
            "Choose another --out, or check permissions and free space.",
        ) from error


def prepare_folder(prefix: Path) -> None:
    """Create the folder of the outputs, check that it is writable, remove what a killed run left.

    Raises
    ------
    OutputUnwritable
    """
    folder = prefix.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"folder {folder} cannot be created: {error.strerror}", "Choose another --out."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputUnwritable(f"folder {folder} is not writable", "Choose another --out.")
    for path in _parts(prefix):
        _remove_if_unused(path)


def check_folder(prefix: Path, mib: float) -> None:
    """Check that a folder is there or can be created, and has free space; creates nothing.

    Raises
    ------
    OutputUnwritable
    """
    above = (folder for folder in (prefix.parent, *prefix.parent.parents) if folder.exists())
    folder = next(above, Path("."))
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise OutputUnwritable(f"{folder} takes no files", "Choose another --out.")
    free = shutil.disk_usage(folder).free / 2**20
    if free < mib:
        raise OutputUnwritable(
            f"{folder} has {free:,.0f} MiB of free space and about {mib:,.0f} are needed",
            "Free disk space, or choose another --out.",
        )


def _parts(prefix: Path) -> list[Path]:
    """Temporary files under a prefix."""
    pattern = re.compile(rf"\.{re.escape(prefix.name)}\..+\.\d+\.part", re.DOTALL)
    try:
        return [path for path in prefix.parent.iterdir() if pattern.fullmatch(path.name)]
    except OSError:
        return []


def _remove_if_unused(path: Path) -> None:
    """Remove a temporary file whose process no longer runs: nothing holds its lock."""
    with suppress(OSError):
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        finally:
            os.close(lock)


def printable(text: str | os.PathLike[str]) -> str:
    r"""A path or text whose bytes that are no UTF-8 are written as ``\udcXX``."""
    return os.fspath(text).encode("utf-8", "backslashreplace").decode("utf-8")


def sha256(path: Path) -> str:
    """SHA-256 of a file, as sha256sum prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
