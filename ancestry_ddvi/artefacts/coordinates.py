"""Coordinate tables: PREFIX.coords.tsv, PREFIX.eigenvec and PREFIX.pcs.tsv."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputUnreadable
from ..storage import whole

_SHARED = (
    "effective_variants", "variant_fraction", "call_rate",
    "effective_draws", "log_evidence", "p_panel", "flag",
)  # fmt: skip
"""Columns after the number of variants."""

_GIVE = "Give a .coords.tsv file written by fit or embed."


@dataclass(frozen=True)
class Coordinates:
    """Every sample's place, one row a sample, in input order.

    Attributes
    ----------
    samples : sequence of str
    mean, sd : ndarray of float64, (samples, dims)
        Posterior mean and standard deviation, in units of the prior's standard deviation.
    correlation : ndarray of float64, (samples, dims (dims - 1) / 2)
        Posterior correlation of each pair of axes, (1, 2), (1, 3), ..., (2, 3), ...
    n_variants : ndarray of int64, (samples,)
        Model variants observed in this sample.
    effective_variants : ndarray of float64, (samples,)
        How many hard calls what was observed is worth.
    variant_fraction : ndarray of float64, (samples,)
        ``n_variants`` as a share of the model's variants.
    call_rate : ndarray of float64, (samples,)
        Share of the model's variants in the file that were called in this sample.
    effective_draws : ndarray of float64, (samples,)
        Independent draws that the weighted ones are worth.
    log_evidence : ndarray of float64, (samples,)
        Importance-weighted bound on the log evidence of the scores, in nats.
    p_panel : ndarray of float64, (samples,)
        Share of the panel that is more unusual than this sample.
    flag : sequence of str
        Comma-separated remarks; "" where there is nothing to say.
    """

    samples: Sequence[str]
    mean: np.ndarray
    sd: np.ndarray
    correlation: np.ndarray
    n_variants: np.ndarray
    effective_variants: np.ndarray
    variant_fraction: np.ndarray
    call_rate: np.ndarray
    effective_draws: np.ndarray
    log_evidence: np.ndarray
    p_panel: np.ndarray
    flag: Sequence[str]

    @property
    def covariance(self) -> np.ndarray:
        """Posterior covariances; (samples, dims, dims)."""
        dims = self.sd.shape[1]
        correlation = np.tile(np.eye(dims), (len(self.samples), 1, 1))
        i, j = np.triu_indices(dims, 1)
        correlation[:, i, j] = correlation[:, j, i] = self.correlation
        return np.asarray(correlation * self.sd[:, :, None] * self.sd[:, None, :])

    def write(self, path: Path) -> None:
        """Write the tab-separated table with a header."""
        axes = [f"Z{k + 1}" for k in range(self.mean.shape[1])]
        pairs = [f"{a}_{b}_corr" for a, b in itertools.combinations(axes, 2)]
        header = ["sample_id", *axes, *(f"{a}_sd" for a in axes), *pairs, "n_variants", *_SHARED]
        rows = (
            [
                sample,
                *numbers(np.concatenate([self.mean[i], self.sd[i], self.correlation[i]])),
                str(self.n_variants[i]),
                *numbers([getattr(self, name)[i] for name in _SHARED[:-1]]),
                self.flag[i],
            ]
            for i, sample in enumerate(self.samples)
        )
        write_table(path, header, rows)

    def write_eigenvec(self, path: Path) -> None:
        """Write the means in plink2's .eigenvec layout, family ID 0, axes named PC1 onwards."""
        axes = [f"PC{k + 1}" for k in range(self.mean.shape[1])]
        rows = (["0", s, *numbers(self.mean[i])] for i, s in enumerate(self.samples))
        write_table(path, ["#FID", "IID", *axes], rows)


def looks_like_coordinates(path: Path) -> bool:
    """Whether a file starts as a table of coordinates does."""
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
        If the file is absent, is no such table, or a line is cut short or holds no number
        where one is due.
    """
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no table of coordinates"
        raise InputUnreadable(f"{path} cannot be read: {reason}", _GIVE) from None
    names = header.split("\t")
    axes = [name for name in names if re.fullmatch(r"Z\d+", name)]
    pairs = [f"{a}_{b}_corr" for a, b in itertools.combinations(axes, 2)]
    needed = ["sample_id", *axes, *(f"{a}_sd" for a in axes), *pairs, "n_variants", *_SHARED]
    if not axes or (lacking := [name for name in needed if name not in names]):
        what = lacking[0] if axes else "Z1"
        raise InputUnreadable(f"{path} has no column {what}", _GIVE)
    rows = [line.split("\t") for line in lines]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise InputUnreadable(f"{path}, line {number}: not {len(names)} columns", _GIVE)

    def column(name: str) -> list[str]:
        return [row[names.index(name)] for row in rows]

    def table(columns: Sequence[str]) -> np.ndarray:
        try:
            cells = [[math.nan if c == "NA" else float(c) for c in column(k)] for k in columns]
        except ValueError as error:
            raise InputUnreadable(f"{path}: {error}", _GIVE) from None
        return np.array(cells, dtype=float).reshape(len(columns), len(rows)).T

    return Coordinates(
        samples=column("sample_id"),
        mean=table(axes),
        sd=table([f"{a}_sd" for a in axes]),
        correlation=table(pairs),
        n_variants=table(["n_variants"])[:, 0].astype(np.int64),
        flag=column("flag"),
        **{name: table([name])[:, 0] for name in _SHARED[:-1]},
    )


def write_draws(path: Path, samples: Sequence[str], draws: np.ndarray) -> None:
    """Write draws that count alike, (samples, draws, dims), as arrays sample_id and draws."""
    with whole(path) as beside, beside.open("wb") as out:
        np.savez_compressed(out, sample_id=np.array(samples, dtype=str), draws=draws)


def write_components(path: Path, samples: Sequence[str], scores: np.ndarray) -> None:
    """Write principal component scores: sample_id, PC1, PC2, ..."""
    rows = ([s, *numbers(scores[i])] for i, s in enumerate(samples))
    write_table(path, ["sample_id", *(f"PC{k + 1}" for k in range(scores.shape[1]))], rows)


def write_groups(
    path: Path, samples: Sequence[str], probabilities: np.ndarray, names: Sequence[str]
) -> None:
    """Write every sample's group, its probability and those of all; clusters are numbered.

    Parameters
    ----------
    probabilities : ndarray of float64, (samples, groups)
    names : sequence of str
        Of the groups; none for the clusters of a prior.
    """
    names = names or [f"cluster{k + 1}" for k in range(probabilities.shape[1])]
    best = probabilities.argmax(axis=1)
    rows = (
        [sample, names[k], *numbers([row[k], *row])]
        for sample, k, row in zip(samples, best, probabilities, strict=True)
    )
    write_table(path, ["sample_id", "group", "probability", *names], rows)


def numbers(values: Sequence[float] | np.ndarray) -> list[str]:
    """Six significant digits each; NA where not a number."""
    return ["NA" if np.isnan(v) else f"{v:.6g}" for v in values]


def write_table(path: Path, header: Sequence[str], rows: object) -> None:
    """Write a tab-separated table beside ``path`` and rename it when whole."""
    with whole(path) as beside, beside.open("w", encoding="utf-8", newline="\n") as out:
        out.write("\t".join(header) + "\n")
        out.writelines("\t".join(row) + "\n" for row in rows)  # type: ignore[attr-defined]
