"""All samples of a report as one table: what the page sorts, filters, colours and draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..artefacts.columns import TABLES
from ..artefacts.tables import cells
from .packing import packed
from .runs import Level, Run

MAIN = ("sample_id", "run", "group", "level", "probability", "reason", "flag", "p_panel")
"""Columns that are shown at first, besides metadata and the coordinates themselves."""

SIMILAR = 3
"""So many of the most probable groups are given for the sample that is looked at."""

DRAWS, MIN_DRAWS, MAX_DRAWN = 64, 8, 2_000_000
"""Posterior draws of a sample at most and at least, and numbers of all of them."""

LABEL = "from --labels"
"""Meaning of the columns of metadata."""


@dataclass(frozen=True)
class Field:
    """One column of the table.

    Attributes
    ----------
    name, meaning : str
    values : ndarray, (samples,)
        Of text, object; of numbers, float64 with NaN for none.
    main : bool
        Whether it is shown at first.
    """

    name: str
    meaning: str
    values: np.ndarray
    main: bool = False

    @property
    def is_text(self) -> bool:
        """Whether the values are text."""
        return self.values.dtype == object

    def as_json(self) -> dict[str, Any]:
        """The column for the page: text by the numbers of its different values."""
        head = {"name": self.name, "meaning": self.meaning, "main": self.main}
        if not self.is_text:
            known = np.where(np.isfinite(self.values), self.values, np.nan)
            return head | {"numbers": packed(known)}
        texts, different = self.values.tolist(), self.different
        if 2 * len(different) > len(texts):
            return head | {"texts": texts}
        codes = {text: code for code, text in enumerate(different)}
        chosen = np.array([codes[text] for text in texts], dtype=np.int64)
        return head | {"different": different, "codes": packed(chosen)}

    @property
    def different(self) -> list[str]:
        """The different values of a column of text, sorted."""
        return sorted({*self.values.tolist()})


def numbers(values: np.ndarray) -> list[float | None]:
    """Numbers of six significant digits, as in the tables; None for what is not finite."""
    rounded = ("%.6g " * len(values) % tuple(values.tolist())).split()
    return [
        float(text) if finite else None
        for text, finite in zip(rounded, np.isfinite(values).tolist(), strict=True)
    ]


@dataclass(frozen=True)
class Samples:
    """The samples of all runs, one run after another.

    Attributes
    ----------
    runs : sequence of Run
    metadata : mapping of str to ndarray, (samples,)
        Columns of text (object) or of numbers.
    """

    runs: Sequence[Run]
    metadata: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return sum(len(run.coordinates) for run in self.runs)

    @property
    def ids(self) -> list[str]:
        """Sample IDs."""
        return [sample for run in self.runs for sample in run.samples]

    @property
    def unlike(self) -> np.ndarray:
        """Which samples are unlike the reference panel; bool (samples,)."""
        return np.concatenate([run.unlike for run in self.runs])

    @property
    def assigned(self) -> bool:
        """Whether the samples of a run were assigned to groups."""
        return any(run.levels for run in self.runs)

    def fields(self) -> list[Field]:
        """Every column of the table."""
        names = [run.name for run in self.runs]
        which = np.repeat(
            np.array(names, dtype=object), [len(run.coordinates) for run in self.runs]
        )
        found = [Field("sample_id", "as in the input", np.array(self.ids, dtype=object), True)]
        if len(self.runs) > 1:
            found.append(Field("run", "prefix of the files", which, True))
        if self.assigned:
            found += self._ancestry()
        found += [*self._coordinates(), *self._components()]
        taken = {field.name for field in found}
        named = {f"{n}_label" if n in taken else n: v for n, v in self.metadata.items()}
        at = next(n for n, field in enumerate(found) if field.name in ("Z1", "reason"))
        at += found[at].name == "reason"
        return found[:at] + [Field(n, LABEL, v, True) for n, v in named.items()] + found[at:]

    def _ancestry(self) -> list[Field]:
        """What ``assign`` found, at the finest level that is sure enough and at every level."""
        finest = [run.finest for run in self.runs]
        group, level, reason = (
            np.concatenate([getattr(each, name) for each in finest])
            for name in ("group", "level", "reason")
        )
        probability = np.concatenate([each.probability for each in finest])
        found = [
            Field("group", "most genetically similar reference group", group, True),
            Field("level", "the finest level of labels that is sure enough", level, True),
            Field("probability", "of the group", probability, True),
            Field("reason", "why the sample is unassigned", reason, True),
        ]
        for name in levels_of(self.runs):
            said = f"most similar {name}, assigned or not"
            found.append(Field(f"{name}_most_similar", said, self._nearest(name)))
        return found

    def _nearest(self, level: str) -> np.ndarray:
        """The most similar group of each sample at a level; "" where there is none."""
        found = []
        for run in self.runs:
            at = next((each.most_similar for each in run.levels if each.name == level), None)
            none = np.full(len(run.coordinates), "", dtype=object)
            found.append(none if at is None else at.astype(object))
        return np.concatenate(found)

    def _coordinates(self) -> list[Field]:
        """The columns of PREFIX.coords.tsv besides the sample IDs."""
        axes = self.runs[0].coordinates.axes
        found = []
        for column in TABLES["coords"]:
            for name in column.names(axes):
                if name == "sample_id":
                    continue
                values = np.concatenate([run.coordinates[name] for run in self.runs])
                kept = values.astype(object if column.type == "text" else np.float64)
                main = name in MAIN or name in axes[:2]
                found.append(Field(name, column.description, kept, main))
        return found

    def _components(self) -> list[Field]:
        """The first principal components."""
        parts = [run.components for run in self.runs]
        count = max(part.shape[1] for part in parts)
        scores = np.full((len(self), count), np.nan)
        ends = np.cumsum([len(part) for part in parts])
        for end, part in zip(ends, parts, strict=True):
            scores[end - len(part) : end, : part.shape[1]] = part
        said = "score on a principal component of the reference panel"
        return [Field(f"PC{k + 1}", said, scores[:, k]) for k in range(count)]

    def similar(self) -> Iterator[dict[str, Any]]:
        """The most probable groups of each sample, level by level, for the page."""
        for name in levels_of(self.runs):
            at_level = [each for run in self.runs for each in run.levels if each.name == name]
            names = sorted({group for each in at_level for group in each.groups})
            parts = [_most_probable(run, name, names) for run in self.runs]
            codes, chances = (np.concatenate(each).ravel() for each in zip(*parts, strict=True))
            tenths = np.round(1000 * chances).astype(np.int64)
            yield {
                "level": name, "names": names, "codes": packed(codes), "tenths": packed(tenths),
            }  # fmt: skip

    def draws(self) -> Iterator[tuple[int, np.ndarray]]:
        """Posterior draws of each run that wrote some, after the row of its first sample."""
        before = 0
        for run in self.runs:
            if run.draws is not None:
                yield before, _some(run.draws)
            before += len(run.samples)


def _some(draws: np.ndarray) -> np.ndarray:
    """Some of the draws of each sample, (samples, draws, dims): fewer of many samples."""
    samples, count, dims = draws.shape
    kept = min(count, DRAWS, max(MIN_DRAWS, MAX_DRAWN // (samples * dims)))
    return np.asarray(draws[:, np.linspace(0, count - 1, kept).round().astype(int)])


def levels_of(runs: Sequence[Run]) -> list[str]:
    """Names of the levels of all runs, the finest first."""
    return list(dict.fromkeys(level.name for run in runs for level in run.levels))


def _most_probable(run: Run, level: str, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and probabilities of the most probable groups; (samples, 3) each."""
    count = len(run.coordinates)
    codes, chances = np.zeros((count, SIMILAR), dtype=np.int64), np.zeros((count, SIMILAR))
    at: Level | None = next((each for each in run.levels if each.name == level), None)
    if at is None:
        return codes, chances
    order = np.argsort(-at.probability, axis=1, kind="stable")[:, :SIMILAR]
    known = np.array([names.index(group) for group in at.groups])
    codes[:, : order.shape[1]] = known[order]
    chances[:, : order.shape[1]] = np.take_along_axis(at.probability, order, axis=1)
    return codes, chances


def as_text(field: Field) -> list[str]:
    """The values as the table without JavaScript has them."""
    return [str(value) for value in field.values] if field.is_text else cells(field.values)
