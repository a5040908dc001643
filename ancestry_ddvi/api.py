"""The verbs: ingest, fit, embed. The one place where the layers meet.

Every verb has the name and the defaults of its command.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .artefacts.coordinates import Coordinates
from .artefacts.labels import UNLABELLED, labels_of, read_labels
from .artefacts.model import Model
from .artefacts.summary import Clock
from .errors import UsageProblem
from .genotypes.qc import Filters
from .genotypes.receipt import check_overlap
from .genotypes.store import GenotypeStore
from .genotypes.store import ingest as write_store
from .outputs import conclude, coordinates_of, joined, write_places
from .planning import check_folder, plan, say_estimate
from .progress import SILENT, Progress

if TYPE_CHECKING:
    from .genotypes.panel import Alignment

log = logging.getLogger(__name__)

SUFFIXES = (".gz", ".bgz", ".vcf", ".bcf", ".bed", ".bim", ".fam", ".pgen", ".pvar", ".psam")
SITES_AT_ONCE = 4096
FEW_SITES = 0.1
"""Below this share of the model's sites a warning says that bars will be wide."""

PROPOSALS = 4
"""Draws proposed and weighted for each draw asked for."""


@dataclass(frozen=True)
class Ingested:
    """What ``ingest`` wrote."""

    files: dict[str, Path]
    summary: dict[str, Any]


@dataclass(frozen=True)
class Fitted:
    """What ``fit`` wrote, and the coordinates; none of either after a dry run."""

    files: dict[str, Path]
    summary: dict[str, Any]
    coordinates: Coordinates | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Embedded:
    """What ``embed`` wrote, and the coordinates."""

    files: dict[str, Path]
    summary: dict[str, Any]
    coordinates: Coordinates = field(repr=False)


@dataclass(frozen=True)
class Compared:
    """What ``compare`` wrote, and the table with its verdict as text."""

    files: dict[str, Path]
    text: str


def default_prefix(inputs: Sequence[str], model: str | None = None) -> str:
    """The input's name without folder and suffix; for ``embed``, with the model's after it."""
    name = "stdin" if inputs[0] == "-" else Path(inputs[0]).name
    while name.endswith(SUFFIXES) and name not in SUFFIXES:
        name = name[: name.rindex(".")]
    return name if model is None else f"{name}.in.{Path(model).name.removesuffix('.ddvi')}"


def ingest(
    inputs: Sequence[str], out: str | None = None, *, progress: Progress = SILENT
) -> Ingested:
    """Pack the genotypes of one or several files into a PLINK 1 fileset for later fits.

    Parameters
    ----------
    inputs : sequence of str
        VCF, VCF.gz, BCF, PLINK 1 or PLINK 2 files, or "-" for a VCF on standard input.
    out : str, optional
        Prefix of the fileset; by default ``<name of the input>.genotypes``, where ``fit``
        looks for it.
    progress : Progress

    Raises
    ------
    DDVIError
        One of its children, with problem, remedy and exit code; so do all verbs.
    """
    prefix = out or f"{default_prefix(inputs)}.genotypes"
    check_folder(Path(prefix))
    with progress.stage("reading", None) as advance:
        store = write_store(inputs, Path(prefix), _counter(advance))
    files = {end: Path(f"{prefix}.{end}") for end in ("bed", "bim", "fam", "json")}
    counts = {"samples": len(store.samples), "sites": len(store.sites)}
    return Ingested(files, {**counts, "skipped_records": dict(store.skipped)})


