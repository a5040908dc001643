"""``ddvi-ancestry report``."""

from __future__ import annotations

from pathlib import Path

import click

from . import _options as options
from ._running import running, tell


def reported(prefix: str, wanted: bool, labels: str | None = None) -> list[Path]:
    """The report of a run that has ended, if it is wanted."""
    if not wanted:
        return []
    from ancestry_ddvi import api

    return [*api.report([prefix], labels=[labels] if labels else []).files.values()]


def _at_least_one(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    if not value:
        raise click.UsageError("No PREFIX given. Example: ddvi-ancestry report cohort query", ctx)
    return value


@click.command(epilog=options.EXIT_CODES)
@click.argument(
    "prefixes", metavar="PREFIX...", nargs=-1, type=options.PATH, callback=_at_least_one
)
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
    prefix are read too. Several runs of one model, such as a cohort and its queries, make one
    report. The page has maps over the reference, the table of samples, and what needs attention.
    It loads nothing from elsewhere, and shows maps and tables without JavaScript as well.

    {writes}

    The path of the report is printed to standard output.
    """
    from ancestry_ddvi import api

    prefix = prefixes[0] if out is None else out
    run = api.report  # loaded before anything is written
    with running(f"{prefix}.report"):
        reported = run(prefixes, prefix, model=model, labels=labels, title=title)
    tell(reported.files.values())
