"""``ddvi-ancestry report``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from . import _options as options
from ._running import running, tell


def reportable(wanted: bool, model: str, inputs: Sequence[str]) -> None:
    """Refuse a report that could not be written at the end of a run, if it is wanted."""
    if wanted:
        from ancestry_ddvi import api

        api.check_report(model, inputs)


def reported(
    prefix: str, wanted: bool, labels: str | None = None, model: str | None = None
) -> list[Path]:
    """The report of a run that has ended, if it is wanted."""
    if not wanted:
        return []
    from ancestry_ddvi import api

    found = api.report([prefix], model=model, labels=[labels] if labels else [])
    return [*found.files.values()]


@click.command(epilog=options.EXIT_CODES)
@options.prefixes(example="ddvi-ancestry report cohort query")
@options.out(default="the first PREFIX")
@click.option(
    "--model",
    metavar="MODEL",
    type=options.MODEL,
    help="The reference model or .ddvi file of the runs.  [default: where the summaries say, "
    "else beside them]",
)
@click.option(
    "--labels",
    metavar="TABLE",
    type=options.PATH,
    multiple=True,
    help="Table of sample IDs and further columns, with tabs, commas or blanks between them. "
    "Samples can be coloured and filtered by every column. Repeatable.  [default: the tables that "
    "the runs were given]",
)
@click.option("--title", metavar="TEXT", help="Heading of the page.  [default: names of the runs]")
@options.verbosity
@options.writes("report")
def report(
    prefixes: tuple[str, ...],
    out: str | None,
    model: str | None,
    labels: tuple[str, ...],
    title: str | None,
) -> None:
    """Write one HTML file about the samples of one run or several.

    PREFIX is what fit, embed or condition was given by --out. Files of assign with the same
    prefix are read too; where assign had a prefix of its own, give that one. Several runs of one
    model, such as a cohort and its queries, make one report. The page has maps over the reference,
    the table of samples, and what needs attention. It loads nothing from elsewhere, and shows maps
    and tables without JavaScript as well.

    {writes}

    The path of the report is printed to standard output.
    """
    from ancestry_ddvi import api
    from ancestry_ddvi.outputs import prefix_of

    prefix = prefix_of(prefixes[0]) if out is None else out
    run = api.report  # loaded before anything is written
    with running(f"{prefix}.report"):
        reported = run(prefixes, prefix, model=model, labels=labels, title=title)
    tell(reported.files.values())
