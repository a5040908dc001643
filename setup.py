"""Install the folder cli/ as the package ancestry_ddvi.cli, and the man pages where there are any.

``make man`` writes them. Installed programs are looked up beside their man pages, in share/man.
"""

from pathlib import Path

from setuptools import find_packages, setup

library = find_packages(include=["ancestry_ddvi", "ancestry_ddvi.*"])
commands = [f"ancestry_ddvi.{name}" for name in find_packages(include=["cli", "cli.*"])]
manual = sorted(str(page) for page in Path("man/man1").glob("*.1"))

setup(
    packages=library + commands,
    package_dir={"ancestry_ddvi.cli": "cli"},
    data_files=[("share/man/man1", manual)] if manual else [],
)
