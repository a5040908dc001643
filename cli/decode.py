"""``ddvi-ancestry decode``."""

from __future__ import annotations

import click

from . import _options as options
from ._running import running, tell


@click.command(epilog=options.EXIT_CODES)
@click.argument("model", metavar="MODEL")
@click.argument("coords", metavar="COORDS")
@options.out(default="COORDS.decoded, in this folder")
@options.verbosity
def decode(model: str, coords: str, out: str | None) -> None:
    """Say what genotypes MODEL expects of samples at the coordinates in COORDS.

    MODEL is a .ddvi file that fit wrote with a method that has a generator, such as ddvi or
    inflationary-flow; COORDS a .coords.tsv file of that model, from fit, embed or condition, or one
    like it with places of your own.

    Writes PREFIX.pcs.tsv with the expected component scores, PREFIX.vcf.gz with the expected
    dosages (DS) at all variants of the model, and PREFIX.log, and prints the paths of all but the log.
    """
    from ancestry_ddvi import api

    prefix = out or api.decode_prefix(coords)
    with running(prefix) as progress:
        decoded = api.decode(model, coords, prefix, progress=progress)
    tell(decoded.files.values())
