"""Install the top-level cli/ folder as the package ancestry_ddvi.cli."""

from setuptools import find_packages, setup

library = find_packages(include=["ancestry_ddvi", "ancestry_ddvi.*"])
commands = [f"ancestry_ddvi.{name}" for name in find_packages(include=["cli", "cli.*"])]

setup(packages=library + commands, package_dir={"ancestry_ddvi.cli": "cli"})
