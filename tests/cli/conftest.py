"""The installed command line, with an API that records its calls."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import ancestry_ddvi

Run = Callable[..., Result]


class FakeAPI:
    """Returns the same two files for every command; ``calls`` has command, inputs and options."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.during: Callable[..., None] = lambda **options: None

    def default_prefix(self, inputs: tuple[str, ...], model: str | None = None) -> str:
        name = Path(inputs[0]).name.split(".")[0]
        return f"{name}.in.{Path(model).stem}" if model else name

    def assign_prefix(self, inputs: tuple[str, ...], model: str) -> str:
        return self.default_prefix(inputs, model)

    def condition_prefix(self, model: str, given: tuple[str, ...]) -> str:
        return f"{Path(model).stem}.conditioned"

    def decode_prefix(self, coords: str) -> str:
        return f"{Path(coords).name.split('.')[0]}.decoded"

    def plot_path(self, target: str) -> str:
        return f"{Path(target).name}.plot.png"

    def sample_files(self, model: str, out: str | None) -> tuple[Path, str]:
        path = out or f"{Path(model).stem}.synthetic.vcf.gz"
        return Path(path), path.split(".vcf")[0]

    def assists(self) -> bool:
        return False

    def __getattr__(self, command: str) -> Callable[..., Any]:
        def call(*inputs: Any, **options: Any) -> SimpleNamespace:
            self.calls.append((command, inputs, options))
            self.during(**options)
            prefix = str(inputs[-1]).removesuffix(".vcf.gz")
            files = {"model": Path(f"{prefix}.ddvi"), "coords": Path(f"{prefix}.coords.tsv")}
            return SimpleNamespace(
                files=files, summary={"plan": ["read", "fit", "write"]}, reference=None
            )

        if command not in (
            "fit", "embed", "assign", "condition", "sample", "decode", "ingest", "compare",
            "benchmark", "plot",
        ):  # fmt: skip
            raise AttributeError(command)
        return call


@pytest.fixture(scope="session")
def main() -> click.Group:
    (script,) = entry_points(group="console_scripts", name="ddvi-ancestry")
    return script.load()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeAPI:
    fake = FakeAPI()
    monkeypatch.setattr(ancestry_ddvi, "api", fake, raising=False)
    return fake


@pytest.fixture
def run(main: click.Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(main, words, prog_name="ddvi-ancestry")
