"""Coordinate tables: PREFIX.coords.tsv, PREFIX.eigenvec and PREFIX.pcs.tsv."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..storage import whole


@dataclass(frozen=True)
class Coordinates:
    """Everybody's place, one row a person, in input order.

    Attributes
    ----------
    samples : sequence of str
    mean, sd : ndarray of float64, (people, dims)
        Posterior mean and standard deviation, in units of the prior's standard deviation.
    n_sites : ndarray of int64, (people,)
        Model sites observed in this person.
    information : ndarray of float64, (people,)
        How many hard calls what was observed is worth.
    site_fraction : ndarray of float64, (people,)
        ``n_sites`` as a share of the model's sites.
    call_rate : ndarray of float64, (people,)
        Share of the model's sites in the file that were called in this person.
    flag : sequence of str
        Comma-separated remarks; "" where there is nothing to say.
    """

    samples: Sequence[str]
    mean: np.ndarray
    sd: np.ndarray
    n_sites: np.ndarray
    information: np.ndarray
    site_fraction: np.ndarray
    call_rate: np.ndarray
    flag: Sequence[str]

    def write(self, path: Path) -> None:
        """Write the tab-separated table with a header."""
        axes = [f"Z{k + 1}" for k in range(self.mean.shape[1])]
        header = ["sample_id", *axes, *(f"{a}_sd" for a in axes)]
        rows = (
            [
                sample,
                *numbers(self.mean[i]),
                *numbers(self.sd[i]),
                str(self.n_sites[i]),
                *numbers([self.information[i], self.site_fraction[i], self.call_rate[i]]),
                self.flag[i],
            ]
            for i, sample in enumerate(self.samples)
        )
        columns = ["n_sites", "information", "site_fraction", "call_rate", "flag"]
        write_table(path, [*header, *columns], rows)

    def write_eigenvec(self, path: Path) -> None:
        """Write the means in plink2's .eigenvec layout, family ID 0, axes named PC1 onwards."""
        axes = [f"PC{k + 1}" for k in range(self.mean.shape[1])]
        rows = (["0", s, *numbers(self.mean[i])] for i, s in enumerate(self.samples))
        write_table(path, ["#FID", "IID", *axes], rows)


def write_components(path: Path, samples: Sequence[str], scores: np.ndarray) -> None:
    """Write principal component scores: sample_id, PC1, PC2, ..."""
    rows = ([s, *numbers(scores[i])] for i, s in enumerate(samples))
    write_table(path, ["sample_id", *(f"PC{k + 1}" for k in range(scores.shape[1]))], rows)


def write_groups(
    path: Path, samples: Sequence[str], probabilities: np.ndarray, names: Sequence[str]
) -> None:
    """Write everybody's group, its probability and those of all; clusters are numbered.

    Parameters
    ----------
    probabilities : ndarray of float64, (people, groups)
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
