"""The panels of the reference models: genotypes, positions in two builds, families, and fits."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from splits import families, opened, part

import ancestry_ddvi
from ancestry_ddvi.genotypes.qc.filters import Filters
from ancestry_ddvi.genotypes.store import GenotypeStore

LEVELS = ("population", "superpopulation")
FOLDS = 5
SEED = 42
TOP = Path(__file__).resolve().parents[1]
NAMES = ("kgp", "hapmap3")
COMPLEMENT = str.maketrans("ACGT", "TGCA")
SOURCES = ("ancestry_ddvi", "references")
"""Folders whose contents decide a fit."""


@dataclass(frozen=True)
class Panel:
    """The genotypes and labels that a reference model is fitted to.

    Attributes
    ----------
    name : str
    store : GenotypeStore
    labels : DataFrame
        Population and superpopulation of each sample, in the order of the store.
    inputs : Path
        Folder of what the recipe fits to.
    plan : mapping
        The recipe.
    grch38 : ndarray of int64, (variants,)
        Positions in GRCh38; 0 where they are not known.
    source : ndarray of str, (samples,)
        The data set that a sample is from.
    data : Path
        Folder of data sets.
    work : Path
        Folder of everything that is kept.
    """

    name: str
    store: GenotypeStore
    labels: pd.DataFrame
    inputs: Path
    plan: Mapping[str, Any]
    grch38: np.ndarray
    source: np.ndarray
    data: Path
    work: Path

    @property
    def of_genome(self) -> bool:
        """Whether REF is that of the reference genome, the same in every build."""
        return bool(self.plan["builds"]["complete"])

    @cached_property
    def fold(self) -> np.ndarray:
        """The fold in which each sample is left out, whole families together; int (samples,)."""
        family = families(self.store)
        place = np.random.default_rng(SEED).permutation(family.max() + 1)
        return np.asarray(place[family] % FOLDS)

    @cached_property
    def frequency(self) -> np.ndarray:
        """Frequency of ALT at each variant."""
        counts = self.store.counts().astype(float)
        return np.asarray((counts[:, 1] + 2 * counts[:, 2]) / (2 * counts[:, :3].sum(axis=1)))

    def described(self) -> dict[str, Any]:
        """Sizes and sources."""
        counts = {level: int(self.labels[level].nunique()) for level in LEVELS}
        sources = {str(name): int((self.source == name).sum()) for name in np.unique(self.source)}
        return {"samples": len(self.store.samples), "variants": len(self.store),
                "groups": counts, "sources": sources}  # fmt: skip

    def fitted(self, left_out: np.ndarray, name: str, settings: dict[str, str]) -> Path:
        """Prefix of a fit without some of the samples, made if it is not there.

        Beside the model lie the components of the panel, ``.pcs.tsv``.
        """
        folder = self.work / self.name / name
        prefix = folder / "panel"
        if not (folder / "done").exists():
            folder.mkdir(parents=True, exist_ok=True)
            part(self.store, np.flatnonzero(~left_out), prefix)
            ancestry_ddvi.fit(
                [f"{prefix}.bed"], str(prefix), labels=str(self.inputs / "labels.tsv"),
                chain=str(self.inputs / "positions.tsv"), seed=self.plan["seed"], device="cpu",
                filters=Filters(**self.plan.get("filters", {})),
                settings={k: str(v) for k, v in self.plan.get("settings", {}).items()} | settings,
            )  # fmt: skip
            for ending in ("bed", "bim", "fam", "png", "svg", "eigenvec"):
                prefix.with_suffix(f".{ending}").unlink(missing_ok=True)
            (folder / "done").touch()
        return prefix


PREPARE = """
import json, sys, tomllib
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from build import check_inputs, prepared
recipe, data, folder = map(Path, sys.argv[2:])
folder.mkdir()
plan = tomllib.loads(recipe.read_text(encoding="utf-8"))
check_inputs(plan["inputs"], data)
cohort, positions = prepared(plan, data)
cohort.write(folder, "panel")
positions.write(folder / "positions.tsv")
(folder / "plan.json").write_text(json.dumps(plan))
"""
"""Writes what a recipe fits to; in a process of its own, as its modules have names of ours."""


def panel(name: str, data: Path, work: Path) -> Panel:
    """The panel of a recipe, from a folder of data."""
    folder = _inputs(name, data, work / name)
    store, labels = opened(str(folder / "panel.bed"), str(folder / "labels.tsv"), folder / "store")
    plan = json.loads((folder / "plan.json").read_text())
    positions = pd.read_csv(folder / "positions.tsv", sep="\t", dtype={0: str})
    order = pd.MultiIndex.from_frame(positions[["chromosome", "GRCh37"]])
    here = pd.MultiIndex.from_arrays([store.variants.chromosome, store.variants.position])
    grch38 = positions["GRCh38"].to_numpy()[order.get_indexer(here)]
    return Panel(name, store, labels, folder, plan, grch38, _sources(store, plan, data), data, work)


def _inputs(name: str, data: Path, work: Path) -> Path:
    """The folder of what a recipe fits to, made if it is not there; two processes may ask."""
    recipes, folder = TOP / "references", work / "inputs"
    work.mkdir(parents=True, exist_ok=True)
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=work) as beside:
            words = [recipes, recipes / f"{name}.toml", data.resolve(), f"{beside}/whole"]
            subprocess.run([sys.executable, "-c", PREPARE, *map(str, words)], check=True)
            if not folder.exists():
                (Path(beside) / "whole").rename(folder)
    return folder


def _sources(store: GenotypeStore, plan: Mapping[str, Any], data: Path) -> np.ndarray:
    """The data set of each sample: the first that has it."""
    found = dict[str, str]()
    for cohort in reversed(plan["cohort"]):
        fam = (data / f"{cohort['genotypes']}.fam").read_text()
        found |= {line.split()[1]: cohort["genotypes"].split("/")[0] for line in fam.splitlines()}
    return np.array([found[sample] for sample in store.samples])


def version() -> str:
    """What decides a fit: the contents of the program and of the recipes, twelve digits."""
    there = [folder for folder in SOURCES if (TOP / folder).exists()]
    said = [
        _git("ls-files", "--stage", *there),
        _git("diff", "HEAD", "--", *there),
    ]
    return _git("hash-object", "--stdin", given="\n".join(said))[:12]


def _git(*words: str, given: str = "") -> str:
    call = ["git", "-C", str(TOP), *words]
    return subprocess.run(call, input=given, capture_output=True, text=True, check=True).stdout
