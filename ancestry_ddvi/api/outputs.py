"""What fit, embed and condition write: tables and figures of coordinates, and the summary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..artefacts.coordinates import Coordinates, write_components, write_groups
from ..artefacts.flags import flag_samples, unlike_panel
from ..artefacts.records import EmbeddedSamples
from ..artefacts.relatives import write_relatives
from ..artefacts.summary import Clock, complete, write_summary
from ..genotypes.projection.scores import Scores
from ..outputs import endings, output, stale, written_by
from ..storage import check_folder, printable, together
from ._places import check_inputs

if TYPE_CHECKING:
    from ..artefacts.ancestry import Ancestry
    from ..artefacts.model import Model
    from ..inference.posterior_draws import PosteriorDraws
    from ..plots.limits import Limits
    from ..plots.reference import Reference
    from ..reference.groups import Groups
    from ..reference.out_of_panel import OutOfPanelTest
    from ._named import NamedModel

MIN_EFFECTIVE_DRAWS = 4.0
"""A sample with fewer effective draws is flagged."""

CAPTION = (
    "Distances depend on the reference panel, its variants and the prior. "
    "Coordinates describe genetic similarity to the samples of the panel, not identity."
)


MADE_BY, MARKED_WITHIN = '<meta name="generator" content="ddvi-ancestry">', 400
"""What a report has in its first bytes."""

SUMMARIES = ("summary", "assign", "sample")
"""Kinds of files that list those of a run."""


class Options(Protocol):
    """What figures and tables say of a fit: ``FitOptions``, and ``ModelOptions`` of a model."""

    @property
    def method(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def classes(self) -> Sequence[str]: ...


@contextmanager
def replacing(prefix: str, command: str, files: dict[str, Path]) -> Iterator[None]:
    """Files written in the block appear together at its end, in place of those of an earlier run.

    Files that the earlier run lists in its summary and that are not written now are removed, then
    its summary, before the first file is renamed; the new summary is the last. So a summary
    belongs to the files beside it, and a run that fails changes nothing.

    Parameters
    ----------
    prefix, command : str
    files : dict from kind to Path
        Filled in the block with the files that are written.

    Raises
    ------
    OutputUnwritable
    """
    with together() as remove:
        yield
        rows = [row for row in map(output, SUMMARIES) if row.is_stale_after(command)]
        before = {row.path(prefix): _listed(row.path(prefix)) for row in rows}
        listed = [path for paths in before.values() for path in paths] + _report_before(prefix)
        remove += stale(prefix, command, listed, files.values())
        remove += [summary for summary, paths in before.items() if paths]


def planned_outputs(
    prefix: str, command: str, inputs: Iterable[str | None], mib: float
) -> list[str]:
    """What would be written, replaced and removed, one line each; nothing is changed.

    Parameters
    ----------
    prefix, command : str
    inputs : iterable of str
    mib : float
        Disk space that is needed.

    Raises
    ------
    OutputUnwritable, UsageProblem
    """
    check_folder(Path(prefix), mib)
    check_inputs(prefix, command, inputs)
    rows = (row for row in written_by(command) if not row.condition)
    paths = [row.path(prefix, level="", step="") for row in rows]
    before = [path for path in paths if path.exists()]
    lines = [f"write {endings(command).replace('PREFIX', prefix)}"]
    if before:
        lines.append(f"replace {', '.join(map(str, before))}")
    if gone := stale(prefix, command, _listed_before(prefix, command), paths):
        lines.append(f"remove {', '.join(map(str, gone))}")
    return lines


def present(prefix: str, command: str) -> list[Path]:
    """Files under a prefix that a command replaces or removes."""
    written = [row.path(prefix, level="", step="") for row in written_by(command)]
    paths = dict.fromkeys([*written, *_listed_before(prefix, command)])
    return [path for path in paths if path.exists()]


def _listed_before(prefix: str, command: str) -> list[Path]:
    """What the summaries list that a command makes stale."""
    rows = [row for row in map(output, SUMMARIES) if row.is_stale_after(command)]
    return [path for row in rows for path in _listed(row.path(prefix))] + _report_before(prefix)


def _report_before(prefix: str) -> list[Path]:
    """A report of the files of an earlier run, and its log; no other page of that name."""
    path = output("report").path(prefix)
    try:
        with path.open("rb") as file:
            is_ours = MADE_BY.encode() in file.read(MARKED_WITHIN)
    except OSError:
        return []
    return [path, path.with_suffix(".log")] if is_ours else []


def _listed(summary: Path) -> list[Path]:
    """What the summary of an earlier run lists, itself and its log; nothing of another file."""
    try:
        found = json.loads(summary.read_text("utf-8"))
        is_ours = str(found["$schema"]).startswith("urn:ddvi-ancestry:summary:")
        paths = [Path(str(path)) for path in found["files"].values()] if is_ours else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return [*paths, summary.with_suffix(".log")] if paths else []


def coordinates_of(
    samples: Sequence[str],
    posterior: PosteriorDraws,
    scores: Scores,
    *,
    model_variants: int,
    variants_in_file: int,
    p_panel: np.ndarray,
    flags: Sequence[str],
    test: OutOfPanelTest | None,
    map_sd: np.ndarray | None = None,
) -> Coordinates:
    """The table of coordinates.

    Parameters
    ----------
    samples : sequence of str
    posterior : PosteriorDraws
        On the axes of the coordinates.
    scores : Scores
    model_variants, variants_in_file : int
        Variants of the model, and how many of them the file has.
    p_panel : ndarray, (samples,)
        Out-of-panel p-values.
    flags : sequence of str
        Flags raised so far, separated by commas, for each sample; ``few_draws`` is added here.
    test : OutOfPanelTest, optional
        What raised the flags ``unlike_panel``; None where the model has none.
    map_sd : ndarray, (samples,), optional
        How far a refit moves each sample, where it was measured.
    """
    few = posterior.effective_draws < MIN_EFFECTIVE_DRAWS
    raised = flag_samples({"few_draws": few}, flags)
    moved = np.full(len(samples), np.nan) if map_sd is None else map_sd
    return Coordinates.of(
        EmbeddedSamples(
            samples, posterior, scores, model_variants, variants_in_file, p_panel, raised, moved,
            test.places.spread if test else None,
        )
    )  # fmt: skip


def unobserved(components: int) -> Scores:
    """The scores of one sample of which no variant is observed."""
    return Scores(
        value=np.zeros((1, components)),
        precision=np.zeros((1, components, components)),
        excess=np.zeros(1),
        observed=np.zeros(1, dtype=np.int64),
        effective_variants=np.zeros(1),
        pseudo_haploid=np.zeros(1, dtype=bool),
    )


def write_coordinates(prefix: str, coordinates: Coordinates) -> dict[str, Path]:
    """Write the coordinates in both layouts; the paths by kind."""
    files = {kind: output(kind).path(prefix) for kind in ("coords", "eigenvec")}
    coordinates.write(files["coords"])
    coordinates.write_eigenvec(files["eigenvec"])
    return files


def write_embedding(
    prefix: str,
    coordinates: Coordinates,
    posterior: PosteriorDraws,
    scores: Scores,
    labels: Sequence[str] | None,
    title: str,
    options: Options,
    relatives: np.ndarray | None = None,
    model: Model | None = None,
    query: bool = False,
    groups: Groups | None = None,
) -> dict[str, Path]:
    """Write the tables and the figures of embedded samples; the paths by kind.

    Figures have the colours of ``groups``, by default those of the model; those of a query show
    them as well.
    """
    from ..plots.figures import FigureData, write_figures

    files = write_coordinates(prefix, coordinates)
    files["pcs"] = output("pcs").path(prefix)
    write_components(files["pcs"], coordinates.samples, scores.value)
    if posterior.groups is not None:
        files["groups"] = output("groups").path(prefix)
        write_groups(files["groups"], coordinates.samples, posterior.groups, options.classes)
    files["relatives"] = write_relatives(prefix, coordinates.samples, relatives)
    unlike = unlike_panel(coordinates.flag)
    data = FigureData(
        coordinates.mean,
        np.where(unlike[:, None], np.nan, coordinates.sd),
        np.where(unlike[:, None, None], np.nan, posterior.covariance),
        scores.value,
        labels,
        printable(title),
        f"{CAPTION} Seed {options.seed}.",
        options.method,
        unlike,
        *_of_model(model, query, groups),
        limits=limits_of(model) if model else {},
    )
    return files | write_figures(prefix, data)


def write_multiqc(
    prefix: str, named: NamedModel, coordinates: Coordinates, ancestry: Ancestry | None = None
) -> dict[str, Path]:
    """Write what MultiQC shows of embedded samples; the paths by kind."""
    from ..plots.multiqc import QualityReport, write_content

    groups = named.model.record.groups
    report = QualityReport(named.stem, coordinates, groups, ancestry, named.sha256)
    content = {"multiqc": report.statistics(), "multiqc_map": report.map()}
    files = {kind: output(kind).path(prefix) for kind in content}
    for kind, path in files.items():
        write_content(path, content[kind])
    return files


def _of_model(
    model: Model | None, query: bool, groups: Groups | None
) -> tuple[Mapping[str, str], Reference | None, np.ndarray | None]:
    """Labels with their parents, groups behind the samples, variance on components."""
    from ..plots.reference import parents_of, reference_of

    if model is None:
        return {}, None, None
    groups, projection = groups or model.record.groups, model.projection
    if groups is None:
        return {}, None, projection.variance
    behind = reference_of(groups, projection.noise) if query else None
    return parents_of(groups), behind, projection.variance


def limits_of(model: Model) -> Limits:
    """What every figure of a model shows at least."""
    from ..plots.limits import limits_with
    from ..plots.reference import reference_of

    groups = model.record.groups
    known = reference_of(groups, model.projection.noise) if groups else None
    return limits_with(model.record.limits, known)


def conclude(
    prefix: str,
    summary: dict[str, Any],
    files: dict[str, Path],
    coordinates: Coordinates,
    clock: Clock,
) -> dict[str, Any]:
    """Write the summary with the number of samples by flag, and add it to the files."""
    raised = [flag for flags in coordinates.flag for flag in flags.split(",") if flag]
    files["summary"] = output("summary").path(prefix)
    counted = {name: raised.count(name) for name in sorted(set(raised))}
    completed = complete(summary | {"flags": counted}, files, clock)
    write_summary(files["summary"], completed)
    return completed
