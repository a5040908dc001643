"""What ``auto`` chooses between the reference models, and how right each of them is.

usage: choice.py [--data FOLDER] [--work FOLDER]

Both recipes without a fifth of the families of kgp. Samples of that fifth that are in hapmap3 too
are put to ``references`` and ``assign`` at parts of the variants of both panels. Prints a table:
variants of each model that are found, information in nats, accuracy over the populations that both
models have, with the groups of others left out, and over superpopulations.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from reference_panels import NAMES, Panel, panel  # noqa: E402 (siblings, also where this is a module)

import ancestry_ddvi  # noqa: E402
from ancestry_ddvi.artefacts.assignments import Assignment  # noqa: E402
from ancestry_ddvi.genotypes.formats.plink import write_plink  # noqa: E402
from ancestry_ddvi.genotypes.variants import Block  # noqa: E402
from ancestry_ddvi.reference_models import VARIABLE  # noqa: E402

DESIGNS = {
    "all": (1, 1), "exonic": (1, 0), "exonic, a tenth": (0.1, 0), "array": (0, 1),
    "array and a fifth of the exonic": (0.2, 1), "half of both": (0.5, 0.5),
    "a third of the exonic, a tenth of the array": (0.3, 0.1), "a tenth of both": (0.1, 0.1),
    "3 % of both": (0.03, 0.03), "1 % of both": (0.01, 0.01),
}  # fmt: skip
"""Shares of the variants of kgp and of hapmap3."""


@dataclass(frozen=True)
class Both:
    """Samples of both panels that are left out of the fits.

    Attributes
    ----------
    kgp, hapmap3 : Panel
    samples : list of str
    """

    kgp: Panel
    hapmap3: Panel
    samples: list[str]

    def write(self, shares: tuple[float, float], prefix: Path) -> None:
        """A part of the variants of each panel as PLINK 1 files."""
        rng, blocks = np.random.default_rng(1), []
        seen: set[tuple[str, int]] = set()
        for of, share in zip((self.kgp, self.hapmap3), shares, strict=True):
            chosen = rng.random(len(of.store)) < share
            columns = np.array([of.store.samples.index(name) for name in self.samples])
            sites = zip(of.store.variants.chromosome, of.store.variants.position, strict=True)
            new = np.array([site not in seen for site in sites])
            rows = np.flatnonzero(chosen & new)
            blocks.append(Block(of.store.variants[rows], of.store.dosages(rows, columns)))
            seen |= set(
                zip(blocks[-1].variants.chromosome, blocks[-1].variants.position, strict=True)
            )
        write_plink(prefix, self.samples, (block for block in blocks if len(block.variants)))


def fitted(of: Panel, left_out: np.ndarray, folder: Path) -> None:
    """A model of the other samples in the folder of reference models."""
    prefix = of.fitted(left_out, "choice", {"steps": "300"})
    (folder / f"{of.name}.ddvi").write_bytes(prefix.with_suffix(".ddvi").read_bytes())


def accuracy(assignment: Assignment, truth: Sequence[str], known: set[str]) -> float:
    """Of the most similar of the groups that are known."""
    names = np.array(assignment.groups)
    chance = np.where(np.isin(names, list(known)), assignment.probability, -1)
    return float((names[chance.argmax(axis=1)] == np.array(truth)).mean())


def row(file: str, both: Both, shared: set[str]) -> list[str]:
    """What the table says of a file."""
    found = {line[0]: line for line in ancestry_ddvi.references([file]).rows}
    labels = both.kgp.labels.loc[both.samples]
    cells = [next(iter(found))]
    for name in NAMES:
        _, matched, _, _, nats, note = found[name]
        cells += [matched, nats]
        if note != "usable":
            cells.append("refused")
            continue
        fine, coarse = ancestry_ddvi.load(name).assign([file]).assignments
        population = accuracy(fine, labels["population"], shared)
        groups = accuracy(coarse, labels["superpopulation"], set(coarse.groups))
        cells.append(f"{population:.3f} / {groups:.3f}")
    return cells


def main() -> None:
    """Fit, choose, assign and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "references")
    given = parser.parse_args()
    kgp, hapmap3 = (panel(name, given.data, given.work) for name in NAMES)
    out = set(np.array(kgp.store.samples)[kgp.fold == 0])
    both = Both(kgp, hapmap3, sorted(out & set(hapmap3.store.samples)))
    with tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = folder
        fitted(kgp, kgp.fold == 0, Path(folder))
        fitted(hapmap3, np.isin(hapmap3.store.samples, list(out)), Path(folder))
        known = [ancestry_ddvi.load(name).model.record.groups for name in NAMES]
        shared = set.intersection(*(set(groups.names(0)) for groups in known if groups))
        print(f"{len(both.samples)} samples, {len(shared)} populations of both models\n")
        print("| variants | auto |", *(f"{n}: found | nats | accuracy |" for n in NAMES))
        print("|---" * 8 + "|")
        for name, shares in DESIGNS.items():
            both.write(shares, Path(folder) / "file")
            print(
                "|", " | ".join([name, *row(f"{folder}/file.bed", both, shared)]), "|", flush=True
            )


if __name__ == "__main__":
    main()
