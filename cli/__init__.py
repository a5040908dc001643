"""The command line, installed as ``ancestry_ddvi.cli``: options in, one API call, paths out."""

import sys

from ancestry_ddvi.resources import collect_rarely

from ._signals import INTERRUPTED, interruption, signals_raise
from ._streams import open_closed_streams

open_closed_streams()
collect_rarely()
try:
    with signals_raise():
        from ._root import main
except BaseException as error:  # while modules load; later ones are met by the group of commands
    if (signal := interruption(error)) is None:
        raise
    sys.stderr.write(f"Error: {INTERRUPTED.format(signal.name)}\n")
    raise SystemExit(signal.exit_code) from None

__all__ = ["main"]
