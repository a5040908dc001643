"""Finding the variants of a model among the records of a file by one key, position or ID."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ..chromosomes import bare_chromosome
from ..variants import NO_ALLELE, VariantTable, numbered
from .alleles import Match, is_ambiguous, orient, orient_seen

ABSENT = -1
"""The row of a variant that the file does not have."""

NOT_FOUND = np.int8(len(Match))
"""Beside the codes of ``Match``: the file has no record with this key."""

_NO_KEY = -1

MatchKey = Literal["position", "id"]

MIN_SHARED = 20
"""With fewer shared variants the build is not tested."""

MISMATCH_CEILING = 0.2
"""Largest share of incompatible alleles among shared variants. It is near 0 with the right key and
near 0.5 between unrelated SNPs, two thirds of which are transitions."""

CONFLICT_CEILING = 0.5
"""Largest share of differing rsIDs at shared positions. A few per cent of rsIDs are merged; at
positions of another build nearly all differ."""

MIN_EVIDENT, MAX_MISMATCHES_OF_EVIDENT = 100, 0.05
"""So many variants with compatible alleles on the model's strand, and so few without, are not found
by chance: of unrelated SNPs on arrays, two thirds are compatible and half of these on this strand.
"""

_ORIENTED_SHARE = 0.99
"""A file has the model's REF and ALT, or strand, if this share of its unambiguous variants has."""

_ERRORS = 4.0
"""Standard errors by which the shares of swapped alleles may differ."""


@dataclass(frozen=True)
class Matching:
    """The variants that one key finds.

    Attributes
    ----------
    rows : ndarray of int64, shape (model variants,)
        The file's row, or ``ABSENT`` where no record has compatible alleles.
    code : ndarray of int8, shape (model variants,)
        Codes of ``Match``, or ``NOT_FOUND``.
    duplicates : int
        Further records with compatible alleles for a variant already found.
    conflicts : float
        Share of differing rsIDs among the matched variants that have one in both.
    ids_are_wrong : bool
        Whether differing rsIDs say nothing of the positions, since the alleles settle these.
    unread : int
        Model variants inside reference blocks that do not say which base they are, where it is
        not the model's REF for certain.
    """

    rows: np.ndarray
    code: np.ndarray
    duplicates: int
    conflicts: float
    ids_are_wrong: bool = False
    unread: int = 0

    @cached_property
    def compatible(self) -> int:
        """Model variants found with compatible alleles."""
        return int((self.rows != ABSENT).sum())

    @cached_property
    def plausible(self) -> bool:
        """Whether the matches look like the same variants, and not like matches by chance."""
        unlike = self._shared >= MIN_SHARED and self._mismatches > MISMATCH_CEILING * self._shared
        return not unlike and (self.conflicts <= CONFLICT_CEILING or self.ids_are_wrong)

    @cached_property
    def evident(self) -> bool:
        """Whether alleles alone show that these are the same variants."""
        on_strand = np.isin(self.code, [Match.SAME, Match.SWAPPED]).sum()
        few = MAX_MISMATCHES_OF_EVIDENT * self._shared
        return self.compatible >= MIN_EVIDENT and self._shared - int(on_strand) <= few

    @cached_property
    def _shared(self) -> int:
        """Model variants of which the file has a record, with whatever alleles."""
        return int((self.code != NOT_FOUND).sum())

    @property
    def mismatched(self) -> np.ndarray:
        """Model variants of which the file has records with other alleles only; bool."""
        return np.asarray(self.code == Match.MISMATCH)

    @property
    def _mismatches(self) -> int:
        return self._shared - self.compatible

    @property
    def support(self) -> int:
        """Model variants found, or 0 where the matches are not plausible."""
        return self.compatible if self.plausible else 0