def fit(
    inputs: Sequence[str],
    out: str | None = None,
    *,
    labels: str | None = None,
    dims: int = 2,
    seed: int = 42,
    device: str = "auto",
    threads: int | None = None,
    filters: Filters = Filters(),  # noqa: B008 (frozen)
    method: str = "ddvi",
    prior: str | None = None,
    semi_supervised: bool = False,
    settings: Mapping[str, str] = {},
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> Fitted:
    """Fit a model to a cohort and place everybody in it.

    Parameters
    ----------
    inputs : sequence of str
        Genotype files of the cohort; several are joined.
    out : str, optional
        Prefix of everything that is written; by default the name of the first input.
    labels : str, optional
        Tab-separated table with a header, sample IDs and labels first: colours of the figure.
    dims : int
        Number of coordinates.
    seed : int
    device : str
        "auto", "cpu", "cuda", "cuda:N" or "mps".
    threads : int, optional
        CPU threads; by default what the scheduler or the system grants.
    filters : Filters
    method : str
        A name of ``methods.METHODS``.
    prior : str, optional
        A name of ``models.priors.PRIORS``, such as "mixture:12"; by default the method's.
    semi_supervised : bool
        Let the labels guide the fit; people without one, or not in the table, are free.
    settings : mapping of str to str
        Settings of the method's recipe.
    dry_run : bool
        Write nothing; ``summary["plan"]`` says what would be done.
    progress : Progress
    """
    from .data.scores import ScoreData
    from .fitting import FitOptions, fit_model
    from .models.runtime import computing, pick

    prefix = out or default_prefix(inputs)
    if prior:
        settings = {**settings, "prior": prior}
    named = read_labels(Path(labels)) if labels else {}
    classes = _classes(named) if semi_supervised else ()
    options = FitOptions(method, dims, seed, filters, settings, classes)
    chosen, recipe = pick(device), options.recipe
    if dims < 1:
        raise UsageProblem(f"--dims is {dims}", "Give 1 or more.")
    if dry_run:
        return Fitted({}, {"plan": plan(inputs, prefix, asdict(options), str(chosen))})
    clock = Clock()
    check_folder(Path(prefix))
    with computing(seed, threads):
        with progress.stage("reading", None) as advance:
            cache = Path(f"{prefix}.genotypes")
            store = GenotypeStore.open(inputs, cache, _counter(advance))
        groups = labels_of(store.samples, named, Path(labels)) if labels else None
        say_estimate(len(store.samples), len(store.sites))
        clock.lap("reading")
        guides = _numbers(store.samples, named, classes) if classes else None
        done = fit_model(store, options, chosen, progress, clock, guides)
        placement = done.method.place(
            ScoreData(done.scores, chosen), store.samples, draws=64 * PROPOSALS, seed=seed
        )
        clock.lap("placing")
    placement = placement.turned(done.model.orientation)
    sites = len(done.qc.sites)
    coordinates = coordinates_of(
        store.samples,
        placement,
        done.scores,
        model_sites=sites,
        sites_in_file=sites,
        remarks=done.qc.flags,
    )
    files = {"model": Path(f"{prefix}.ddvi")}
    done.model.write(files["model"])
    title = f"{Path(prefix).name}: {len(store.samples):,} people, {sites:,} sites"
    files |= write_places(
        prefix, coordinates, placement, done.scores, groups, title, method, classes
    )
    clock.lap("writing")
    summary = {
        "verb": "fit",
        "inputs": list(inputs),
        "options": asdict(options) | {"settings": asdict(recipe), "device": str(chosen)},
        "build": done.qc.build,
        **done.model.record["counts"],
        "components": done.model.projection.kept,
        "dispersion": done.model.projection.dispersion,
        "bounds": done.bounds,
    }
    return Fitted(*conclude(prefix, summary, files, coordinates, clock), coordinates)


def embed(
    model: str,
    inputs: Sequence[str],
    out: str | None = None,
    *,
    draws: int = 64,
    seed: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    min_sites: int = 100,
    labels: str | None = None,
    progress: Progress = SILENT,
) -> Embedded:
    """Place samples in the space of a fitted model; a sample's place is its own affair.

    Parameters
    ----------
    model : str
        A .ddvi file written by ``fit``.
    inputs : sequence of str
        Genotype files; several are joined.
    out : str, optional
        Prefix of everything that is written; by default ``<input>.in.<model>``.
    draws : int
        Posterior draws per sample.
    seed : int, optional
        Of the draws, together with each sample's ID; by default the seed of the model, so that
        a person met in both lands where ``fit`` put them.
    device, threads, progress
        As in ``fit``.
    min_sites : int
        Refuse a file that shares fewer sites with the model.
    labels : str, optional
        As in ``fit``.
    """
    from .data.scores import ScoreData
    from .fitting import revive
    from .models.runtime import computing, pick

    prefix = out or default_prefix(inputs, model)
    if draws < 2:
        raise UsageProblem(f"--draws is {draws}", "Give 2 or more.")
    chosen, clock = pick(device), Clock()
    check_folder(Path(prefix))
    named = read_labels(Path(labels)) if labels else {}
    fitted = Model.read(Path(model))
    method = revive(fitted, chosen)
    seed = fitted.record["options"]["seed"] if seed is None else seed
    with computing(seed, threads):
        clock.lap("loading")
        with progress.stage("reading", None) as advance:
            store = GenotypeStore.open(inputs, None, _counter(advance))
        groups = labels_of(store.samples, named, Path(labels)) if labels else None
        clock.lap("reading")
        alignment = fitted.panel.align(store.sites, None, store.build_hint)
        receipt = alignment.receipt
        log.info("Match of %s to the model:\n%s", store.name, "\n".join(receipt.lines()))
        check_overlap(receipt, store.name, min_sites)
        if receipt.site_fraction < FEW_SITES:
            log.warning("Only %.1f %% of the model's sites are in %s: bars will be wide.",
                        100 * receipt.site_fraction, store.name)  # fmt: skip
        clock.lap("matching")
        everyone = fitted.projection.read(_aligned(alignment, store, progress), len(store.samples))
        known = fitted.projection.in_panel(everyone)
        scores = fitted.projection.newcomers(everyone, known)
        clock.lap("scores")
        placement = method.place(
            ScoreData(scores, chosen), store.samples, draws=draws * PROPOSALS, seed=seed
        )
        clock.lap("placing")
    remarks = [
        joined("in_panel" if member else "", "few_sites" if observed < min_sites else "")
        for member, observed in zip(known, scores.observed, strict=True)
    ]
    placement = placement.turned(fitted.orientation)
    coordinates = coordinates_of(
        store.samples,
        placement,
        scores,
        model_sites=len(fitted.panel),
        sites_in_file=receipt.matched,
        remarks=remarks,
    )
    title = f"{Path(store.name).name} in {Path(model).name}: {len(store.samples):,} people"
    made = fitted.record["options"]
    files = write_places(
        prefix, coordinates, placement, scores, groups, title, made["method"], made["classes"]
    )
    clock.lap("writing")
    summary = {
        "verb": "embed",
        "inputs": list(inputs),
        "model": model,
        "options": {"draws": draws, "seed": seed, "min_sites": min_sites, "device": str(chosen)},
        "samples": len(store.samples),
        "skipped_records": dict(store.skipped),
        "match": receipt.as_dict(),
    }
    return Embedded(*conclude(prefix, summary, files, coordinates, clock), coordinates)


def compare(
    inputs: Sequence[str],
    out: str,
    *,
    labels: str | None = None,
    methods: Sequence[str] = (),
    dims: int = 2,
    seeds: int = 3,
    device: str = "auto",
    threads: int | None = None,
    filters: Filters = Filters(),  # noqa: B008 (frozen)
    settings: Mapping[str, str] = {},
    progress: Progress = SILENT,
) -> Compared:
    """Judge methods on people of a cohort that they were not fitted to.

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
    dims, seeds : int
        Coordinates; repeats.
    device, threads, filters, settings, progress
        As in ``fit``.
    """
    from .models.runtime import pick
    from .studies import genotypes

    chosen = pick(device)
    check_folder(Path(out))
    named = read_labels(Path(labels)) if labels else {}
    with progress.stage("reading", None) as advance:
        store = GenotypeStore.open(inputs, None, _counter(advance))
    table = genotypes.compare(
        store,
        filters,
        methods or ("pca", "umap", "vae", "ddvi"),
        labels_of(store.samples, named, Path(labels)) if labels else None,
        dims=dims,
        seeds=seeds,
        settings=settings,
        device=chosen,
        threads=threads,
        progress=progress,
    )
    return Compared(table.write(out), f"{table.markdown()}\n{genotypes.verdict(table)}")


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
    epochs: float = 15.0,
    device: str = "auto",
    threads: int | None = None,
    settings: Mapping[str, str] = {},
    progress: Progress = SILENT,
) -> dict[str, Path]:
    """Run the image table of the DDVI paper again; paths of the tables by kind.

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
        Every method with every prior; by default those of the paper.
    seeds : int
        Fits of each, from seed 1.
    labels : int
        Labels kept in all, to guide the fit; 0 for none.
    epochs : float
    device, threads, settings, progress
        As in ``fit``.
    """
    from .models.runtime import pick
    from .studies import images

    if download:
        from .data.download import download as fetch

        fetch(name, Path(data))
    check_folder(Path(out) / name)
    trials = [
        images.Trial(method, prior, seed, labels, epochs, settings)
        for method in methods or images.METHODS
        for prior in priors or images.PRIORS
        for seed in range(1, seeds + 1)
    ]
    return images.run(name, Path(data), Path(out), trials, pick(device), threads, progress)


