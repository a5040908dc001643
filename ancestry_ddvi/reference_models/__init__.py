"""Reference models: the .ddvi files that have a name.

Some come with the package. ``DDVI_ANCESTRY_REFERENCES`` holds folders with others, separated as in
PATH; these come first. Names are found without reading a model.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from ..errors import InputUnreadable, quoted

VARIABLE = "DDVI_ANCESTRY_REFERENCES"
"""Environment variable with folders of reference models."""

AUTO = "auto"
"""In place of a name: the model of which a file tells most. No model has this name."""

SUFFIX = ".ddvi"


@dataclass(frozen=True)
class ReferenceModel:
    """A reference model.

    Attributes
    ----------
    name : str
    path : Path
    hides : Path, optional
        The next model of the same name, which this one comes before.
    """

    name: str
    path: Path
    hides: Path | None = None


def is_name(word: str) -> bool:
    """Whether a word can be the name of a model: it has no slash and does not end in .ddvi."""
    return bool(word) and os.sep not in word and not word.endswith(SUFFIX)


def available() -> list[ReferenceModel]:
    """All reference models by name, sorted."""
    found: dict[str, list[Path]] = {}
    for folder in (*_folders(), Path(str(files(__name__)))):
        for path in _models_in(folder):
            found.setdefault(path.name.removesuffix(SUFFIX), []).append(path)
    return [
        ReferenceModel(name, paths[0], next(iter(paths[1:]), None))
        for name, paths in sorted(found.items())
    ]


def reference(word: str) -> ReferenceModel | None:
    """The reference model of a name; None for a path, and for a file that has no such name.

    Raises
    ------
    InputUnreadable
        If the word is neither a reference model nor a file, or a name with .ddvi and no file.
    """
    models = {model.name: model for model in available()}
    if not is_name(word):
        bare = word.removesuffix(SUFFIX)
        if bare in models and not os.path.exists(word):
            raise InputUnreadable(
                f"there is no file {word}", f"{bare}, without {SUFFIX}, is a reference model."
            )
        return None
    if word in models or os.path.exists(word):
        return models.get(word)
    there = f"there are {', '.join(models)}" if models else "none is installed"
    close = _closest(word, models)
    raise InputUnreadable(
        f"{quoted(word)} is neither a reference model ({there}) nor a file",
        f"Did you mean {close}?"
        if close
        else "Give the name of a reference model, or a .ddvi file written by fit.",
    )


def _closest(word: str, names: Iterable[str]) -> str | None:
    """The name most like a word, in capitals or not; None without one."""
    lower = {name.lower(): name for name in names}
    return next((lower[name] for name in get_close_matches(word.lower(), lower, n=1)), None)


def find(word: str) -> Path:
    """The file of a model, given by the name of a reference model or by its path.

    Raises
    ------
    InputUnreadable
        If a name is neither that of a reference model nor a file.
    """
    model = reference(word)
    return model.path if model else Path(word)


def problems() -> list[str]:
    """What is wrong with the folders in the environment variable, one sentence each."""
    found = []
    for folder in _folders():
        taken = folder / f"{AUTO}{SUFFIX}"
        if not (os.path.isdir(folder) and os.access(folder, os.R_OK | os.X_OK)):
            found.append(f"{VARIABLE} names {folder}, which is no folder that can be read")
        elif taken.exists():
            found.append(f"{taken} has no name, since {AUTO} stands for a choice: rename it")
    return found


def _folders() -> list[Path]:
    """Folders of the environment variable, in order."""
    named = os.environ.get(VARIABLE, "").split(os.pathsep)
    return [Path(folder).expanduser() for folder in dict.fromkeys(named) if folder]


def _models_in(folder: Path) -> list[Path]:
    """The models of a folder; none where it cannot be read."""
    try:
        return [
            path
            for path in sorted(folder.iterdir())
            if path.suffix == SUFFIX and path.name != f"{AUTO}{SUFFIX}" and path.name[0] != "."
        ]
    except OSError:
        return []
