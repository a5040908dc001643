"""The outcome for every variant of a model when a file is matched to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...errors import InputsDisagree
from .matching import CONFLICT_CEILING, MatchKey

UNKNOWN_BUILD = "unknown"
"""The name of an unknown build."""

COLUMNS = {
    "variants": "model_variants",
    "matched": "matched",
    "same": "same",
    "swapped": "swapped",
    "strand": "strand_flipped",
    "both": "strand_flipped_and_swapped",
    "reference": "reference_only",
    "resolved": "ambiguous_resolved",
    "ambiguous": "ambiguous_dropped",
    "alleles": "allele_mismatch",
    "absent": "absent",
}
"""Columns of the table of chromosomes in the log: the heading and the count."""


@dataclass(frozen=True)
class HarmonisationReport:
    """Counts of variants.

    ``matched`` + ``ambiguous_dropped`` + ``allele_mismatch`` + ``absent`` is ``model_variants``,
    and ``same`` to ``strand_flipped_and_swapped`` add up to ``matched``.

    Attributes
    ----------
    model_variants : int
    file_variants : int or None
        None if the file was read by its index, as is ``id_matches``.
    matched : int
        Model variants found in the file and used.
    same, swapped, strand_flipped, strand_flipped_and_swapped : int
        Alleles of the matched variants in the file.
    reference_only : int
        Variants among the matched where the file names no ALT: reference blocks, records with
        ALT ".", and .bim rows with one allele.
    ambiguous_resolved : int
        A/T and C/G variants among the matched: nearly all others have the strand of the model.
    ambiguous_dropped : int
        A/T and C/G variants whose strand is unknown.
    allele_mismatch : int
        In the file with other alleles only.
    absent : int
        Not in the file, or without any call there.
    uncalled : int
        Variants among the absent of which the file has a record.
    duplicate : int
        Further records of matched variants; the best called was used.
    key : "position" or "id"
        How the variants were matched.
    position_matches : int
    id_matches : int or None
        Variants found with compatible alleles by each key; by positions in the chosen build.
    build_matches : mapping of build to int
        The same by positions in each build that was tried.
    rejected : sequence of str
        Builds, and "id", whose matches look like matches by chance and were not used.
    rsid_conflicts : float
        Share of differing rsIDs among the matched variants that have one in both; 0 to 1.
    positions_agree : bool
        False where the file is of a build that the model does not know: alleles or rsIDs at
        shared positions differ, or IDs find twice as many variants as positions do.
    model_build : str or None
        Of the cohort the model was fitted to.
    known_builds : sequence of str
        Builds in which the model knows its variants.
    file_build : str or None
        As the file declares it.
    stated_build : str or None
        As given by the user.
    detected_build : str or None
        As inferred from the variants (``MatchKeys.detected_build``).
    absent_as_reference : int
        Absent variants that are taken to be homozygous for REF (``--absent reference``).
    chromosomes : mapping from chromosome to its counts, from ``model_variants`` to ``absent``
    """

    model_variants: int
    file_variants: int | None
    matched: int
    same: int
    swapped: int
    strand_flipped: int
    strand_flipped_and_swapped: int
    reference_only: int
    ambiguous_resolved: int
    ambiguous_dropped: int
    allele_mismatch: int
    absent: int
    uncalled: int
    duplicate: int
    key: MatchKey
    position_matches: int
    id_matches: int | None
    build_matches: Mapping[str, int]
    rejected: Sequence[str]
    rsid_conflicts: float
    positions_agree: bool
    model_build: str | None
    known_builds: Sequence[str]
    file_build: str | None
    stated_build: str | None
    detected_build: str | None
    chromosomes: Mapping[str, Mapping[str, int]]
    absent_as_reference: int = 0

    @property
    def variant_fraction(self) -> float:
        """Share of the model's variants that were matched, 0 to 1."""
        return self.matched / self.model_variants if self.model_variants else 0.0

    @property
    def observed(self) -> int:
        """Variants with genotypes: matched, or absent and taken as homozygous reference."""
        return self.matched + self.absent_as_reference

    @property
    def recorded(self) -> int:
        """Variants that the file has, called or not, or that are taken as reference."""
        return self.observed + self.uncalled

    @property
    def observed_fraction(self) -> float:
        """Share of the model's variants that are ``observed``, 0 to 1."""
        return self.observed / self.model_variants if self.model_variants else 0.0

    def as_dict(self) -> dict[str, Any]:
        """All counts in plain types, for JSON."""
        return {**asdict(self), "variant_fraction": self.variant_fraction}

    @property
    def contradiction(self) -> str:
        """One sentence where the inferred build differs from that of the header or the user."""
        found = self.detected_build
        if found and self.stated_build and found != self.stated_build:
            return f"--build is {self.stated_build}, but the positions are of {found}"
        if found and self.file_build and found != self.file_build:
            used = "" if self.stated_build else f"; {found} is used"
            return f"the header declares {self.file_build}, but the positions are of {found}{used}"
        return ""

    @property
    def foreign_ids(self) -> str:
        """One sentence where most rsIDs at the matched variants are not those of the model."""
        if self.rsid_conflicts <= CONFLICT_CEILING:
            return ""
        return (
            f"{100 * self.rsid_conflicts:.0f} % of the rsIDs at matched variants are not those of "
            "the model; positions and alleles agree and are used"
        )

    @property
    def is_small(self) -> bool:
        """Whether most variants of the file are variants of the model."""
        return bool(self.file_variants and 2 * self.matched >= self.file_variants)

    def lines(self, skipped: Mapping[str, int] = {}) -> list[str]:
        """The report as a short table for the log.

        ``skipped`` counts the records that the reader left out, by reason.
        """
        rows = [
            ("model variants", self.model_variants),
            (f"matched by {self.key}", self.matched),
            ("  same alleles", self.same),
            ("  REF and ALT swapped", self.swapped),
            ("  other strand", self.strand_flipped),
            ("  other strand and swapped", self.strand_flipped_and_swapped),
            ("  reference calls alone, of these", self.reference_only),
            ("  ambiguous (A/T, C/G) of these", self.ambiguous_resolved),
            ("ambiguous (A/T, C/G), dropped", self.ambiguous_dropped),
            ("other alleles", self.allele_mismatch),
            ("absent", self.absent),
            ("  without any call, of these", self.uncalled),
            ("  taken as homozygous reference", self.absent_as_reference),
            ("duplicates in the file", self.duplicate),
            *((f"not read: {reason}", count) for reason, count in skipped.items()),
        ]
        table = [f"{name:<32}{count:>11,}" for name, count in rows]
        table[1] += f"  ({100 * self.variant_fraction:.1f} %)"
        table.append(f"build of the file's positions: {self.detected_build or 'unknown'}")
        empty = [name for name, c in self.chromosomes.items() if not c["matched"]]
        if empty:
            table.append(f"no match on chromosome {', '.join(empty)}")
        return table

    def by_chromosome(self) -> list[str]:
        """The counts by chromosome as a table for the log."""
        wide = max(map(len, self.chromosomes), default=0)
        lines = [" " * wide + "".join(f"{heading:>11}" for heading in COLUMNS)]
        return lines + [
            f"{name:<{wide}}" + "".join(f"{counts[column]:>11,}" for column in COLUMNS.values())
            for name, counts in self.chromosomes.items()
        ]