def _classes(named: Mapping[str, str]) -> tuple[str, ...]:
    """The labels that people have, in order."""
    classes = tuple(sorted({label for label in named.values() if label != UNLABELLED}))
    if len(classes) < 2:
        raise UsageProblem(
            "--semi-supervised needs labels of two classes or more", "Give them by --labels."
        )
    return classes


def _numbers(
    samples: Sequence[str], named: Mapping[str, str], classes: Sequence[str]
) -> np.ndarray:
    """Everybody's class as a number, -1 where it is not known; int64 (people,)."""
    number = {name: i for i, name in enumerate(classes)}
    return np.array([number.get(named.get(sample, ""), -1) for sample in samples], dtype=np.int64)


def _counter(advance: Callable[[int], None]) -> Callable[[int, int | None], None]:
    """Turn "so many done in all" into "so many more done"."""
    before = 0

    def done(count: int, total: int | None) -> None:
        nonlocal before
        del total
        advance(count - before)
        before = count

    return done


def _aligned(
    alignment: Alignment, store: GenotypeStore, progress: Progress
) -> Iterator[tuple[slice, np.ndarray]]:
    sites = len(alignment.rows)
    with progress.stage("scores", sites) as advance:
        for start in range(0, sites, SITES_AT_ONCE):
            stop = min(start + SITES_AT_ONCE, sites)
            yield slice(start, stop), alignment.dosages(store, start, stop)
            advance(stop - start)
