"""The table of outputs: every file that a command writes under its prefix.

What is written, help, ``--dry-run``, ``docs/file-formats.md`` and the removal of files of an
earlier run follow from the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Output(NamedTuple):
    """A kind of file.

    Attributes
    ----------
    kind : str
        Key of the path in ``files`` of a summary.
    ending : str
        Follows the prefix; names in braces stand for text of any kind.
    commands : tuple of str
        Commands that write it.
    content : str
        In a few words.
    condition : str
        When it is written; "" for always.
    replaced_by : tuple of str
        Commands after which a file of an earlier run is stale; by default ``commands``.
    """

    kind: str
    ending: str
    commands: tuple[str, ...]
    content: str
    condition: str = ""
    replaced_by: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The ending with names in capitals: ".assign.LEVEL.tsv"."""
        return re.sub(r"{(\w+)}", lambda name: name[1].upper(), self.ending)

    @property
    def pattern(self) -> str:
        """The ending as a regular expression."""
        return ".+".join(map(re.escape, re.split(r"{\w+}", self.ending)))

    def path(self, prefix: str, **names: str) -> Path:
        """The file under a prefix; a slash in a name is written as ``_``."""
        return Path(prefix + self.ending.format(**{k: _in_a_name(v) for k, v in names.items()}))

    def is_under(self, prefix: str, name: str) -> bool:
        """Whether a file name is of this kind and has the prefix."""
        pattern = re.escape(Path(prefix).name) + self.pattern
        return re.fullmatch(pattern, name, re.DOTALL) is not None

    def is_stale_after(self, command: str) -> bool:
        """Whether a command that does not write it now makes it stale."""
        return command in (self.replaced_by or self.commands)


_EMBEDDING = ("fit", "embed", "condition")
_LATER = (*_EMBEDDING, "assign")

OUTPUTS = (
    Output("model", ".ddvi", ("fit",), "the model"),
    Output(
        "coords", ".coords.tsv", _EMBEDDING,
        "coordinates with posterior standard deviations and flags",
    ),
    Output("eigenvec", ".eigenvec", _EMBEDDING, "the same coordinates in the layout of plink2"),
    Output("pcs", ".pcs.tsv", (*_EMBEDDING, "decode"), "principal component scores"),
    Output(
        "groups", ".groups.tsv", _EMBEDDING, "probabilities of classes or clusters",
        "if the model has classes or clusters",
    ),
    Output("relatives", ".relatives.tsv", _EMBEDDING, "pairs of relatives in the input"),
    Output("png", ".png", _EMBEDDING, "figure of the coordinates"),
    Output("svg", ".svg", _EMBEDDING, "the same as vectors"),
    Output(
        "draws", ".draws.npz", ("embed", "condition"), "posterior draws", "with --draws-out",
        _EMBEDDING,
    ),
    Output(
        "summary", ".summary.json", _EMBEDDING,
        "options, counts, harmonisation report, bounds, timings, versions",
    ),
    Output(
        "ancestry", ".ancestry.tsv", ("assign",),
        "most similar reference group of each sample at the finest level that is sure enough, "
        "coordinates, and flags in words", "", _LATER,
    ),
    Output(
        "assign.{level}", ".assign.{level}.tsv", ("assign",),
        "most similar labelled group of each sample, for each level of the labels", "", _LATER,
    ),
    Output(
        "assign", ".assign.json", ("assign",),
        "samples by group, unassigned samples by reason, accuracy", "", _LATER,
    ),
    Output(
        "multiqc", "_mqc.json", ("embed", "condition", "assign"),
        "general statistics of samples for MultiQC", "", _LATER,
    ),
    Output(
        "multiqc_map", ".map_mqc.json", ("embed", "condition", "assign"),
        "coordinates for MultiQC", "", _LATER,
    ),
    # sample is given the name of a file: those of other formats beside it stay.
    Output(
        "vcf", ".vcf.gz", ("sample", "decode"), "synthetic genotypes, or expected dosages", "",
        ("decode",),
    ),
    Output("bed", ".bed", ("ingest",), "genotypes, two bits each"),
    Output("bim", ".bim", ("ingest",), "variants of the .bed"),
    Output("fam", ".fam", ("ingest",), "samples of the .bed"),
    Output("json", ".json", ("ingest",), "the input that the fileset was made from"),
    Output("samples", ".samples.tsv", ("sample",), "coordinates that samples were drawn at"),
    Output("sample", ".sample.json", ("sample",), "options and counts"),
    Output(
        "checkpoint", ".checkpoint.{step}.npz", ("fit",), "what a long fit has found so far",
        "until it has ended", ("fit",),
    ),
    Output(
        "report", ".report.html", ("report",),
        "one page with maps, the table of samples and what needs attention", "", _LATER,
    ),
    Output("log", ".log", (*_EMBEDDING, "decode", "ingest"), "the log"),
    Output("log", ".assign.log", ("assign",), "the log", "", _LATER),
    Output("log", ".report.log", ("report",), "the log", "", _LATER),
    Output("log", ".sample.log", ("sample",), "the log"),
)  # fmt: skip


def written_by(command: str) -> list[Output]:
    """The rows of a command."""
    return [output for output in OUTPUTS if command in output.commands]


def output(kind: str) -> Output:
    """The row of a kind."""
    return next(row for row in OUTPUTS if row.kind == kind)


def prefix_of(name: str) -> str:
    """The prefix of a run, also where one of its files is named."""
    if any(output(kind).path(name).exists() for kind in ("coords", "assign")):
        return name
    found = [
        ("{" in row.ending, len(match[1]), match[1])
        for row in OUTPUTS
        if not {*_LATER}.isdisjoint(row.commands)
        and (match := re.fullmatch(f"(.+?){row.pattern}", name, re.DOTALL))
    ]
    return min(found, default=(False, 0, name))[2]


def endings(command: str) -> str:
    """The files that a command writes, in words: "PREFIX.x, .y and .z; .w with --option"."""
    rows = written_by(command)
    *most, last = [row.shown for row in rows if not row.condition]
    always = f"{', '.join(most)} and {last}"
    sometimes = [f"{row.shown} {row.condition}" for row in rows if row.condition]
    return "; ".join([f"PREFIX{always}", *sometimes])


def stale(prefix: str, command: str, listed: Iterable[Path], written: Iterable[Path]) -> list[Path]:
    """Files of an earlier run that a command replaces and has not written again.

    Parameters
    ----------
    prefix : str
    command : str
    listed : iterable of Path
        The files that the earlier run says it wrote; others are never stale.
    written : iterable of Path
    """
    folder, kept = Path(prefix).parent, {path.name for path in written}
    names = {path.name for path in listed} - kept
    rows = [row for row in OUTPUTS if row.is_stale_after(command)]
    return [folder / n for n in sorted(names) if any(row.is_under(prefix, n) for row in rows)]


def _in_a_name(text: str) -> str:
    return text.replace("/", "_")
