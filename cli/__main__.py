"""``python -m ancestry_ddvi.cli``."""

from ._root import main

main(prog_name="ddvi-ancestry")
