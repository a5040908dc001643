"""The verbs compare and benchmark."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..artefacts.labels import read_labels
from ..genotypes.qc.quality_control import Filters
from ..genotypes.store import GenotypeStore
from ..progress import SILENT, Progress
from ..storage import prepare_folder
from ._common import counter

if TYPE_CHECKING:
    from ..validation.by_method import ImageStudy

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compared:
    """What ``compare`` or a benchmark wrote, and its table as text."""

    files: dict[str, Path]
    text: str


def compare(
    inputs: Sequence[str],
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
    """Judge methods on samples of a cohort that they were not fitted to.

    Parameters
    ----------
    inputs : sequence of str
        Genotype files of the cohort; several are joined.
    out : str
        Prefix of the tables.
    labels : str, optional
        As in ``fit``; neighbours and clusters are judged by them.
    methods : sequence of str
        Names of ``methods.METHODS``; by default pca, umap, vae and ddvi.
    priors : sequence of str
        Each with every method that has a prior; by default the standard normal.
    dims, seeds : int
        Coordinates; repeats.
    device, threads, filters, settings, progress
        As in ``fit``.
    """
    from ..models.runtime import pick
    from ..validation import genotypes

    chosen = pick(device)
    prepare_folder(Path(out))
    named = read_labels(labels) if labels else None
    with progress.stage("reading", None) as advance:
        store = GenotypeStore.open(inputs, None, counter(advance))
    table = genotypes.compare(
        store,
        filters,
        genotypes.candidates(methods or ("pca", "umap", "vae", "ddvi"), priors, settings),
        named.of(store.samples) if named else None,
        dims=dims,
        seeds=seeds,
        device=chosen,
        threads=threads,
        progress=progress,
    )
    text = f"{table.markdown()}\n{genotypes.verdict(table)}"
    log.info("%s", text)
    return Compared(table.write(out), text)


def benchmark_images(
    name: str,
    data: str,
    out: str,
    *,
    download: bool = False,
    methods: Sequence[str] = (),
    priors: Sequence[str] = (),
    seeds: int = 3,
    labels: int = 0,
    epochs: float = 10.0,
    device: str = "auto",
    threads: int | None = None,
    settings: Mapping[str, str] = {},
    progress: Progress = SILENT,
) -> Compared:
    """Run the image tables of the DDVI paper or of the inflationary flows again.

    Parameters
    ----------
    name : str
        "mnist" or "cifar10".
    data : str
        Folder of the original files.
    out : str
        Folder for tables, pictures and finished trials, which are not repeated.
    download : bool
        Fetch the files first.
    methods, priors : sequence of str
        Every method with every prior, once where it has none; by default those of the DDVI
        paper. Inflationary flows have a table of their own.
    seeds : int
        Fits of each, from seed 1.
    labels : int
        Labels kept in all, to guide the fit; 0 for none.
    epochs : float
    device, threads, settings, progress
        As in ``fit``.
    """
    from ..models.runtime import pick
    from ..validation.by_method import study_of
    from ..validation.images import METHODS

    if download:
        from ..data.download import download as fetch

        fetch(name, Path(data))
    prepare_folder(Path(out) / name)
    asked: dict[ImageStudy, list[str]] = {}
    for method in methods or METHODS:
        asked.setdefault(study_of(method), []).append(method)
    plans = [
        (
            study,
            study.planned(
                ours, priors, seeds=seeds, labels=labels, epochs=epochs, settings=settings
            ),
        )
        for study, ours in asked.items()
    ]
    files: dict[str, Path] = {}
    texts, chosen = [], pick(device)
    for study, trials in plans:
        table = study.run(name, Path(data), Path(out), trials, chosen, threads, progress)
        texts.append(table.markdown())
        log.info("%s", texts[-1])
        written = table.write(f"{out}/{name}{study.SUFFIX}")
        files |= {f"{kind}{study.SUFFIX}": path for kind, path in written.items()}
    return Compared(files, "\n".join(texts))


def benchmark_toys(
    out: str,
    *,
    shapes: Sequence[str] = (),
    inflation: str = "whitened",
    seeds: int = 3,
    device: str = "auto",
    threads: int | None = None,
    settings: Mapping[str, str] = {},
    progress: Progress = SILENT,
) -> Compared:
    """Fit inflationary flows to toys whose shape every sample knows.

    Parameters
    ----------
    out : str
        Folder for the table and the pictures.
    shapes : sequence of str
        Names of ``data.toys.TOYS``; by default all.
    inflation : str
        A name of ``models.inflation.INFLATIONS``.
    seeds : int
        Fits of each, from seed 1.
    device, threads, settings, progress
        As in ``fit``.
    """
    from ..data.toys import TOYS
    from ..models.runtime import pick
    from ..validation import toys

    chosen = pick(device)
    prepare_folder(Path(out) / "toy")
    table = toys.run(
        shapes or list(TOYS),
        Path(out),
        seeds=seeds,
        settings={"inflation": inflation, **settings},
        device=chosen,
        threads=threads,
        progress=progress,
    )
    log.info("%s", table.markdown())
    return Compared(table.write(f"{out}/toy"), table.markdown())


def benchmark_conditional(
    data: str,
    out: str,
    *,
    download: bool = False,
    methods: Sequence[str] = (),
    dims: int = 8,
    seeds: int = 3,
    epochs: float = 10.0,
    device: str = "auto",
    threads: int | None = None,
    settings: Mapping[str, str] = {},
    progress: Progress = SILENT,
) -> Compared:
    """Draw MNIST digits of every class from generators that know no classes, by several samplers.

    Parameters
    ----------
    data, out, download
        As in ``benchmark_images``.
    methods : sequence of str
        Generators; by default vae and aae.
    dims : int
        Latents of the generators.
    seeds : int
        Fits of each, from seed 1.
    epochs : float
        Of each generator.
    device, threads, settings, progress
        As in ``fit``.
    """
    from ..models.runtime import pick
    from ..validation import conditional

    if download:
        from ..data.download import download as fetch

        fetch("mnist", Path(data))
    prepare_folder(Path(out) / "conditional")
    trials = [
        conditional.ConditionalTrial(method, dims, seed, epochs, settings)
        for method in methods or conditional.METHODS
        for seed in range(1, seeds + 1)
    ]
    table = conditional.run(Path(data), Path(out), trials, pick(device), threads, progress)
    log.info("%s", table.markdown())
    return Compared(table.write(f"{out}/conditional"), table.markdown())
