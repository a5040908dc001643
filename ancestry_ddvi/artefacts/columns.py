"""The columns of every table: name, unit, meaning, and where the values come from.

To add a column, write a function of the table's record (``records.py``) and add a row here. The
files, ``docs/file-formats.md`` and ``read_coordinates`` follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from ..genotypes.qc.relatives import relations

if TYPE_CHECKING:
    from .ancestry import Ancestry
    from .records import (
        AssignedSamples,
        ComponentScores,
        EmbeddedSamples,
        GroupProbabilities,
        RelatedPairs,
        SyntheticSamples,
    )

Record = TypeVar("Record")
TYPES = {"text": object, "integer": np.int64, "number": np.float64}
"""Types of values: text is written as it is, numbers to six significant digits."""

MIN_PROBABILITY = 1e-4
"""Smaller probabilities of groups are written as 0: the data do not tell them from it."""


@dataclass(frozen=True)
class Column(Generic[Record]):
    """One column of a table, or a family: one column per axis, pair of axes, group or level.

    Attributes
    ----------
    name : str
        ``{each}`` stands for the axis or group of a family, ``{each}`` and ``{other}`` for a pair,
        ``{level}`` for a level of labels.
    unit : str
        "" for text.
    description : str
        Markdown, without a full stop.
    values : callable
        Takes the table's record, gives the values: (rows,), or (rows, columns) for a family.
    type : str
        A key of ``TYPES``.
    """

    name: str
    unit: str
    description: str
    values: Callable[[Record], Sequence[str] | np.ndarray]
    type: str = "number"

    def names(self, each: Sequence[str], levels: Sequence[str] = ()) -> list[str]:
        """Names in the header, for these axes or groups, and levels."""
        if "{level}" in self.name:
            return [self.name.format(level=a) for a in levels]
        if "{other}" in self.name:
            return [self.name.format(each=a, other=b) for a, b in combinations(each, 2)]
        if "{each}" in self.name:
            return [self.name.format(each=a) for a in each]
        return [self.name]

    def arrays(self, record: Record) -> list[np.ndarray]:
        """Values of one column or of a family; (rows,) each."""
        values = np.asarray(self.values(record), dtype=TYPES[self.type])
        return [values] if "{" not in self.name else list(values.T)


def written(probability: np.ndarray) -> np.ndarray:
    """Probabilities as tables have them: 0 below ``MIN_PROBABILITY``."""
    return np.where(probability < MIN_PROBABILITY, 0.0, probability)


_COORDS: tuple[Column[EmbeddedSamples], ...] = (
    Column("sample_id", "", "as in the input", lambda s: s.samples, "text"),
    Column(
        "{each}",
        "standard deviations of the prior",
        "posterior mean of the coordinate; d is `--dims`",
        lambda s: s.posterior.mean,
    ),
    Column(
        "{each}_sd",
        "standard deviations of the prior",
        "posterior standard deviation; of samples with a flag `unlike_panel:…`, that of the "
        "coordinates of the whole reference panel; `NA` where the method has no uncertainty",
        lambda s: s.sd,
    ),
    Column(
        "{each}_{other}_corr",
        "-1 to 1",
        "posterior correlation of each pair of axes, in the order 1 and 2, 1 and 3, …, 2 and 3, …; "
        "of the panel and `NA` where the standard deviations are",
        lambda s: s.correlation,
    ),
    Column(
        "map_sd",
        "standard deviations of the prior",
        "how far a refit, with another seed and other samples held out, moves the sample: standard "
        "deviation along an axis, averaged over its neighbours; `NA` where it was not measured, as "
        "in `embed`",
        lambda s: s.map_sd,
    ),
    Column(
        "n_variants",
        "variants",
        "variants of the model that are observed in the sample: called, or with likelihoods that "
        "are not all equal",
        lambda s: s.scores.observed,
        "integer",
    ),
    Column(
        "effective_variants",
        "variants",
        "equivalent number of hard calls: `n_variants` for called genotypes, fewer for "
        "likelihoods and dosages, half for single alleles",
        lambda s: s.scores.effective_variants,
    ),
    Column(
        "variant_fraction",
        "0 to 1",
        "`n_variants` over all variants of the model",
        lambda s: s.variant_fraction,
    ),
    Column(
        "call_rate",
        "0 to 1",
        "`n_variants` over the variants of the model that the file has",
        lambda s: s.call_rate,
    ),
    Column(
        "effective_draws",
        "draws",
        "effective sample size of the weighted posterior draws (Kish 1965); `NA` where the method "
        "has no uncertainty",
        lambda s: s.posterior.effective_draws,
    ),
    Column(
        "log_evidence",
        "nats",
        "importance-weighted lower bound on the log evidence of the sample's scores; comparable "
        "only between samples observed at the same variants; `NA` where the method has no density",
        lambda s: s.posterior.log_evidence,
    ),
    Column(
        "p_panel",
        "0 to 1",
        "out-of-panel p-value: share of the reference panel that is more unusual than the sample "
        "([three checks](#out-of-panel-test)); `NA` for `umap` and `tsne`",
        lambda s: s.p_panel,
    ),
    Column("flag", "", "[flags](#flags), comma-separated, or empty", lambda s: s.flags, "text"),
)

_EIGENVEC: tuple[Column[ComponentScores], ...] = (
    Column("#FID", "", "family ID: 0", lambda s: ["0"] * len(s.samples), "text"),
    Column("IID", "", "sample ID", lambda s: s.samples, "text"),
    Column("{each}", "standard deviations of the prior", "`Z1` … `Zd`", lambda s: s.scores),
)

_PCS: tuple[Column[ComponentScores], ...] = (
    Column("sample_id", "", "as in the input", lambda s: s.samples, "text"),
    Column(
        "{each}",
        "standard deviation of a score under no structure",
        "least-squares score on each principal component of the reference panel, from the observed "
        "variants",
        lambda s: s.scores,
    ),
)

_GROUPS: tuple[Column[GroupProbabilities], ...] = (
    Column("sample_id", "", "as in the input", lambda s: s.samples, "text"),
    Column("group", "", "the most probable group", lambda s: s.group, "text"),
    Column("probability", "0 to 1", "the probability of `group`", lambda s: s.best),
    Column(
        "{each}",
        "0 to 1",
        "probability of each group, 0 if below 0.0001; before that they sum to 1",
        lambda s: written(s.probability),
    ),
)

_ASSIGN: tuple[Column[AssignedSamples], ...] = (
    Column("sample_id", "", "as in the input", lambda s: s.samples, "text"),
    Column(
        "group", "", "genetically most similar group, or `unassigned`", lambda s: s.group, "text"
    ),
    Column("most_similar", "", "the same group, assigned or not", lambda s: s.most_similar, "text"),
    Column("probability", "0 to 1", "probability of `most_similar`", lambda s: s.best),
    Column(
        "entropy",
        "nats",
        "entropy of the probabilities; 0 if one group has all of it",
        lambda s: s.entropy,
    ),
    Column(
        "reason",
        "",
        "why the sample is unassigned: the gravest of the flags `no_reference_calls`, "
        "`no_alt_calls`, `unlike_panel:…` and `few_variants`, or `unlike_groups` (unlike every "
        "group: fewer than 1 in 100 samples of the groups have rarer scores), or `low_probability` "
        "(below `--min-prob`); empty if it is assigned",
        lambda s: s.reason,
        "text",
    ),
    Column(
        "{each}",
        "0 to 1",
        "probability of each group, 0 if below 0.0001; before that they sum to 1",
        lambda s: written(s.probability),
    ),
)

_ANCESTRY: tuple[Column[Ancestry], ...] = (
    Column("sample_id", "", "as in the input", lambda s: s.samples, "text"),
    Column(
        "ancestry",
        "",
        "most genetically similar reference group at the finest level where one is probable enough "
        "(`--min-prob`), or `unassigned`",
        lambda s: s.group,
        "text",
    ),
    Column("level", "", "level of `ancestry`; empty if unassigned", lambda s: s.level, "text"),
    Column("probability", "0 to 1", "of `ancestry`; `NA` if unassigned", lambda s: s.probability),
    Column(
        "reason",
        "",
        "why the sample is unassigned, as in [`PREFIX.assign.LEVEL.tsv`](#prefixassignleveltsv); "
        "empty if it is assigned",
        lambda s: s.reason,
        "text",
    ),
    Column(
        "{level}_assigned",
        "",
        "most similar group on each level of the labels, the finest first, or `unassigned`",
        lambda s: _by_sample(s.by_level),
        "text",
    ),
    Column(
        "{level}_most_similar",
        "",
        "the same group, assigned or not",
        lambda s: _by_sample(s.most_similar),
        "text",
    ),
    Column(
        "{level}_probability",
        "0 to 1",
        "probability of that group if the sample is of one of the groups; `NA` where a flag says "
        "that this is in doubt",
        lambda s: s.probabilities.T,
    ),
    Column(
        "{each}",
        "standard deviations of the prior",
        "coordinate, as in `PREFIX.coords.tsv`",
        lambda s: s.coordinates.mean,
    ),
    Column(
        "{each}_sd",
        "standard deviations of the prior",
        "its standard deviation",
        lambda s: s.coordinates.sd,
    ),
    Column(
        "n_variants",
        "variants",
        "variants of the model that are observed in the sample",
        lambda s: s.coordinates["n_variants"],
        "integer",
    ),
    Column(
        "variant_fraction",
        "0 to 1",
        "`n_variants` over all variants of the model",
        lambda s: s.coordinates["variant_fraction"],
    ),
    Column(
        "build",
        "",
        "genome build of the genotypes, inferred from the variants, else as of `--build`; `NA` if "
        "unknown, or after a table of coordinates",
        lambda s: [s.build or "NA"] * len(s.samples),
        "text",
    ),
    Column(
        "flag",
        "",
        "[flags](#flags), comma-separated, or empty",
        lambda s: s.coordinates.flag,
        "text",
    ),
    Column(
        "meaning",
        "",
        "what the flags say, and why there is no group on the finest level; empty if there is "
        "nothing to say",
        lambda s: [meaning for meaning, _ in s.words],
        "text",
    ),
    Column(
        "what_to_do", "", "what to do about it", lambda s: [advice for _, advice in s.words], "text"
    ),
    Column("model", "", "name of the model", lambda s: [s.model] * len(s.samples), "text"),
)

_RELATIVES: tuple[Column[RelatedPairs], ...] = (
    Column("sample_1", "", "first sample, in input order", lambda s: s.end("i"), "text"),
    Column("sample_2", "", "second sample", lambda s: s.end("j"), "text"),
    Column(
        "kinship",
        "",
        "KING-robust kinship: 0.5 for duplicates, 0.25 for first degree, 0.125 for second degree",
        lambda s: s.pairs["kinship"],
    ),
    Column(
        "variants",
        "variants",
        "variants called in both samples; pairs with fewer than 500 are left out",
        lambda s: s.pairs["variants"],
        "integer",
    ),
    Column(
        "relation",
        "",
        "`duplicate` from 0.354, `first degree` from 0.177, `second degree` from 0.0884",
        lambda s: relations(s.pairs),
        "text",
    ),
)

_SAMPLES: tuple[Column[SyntheticSamples], ...] = (
    Column("sample_id", "", "as in the genotypes", lambda s: s.samples, "text"),
    Column(
        "population",
        "",
        "group the sample was drawn from; `NA` without `--population`",
        lambda s: [name or "NA" for name in s.population],
        "text",
    ),
    Column(
        "{each}",
        "standard deviations of the prior",
        "true coordinates, on the axes of `PREFIX.coords.tsv`",
        lambda s: s.coordinates,
    ),
)

TABLES: dict[str, tuple[Column[Any], ...]] = {
    "coords": _COORDS,
    "eigenvec": _EIGENVEC,
    "pcs": _PCS,
    "groups": _GROUPS,
    "assign": _ASSIGN,
    "ancestry": _ANCESTRY,
    "relatives": _RELATIVES,
    "samples": _SAMPLES,
}
"""The columns of each table, in order, by the kind of file."""


def values_of(
    table: str, record: Any, each: Sequence[str] = (), levels: Sequence[str] = ()
) -> tuple[list[str], list[np.ndarray]]:
    """The header of a table and its columns.

    Parameters
    ----------
    table : str
        A key of ``TABLES``.
    record : object
        What its columns take their values from.
    each : sequence of str
        Axes or groups.
    levels : sequence of str
        Levels of labels.

    Returns
    -------
    list of str
    list of ndarray, (rows,) each
    """
    names = [name for column in TABLES[table] for name in column.names(each, levels)]
    return names, [array for column in TABLES[table] for array in column.arrays(record)]


def _by_sample(by_level: Sequence[Sequence[str]]) -> np.ndarray:
    """Text by level and sample as an array; (samples, levels)."""
    return np.array(by_level, dtype=object).T
