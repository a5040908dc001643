"""A fitted model as an object: read once, asked often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..artefacts.model import Model
from ._assign import Assigned, assign_run, run_assignment
from ._common import Inputs
from ._embedding import Embedded, draw_posteriors, embed_run, run_embedding
from ._named import NamedModel
from ._variants import variants

if TYPE_CHECKING:
    import pandas as pd


def load(model: str | Path) -> FittedModel:
    """Read a reference model, or one that ``fit`` wrote.

    Parameters
    ----------
    model : str or Path
        The name of a reference model, or a .ddvi file.

    Raises
    ------
    InputUnreadable
        If the name is not known, or the file is absent, damaged, not a model, or of another
        format.

    Examples
    --------
    >>> import ancestry_ddvi
    >>> model = ancestry_ddvi.load("cohort.ddvi")
    >>> model.embed("query.vcf.gz").to_frame().shape[0]
    8
    >>> model.levels
    ('population',)
    """
    return FittedModel(NamedModel.read(str(model)))


@dataclass(frozen=True, repr=False)
class FittedModel:
    """A fitted model.

    Attributes
    ----------
    named : NamedModel
        The model with its name, file and checksum.
    """

    named: NamedModel

    @property
    def path(self) -> str:
        """The file."""
        return str(self.named.path)

    @property
    def model(self) -> Model:
        """Its arrays and its record."""
        return self.named.model

    @property
    def dims(self) -> int:
        """Number of coordinates."""
        return self.model.record.options.dims

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of the labelled groups, the finest first; empty if there are none."""
        groups = self.model.record.groups
        return groups.levels if groups else ()

    @property
    def card(self) -> Mapping[str, str]:
        """The model card."""
        return self.model.record.card

    def variants(self, build: str | None = None, chr_prefix: bool | None = None) -> pd.DataFrame:
        """The variants of the model: chromosome, position, id, ref, alt, frequency of ALT.

        Parameters
        ----------
        build, chr_prefix
            As in ``ancestry_ddvi.variants``.

        Raises
        ------
        DDVIError
        """
        return variants(self.named, build=build, chr_prefix=chr_prefix).to_frame()

    def embed(self, inputs: Inputs, out: str | None = None, **options: Any) -> Embedded:
        """Embed samples; files are written only if ``out`` gives their prefix.

        Parameters
        ----------
        inputs : str, path-like, or sequence of them
            Genotype files.
        out : str, optional
        options
            As in ``ancestry_ddvi.embed``.

        Raises
        ------
        DDVIError
        """
        run = embed_run("embed", self.named, inputs, out, **options)
        return run_embedding(run, draw_posteriors)

    def assign(self, inputs: Inputs, out: str | None = None, **options: Any) -> Assigned:
        """Assign samples to groups; files are written only if ``out`` gives their prefix.

        Parameters
        ----------
        inputs : str, path-like, or sequence of them
            Genotype files or one table of coordinates.
        out : str, optional
        options
            As in ``ancestry_ddvi.assign``.

        Raises
        ------
        DDVIError
        """
        return run_assignment(assign_run(self.named, inputs, out, **options))

    def __repr__(self) -> str:
        """Method, numbers of samples, variants and coordinates, build and levels."""
        record, panel = self.model.record, self.model.panel
        return (
            f"<FittedModel {self.named.name}: {record.options.method}, {self.dims} coordinates, "
            f"{self.model.projection.samples:,} samples, {len(panel):,} variants, "
            f"build {panel.build or 'unknown'}, levels: {', '.join(self.levels) or 'none'}>"
        )
