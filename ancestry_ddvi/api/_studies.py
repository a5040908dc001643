"""The commands compare and benchmark."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..artefacts.labels import read_labels
from ..errors import UsageProblem
from ..genotypes.qc.quality_control import Filters
from ..genotypes.store import GenotypeStore
from ..progress import SILENT, Progress
from ..storage import prepare_folder
from ._common import Inputs, counter, paths_of

if TYPE_CHECKING:
    from ..evaluation.tables import Table

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compared:
    """What ``compare`` or a benchmark wrote, and its table as text."""

    files: dict[str, Path]
    text: str


def compare(
    inputs: Inputs,
    out: str,
    *,
    labels: str | None = None,
    methods: Sequence[str] = (),
    priors: Sequence[str] = (),
    dims: int = 2,
    seeds: int = 3,
    device: str = "auto",
    threads: int | None = None,
    filters: Filters = Filters(),  # noqa: B008 (frozen)
    settings: Mapping[str, str] = {},
    progress: Progress = SILENT,
) -> Compared:
    """Compare methods on samples of a cohort that they were not fitted to.

    Parameters
    ----------
    inputs : str, path-like, or sequence of them
        Genotype files of the cohort; several are concatenated.
    out : str
        Prefix of the tables.
    labels : str, optional
        As in ``fit``; neighbours and clusters are scored by them.
    methods : sequence of str
        Names of ``methods.METHODS``; by default pca, umap, vae and ddvi.
    priors : sequence of str
        Each with every method that has a prior; by default the standard normal.
    dims, seeds : int
        Number of coordinates; repeats, each with other samples held out.
    device, threads, filters, settings, progress
        As in ``fit``.
    """
    from ..models.runtime import pick
    from ..validation import genotypes

    chosen = pick(device)
    prepare_folder(Path(out))
    named = read_labels(labels) if labels else None
    with progress.stage("reading", None) as advance:
        store = GenotypeStore.open(paths_of(inputs), None, counter(advance))
    table = genotypes.compare(
        store,
        filters,
        genotypes.candidates(methods or ("pca", "umap", "vae", "ddvi"), priors, settings),
        named.match(store.samples).of(store.samples) if named else None,
        dims=dims,
        seeds=seeds,
        device=chosen,
        threads=threads,
        progress=progress,
    )
    text = f"{table.markdown()}\n{genotypes.conclusion(table)}"
    log.info("%s", text)
    return Compared(table.write(out), text)


def benchmark(
    name: str,
    out: str,
    *,
    data: str | None = None,
    download: bool = False,
    methods: Sequence[str] = (),
    priors: Sequence[str] = (),
    shapes: Sequence[str] = (),
    dims: int = 8,
    seeds: int = 3,
    labels: int = 0,
    epochs: float = 10.0,
    device: str = "auto",
    threads: int | None = None,
    settings: Mapping[str, str] = {},
    progress: Progress = SILENT,
) -> Compared:
    """Run the published experiments on images and toy data.

    Everything that cannot run is refused before anything is read. Finished trials are kept in
    files, so that an interrupted run resumes.

    Parameters
    ----------
    name : str
        A name of ``validation.benchmarks.BENCHMARKS``: "mnist", "cifar10", "conditional" or "toy".
    out : str
        Folder of tables, pictures and finished trials.
    data : str, optional
        Folder of the original files, for a benchmark of images.
    download : bool
        Fetch these files first.
    methods : sequence of str
        Names of ``methods.METHODS``; by default those of the paper.
    priors : sequence of str
        mnist and cifar10: each with every method that has a prior; by default those of the paper.
    shapes : sequence of str
        toy: names of ``data.toys.TOYS``; by default all.
    dims : int
        conditional: latents of the generators.
    seeds : int
        Fits of each kind, from seed 1.
    labels : int
        mnist and cifar10: labels kept in all, to guide the fit; 0 for none.
    epochs : float
        Passes over the training images.
    device, threads, settings, progress
        As in ``fit``.

    Raises
    ------
    DDVIError
        If a trial is not possible, or something cannot be read or written.
    """
    from ..models.runtime import pick
    from ..validation.benchmarks import benchmark as find
    from ..validation.benchmarks import run_all
    from ..validation.study import StudyOptions, Workspace

    chosen = find(name)
    plan = chosen.plan(
        StudyOptions(
            tuple(methods), tuple(priors), tuple(shapes), dims, seeds, labels, epochs, settings
        )
    )
    if chosen.collection and data is None:
        raise UsageProblem(f"{name} needs images", "Give the folder of the original files.")
    folder = Path(data) if data is not None else None
    prepare_folder(Path(out) / name)
    if download and folder:
        from ..data.download import download as fetch

        fetch(chosen.collection, folder)
    where = Workspace(Path(out), pick(device), threads, progress, chosen.collection, folder)
    return _written(run_all(plan, where), f"{out}/{name}")


def _written(tables: Mapping[str, Table], prefix: str) -> Compared:
    """Write tables, each with its suffix after the prefix."""
    files = {
        f"{kind}{suffix}": path
        for suffix, table in tables.items()
        for kind, path in table.write(f"{prefix}{suffix}").items()
    }
    text = "\n".join(table.markdown() for table in tables.values())
    log.info("%s", text)
    return Compared(files, text)
