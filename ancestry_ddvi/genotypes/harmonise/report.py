"""HarmonisationReport: what became of every variant of a model when a file was matched to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...errors import InputsDisagree
from .match_keys import MatchKey

UNNAMED = "unknown"
"""What a build is called of which the name is not known."""

COLUMNS = {
    "variants": "model_variants",
    "matched": "matched",
    "same": "same",
    "swapped": "swapped",
    "strand": "strand_flipped",
    "both": "strand_flipped_and_swapped",
    "resolved": "ambiguous_resolved",
    "ambiguous": "ambiguous_dropped",
    "alleles": "allele_mismatch",
    "absent": "absent",
}
"""Headings of the table of chromosomes in the log, and what they stand over."""


@dataclass(frozen=True)
class HarmonisationReport:
    """Counts of variants.

    ``matched`` + ``ambiguous_dropped`` + ``allele_mismatch`` + ``absent`` is ``model_variants``,
    and the four orientations add up to ``matched``.

    Attributes
    ----------
    model_variants, file_variants : int
    matched : int
        Model variants that the file answers for.
    same, swapped, strand_flipped, strand_flipped_and_swapped : int
        How the matched variants are written in the file.
    ambiguous_resolved : int
        A/T and C/G variants among the matched: the whole file is in the model's rotation.
    ambiguous_dropped : int
        A/T and C/G variants whose strand cannot be told.
    allele_mismatch : int
        Found in the file with other alleles only.
    absent : int
        Not in the file, or called in no sample there.
    duplicate : int
        Records of the file that repeat a variant matched already; the first was kept.
    key : "position" or "id"
        What the variants were matched by.
    position_matches, id_matches : int
        Variants found with compatible alleles by either key, before one was chosen; of positions,
        by those of the build that was chosen.
    build_matches : mapping of build to int
        The same by the positions in each build that was tried.
    positions_agree : bool
        False where the data show a build that the model does not know: alleles or rsIDs at
        shared positions differ, or IDs find twice as many variants as positions do.
    model_build : str or None
        Of the cohort the model was fitted to.
    known_builds : sequence of str
        Builds in which the model knows its variants.
    file_build : str or None
        As the file declares it.
    stated_build : str or None
        As the user has it.
    detected_build : str or None
        As the file's variants have it (``MatchKeys.detected``).
    chromosomes : mapping from chromosome to the counts of its variants: ``model_variants`` to ``absent``
    """

    model_variants: int
    file_variants: int
    matched: int
    same: int
    swapped: int
    strand_flipped: int
    strand_flipped_and_swapped: int
    ambiguous_resolved: int
    ambiguous_dropped: int
    allele_mismatch: int
    absent: int
    duplicate: int
    key: MatchKey
    position_matches: int
    id_matches: int
    build_matches: Mapping[str, int]
    positions_agree: bool
    model_build: str | None
    known_builds: Sequence[str]
    file_build: str | None
    stated_build: str | None
    detected_build: str | None
    chromosomes: Mapping[str, Mapping[str, int]]

    @property
    def variant_fraction(self) -> float:
        """Share of the model's variants that the file answers for, 0 to 1."""
        return self.matched / self.model_variants if self.model_variants else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Everything, in plain types, for JSON."""
        return {**asdict(self), "variant_fraction": self.variant_fraction}

    @property
    def contradiction(self) -> str:
        """One sentence where the data speak for another build than the header or the user."""
        found = self.detected_build
        if found and self.stated_build and found != self.stated_build:
            return f"--build says {self.stated_build}, positions are those of {found}"
        if found and self.file_build and found != self.file_build:
            believed = "" if self.stated_build else "; the data are believed"
            return f"header says {self.file_build}, positions are those of {found}{believed}"
        return ""

    def lines(self, skipped: Mapping[str, int] = {}) -> list[str]:
        """The report as a short table for the log.

        ``skipped`` are records that the reader left out of the file, by reason.
        """
        rows = [
            ("model variants", self.model_variants),
            (f"matched by {self.key}", self.matched),
            ("  same alleles", self.same),
            ("  REF and ALT swapped", self.swapped),
            ("  other strand", self.strand_flipped),
            ("  other strand and swapped", self.strand_flipped_and_swapped),
            ("  ambiguous (A/T, C/G) of these", self.ambiguous_resolved),
            ("ambiguous (A/T, C/G), dropped", self.ambiguous_dropped),
            ("other alleles", self.allele_mismatch),
            ("absent", self.absent),
            ("repeated in the file", self.duplicate),
            *((f"left out unread: {reason}", count) for reason, count in skipped.items()),
        ]
        table = [f"{name:<32}{count:>11,}" for name, count in rows]
        table[1] += f"  ({100 * self.variant_fraction:.1f} %)"
        table.append(f"build of the file's positions: {self.detected_build or 'not known'}")
        empty = [name for name, c in self.chromosomes.items() if not c["matched"]]
        if empty:
            table.append(f"nothing matched on chromosome {', '.join(empty)}")
        return table

    def by_chromosome(self) -> list[str]:
        """The counts of each chromosome as a table for the log."""
        wide = max(map(len, self.chromosomes), default=0)
        lines = [" " * wide + "".join(f"{heading:>11}" for heading in COLUMNS)]
        return lines + [
            f"{name:<{wide}}" + "".join(f"{counts[column]:>11,}" for column in COLUMNS.values())
            for name, counts in self.chromosomes.items()
        ]


def check_overlap(report: HarmonisationReport, name: str, floor: int = 100) -> None:
    """Refuse a file that shares too few variants with the model.

    Parameters
    ----------
    report : HarmonisationReport
    name : str
        The file as the user gave it, for the message.
    floor : int
        Fewest variants to go on with; a model smaller than that has to be found whole.

    Raises
    ------
    InputsDisagree
        If fewer variants matched; the message says which keys were tried, what they found, and
        whether another genome build is the reason.
    """
    if report.matched >= min(floor, report.model_variants):
        return
    found = f"{report.matched:,} of {report.model_variants:,} model variants"
    known = " and ".join(report.known_builds) or "of unknown build"
    if report.stated_build and report.stated_build not in report.known_builds:
        raise InputsDisagree(
            f"the model does not know its variants in {report.stated_build}, only {known}, and the "
            f"variant IDs do not help: {found} could be matched in {name} ({_tried(report)})",
            "Leave out --build, or fit the model with a --chain to that build.",
        )
    if report.stated_build:
        raise InputsDisagree(
            f"{found} are in {name}, its positions taken as {report.stated_build} "
            f"({_tried(report)})",
            "Leave out --build, and the data tell which build it is.",
        )
    if not report.positions_agree or _apart(report):
        raise InputsDisagree(
            f"{name} is of another genome build{_which(report)} than the model, which is {known}, "
            f"and its variant IDs do not help: {found} could be matched ({_tried(report)})",
            "Lift the file over to the model's build, annotate it with rsIDs, or fit the model "
            "with --chain, by which it learns its positions in a second build.",
        )
    raise InputsDisagree(
        f"{found} are in {name} ({_tried(report)})",
        f"Check the genome build: the model is {known}, and fit --chain adds another; "
        "a file that has few of the variants is taken with a lower --min-variants.",
    )


def _tried(report: HarmonisationReport) -> str:
    """What each key found."""
    found = [f"by position in {build} {n:,}" for build, n in report.build_matches.items()]
    return ", ".join([*found, f"by ID {report.id_matches:,}"])


def _which(report: HarmonisationReport) -> str:
    """The build of the file, where the data tell."""
    detected = report.detected_build
    return f" ({detected})" if detected and detected not in report.known_builds else ""


def _apart(report: HarmonisationReport) -> bool:
    """Whether the file is said, or seen, to be of a build that the model does not know."""
    build = report.detected_build or report.file_build
    return bool(build and report.known_builds and build not in report.known_builds)