def is_short(report: HarmonisationReport, floor: int) -> bool:
    """Whether a file shares too few variants with the model; see ``check_overlap``."""
    by_chance = report.key == "position" and not report.stated_build and _is_detected(report)
    return report.matched < min(floor, report.model_variants) or by_chance


def check_overlap(
    report: HarmonisationReport,
    name: str,
    floor: int = 100,
    knowing: Callable[[str], Sequence[str]] = lambda build: (),
) -> None:
    """Refuse a file that shares too few variants with the model.

    Parameters
    ----------
    report : HarmonisationReport
    name : str
        The file as the user gave it, for the message.
    floor : int
        Smallest number of matched variants; all of a smaller model have to match.
    knowing : callable
        From a build to the names of models that know it, for the remedy.

    Raises
    ------
    InputsDisagree
        If fewer variants matched, or by positions of another genome build than the file's; the
        message has the number found by each key.
    """
    if not is_short(report, floor):
        return
    found = f"{report.matched:,} of {report.model_variants:,} model variants"
    known = _listed(report.known_builds) or "of unknown build"
    if report.stated_build:
        raise _not_as_stated(report, name, found, known)
    if not report.positions_agree or _is_of_another_build(report) or _is_by_chance(report):
        build = report.detected_build or report.file_build
        names = knowing(build) if build and _is_unknown(report, build) else ()
        others = f", such as {_listed(names)}" if names else ""
        raise InputsDisagree(
            f"{name} is of another genome build{_detected(report)} than the model, which is "
            f"{known}{'' if _detected(report) else ', or of another species'}, and too few "
            f"variants match by ID: {found} ({_by_key(report)})",
            "Lift the file over to the model's build, annotate it with rsIDs, or use a model that "
            f"knows its build{others}: fit --chain adds one, and the command references lists "
            "others.",
        )
    if report.uncalled >= max(report.matched, 1):
        raise InputsDisagree(
            f"{name} says nothing at {report.uncalled:,} model variants of which it has records: "
            f"no call, or likelihoods that are all equal. {found} have one",
            "Give a file with calls or likelihoods; --var-filter reads records that a FILTER "
            "leaves out.",
        )
    if report.is_small:
        raise InputsDisagree(
            f"{found} are in {name} ({_by_key(report)}), and {floor:,} are needed",
            "Give a file with more of them. --min-variants sets another limit; few variants leave "
            "most samples unassigned.",
        )
    raise InputsDisagree(
        f"{found} are in {name} ({_by_key(report)})",
        f"Check that the file has calls, and is of the species and genome build of the model: "
        f"{known}. fit --chain adds a build.",
    )


