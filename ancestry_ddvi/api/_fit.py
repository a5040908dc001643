"""The command fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..artefacts.coordinates import Coordinates
from ..artefacts.labels import UNLABELLED, labels_of, read_labels, read_levels
from ..artefacts.summary import Clock
from ..errors import UsageProblem
from ..fitting.plan import check_folder, plan, say_estimate
from ..genotypes.harmonise.liftover import Chain
from ..genotypes.qc.quality_control import Filters
from ..genotypes.store import GenotypeStore
from ..progress import SILENT, Progress
from ._common import counter, default_prefix
from .outputs import conclude, coordinates_of, join_flags, write_places


@dataclass(frozen=True)
class Fitted:
    """What ``fit`` wrote, and the coordinates; none of either after a dry run."""

    files: dict[str, Path]
    summary: dict[str, Any]
    coordinates: Coordinates | None = field(default=None, repr=False)


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
    chain: str | None = None,
    settings: Mapping[str, str] = {},
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> Fitted:
    """Fit a model to a cohort and place every sample in it.

    Parameters
    ----------
    inputs : sequence of str
        Genotype files of the cohort; several are join_flags.
    out : str, optional
        Prefix of everything that is written; by default the name of the first input.
    labels : str, optional
        Tab-separated table with a header, sample IDs and labels first: colours of the figure,
        and groups that the model keeps as a whole, for ``assign``.
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
        Let the labels guide the fit; samples without one, or not in the table, are free.
    chain : str, optional
        UCSC chain file from the cohort's genome build to another, such as
        hg19ToHg38.over.chain.gz: the model then knows its variants in both.
    settings : mapping of str to str
        Settings of the method's recipe.
    dry_run : bool
        Write nothing; ``summary["plan"]`` says what would be done.
    progress : Progress
    """
    from ..data.scores import ScoreData
    from ..fitting.calibration import judged
    from ..fitting.pipeline import FitOptions, fit_model
    from ..models.runtime import computing, pick

    prefix = out or default_prefix(inputs)
    if prior:
        settings = {**settings, "prior": prior}
    named = read_labels(Path(labels)) if labels else {}
    classes = _classes(named) if semi_supervised else ()
    options = FitOptions(method, dims, seed, filters, settings, classes)
    chosen, recipe = pick(device), options.recipe
    liftover = _liftover(chain, filters)
    if dry_run:
        return Fitted({}, {"plan": plan(inputs, prefix, options.as_json(), str(chosen))})
    clock = Clock()
    check_folder(Path(prefix))
    with computing(seed, threads):
        with progress.stage("reading", None) as advance:
            cache = Path(f"{prefix}.genotypes")
            store = GenotypeStore.open(inputs, cache, counter(advance))
        if liftover:
            liftover.check(store.variants, store.name)
        groups = labels_of(store.samples, named, Path(labels)) if labels else None
        say_estimate(len(store.samples), len(store.variants))
        clock.lap("reading")
        guides = _numbers(store.samples, named, classes) if classes else None
        levels = read_levels(Path(labels)) if labels else None
        done = fit_model(store, options, chosen, progress, clock, guides, levels, liftover)
        posterior = done.method.embed(
            ScoreData(done.scores, chosen),
            store.samples,
            draws=64 * done.method.proposals,
            seed=seed,
        )
        clock.lap("placing")
    posterior = posterior.rotated(done.model.rotation)
    p_panel, unlike = judged(done.model.record, posterior, done.scores, done.model.projection)
    variants = len(done.qc.variants)
    coordinates = coordinates_of(
        store.samples,
        posterior,
        done.scores,
        model_variants=variants,
        variants_in_file=variants,
        p_panel=p_panel,
        remarks=[
            join_flags(flag, "pseudo_haploid" if haploid else "", remark)
            for flag, haploid, remark in zip(
                done.qc.flags, done.scores.pseudo_haploid, unlike, strict=True
            )
        ],
    )
    files = {"model": Path(f"{prefix}.ddvi")}
    done.model.write(files["model"])
    title = f"{Path(prefix).name}: {len(store.samples):,} samples, {variants:,} variants"
    files |= write_places(
        prefix, coordinates, posterior, done.scores, groups, title, method, classes
    )
    clock.lap("writing")
    summary = {
        "command": "fit",
        "inputs": list(inputs),
        "options": options.as_json()
        | {"settings": asdict(recipe), "chain": chain, "device": str(chosen)},
        "build": done.qc.build,
        "positions": done.model.panel.known,
        **done.model.record["counts"],
        "components": done.model.projection.kept,
        "dispersion": done.model.projection.dispersion,
        "bounds": done.bounds,
        **{key: done.model.record[key] for key in ("calibration", "assignment", "privacy")},
    }
    return Fitted(*conclude(prefix, summary, files, coordinates, clock), coordinates)


def _liftover(chain: str | None, filters: Filters) -> Chain | None:
    if chain and filters.allow_extra_chr:
        raise UsageProblem(
            "--chain leads between human genome builds, and --allow-extra-chr takes any species",
            "Leave out one of them.",
        )
    return Chain.read(chain) if chain else None


def _classes(named: Mapping[str, str]) -> tuple[str, ...]:
    """The labels that samples have, in order."""
    classes = tuple(sorted({label for label in named.values() if label != UNLABELLED}))
    if len(classes) < 2:
        raise UsageProblem(
            "--semi-supervised needs labels of two classes or more", "Give them by --labels."
        )
    return classes


def _numbers(
    samples: Sequence[str], named: Mapping[str, str], classes: Sequence[str]
) -> np.ndarray:
    """Every sample's class as a number, -1 where it is not known; int64 (samples,)."""
    number = {name: i for i, name in enumerate(classes)}
    return np.array([number.get(named.get(sample, ""), -1) for sample in samples], dtype=np.int64)
