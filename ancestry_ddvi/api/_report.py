"""The command report."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..artefacts.coordinates import looks_like_coordinates
from ..errors import InputsDisagree, UsageProblem
from ..outputs import output, prefix_of
from ..reference_models import AUTO, find
from ..storage import whole
from ._common import Inputs, paths_of
from ._places import prepare_outputs

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reported:
    """What ``report`` wrote.

    Attributes
    ----------
    files : dict from kind to Path
    samples : int
    """

    files: dict[str, Path]
    samples: int


def check_report(model: str, inputs: Sequence[str]) -> None:
    """Refuse what ``embed`` or ``assign`` could not report, before anything is written.

    Parameters
    ----------
    model : str
        As these commands have it.
    inputs : sequence of str
        Genotypes, or a table of coordinates, which must lie with the other files of its run.

    Raises
    ------
    UsageProblem, InputUnreadable
    """
    from ..artefacts.written import check_is_of_a_run

    path = None if model == AUTO else find(model)
    if path and path.exists() and not path.is_file():
        raise UsageProblem(
            f"--report reads the model again, and {path} is no file", "Give a .ddvi file."
        )
    if inputs and looks_like_coordinates(Path(inputs[0])):
        check_is_of_a_run(Path(inputs[0]))


def report(
    prefixes: Inputs,
    out: str | None = None,
    *,
    model: str | None = None,
    labels: Sequence[str] = (),
    title: str | None = None,
) -> Reported:
    """Write one HTML file about the samples of one run or several.

    Parameters
    ----------
    prefixes : str, path-like, or sequence of them
        Prefixes of what ``fit``, ``embed`` and ``condition`` wrote, with what ``assign`` wrote
        under the same prefix, or of what ``assign`` wrote of their tables; all of one model.
    out : str, optional
        Prefix of the report; by default the first of ``prefixes``.
    model : str, optional
        The name of a reference model or a .ddvi file; by default, and for "auto", where the
        summaries say, or beside them.
    labels : sequence of str
        Tables of samples with columns to colour by; by default those that the runs were given.
    title : str, optional
        Heading of the page.

    Raises
    ------
    DDVIError
        If something cannot be read or written, or the runs are not of one model.

    Examples
    --------
    >>> import ancestry_ddvi
    >>> ancestry_ddvi.report(["cohort"]).files["report"].name
    'cohort.report.html'
    """
    from ..reports.build import report_page
    from ..reports.metadata import labels_of, metadata
    from ..reports.models import model_of
    from ..reports.runs import read_run

    named = [prefix_of(path) for path in paths_of(prefixes)]
    if not named:
        raise UsageProblem("no PREFIX is given", "Give the prefix of a run.")
    if len({*named}) < len(named):
        raise UsageProblem("a PREFIX is given twice", "Give each run once.")
    prefix, model = named[0] if out is None else out, None if model == AUTO else model
    prepare_outputs(prefix, "report", [model and str(find(model)), *labels])
    runs = [read_run(each) for each in named]
    if len({run.name for run in runs}) < len(runs):
        raise InputsDisagree("two runs have the same name", "Rename one of them.")
    fitted, name = model_of(runs, model)
    samples = [sample for run in runs for sample in run.samples]
    about = metadata(labels or labels_of(runs), samples)
    heading = title or f"Genetic ancestry: {', '.join(run.name for run in runs)}"
    page = report_page(runs, about, fitted, name, heading)
    path = output("report").path(prefix)
    with whole(path) as part:
        part.write_text(page, "utf-8", errors="backslashreplace", newline="\n")
    log.info("Report of %s samples, %.1f MB.", f"{len(samples):,}", len(page) / 1e6)
    return Reported({"report": path}, len(samples))
