"""``python -m ancestry_ddvi.cli``."""

from . import main

main(prog_name="ddvi-ancestry")