def _not_as_stated(
    report: HarmonisationReport, name: str, found: str, known: str
) -> InputsDisagree:
    """The refusal of a file whose build the user states."""
    if report.stated_build not in report.known_builds:
        return InputsDisagree(
            f"the model has no positions in {report.stated_build}, only in {known}, and too few "
            f"variants match by ID: {found} in {name} ({_by_key(report)})",
            "Leave out --build, or fit the model with a --chain to that build.",
        )
    return InputsDisagree(
        f"{found} are in {name} with its positions read as {report.stated_build} "
        f"({_by_key(report)})",
        "Leave out --build, and the build is inferred from the variants.",
    )


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence: "A, B and C"."""
    *most, last = names or [""]
    return f"{', '.join(most)} and {last}" if most else last


def _by_key(report: HarmonisationReport) -> str:
    """The number of variants found by each key."""
    found = [
        f"by position in {build} {_count(report, build, n)}"
        for build, n in report.build_matches.items()
    ]
    return ", ".join([*found, f"by ID {_count(report, 'id', report.id_matches or 0)}"])


def _count(report: HarmonisationReport, key: str, matches: int) -> str:
    """The number of matches of a key, and whether they were rejected."""
    return f"{matches:,}" + (" by chance" if matches and key in report.rejected else "")


def _detected(report: HarmonisationReport) -> str:
    """The inferred build of the file in brackets, if the model does not know it."""
    detected = report.detected_build
    return f" ({detected})" if detected and detected not in report.known_builds else ""


def _is_by_chance(report: HarmonisationReport) -> bool:
    """Whether positions of a build find more variants with other alleles than were matched."""
    found = [n for build, n in report.build_matches.items() if build in report.rejected]
    return max(found, default=0) > report.matched


def _is_detected(report: HarmonisationReport) -> bool:
    """Whether the inferred build is one that the model does not know."""
    return _is_unknown(report, report.detected_build)


def _is_of_another_build(report: HarmonisationReport) -> bool:
    """Whether the inferred or declared build is one that the model does not know."""
    return _is_unknown(report, report.detected_build or report.file_build)


def _is_unknown(report: HarmonisationReport, build: str | None) -> bool:
    """Whether a build is none of those of the model."""
    return bool(build and report.known_builds and build not in report.known_builds)
