"""Receipt: what became of every site of a model when a file was matched to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..errors import InputsDisagree

Key = Literal["position", "id"]


@dataclass(frozen=True)
class Receipt:
    """Counts of sites.

    ``matched`` + ``ambiguous_dropped`` + ``allele_mismatch`` + ``absent`` is ``model_sites``,
    and the four orientations add up to ``matched``.

    Attributes
    ----------
    model_sites, file_sites : int
    matched : int
        Model sites that the file answers for.
    same, swapped, strand_flipped, strand_flipped_and_swapped : int
        How the matched sites are written in the file.
    ambiguous_dropped : int
        A/T and C/G sites whose strand cannot be told.
    allele_mismatch : int
        Found in the file with other alleles only.
    absent : int
        Not in the file, or called in nobody there.
    duplicate : int
        Records of the file that repeat a site matched already; the first was kept.
    key : "position" or "id"
        What the sites were matched by.
    position_matches, id_matches : int
        Sites found with compatible alleles by either key, before one was chosen.
    positions_agree : bool
        False where the data show another genome build: alleles or rsIDs at shared positions
        differ, or IDs find twice as many sites as positions do.
    model_build, file_build : str or None, as declared
    chromosomes : mapping from chromosome to its ``model_sites``, ``matched`` and ``absent``
    """

    model_sites: int
    file_sites: int
    matched: int
    same: int
    swapped: int
    strand_flipped: int
    strand_flipped_and_swapped: int
    ambiguous_dropped: int
    allele_mismatch: int
    absent: int
    duplicate: int
    key: Key
    position_matches: int
    id_matches: int
    positions_agree: bool
    model_build: str | None
    file_build: str | None
    chromosomes: Mapping[str, Mapping[str, int]]

    @property
    def site_fraction(self) -> float:
        """Share of the model's sites that the file answers for, 0 to 1."""
        return self.matched / self.model_sites if self.model_sites else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Everything, in plain types, for JSON."""
        return {**asdict(self), "site_fraction": self.site_fraction}

    def lines(self) -> list[str]:
        """The receipt as a short table for the log."""
        rows = [
            ("model sites", self.model_sites),
            (f"matched by {self.key}", self.matched),
            ("  same alleles", self.same),
            ("  REF and ALT swapped", self.swapped),
            ("  other strand", self.strand_flipped),
            ("  other strand and swapped", self.strand_flipped_and_swapped),
            ("ambiguous (A/T, C/G), dropped", self.ambiguous_dropped),
            ("other alleles", self.allele_mismatch),
            ("absent", self.absent),
            ("repeated in the file", self.duplicate),
        ]
        table = [f"{name:<31}{count:>12,}" for name, count in rows]
        table[1] += f"  ({100 * self.site_fraction:.1f} %)"
        empty = [name for name, c in self.chromosomes.items() if not c["matched"]]
        if empty:
            table.append(f"nothing matched on chromosome {', '.join(empty)}")
        return table


def check_overlap(receipt: Receipt, name: str, floor: int = 100) -> None:
    """Refuse a file that shares too few sites with the model.

    Parameters
    ----------
    receipt : Receipt
    name : str
        The file as the user gave it, for the message.
    floor : int
        Fewest sites to go on with; a model smaller than that has to be found whole.

    Raises
    ------
    InputsDisagree
        If fewer sites matched; the message says whether another genome build is the reason.
    """
    if receipt.matched >= min(floor, receipt.model_sites):
        return
    found = f"{receipt.matched:,} of {receipt.model_sites:,} model sites"
    model_build = receipt.model_build or "of unknown build"
    if not receipt.positions_agree or _declared_apart(receipt):
        raise InputsDisagree(
            f"{name} is of another genome build than the model, which is {model_build}, "
            f"and its site IDs do not help: {found} could be matched",
            "Lift it over to the model's build, or annotate it with rsIDs.",
        )
    raise InputsDisagree(
        f"{found} are in {name}", f"Check the genome build: the model is {model_build}."
    )


def _declared_apart(receipt: Receipt) -> bool:
    builds = {receipt.model_build, receipt.file_build}
    return None not in builds and len(builds) == 2
