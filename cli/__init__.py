"""The command line, installed as ``ancestry_ddvi.cli``: options in, one API call, paths out."""

import sys

from ._signals import INTERRUPTED

try:
    from ._root import main
except KeyboardInterrupt:  # Ctrl-C while modules load; later ones are met by the group of commands
    sys.stderr.write(f"Error: {INTERRUPTED.format('Ctrl-C')}\n")
    raise SystemExit(130) from None

__all__ = ["main"]
