"""A model as a user gives it: by the name of a reference model, or by its path."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..artefacts.model import Model
from ..errors import InputUnreadable, UsageProblem
from ..genotypes.formats.registry import is_genotypes
from ..reference_models import AUTO, ReferenceModel, available, find, problems, reference
from ..storage import sha256
from ._common import stem_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class NamedModel:
    """A model that was read.

    Attributes
    ----------
    name : str
        As given.
    path : Path
        The file.
    sha256 : str or None
        Of the file, as sha256sum prints it; None of a pipe.
    model : Model
    """

    name: str
    path: Path
    sha256: str | None
    model: Model = field(compare=False)

    @classmethod
    def read(cls, name: str) -> NamedModel:
        """Find a model and read it.

        Raises
        ------
        UsageProblem
            If no certain model is named.
        InputUnreadable
            If a name is not known, or the file is absent or no model.
        """
        if name == AUTO:
            raise UsageProblem(
                f"{AUTO} chooses a reference model by genotypes, and none are read here",
                "Name a model.",
            )
        return cls._of(name, locate(name))

    @classmethod
    def of(cls, reference: ReferenceModel) -> NamedModel:
        """Read a reference model.

        Raises
        ------
        InputUnreadable
            If the file is damaged.
        """
        return cls._of(reference.name, reference.path)

    @classmethod
    def _of(cls, name: str, path: Path) -> NamedModel:
        try:
            model = Model.read(path)
        except InputUnreadable:
            if is_genotypes(path):
                raise InputUnreadable(
                    f"{path} holds genotypes and is no model", "Give MODEL first, then INPUT."
                ) from None
            raise
        return cls(name, path, sha256(path) if path.is_file() else None, model)

    @property
    def stem(self) -> str:
        """The name of the file without its ending, as tables and figures give it."""
        return stem_of(str(self.path))

    @property
    def as_json(self) -> dict[str, str | None]:
        """What summaries say of it."""
        return {"model": self.name, "model_sha256": self.sha256}


def opened(model: str | NamedModel) -> NamedModel:
    """A model, read unless it has been read before.

    Raises
    ------
    UsageProblem, InputUnreadable
    """
    return NamedModel.read(model) if isinstance(model, str) else model


def file_of(model: str | NamedModel) -> str | None:
    """The file of a model; None where a model is yet to be chosen.

    Raises
    ------
    InputUnreadable
        If a name is not known.
    """
    if model == AUTO:
        return None
    return str(find(model) if isinstance(model, str) else model.path)


def readable() -> Iterator[tuple[ReferenceModel, NamedModel | None]]:
    """All reference models, read one after the other; the log warns of those that cannot be.

    Yields
    ------
    (ReferenceModel, NamedModel or None)
    """
    for problem in problems():
        log.warning("%s.", problem)
    for found in available():
        try:
            yield found, NamedModel.of(found)
        except InputUnreadable as error:
            log.warning("%s", error)
            yield found, None


def locate(name: str) -> Path:
    """The file of a model; the log says where that of a name is, and what it comes before.

    Raises
    ------
    InputUnreadable
        If a name is not known.
    """
    found = reference(name)
    if found is None:
        return Path(name)
    for problem in problems():
        log.warning("%s.", problem)
    if found.hides:
        log.info("Reference model %s: %s, and not %s.", name, found.path, found.hides)
    else:
        log.info("Reference model %s: %s.", name, found.path)
    return found.path
