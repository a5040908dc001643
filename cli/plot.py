"""``ddvi-ancestry plot``."""

from __future__ import annotations

from typing import Any

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@click.argument("target", metavar="PREFIX|MODEL", type=options.MODEL)
@click.option(
    "--out",
    metavar="FIGURE",
    type=options.PATH,
    help="Figure to write: PNG, SVG or PDF by its ending. An existing file is overwritten.  "
    "[default: PREFIX.plot.png, in the working directory]",
)
@click.option(
    "--axes",
    metavar="A,B|PCA,PCB|all",
    multiple=True,
    help="A pair of coordinates, such as 1,3, or of principal components, such as PC1,PC3; all: "
    "all pairs of coordinates. Repeatable: a panel each.  [default: 1,2 and PC1,PC2]",
)
@click.option(
    "--color-by",
    metavar="COLUMN",
    help="Column that colours the samples: categories, or a quantity if it has more than 8 "
    "different numbers. Of --table, else of a table under PREFIX.  [default: the labels of the "
    "run]",
)
@click.option(
    "--table",
    metavar="TABLE",
    type=options.PATH,
    help="Table of sample IDs and other columns, with tabs, commas or blanks between them. "
    "Without --color-by its first column of labels is used.",
)
@click.option(
    "--highlight",
    metavar="ID|FILE",
    multiple=True,
    help="Sample that gets a ring, its name and its interval, or a file of sample IDs, one a "
    "line. Repeatable.",
)
@click.option(
    "--width",
    type=float,
    metavar="MM",
    help="Width in millimetres of a figure for print, such as 85 for one column and 180 for two. "
    "Letters have 6 to 10 points.  [default: a figure for a screen]",
)
@click.option(
    "--title",
    metavar="TEXT",
    help="Title; '' for none.  [default: the name of PREFIX or MODEL and the number of samples]",
)
@click.option("--no-caption", is_flag=True, help="Leave out the caption.")
@options.verbosity
def plot(target: str, out: str | None, no_caption: bool, **given: Any) -> None:
    """Draw a figure of a run, or of the groups of a model.

    PREFIX is that of files which fit, embed or condition wrote. MODEL is the name of a reference
    model (see references), or a .ddvi file written by fit; its labelled groups are drawn, without
    samples. A name comes before a prefix: ./kgp is a prefix.

    Samples that are not those of a fit lie over the groups of its model, in the same colours and
    on the axes of the figure of the fit, which are longer only where samples lie outside them.
    Samples unlike the reference panel are hollow. Of more than 300 samples only the widest
    intervals are drawn, and the median one in a corner. The path of the figure is printed to
    standard output.
    """
    from ancestry_ddvi import api

    path = out or api.plot_path(target)
    run = api.plot  # loaded before anything is written
    with running(None):
        drawn = run(target, path, caption=not no_caption, **given)
    tell(drawn.files.values())
