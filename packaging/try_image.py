"""Run the steps of the Dockerfile without a container engine, each stage in a folder of its own.

    mmdebstrap --include=python3-venv,python-is-python3,ca-certificates bookworm slim
    python packaging/try_image.py cpu --base slim --work stages --arg CPU_INDEX=...

As root, on Linux. The root folder that ``--base`` names stands for the Python image. This shows
that the steps work; caches, layers and labels of an engine are not imitated.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
INSIDE = 'mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; exec chroot "$@"'


@dataclass
class Stage:
    """A stage: its root folder, and what its steps have set."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/bin:/bin:/usr/sbin"})
    arguments: dict[str, str] = field(default_factory=dict)
    user: str = "0"
    folder: str = "/"
    command: list[str] = field(default_factory=list)


def steps(dockerfile: Path) -> list[tuple[str, str]]:
    """Instructions and their words, with continued lines joined."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in joined if line.strip()]


def run(stage: Stage, command: list[str]) -> None:
    """Run a command in the root of a stage, as its user."""
    words = [str(stage.root), "--userspec", f"{stage.user}:{stage.user}", str(stage.root)]
    setting = [f"{key}={value}" for key, value in (stage.arguments | stage.environment).items()]
    inside = ["env", "-i", "-C", stage.folder, *setting, *command]
    subprocess.run(["unshare", "--mount", "sh", "-c", INSIDE, *words, *inside], check=True)


def copy(stage: Stage, words: str, stages: dict[str, Stage]) -> None:
    """COPY from another stage, or from the checkout what .dockerignore lets through."""
    *options, source, target = shlex.split(words)
    if options:
        origin = stages[options[0].removeprefix("--from=")].root
        subprocess.run(["cp", "-a", f"{origin}{source}", f"{stage.root}{target}"], check=True)
        return
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"]
    paths = [str(ROOT / name) for name in sent if (ROOT / name).exists()]
    subprocess.run(["cp", "-a", *paths, f"{stage.root}{stage.folder}"], check=True)


def follow(stage: Stage, word: str, rest: str, given: dict[str, str]) -> None:
    """A step that changes the stage: RUN, ARG, ENV, USER or WORKDIR."""
    filled = re.sub(r"\$\{?(\w+)\}?", lambda name: stage.environment.get(name[1], ""), rest)
    if word == "RUN":
        run(stage, ["sh", "-c", rest])
    elif word == "ARG":
        key, _, default = rest.partition("=")
        stage.arguments[key] = given.get(key, default)
    elif word == "ENV":
        stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(filled))
    elif word == "USER":
        stage.user = rest
    elif word == "WORKDIR":
        stage.folder = rest
        Path(f"{stage.root}{rest}").mkdir(parents=True, exist_ok=True)


def main() -> None:
    """Build a target and what it is made of, then run its command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--arg", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    given = dict(pair.split("=", 1) for pair in options.arg)
    other = {"cpu": "cuda", "cuda": "cpu"}[options.target]
    stages: dict[str, Stage] = {}
    stage = None
    for word, rest in steps(ROOT / "Dockerfile"):
        if word == "FROM":
            image, _, name = rest.split()
            stage = None if name.endswith(other) else begun(name, image, options, stages)
        elif stage is None:
            continue
        elif word == "COPY":
            copy(stage, rest, stages)
        elif word == "CMD":
            stage.command = json.loads(rest)
        else:
            follow(stage, word, rest, given)
    run(stages[options.target], stages[options.target].command)


def begun(name: str, image: str, options: argparse.Namespace, stages: dict[str, Stage]) -> Stage:
    """A new stage: a copy of the stage that it begins with, or of the root for the Python image."""
    print(f"stage {name}", flush=True)
    before = stages.get(image)
    root = options.work / name
    shutil.rmtree(root, ignore_errors=True)
    options.work.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(before.root if before else options.base), root], check=True)
    stages[name] = replace(copied, root=root) if (copied := deepcopy(before)) else Stage(root)
    return stages[name]


if __name__ == "__main__":
    main()
