"""The command variants: the variants of a model, for programs that call or extract them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputsDisagree
from ..genotypes.chromosomes import LENGTHS, autosome, bare_chromosome, prefixed_chromosome
from ..genotypes.formats.variant_filter import objects
from ..genotypes.formats.variant_lists import LISTS, ListedVariants, list_format, write_list
from ..genotypes.harmonise.panel import Panel
from ..storage import printable
from ..version import __version__
from ._finding import checked_build
from ._named import NamedModel, opened
from ._places import check_file

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class ModelVariants:
    """The variants of a model in one genome build, sorted.

    Attributes
    ----------
    files : dict from kind to Path
        Empty where nothing was written.
    listed : ListedVariants
    rows : ndarray of int64, (variants,)
        Their numbers in the model.
    kind : str
        Of the list: "vcf", "bed", "range", "ids" or "targets".
    """

    files: dict[str, Path]
    listed: ListedVariants
    rows: np.ndarray
    kind: str

    def lines(self) -> Iterator[str]:
        """The lines of the list."""
        return LISTS[self.kind].lines(self.listed)

    def to_frame(self) -> pd.DataFrame:
        """Columns chromosome, position, id, ref, alt and frequency; the index is ``rows``."""
        import pandas as pd

        names = ("chromosome", "position", "id", "ref", "alt")
        columns = {name: getattr(self.listed.variants, name) for name in names}
        return pd.DataFrame(columns | {"frequency": self.listed.frequency}, index=self.rows)

    def __repr__(self) -> str:
        """The number of variants, their build and the file."""
        file = next(map(str, self.files.values()), "none")
        build = self.listed.build or "unknown"
        return f"<ModelVariants: {len(self.rows):,} variants, build {build}; file: {file}>"


def variants(
    model: str | NamedModel,
    out: str | None = None,
    *,
    build: str | None = None,
    format: str | None = None,  # noqa: A002
    chr_prefix: bool | None = None,
) -> ModelVariants:
    """The variants that a model uses.

    Parameters
    ----------
    model : str
        The name of a reference model, or a .ddvi file.
    out : str, optional
        A file to write. BGZF if it ends in .gz.
    build : str, optional
        Genome build of the positions: one that the model knows, by default its first. Variants
        without a position in it are left out, and the log says how many.
    format : str, optional
        "vcf", "bed", "range", "ids" or "targets"; by default what the ending of ``out`` says.
    chr_prefix : bool, optional
        Whether chromosomes are named chr1 or 1; by default as in the model.

    Raises
    ------
    DDVIError
        If the model cannot be read, or does not know its variants in this build, a variant has no
        ID where IDs are listed, or the file cannot be written.

    Examples
    --------
    >>> import ancestry_ddvi
    >>> frame = ancestry_ddvi.variants("cohort.ddvi", chr_prefix=True).to_frame()
    >>> frame.columns.tolist()
    ['chromosome', 'position', 'id', 'ref', 'alt', 'frequency']
    """
    kind = list_format(format, out)
    named = opened(model)
    found = _listed(named, checked_build(build), chr_prefix, kind)
    if out is None:
        return found
    check_file(out, [str(named.path)])
    write_list(out, kind, found.listed)
    return replace(found, files={kind: Path(out)})


def _listed(
    named: NamedModel, build: str | None, chr_prefix: bool | None, kind: str
) -> ModelVariants:
    """The variants of a model in a build, sorted by chromosome and position."""
    panel = named.model.panel
    build = build or panel.build
    position = _positions(panel, build, named.name)
    chromosome = objects([_renamed(name, chr_prefix) for name in panel.variants.chromosome])
    rows = _order(chromosome, position)
    chromosome = chromosome[rows]
    if left_out := len(panel) - len(rows):
        log.warning(
            "%d of %d variants of the model have no position in %s and are left out.",
            left_out,
            len(panel),
            build,
        )
    table = replace(panel.variants[rows], chromosome=chromosome, position=position[rows])
    remarks = (
        ("source", f"ddvi-ancestry {__version__}"),
        ("ddvi_ancestry_model", printable(Path(named.name).name)),
    )
    listed = ListedVariants(
        table, panel.frequency[rows], _lengths(chromosome, build), build, remarks
    )
    return ModelVariants({}, listed, rows, kind)


def _positions(panel: Panel, build: str | None, name: str) -> np.ndarray:
    """Positions in a build, 0 where they are not known: int64 (variants,).

    Raises
    ------
    InputsDisagree
        If the model knows none.
    """
    if build not in panel.positions:
        known = ", ".join(panel.known) or "no build that has a name"
        raise InputsDisagree(
            f"{name} does not know the positions of its variants in {build}",
            f"It knows them in {known}; fit --chain adds another build.",
        )
    return panel.positions[build]


def _order(chromosome: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Rows with a position, by chromosome and position: int64 (rows,).

    Autosomes come first, by number, and others as they first appear.
    """
    names = list(dict.fromkeys(chromosome))
    numbers = autosome(names)
    rank = {
        name: (int(number) or len(LENGTHS["GRCh38"]) + 1, i)
        for i, (name, number) in enumerate(zip(names, numbers, strict=True))
    }
    place = {name: i for i, name in enumerate(sorted(names, key=rank.__getitem__))}
    order = np.lexsort((position, np.array([place[name] for name in chromosome], np.int64)))
    return order[position[order] > 0]


def _renamed(name: str, chr_prefix: bool | None) -> str:
    if chr_prefix is None:
        return name
    return prefixed_chromosome(name) if chr_prefix else bare_chromosome(name)


def _lengths(chromosome: np.ndarray, build: str | None) -> dict[str, int | None]:
    """The length of each chromosome, None where it is not known."""
    names = list(dict.fromkeys(chromosome))
    known = LENGTHS.get(build or "")
    return {
        name: known[number - 1] if known and number else None
        for name, number in zip(names, autosome(names).tolist(), strict=True)
    }
