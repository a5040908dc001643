"""``ddvi-ancestry decode``."""

from __future__ import annotations

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@options.model
@click.argument("coords", metavar="COORDS", type=options.PATH)
@options.out(default="COORDS.decoded, in the working directory")
@options.verbosity
@options.writes("decode")
def decode(model: str, coords: str, out: str | None) -> None:
    """Decode coordinates to expected dosages.

    MODEL is the name of a reference model (see references), or a .ddvi file written by fit with a
    method that has a generator, such as ddvi or inflationary-flow. COORDS is a .coords.tsv written
    by fit, embed or condition with MODEL, or a table of the same columns.

    {writes}

    The .vcf.gz has expected dosages, field DS, at all variants of the model; the .pcs.tsv expected
    principal component scores. Paths of the results are printed to standard output.
    """
    from ancestry_ddvi import api

    prefix = out or api.decode_prefix(coords)
    run = api.decode  # loaded before anything is written
    with running(prefix) as progress:
        decoded = run(model, coords, prefix, progress=progress)
    tell(decoded.files.values())