def by_position(model: VariantTable, file: VariantTable, called: np.ndarray) -> Matching:
    """Match by chromosome (with or without ``chr``), position and alleles.

    Parameters
    ----------
    model, file : VariantTable
    called : ndarray of int64, (file variants,)
        Samples with a call; of two records of one variant the better called is used, and one
        without any call is as good as absent.
    """
    model_chromosome, file_chromosome = _chromosome_codes(model.chromosome, file.chromosome)
    keys = [
        np.where(variants.position > 0, chromosome << 40 | variants.position, _NO_KEY)
        for chromosome, variants in ((model_chromosome, model), (file_chromosome, file))
    ]
    rows, code, duplicates = _match(model, file, called, *keys)
    return Matching(rows, code, duplicates, _rsid_conflicts(model, file, rows))


def by_id(model: VariantTable, file: VariantTable, called: np.ndarray) -> Matching:
    """Match by ID and alleles, for IDs that identify a variant (see ``_identifying``).

    The parameters are those of ``by_position``.
    """
    codes = _shared_codes(model.id, file.id)
    keys = [
        np.where(_identifying(variants, code), code, _NO_KEY)
        for variants, code in zip((model, file), codes, strict=True)
    ]
    return Matching(*_match(model, file, called, *keys), conflicts=0.0)


def no_matches(variants: int) -> Matching:
    """The matching by a key that is not available."""
    absent, not_found = np.full(variants, ABSENT, dtype=np.int64), np.full(variants, NOT_FOUND)
    return Matching(absent, not_found, duplicates=0, conflicts=0.0)


