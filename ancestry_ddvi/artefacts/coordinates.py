"""Coordinate tables: PREFIX.coords.tsv, PREFIX.eigenvec, PREFIX.pcs.tsv and PREFIX.groups.tsv."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputsDisagree, InputUnreadable, quoted
from ..storage import whole
from .columns import TABLES, values_of
from .records import ComponentScores, EmbeddedSamples, GroupProbabilities
from .tables import frame, parsed, read_table, write_columns, write_table

if TYPE_CHECKING:
    from pandas import DataFrame

_GIVE = "Give a .coords.tsv file written by fit or embed."
_BESIDE = "Keep X.coords.tsv and X.pcs.tsv of one run of fit or embed side by side."


@dataclass(frozen=True, eq=False, repr=False)
class Coordinates:
    """The coordinates of samples, one row per sample, in input order.

    Attributes
    ----------
    columns : mapping of str to ndarray, (samples,) each
        Every column of PREFIX.coords.tsv by its name (``columns.TABLES["coords"]``).
    """

    columns: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, record: EmbeddedSamples) -> Coordinates:
        """The table of embedded samples."""
        axes = _axes(record.posterior.mean.shape[1])
        return cls(dict(zip(*values_of("coords", record, axes), strict=True)))

    def __getitem__(self, name: str) -> np.ndarray:
        """One column, such as ``coordinates["p_panel"]``; (samples,)."""
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.columns["sample_id"])

    def __repr__(self) -> str:
        return f"Coordinates({len(self):,} samples, {len(self.axes)} axes)"

    @property
    def axes(self) -> list[str]:
        """Names of the axes, Z1 onwards."""
        return [name for name in self.columns if re.fullmatch(r"Z\d+", name)]

    @property
    def samples(self) -> list[str]:
        """Sample IDs."""
        return list(self.columns["sample_id"].tolist())

    @property
    def flag(self) -> list[str]:
        """Flags of each sample, separated by commas; "" where there are none."""
        return list(self.columns["flag"].tolist())

    @property
    def mean(self) -> np.ndarray:
        """Posterior means, in standard deviations of the prior; (samples, dims)."""
        return self._family("{each}")

    @property
    def sd(self) -> np.ndarray:
        """Posterior standard deviations, in the same unit; (samples, dims)."""
        return self._family("{each}_sd")

    @property
    def correlation(self) -> np.ndarray:
        """Posterior correlations of axes (1, 2), (1, 3), ...; (samples, dims (dims - 1) / 2)."""
        return self._family("{each}_{other}_corr")

    @property
    def covariance(self) -> np.ndarray:
        """Posterior covariances; (samples, dims, dims)."""
        dims = len(self.axes)
        correlation = np.tile(np.eye(dims), (len(self), 1, 1))
        i, j = np.triu_indices(dims, 1)
        correlation[:, i, j] = correlation[:, j, i] = self.correlation
        return np.asarray(correlation * self.sd[:, :, None] * self.sd[:, None, :])

    def _family(self, name: str) -> np.ndarray:
        """The columns of one row of the registry; (samples, columns)."""
        (family,) = (column for column in TABLES["coords"] if column.name == name)
        found = [self.columns[each] for each in family.names(self.axes)]
        return np.array(found, dtype=np.float64).reshape(len(found), len(self)).T

    def to_frame(self) -> DataFrame:
        """The table as a pandas DataFrame, with all digits."""
        return frame(list(self.columns), list(self.columns.values()))

    def _repr_html_(self) -> str:
        return str(self.to_frame()._repr_html_())

    def write(self, path: Path) -> None:
        """Write PREFIX.coords.tsv."""
        write_columns(path, list(self.columns), list(self.columns.values()))

    def write_eigenvec(self, path: Path) -> None:
        """Write the means as plink2 writes principal components: family ID 0, PC1 onwards."""
        record = ComponentScores(self.samples, self.mean)
        write_table(path, "eigenvec", record, _components(len(self.axes)))


def looks_like_coordinates(path: Path) -> bool:
    """Whether a file begins like a table of coordinates."""
    try:
        with path.open("rb") as file:
            return file.read(13) == b"sample_id\tZ1\t"
    except OSError:
        return False


def read_coordinates(path: Path) -> Coordinates:
    """Read a table that ``Coordinates.write`` wrote.

    Raises
    ------
    InputUnreadable
        If the file is absent or not such a table, or a line is too short or has text where a
        number is due.
    """
    table = read_table(path, _GIVE)
    axes = [name for name in table if re.fullmatch(r"Z\d+", name)] or ["Z1"]
    due = {name: column for column in TABLES["coords"] for name in column.names(axes)}
    if lacking := [name for name in due if name not in table]:
        raise InputUnreadable(f"{path} has no column {lacking[0]}", _GIVE)
    return Coordinates(
        {
            name: parsed(path, name, column.type, table[name].tolist(), _GIVE)
            for name, column in due.items()
        }
    )


def write_draws(path: Path, samples: Sequence[str], draws: np.ndarray) -> None:
    """Write equally weighted draws, (samples, draws, dims), as arrays sample_id and draws."""
    with whole(path) as beside, beside.open("wb") as out:
        np.savez_compressed(out, sample_id=np.array(samples, dtype=str), draws=draws)


def write_components(path: Path, samples: Sequence[str], scores: np.ndarray) -> None:
    """Write principal component scores, (samples, components)."""
    record = ComponentScores(samples, scores)
    write_table(path, "pcs", record, _components(scores.shape[1]))


def read_components(path: Path, samples: Sequence[str], components: int) -> np.ndarray:
    """Scores of samples from a table that ``write_components`` wrote, whatever its order.

    Parameters
    ----------
    path : Path
    samples : sequence of str
        Those that are wanted; the table may have others.
    components : int
        Of the model.

    Returns
    -------
    ndarray of float64, (samples, components)

    Raises
    ------
    InputUnreadable
        If the file is absent or not such a table, or has text where a number is due.
    InputsDisagree
        If it has another number of components, or not these samples.
    """
    table, names = read_table(path, _BESIDE), _components(components)
    if list(table) != ["sample_id", *names]:
        problem = (
            f"{path} does not have the columns sample_id and PC1 to PC{components} of the model"
        )
        raise InputsDisagree(problem, _BESIDE)
    row = {sample: number for number, sample in enumerate(table["sample_id"])}
    if lacking := [sample for sample in samples if sample not in row]:
        raise InputsDisagree(f"{path} has no sample {quoted(lacking[0])}", _BESIDE)
    found = [parsed(path, name, "number", table[name].tolist(), _BESIDE) for name in names]
    scores = np.stack(found, axis=1)[[row[sample] for sample in samples]]
    if not np.isfinite(scores).all():
        raise InputUnreadable(f"{path} has a score that is not a number", _BESIDE)
    return scores


def write_groups(
    path: Path, samples: Sequence[str], probabilities: np.ndarray, names: Sequence[str]
) -> None:
    """Write the most probable group of each sample and the probabilities of all groups.

    Parameters
    ----------
    probabilities : ndarray of float64, (samples, groups)
    names : sequence of str
        Of the groups; empty for the clusters of a prior, which are numbered.
    """
    names = names or [f"cluster{k + 1}" for k in range(probabilities.shape[1])]
    write_table(path, "groups", GroupProbabilities(samples, names, probabilities), names)


def _axes(dims: int) -> list[str]:
    return [f"Z{k + 1}" for k in range(dims)]


def _components(count: int) -> list[str]:
    return [f"PC{k + 1}" for k in range(count)]
