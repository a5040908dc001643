"""The flags of samples: what each means and what to do.

A new flag is one row of ``FLAGS``; ``docs/file-formats.md`` lists them from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..genotypes.qc.filters import FILTERS


@dataclass(frozen=True)
class Flag:
    """One flag of the column ``flag``.

    Attributes
    ----------
    name : str
        A colon divides a flag from the reason for it.
    commands : tuple of str
        Commands that raise it.
    meaning, advice : str
        What is the case, and what to do.
    gravity : int
        0 if ``assign`` may give a group to a flagged sample; otherwise the flag of the greatest
        gravity is the reason why it does not.
    """

    name: str
    commands: tuple[str, ...]
    meaning: str
    advice: str
    gravity: int = 0


NOTHING = "nothing"
"""The advice where nothing has to be done."""

_BOTH = ("fit", "embed")
_ROWS = (
    Flag(
        "low_call_rate",
        ("fit",),
        "more missing genotypes than `--mind`: left out of the fit, embedded all the same",
        "expect wide intervals; raise `--mind` to use the sample in the fit",
    ),
    Flag(
        "no_reference_calls",
        ("fit",),
        "no call that is homozygous for the reference, as in a file that lists variants only: left "
        "out of the fit, embedded all the same",
        "do not interpret the coordinates; give calls of all sites, such as a gVCF",
        gravity=4,
    ),
    Flag(
        "no_alt_calls",
        ("embed",),
        "hardly any call that is not homozygous for the reference, where 20 or more are expected",
        "do not interpret the coordinates; check that genotypes were called, and not set to the "
        "reference",
        gravity=4,
    ),
    Flag(
        "related",
        ("fit",),
        "a relative of a sample in the fit (`--king-cutoff`): left out of the fit, embedded all "
        "the same",
        NOTHING,
    ),
    Flag(
        "duplicate",
        ("fit",),
        "a duplicate or identical twin of a sample in the fit: left out of the fit, embedded all "
        "the same",
        "check for a sample given twice",
    ),
    Flag(
        "in_panel",
        ("embed",),
        "looks like a sample of the reference panel, or a parent, child or sibling of one; "
        "embedded as a sample of the panel",
        "do not count it as independent of the panel",
    ),
    Flag(
        "duplicate_in_input",
        ("embed",),
        "the input has a duplicate or identical twin of this sample; both are flagged",
        "check for a sample given twice; see `PREFIX.relatives.tsv`",
    ),
    Flag(
        "few_variants",
        ("embed",),
        "fewer observed variants than `--min-variants`",
        "do not interpret the coordinates without their intervals",
        gravity=2,
    ),
    Flag(
        "pseudo_haploid",
        _BOTH,
        "no heterozygous call where 20 or more are expected: the calls are taken as single "
        "alleles, at half the precision",
        "nothing, if the calls are pseudo-haploid; otherwise check how they were made",
    ),
    Flag(
        "unlike_panel:position",
        _BOTH,
        "unlike the reference panel (`p_panel` is below 0.01), mainly because few samples of the "
        "panel lie at these coordinates; intervals cover the map",
        "do not interpret the coordinates; a panel with similar samples is needed",
        gravity=3,
    ),
    Flag(
        "unlike_panel:scores",
        _BOTH,
        "unlike the reference panel (`p_panel` is below 0.01), mainly because few samples of the "
        "panel have such scores on its principal components; intervals cover the map",
        "do not interpret the coordinates; check for contamination, otherwise a panel with similar "
        "samples is needed",
        gravity=3,
    ),
    Flag(
        "unlike_panel:norm",
        _BOTH,
        "unlike the reference panel (`p_panel` is below 0.01), mainly because the genotypes are "
        "farther from the panel mean, or nearer, than those of samples with these scores; "
        "intervals cover the map",
        "do not interpret the coordinates; check for contamination and wrong alleles",
        gravity=3,
    ),
    Flag(
        "few_draws",
        (*_BOTH, "condition"),
        "fewer than 4 effective draws, even after refinement",
        "treat the standard deviation as a rough guess; more `--draws` may help",
    ),
    Flag(
        "missed_modes",
        ("condition",),
        "without `--given`: the sampler misses some of the region where the constraint holds",
        "do not use the row; try more `--sampler-steps`",
    ),
)

FLAGS = {flag.name: flag for flag in _ROWS}
"""Every flag by name, in the order in which they are written."""

LOW_PROBABILITY, UNLIKE_GROUPS = "low_probability", "unlike_groups"

REASONS = {
    UNLIKE_GROUPS: (
        "unlike every labelled group: fewer than 1 in 100 samples of the groups have rarer scores "
        "on the principal components",
        "report no group; a panel with similar samples is needed",
    ),
    LOW_PROBABILITY: (
        "no group of the finest level is as probable as `--min-prob`",
        "use the coarser level if it has a group",
    ),
}
"""Meaning and advice of each reason of ``assign`` that is no flag."""


def of_reason(reason: str, complete: bool) -> tuple[str, str]:
    """Meaning and advice of a reason of ``REASONS``.

    Parameters
    ----------
    reason : str
    complete : bool
        Whether every variant of the model is observed, so that no more can help.
    """
    meaning, advice = REASONS[reason]
    if reason == LOW_PROBABILITY and not complete:
        advice += "; more variants may help"
    return meaning, advice


def join_flags(*flags: str) -> str:
    """Flags in the order of ``FLAGS``, separated by commas.

    A filter of samples without a flag of its own flags them with its name; such flags come last.

    Parameters
    ----------
    *flags : str
        Each the name of a flag, several separated by commas, or "".

    Raises
    ------
    KeyError
        If a flag has no row in ``FLAGS`` and is not the name of a filter.
    """
    known = dict.fromkeys([*FLAGS, *FILTERS])
    raised = {name for flag in flags for name in flag.split(",") if name}
    if unknown := raised - known.keys():
        raise KeyError(f"no row in FLAGS: {', '.join(sorted(unknown))}")
    return ",".join(name for name in known if name in raised)


def flag_samples(raised: Mapping[str, np.ndarray], *others: Sequence[str]) -> list[str]:
    """The column ``flag``.

    Parameters
    ----------
    raised : mapping from flag to ndarray of bool, (samples,)
    *others : sequence of str
        Flags of each sample, or "".

    Returns
    -------
    list of str
    """
    named = [[name if true else "" for true in mask.tolist()] for name, mask in raised.items()]
    each = list(zip(*named, *others, strict=True))
    joined = {flags: join_flags(*flags) for flags in set(each)}
    return [joined[flags] for flags in each]


def in_words(flags: str, reason: str = "", complete: bool = False) -> tuple[str, str]:
    """What flags, separated by commas, and a reason of ``assign`` mean, and what to do.

    ``complete`` is as in ``of_reason``.

    Sentences without Markdown; "" where there is nothing to say. Names of filters, and what this
    version does not know, have no words.
    """
    rows = [(f.meaning, f.advice) for name in flags.split(",") if (f := FLAGS.get(name))]
    rows += [of_reason(reason, complete)] if reason in REASONS else []
    meanings = dict.fromkeys(meaning for meaning, _ in rows)
    advice = dict.fromkeys(text for _, text in rows if text != NOTHING)
    return _sentences(meanings), _sentences(advice)


def _sentences(texts: Iterable[str]) -> str:
    """Texts as sentences, without Markdown."""
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in texts).replace("`", "")


def unlike_panel(flags: Sequence[str]) -> np.ndarray:
    """Which samples have a flag ``unlike_panel``; bool (samples,)."""
    return np.array(["unlike_panel:" in each for each in flags], dtype=bool)


def gravest(flags: str) -> str:
    """The flag for which ``assign`` gives no group, or ""."""
    gravity = {name.split(":")[0]: flag.gravity for name, flag in FLAGS.items()}
    found = [(gravity.get(name.split(":")[0], 0), name) for name in flags.split(",")]
    worst, name = max(found, key=lambda pair: pair[0])
    return name if worst else ""
