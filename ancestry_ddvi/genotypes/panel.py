"""Panel: the sites of a model, and their alignment with the sites of any file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .alleles import Match, recode
from .matching import ABSENT, NOT_FOUND, by_id, by_position, settle_ambiguous
from .receipt import Key, Receipt
from .source import MISSING, SiteTable


class DosageStore(Protocol):
    """What an alignment reads from: anything that gives dosages of ALT by site."""

    @property
    def samples(self) -> Sequence[str]:
        """Sample IDs in the order of the columns."""

    def dosages(self, rows: np.ndarray) -> np.ndarray:
        """Dosages of the sites ``rows``: int8 of shape (len(rows), samples)."""


@dataclass(frozen=True)
class Alignment:
    """Where the model's sites are in a file, and how to turn them.

    Attributes
    ----------
    rows : ndarray of int64, shape (panel sites,)
        Index into the file's sites, or -1 where absent. No row is used twice.
    swapped : ndarray of bool, shape (panel sites,)
        Whether the file's ALT is the model's REF, on either strand.
    key : "position" or "id"
    receipt : Receipt
    """

    rows: np.ndarray
    swapped: np.ndarray
    key: Key
    receipt: Receipt

    def dosages(self, store: DosageStore, start: int, stop: int) -> np.ndarray:
        """Model sites [start, stop) from the store, ALT counted as the model does.

        Returns
        -------
        ndarray of int8, shape (sites, samples)
            ``MISSING`` at every site that the file does not have.
        """
        rows, swapped = self.rows[start:stop], self.swapped[start:stop]
        present = rows != ABSENT
        out = np.full((len(rows), len(store.samples)), MISSING, dtype=np.int8)
        if present.any():
            out[present] = recode(store.dosages(rows[present]), swapped[present])
        return out


@dataclass(frozen=True)
class Panel:
    """The sites of a model, with the frequency of the counted allele at fit time.

    Attributes
    ----------
    sites : SiteTable
        Dosages count ``alt``.
    frequency : ndarray of float64, shape (sites,)
        Of ``alt`` among the people of the fit.
    build : str or None
        Genome build of the positions, such as "GRCh38".
    """

    sites: SiteTable
    frequency: np.ndarray
    build: str | None

    def __len__(self) -> int:
        return len(self.sites)

    def align(
        self, file_sites: SiteTable, counts: np.ndarray | None, file_build: str | None
    ) -> Alignment:
        """Find the model's sites in a file, by position or by ID, whichever the data support.

        Both keys are tried over all sites and one is used throughout: positions if they find
        at least as many sites with compatible alleles, else IDs. The declared builds take no
        part in this. A key whose shared sites disagree too often in their alleles is not
        believed, nor are positions at which the rsIDs differ: in a dense file, positions of
        another build meet some site by chance. Where neither key is believed nothing matches.

        A ``chr`` prefix is ignored. IDs count if they start with "rs" or are unique, unless
        they merely repeat the position (1:12345:A:G). Ambiguous (A/T, C/G) sites are dropped
        unless the whole file is in the model's orientation (see ``settle_ambiguous``).

        Parameters
        ----------
        file_sites : SiteTable
        counts : ndarray of int64, shape (file sites, 4), or None
            People with dosage 0, 1, 2 and missing. A site called in nobody counts as absent.
        file_build : str or None
            As the file declares it; only reported.
        """
        positions, ids = by_position(self.sites, file_sites), by_id(self.sites, file_sites)
        key: Key = "id" if ids.usable > positions.usable else "position"
        chosen = ids if key == "id" else positions
        code = chosen.code.copy() if chosen.believed else np.full(len(self), NOT_FOUND)
        if counts is not None:
            called = counts[:, :3].sum(axis=1) > 0
            code[(chosen.rows != ABSENT) & ~called[chosen.rows]] = NOT_FOUND
        dropped = settle_ambiguous(self.sites, code, key == "position")
        matched = (code < Match.MISMATCH) & ~dropped
        rows = np.where(matched, chosen.rows, ABSENT)
        swapped = matched & np.isin(code, [Match.SWAPPED, Match.FLIPPED_SWAPPED])
        receipt = Receipt(
            model_sites=len(self),
            file_sites=len(file_sites),
            matched=int(matched.sum()),
            same=_count(matched, code, Match.SAME),
            swapped=_count(matched, code, Match.SWAPPED),
            strand_flipped=_count(matched, code, Match.FLIPPED),
            strand_flipped_and_swapped=_count(matched, code, Match.FLIPPED_SWAPPED),
            ambiguous_dropped=int(dropped.sum()),
            allele_mismatch=int((code == Match.MISMATCH).sum()),
            absent=int((code == NOT_FOUND).sum()),
            duplicate=chosen.duplicates if chosen.believed else 0,
            key=key,
            position_matches=positions.compatible,
            id_matches=ids.compatible,
            positions_agree=positions.believed and 2 * positions.compatible >= ids.usable,
            model_build=self.build,
            file_build=file_build,
            chromosomes=_by_chromosome(self.sites.chromosome, matched, code == NOT_FOUND),
        )
        return Alignment(rows, swapped, key, receipt)


def _count(matched: np.ndarray, code: np.ndarray, match: Match) -> int:
    return int((matched & (code == match)).sum())


def _by_chromosome(
    chromosome: np.ndarray, matched: np.ndarray, absent: np.ndarray
) -> dict[str, dict[str, int]]:
    """Counts per chromosome, in the model's order and by the model's names."""
    import pandas as pd

    codes, names = pd.factorize(chromosome)
    columns = {
        "model_sites": np.bincount(codes, minlength=len(names)),
        "matched": np.bincount(codes[matched], minlength=len(names)),
        "absent": np.bincount(codes[absent], minlength=len(names)),
    }
    return {
        str(name): {column: int(n[i]) for column, n in columns.items()}
        for i, name in enumerate(names)
    }
