"""Labels of samples: a table read once, on one level or several."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputsDisagree, InputUnreadable, quoted, several
from .label_table import UNKNOWN, UNLABELLED, Layout, Line, cell, iid_of, layouts, read_lines

log = logging.getLogger(__name__)

FEW = 0.1
"""Below this share of labelled samples a warning gives examples of IDs."""


@dataclass(frozen=True)
class Labels:
    """Labels of samples on one level or several, the finest first.

    Attributes
    ----------
    names : tuple of str
        Names of the levels, such as population and superpopulation.
    by_sample : dict from sample ID to tuple of str
        The label on each level, of the samples that have one.
    path : Path
        The table they were read from, for messages.
    """

    names: tuple[str, ...]
    by_sample: dict[str, tuple[str, ...]]
    path: Path = Path()

    @property
    def classes(self) -> tuple[str, ...]:
        """The different labels on the finest level, sorted."""
        return tuple(sorted({levels[0] for levels in self.by_sample.values()}))

    def of(self, samples: Sequence[str]) -> list[str]:
        """The finest label of each sample; ``NA`` where it has none."""
        return [self.by_sample.get(sample, (UNLABELLED,))[0] for sample in samples]


@dataclass(frozen=True)
class LabelTable:
    """A table of labels, before it is known which samples they are of.

    Attributes
    ----------
    path : Path
    lines : tuple of Line
        Every line, with the header if there is one.
    """

    path: Path
    lines: tuple[Line, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The different labels on the finest level of the whole table, sorted."""
        found = layouts(self.lines, ())
        layout = found[0] if found[0].is_named else found[-1]
        finest = {
            cell(cells, column) for column in layout.label_columns[:1] for _, cells in layout.rows
        }
        return tuple(sorted(finest - UNKNOWN))

    def match(self, samples: Sequence[str]) -> Labels:
        """The labels of the samples; how many have one is logged.

        IDs are compared as they are, then FID_IID of the table with them, then the IID of either
        with FID_IID of the other.

        Raises
        ------
        InputUnreadable
            If there is no line below a header or no column of labels, or two lines contradict
            each other.
        InputsDisagree
            If the table holds none of the samples.
        """
        match = self._match(samples)
        labels = self._labels(match)
        self._report(labels, match, samples)
        return labels

    def column(self, name: str, samples: Sequence[str]) -> list[str]:
        """The entry of each sample in a column; ``NA`` where the table has no such sample.

        Raises
        ------
        InputUnreadable
            If there is no line below a header.
        InputsDisagree
            If there is no such column, or the table holds none of the samples.
        """
        match = self._match(samples)
        names = match.layout.names
        if name not in names:
            known = f"; there are {several(names)}" if names else ", nor a header line"
            raise InputsDisagree(
                f"{self.path} has no column {quoted(name)}{known}", "Give the name of a column."
            )
        at = names.index(name)
        found = {
            match.samples[key]: cell(cells, at)
            for (_, cells), key in zip(match.layout.rows, match.ids, strict=True)
            if key in match.samples
        }
        return [found.get(sample, UNLABELLED) for sample in samples]

    def _match(self, samples: Sequence[str]) -> _Match:
        """The rows of the samples; see ``match``."""
        found = layouts(self.lines, map(str.strip, samples))
        if not found[0].rows:
            raise InputUnreadable(
                f"labels {self.path} has no line below a header", "Give sample IDs and labels."
            )
        match = max(_exact(found, samples), key=len)
        if not len(match):
            match = max(_by_iid(found, samples), key=len, default=match)
        if not len(match):
            match = max(_exact(found, samples), key=lambda other: len(set(other.ids)))
            raise InputsDisagree(
                f"none of the {len(set(match.ids)):,} IDs in labels {self.path} is among the "
                f"{len(samples):,} samples{_examples(match, samples)}",
                "The first column, or one named IID, must hold sample IDs of the input.",
            )
        return match

    def _labels(self, match: _Match) -> Labels:
        layout = match.layout
        if not layout.label_columns:
            raise InputUnreadable(
                f"labels {self.path} has IDs and no column of labels", "Add it behind the IDs."
            )
        finest, *others = layout.label_columns
        known = [cells for _, cells in layout.rows if cell(cells, finest) not in UNKNOWN]
        kept = [finest, *(column for column in others if _is_level(known, finest, column))]
        names: dict[str, None] = {}
        for number, column in enumerate(kept, 1):
            name = cell(layout.names, column)
            names[f"level{number}" if name in {"", *names} else name] = None
        return Labels(tuple(names), self._by_sample(match, kept), self.path)

    def _by_sample(self, match: _Match, columns: Sequence[int]) -> dict[str, tuple[str, ...]]:
        """Labels of the matched samples.

        Raises
        ------
        InputUnreadable
            If two lines give a sample different labels.
        """
        seen: dict[str, Line] = {}
        for (number, cells), name in zip(match.layout.rows, match.ids, strict=True):
            labels = tuple(cell(cells, column) for column in columns)
            if name not in match.samples or labels[0] in UNKNOWN:
                continue
            before, first = seen.setdefault(match.samples[name], (number, labels))
            if first != labels:
                raise InputUnreadable(
                    f"labels {self.path}: sample {quoted(name)} is {quoted(first[0])} in line "
                    f"{before} and {quoted(labels[0])} in line {number}",
                    "Remove one of the lines.",
                )
        return {sample: labels for sample, (_, labels) in seen.items()}

    def _report(self, labels: Labels, match: _Match, samples: Sequence[str]) -> None:
        share = len(labels.by_sample) / len(samples)
        log.log(
            logging.INFO if share >= 0.5 else logging.WARNING,
            "%d of %d samples have a label in %s%s%s.",
            len(labels.by_sample),
            len(samples),
            self.path,
            match.how,
            _examples(match, samples) if share < FEW else "",
        )


