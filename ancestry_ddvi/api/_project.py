"""``fit --project-on``: a cohort in a reference model, beside its own map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..artefacts.assignments import UNASSIGNED, Assignment
from ..artefacts.label_table import UNLABELLED
from ..errors import UsageProblem
from ..genotypes.store import GenotypeStore
from ..reference.groups import Groups
from ..reference_models import AUTO
from ..storage import check_folder
from ._assign import Assigned, assign_run, run_assignment, unfit
from ._common import stem_of
from ._named import NamedModel, file_of
from ._places import check_inputs, prepare_outputs
from .outputs import present

COMMANDS = ("embed", "assign")
"""Whose files are written."""


@dataclass(frozen=True)
class ReferenceTarget:
    """The reference model in which a cohort is embedded.

    Attributes
    ----------
    name : str
        As given.
    model : NamedModel or "auto"
    prefix : str
        Of what is written of it.
    """

    name: str
    model: NamedModel | str
    prefix: str

    @classmethod
    def of(cls, name: str, prefix: str) -> ReferenceTarget:
        """Read the model, unless it is to be chosen; ``prefix`` is that of the fit.

        Raises
        ------
        InputUnreadable, UsageProblem
        """
        model = name if name == AUTO else NamedModel.read(name)
        if isinstance(model, NamedModel) and (why := unfit(model.model)):
            raise UsageProblem(
                f"--project-on {name} cannot assign samples: {why}",
                "Name a model that embeds new samples and was fitted with --labels.",
            )
        return cls(name, model, f"{prefix}.in.{stem_of(name)}")

    @property
    def file(self) -> str | None:
        """The file of the model; None where it is yet to be chosen."""
        return file_of(self.model)

    def prepare(self, inputs: Sequence[str | None]) -> None:
        """Check that what is written of it can be written.

        Raises
        ------
        OutputUnwritable, UsageProblem
        """
        for command in COMMANDS:
            prepare_outputs(self.prefix, command, inputs)

    def planned(self, inputs: Sequence[str | None]) -> list[str]:
        """What would be done, one line each; nothing is changed.

        Raises
        ------
        OutputUnwritable, UsageProblem
        """
        check_folder(Path(self.prefix), 0)
        for command in COMMANDS:
            check_inputs(self.prefix, command, inputs)
        before = [str(path) for command in COMMANDS for path in present(self.prefix, command)]
        return [
            f"before the fit, embed the samples in {self.name} and assign them: write the files "
            f"of assign as {self.prefix}.*",
            *([f"replace or remove {', '.join(dict.fromkeys(before))}"] if before else []),
        ]

    def assign(self, inputs: Sequence[str], store: GenotypeStore, **options: Any) -> OnReference:
        """Embed and assign the samples of a store, and write the results.

        Parameters
        ----------
        inputs : sequence of str
            What the store was read from.
        store : GenotypeStore
        options
            As in ``assign``.

        Raises
        ------
        InputsDisagree
            If too few variants are shared.
        """
        run = assign_run(self.model, inputs, self.prefix, store=store, **options)
        groups = run.model.record.groups
        assert groups is not None
        return OnReference(run.named.name, run_assignment(run), groups)


@dataclass(frozen=True)
class OnReference:
    """A cohort that was assigned to the groups of a reference model.

    Attributes
    ----------
    name : str
        Of the model.
    assigned : Assigned
    groups : Groups
        Those of the model.
    """

    name: str
    assigned: Assigned
    groups: Groups

    @property
    def _level(self) -> Assignment:
        """The finest level on which most samples have a group, else the coarsest."""
        levels = self.assigned.ancestry.assignments
        return next((a for a in levels if 2 * a.group.count(UNASSIGNED) < len(a.group)), levels[-1])

    @property
    def labels(self) -> list[str]:
        """The group of each sample, which colours its own map; "NA" where it is unassigned."""
        return [UNLABELLED if name == UNASSIGNED else name for name in self._level.group]

    @property
    def within(self) -> Groups | None:
        """The groups whose colours these are; None on a level that is not the finest."""
        return self.groups if self._level is self.assigned.ancestry.assignments[0] else None
