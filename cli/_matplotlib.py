"""A cache folder for Matplotlib if the home folder is not writable."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "MPLCONFIGDIR"


@contextmanager
def matplotlib_folder() -> Iterator[None]:
    """Give Matplotlib a temporary folder if the home folder is not writable.

    Without it, Matplotlib creates such a folder itself and prints a warning, even with ``--quiet``.
    Its message about building the font cache, which happens in every run there, is silenced too.
    Enter before Matplotlib is imported. An ``MPLCONFIGDIR`` that the user set is kept.
    """
    if VARIABLE in os.environ or all(map(_writable, _own_folders())):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="matplotlib-", ignore_cleanup_errors=True) as folder:
        os.environ[VARIABLE] = folder
        fonts = logging.getLogger("matplotlib.font_manager")
        before = fonts.level
        fonts.setLevel(logging.ERROR)
        try:
            yield
        finally:
            fonts.setLevel(before)
            del os.environ[VARIABLE]


def _own_folders() -> list[Path]:
    """Where Matplotlib keeps configuration and caches."""
    home = Path(os.path.expanduser("~"))
    return [
        Path(os.environ.get(variable) or home / name)
        for variable, name in (("XDG_CONFIG_HOME", ".config"), ("XDG_CACHE_HOME", ".cache"))
    ]


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or in the nearest one above it that exists."""
    if not folder.is_absolute():  # the home folder is unknown
        return False
    try:  # a folder above may be closed to this user
        existing = next(above for above in (folder, *folder.parents) if above.exists())
        with tempfile.TemporaryFile(dir=existing):
            return True
    except OSError:
        return False