@dataclass(frozen=True)
class _Match:
    """The rows of a table beside the samples of the input.

    Attributes
    ----------
    layout : Layout
    ids : list of str
        The ID of each row as it is compared.
    samples : dict from str to str
        Samples by their IDs as they are compared.
    how : str
        For the log, where IDs are not compared as they are.
    """

    layout: Layout
    ids: list[str]
    samples: dict[str, str]
    how: str = ""

    def __len__(self) -> int:
        """Samples in the table."""
        return len(self.samples.keys() & set(self.ids))


def read_labels(path: str | Path) -> LabelTable:
    """Read a table of labels: tabs, commas or blanks between the cells, a header or none.

    One column holds sample IDs: that named IID, sample or the like, else the first, or the second
    behind family IDs. The next holds the finest labels; NA and an empty entry are none. A further
    column is a coarser level if all samples of one label have the same entry there, as populations
    have one superpopulation. Other columns, and columns with the same entry in every row, are
    ignored.

    Raises
    ------
    InputUnreadable
        If the file is absent, empty or not UTF-8 text, or a line has fewer than two columns.
    """
    return LabelTable(Path(path), read_lines(Path(path)))


def _exact(found: Sequence[Layout], samples: Sequence[str]) -> Iterator[_Match]:
    """Every layout with its IDs, and with FID_IID where it has both."""
    keys = _keyed(samples, str.strip)
    for layout in found:
        yield _Match(layout, layout.ids, keys)
        if layout.family is not None:
            yield _Match(layout, layout.family_ids, keys, ", by FID_IID")


def _by_iid(found: Sequence[Layout], samples: Sequence[str]) -> Iterator[_Match]:
    """FID_IID on one side only: all IDs there have a "_", and half of the shorter side is found."""
    exact, iids = _keyed(samples, str.strip), _keyed(samples, iid_of)
    for layout in found:
        ids = layout.ids
        for match in (
            _Match(layout, ids, iids, ", which has the IIDs of FID_IID"),
            _Match(layout, [iid_of(name) for name in ids], exact, ", which has FID_IID"),
        ):
            if all(match.ids) and 2 * len(match) >= min(len(samples), len(set(ids))):
                yield match


def _keyed(samples: Sequence[str], key: Callable[[str], str]) -> dict[str, str]:
    """Samples by their key; empty where one has none or two have the same."""
    keyed = {key(sample): sample for sample in samples}
    return keyed if len(keyed) == len(samples) and "" not in keyed else {}


def _examples(match: _Match, samples: Sequence[str]) -> str:
    """IDs of the table and of the input that are not on the other side, if there are any."""
    known = {match.samples[name] for name in match.samples.keys() & set(match.ids)}
    theirs = [name for name in dict.fromkeys(match.ids) if name not in match.samples]
    ours = [sample for sample in samples if sample not in known]
    sides = ("it has", theirs), ("the input" if theirs else "the input also has", ours)
    shown = [f"{side} {quoted(', '.join(names[:3]))}" for side, names in sides if names]
    return f": {', '.join(shown)}" if shown else ""


def _is_level(rows: Sequence[Sequence[str]], finest: int, column: int) -> bool:
    """Whether a column groups the finest labels."""
    pairs = {(cell(cells, finest), cell(cells, column)) for cells in rows}
    coarse = {entry for _, entry in pairs}
    nested = len(pairs) == len({label for label, _ in pairs})
    return nested and 1 < len(coarse) < len(pairs) and not coarse & UNKNOWN
