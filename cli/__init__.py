"""The command line, installed as ``ancestry_ddvi.cli``: options in, one API call, paths out."""

from ._root import main

__all__ = ["main"]