def _match(
    model: VariantTable,
    file: VariantTable,
    called: np.ndarray,
    model_keys: np.ndarray,
    file_keys: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Rows, codes and the number of duplicates.

    Of several records with the same key the best match is used, then the one with most calls,
    then the first. They are compared in rounds, one record per variant and round, so that memory
    stays at a few arrays of the model's length.
    """
    file_keys = np.where(called > 0, file_keys, _NO_KEY)
    order = np.argsort(file_keys, kind="stable")
    in_order = file_keys[order]
    first = np.searchsorted(in_order, model_keys, side="left")
    records = np.searchsorted(in_order, model_keys, side="right") - first
    records[model_keys == _NO_KEY] = 0
    rows = np.full(len(model), ABSENT, dtype=np.int64)
    code = np.full(len(model), NOT_FOUND, dtype=np.int8)
    calls = np.zeros(len(model), dtype=np.int64)
    found = 0
    for round_ in range(records.max(initial=0)):
        active = np.flatnonzero(records > round_)
        candidate = order[first[active] + round_]
        match = _relation(model[active], file[candidate])
        found += int((match != Match.MISMATCH).sum())
        fuller = (match == code[active]) & (called[candidate] > calls[active])
        better = (match < code[active]) | fuller
        chosen = active[better]
        rows[chosen], code[chosen] = candidate[better], match[better]
        calls[chosen] = called[candidate[better]]
    duplicates = found - int((code < Match.MISMATCH).sum())
    rows[code >= Match.MISMATCH] = ABSENT
    _use_once(rows, code)
    return rows, code, duplicates


def _relation(model: VariantTable, file: VariantTable) -> np.ndarray:
    """Codes of ``Match`` for pairs of variants, of which the file's may be monomorphic."""
    seen = orient_seen(model.ref, model.alt, file.ref)
    both = orient(model.ref, model.alt, file.ref, file.alt)
    return np.where(file.alt == NO_ALLELE, seen, both)


def _use_once(rows: np.ndarray, code: np.ndarray) -> None:
    """Keep each row of the file for the first model variant matched to it, in place."""
    matched = np.flatnonzero(rows != ABSENT)
    _, first = np.unique(rows[matched], return_index=True)
    others = np.delete(matched, first)
    rows[others], code[others] = ABSENT, NOT_FOUND


def ambiguous_to_drop(
    model: VariantTable, code: np.ndarray, recorded: np.ndarray, positions: bool
) -> np.ndarray:
    """Which matched variants have to be dropped because their strand is unknown.

    An A/T or C/G variant is kept only where the file is matched by position and (nearly) all its
    other variants have the model's strand: as VCFs of the same build do, and files with swapped
    alleles that come from them. Where (nearly) all others have the same REF and ALT, or all have
    them swapped, this one must have them too. Where some are swapped, these variants must be
    swapped as often as the others: else some are on the other strand, such as in files of arrays
    whose other variants were put on one strand by their alleles. Allele frequencies are not used,
    since a file may hold a single sample, and calls are not, since these may be of other samples.

    Parameters
    ----------
    model : VariantTable
    code : ndarray of int8, shape (model variants,)
        Codes of ``Match``, or ``NOT_FOUND``.
    recorded : ndarray of int8, shape (model variants,)
        The same, with records that no sample has a call of.
    positions : bool
        Whether position was the key.

    Returns
    -------
    ndarray of bool, shape (model variants,)
    """
    ambiguous = is_ambiguous(model.ref, model.alt)
    same, swapped = recorded == Match.SAME, recorded == Match.SWAPPED
    kept = np.zeros(len(code), dtype=bool)
    if positions and _nearly_all(model, recorded, same):
        kept = same
    elif positions and _nearly_all(model, recorded, swapped):
        kept = swapped
    elif positions and _nearly_all(model, recorded, same | swapped):
        known = same | swapped
        if _as_often(swapped[known & ambiguous], swapped[known & ~ambiguous]):
            kept = known
    return np.asarray((code < Match.MISMATCH) & ambiguous & ~kept)


def _as_often(some: np.ndarray, others: np.ndarray) -> bool:
    """Whether two shares agree within ``_ERRORS`` standard errors, that of the second known."""
    if not some.size:
        return True
    share = others.mean()
    error = np.sqrt(share * (1 - share) / some.size)
    return bool(abs(some.mean() - share) <= _ERRORS * error)


def same_alleles(model: VariantTable, code: np.ndarray) -> bool:
    """Whether (nearly) all matched variants that show their strand have the model's REF and ALT.

    Parameters
    ----------
    model : VariantTable
    code : ndarray of int8, shape (model variants,)
        Codes of ``Match``, or ``NOT_FOUND``.
    """
    return _nearly_all(model, code, code == Match.SAME)


def _nearly_all(model: VariantTable, code: np.ndarray, some: np.ndarray) -> bool:
    """Whether (nearly) all matched variants that show their strand are among some."""
    plain = (code < Match.MISMATCH) & ~is_ambiguous(model.ref, model.alt)
    return bool(plain.any() and some[plain].mean() >= _ORIENTED_SHARE)


def _shared_codes(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of str as integers, equal where the strings are equal."""
    codes, _ = numbered(np.concatenate([ours, theirs]))
    return codes[: len(ours)], codes[len(ours) :]


def _chromosome_codes(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Chromosome names as integers, "chr7" and "7" as the same one."""
    codes, names = numbered(np.concatenate([ours, theirs]))
    codes = numbered([bare_chromosome(name) for name in names])[0][codes]
    return codes[: len(ours)], codes[len(ours) :]


def _is_rsid(ids: np.ndarray) -> np.ndarray:
    return np.fromiter((i.startswith("rs") for i in ids), dtype=bool, count=len(ids))


def _identifying(variants: VariantTable, codes: np.ndarray) -> np.ndarray:
    """Whether each ID identifies a variant: an rsID, or one that is unique and not a position.

    An ID that contains the position of its own variant ("1:12345:A:G") means another variant in
    another build, and adds nothing to the position in the same build.
    """
    identifying = _is_rsid(variants.id)
    _, inverse, times = np.unique(codes, return_inverse=True, return_counts=True)
    for i in np.flatnonzero(~identifying & (times[inverse] == 1)):
        name = variants.id[i]
        identifying[i] = name not in ("", ".") and str(variants.position[i]) not in name
    return identifying


def _rsid_conflicts(model: VariantTable, file: VariantTable, rows: np.ndarray) -> float:
    """Share of differing rsIDs at matched variants; 0 where fewer than 20 have one in both."""
    matched = np.flatnonzero(rows != ABSENT)
    ours, theirs = model.id[matched], file.id[rows[matched]]
    both = _is_rsid(ours) & _is_rsid(theirs)
    if both.sum() < MIN_SHARED:
        return 0.0
    return float((ours[both] != theirs[both]).mean())
