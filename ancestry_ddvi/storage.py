"""Atomic writes: a file that exists is complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputUnwritable


@contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path in the same folder, and rename it to ``path`` at the end.

    The folder is created if it is absent. If the block raises, the temporary file is removed and
    an existing ``path`` is left unchanged.

    Raises
    ------
    OutputUnwritable
        If the folder cannot be created or the file cannot be written or renamed.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        os.replace(beside, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputUnwritable(
            f"{path} cannot be written: {reason}",
            "Choose another --out, or check permissions and free space.",
        ) from error
    finally:
        with suppress(OSError):
            beside.unlink()


def prepare_folder(prefix: Path) -> None:
    """Create the folder of the outputs and check that it is writable.

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
    if not os.access(folder, os.W_OK):
        raise OutputUnwritable(f"folder {folder} is not writable", "Choose another --out.")
