"""Variants that a file has at their positions in another genome build than the one that is used.

It may have them at both, as two complete files of the same samples do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputsDisagree, quoted
from ..chromosomes import bare_chromosome
from ..variants import VariantTable, numbered
from .match_keys import MatchKeys
from .matching import ABSENT, MIN_SHARED, MISMATCH_CEILING, Matching

MIN_MORE = 2
"""A stated build is wrong if another one finds so many times its variants."""

MIN_ELSEWHERE, MIN_SHARE = 100, 0.05
"""So many variants, and so large a share of those found, in another build alone are no chance:
records there with other alleles are few (``MISMATCH_CEILING``)."""

NEARLY_NOTHING, NEARLY_ALL = 0.25, 0.9
"""A chromosome is of the other build if the one that is used finds at most this share of what the
other one alone finds; the builds are split by chromosome if such chromosomes have nearly all of it.
"""


@dataclass(frozen=True)
class OtherBuild:
    """What another build finds in a file beside the one that is used.

    Positions that both builds share are no variants of either alone.

    Attributes
    ----------
    used, build : str
    found : int
        Model variants that the used build finds.
    support : int
        Those that the other build finds; 0 where they look like matches by chance.
    alone : int
        Those that it finds in records of which the used one finds no variant; 0 where they look
        like matches by chance.
    chromosomes : tuple of str
        That have nearly all of ``alone``, and nearly nothing in the used build; may be empty.
    stated : bool
        Whether the user states the used build.
    """

    used: str
    build: str
    found: int
    support: int
    alone: int
    chromosomes: tuple[str, ...]
    stated: bool

    @property
    def contradicts(self) -> bool:
        """Whether the build that a user states is not that of the file."""
        more = self.support - self.found >= MIN_SHARED
        return self.stated and more and self.support >= MIN_MORE * self.found

    @property
    def is_mixed(self) -> bool:
        """Whether a part of the file is in the other build."""
        return self.alone >= max(MIN_ELSEWHERE, MIN_SHARE * (self.found + self.alone))

    @property
    def mixture(self) -> str:
        """One sentence on the parts of a mixed file, to follow its name; empty of another one."""
        if not self.is_mixed:
            return ""
        word = "chromosome" if len(self.chromosomes) == 1 else "chromosomes"
        where = f", on {word} {_in_runs(self.chromosomes)}," if self.chromosomes else ""
        return (
            f"{self.alone:,} variants{where} have positions of {self.build} and {self.found:,} of "
            f"{self.used}: the input mixes genome builds"
        )

    def check(self, name: str, inputs: int) -> None:
        """Refuse a file that is not in the stated build, or in two builds.

        A single file is in two if its chromosomes are; where both builds are found on the same
        chromosomes, ``mixture`` is left to be told.

        Parameters
        ----------
        name : str
            The file as the user gave it, for the message.
        inputs : int
            Number of files given.

        Raises
        ------
        InputsDisagree
        """
        if self.contradicts:
            raise InputsDisagree(
                f"--build is {self.used}, but the positions are of {self.build}: of the variants "
                f"of {name}, {self.found:,} match in {self.used} and {self.support:,} in "
                f"{self.build}",
                "Leave --build out, or give the file it is for.",
            )
        if self.is_mixed and (self.chromosomes or inputs > 1):
            raise InputsDisagree(
                f"{name}: {self.mixture}",
                "Lift one part over, or give the parts in runs of their own.",
            )


def other_build(
    every: MatchKeys, used: str | None, chromosome: np.ndarray, stated: bool
) -> OtherBuild | None:
    """The other build that finds most variants in records beside the used one's, if there is any.

    Parameters
    ----------
    every : MatchKeys
        With the positions in all builds of the model.
    used : str or None
        None gives None, and so does a build that the model does not know.
    chromosome : ndarray of object (str), (model variants,)
    stated : bool
        Whether the user states the used build.
    """
    if used is None or used not in every.positions:
        return None
    own = every.positions[used]
    others = [
        _compared(used, own, build, other, chromosome, stated)
        for build, other in every.positions.items()
        if build and build != used
    ]
    return max(others, key=lambda other: other.alone, default=None)


def _compared(
    used: str, own: Matching, build: str, other: Matching, chromosome: np.ndarray, stated: bool
) -> OtherBuild:
    """What another build finds, beside the used one; a record that this one uses is not counted."""
    found = own.rows != ABSENT
    alone = (other.rows != ABSENT) & ~np.isin(other.rows, own.rows[found])
    unlike = int(other.mismatched.sum())
    if unlike > MISMATCH_CEILING * (unlike + int(alone.sum())):
        alone = np.zeros_like(alone)
    return OtherBuild(
        used=used,
        build=build,
        found=own.compatible,
        support=other.support,
        alone=int(alone.sum()),
        chromosomes=_split(chromosome, alone, found),
        stated=stated,
    )


def check_ids(variants: VariantTable, name: str) -> None:
    """Refuse several files that a fit is to read if many IDs have a position in each of two.

    A fit has no model whose positions in other builds would tell. Records of one sorted run are
    of one file, where an ID may be of a locus with several variants.

    Raises
    ------
    InputsDisagree
    """
    chromosome, run = _sorted_runs(variants)
    named = np.flatnonzero((variants.id != ".") & (variants.id != ""))
    first = np.append(True, run[1:] != run[:-1])
    named = named[(np.bincount(chromosome[first]) > 1)[chromosome[named]]]
    codes = numbered(variants.id[named])[0] * (chromosome.max() + 1) + chromosome[named]
    _, codes = np.unique(codes, return_inverse=True)
    _, once = np.unique(codes << 32 | variants.position[named], return_index=True)
    once.sort()
    _, at, which = np.unique(codes[once], return_index=True, return_inverse=True)
    one, other = named[once][at[which]], named[once]
    moved = run[one] != run[other]
    if (count := len(np.unique(which[moved]))) >= max(MIN_ELSEWHERE, MIN_SHARE * len(named)):
        example, elsewhere = one[moved][0], other[moved][0]
        raise InputsDisagree(
            f"{name}: {count:,} variants have two positions, such as "
            f"{quoted(variants.id[example])} at {variants.position[example]} and "
            f"{variants.position[elsewhere]}: the input mixes genome builds",
            "Give the files of one build. IDs that are not of single variants can be removed with "
            "`bcftools annotate --remove ID`.",
        )


def _sorted_runs(variants: VariantTable) -> tuple[np.ndarray, np.ndarray]:
    """The chromosome of each record, and its run of sorted records of one, as integers."""
    codes, names = numbered(variants.chromosome)
    chromosome = numbered([bare_chromosome(name) for name in names])[0][codes]
    ends = (np.diff(chromosome) != 0) | (np.diff(variants.position) < 0)
    return chromosome, np.append(0, np.cumsum(ends))


def _split(chromosome: np.ndarray, alone: np.ndarray, found: np.ndarray) -> tuple[str, ...]:
    """Chromosomes of the other build; none unless they have nearly all of its variants."""
    codes, names = numbered(chromosome)
    theirs, ours = (np.bincount(codes[which], minlength=len(names)) for which in (alone, found))
    split = (theirs > 0) & (ours <= NEARLY_NOTHING * theirs)
    if theirs[split].sum() < NEARLY_ALL * theirs.sum():
        return ()
    return tuple(str(names[i]) for i in np.flatnonzero(split))


def _in_runs(names: Sequence[str]) -> str:
    """Names of chromosomes in a sentence, three or more successive numbers as "12 to 22"."""
    runs: list[list[str]] = []
    for name in names:
        if runs and name == _next(runs[-1][-1]):
            runs[-1].append(name)
        else:
            runs.append([name])
    return ", ".join(f"{r[0]} to {r[-1]}" if len(r) > 2 else ", ".join(r) for r in runs)


def _next(name: str) -> str:
    """The number after a chromosome's; nothing after another name."""
    return str(int(name) + 1) if name.isdecimal() else ""
