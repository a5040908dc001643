"""The command embed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.coordinates import Coordinates, write_draws
from ..artefacts.labels import labels_of, read_labels
from ..artefacts.model import Model
from ..artefacts.relatives import write_relatives
from ..artefacts.summary import Clock
from ..errors import UsageProblem
from ..fitting.plan import check_folder
from ..genotypes.chromosomes import LENGTHS
from ..genotypes.formats.field_selection import select_field
from ..genotypes.formats.fields import GT
from ..genotypes.harmonise.report import HarmonisationReport, check_overlap
from ..genotypes.likelihood_store import LikelihoodStore
from ..genotypes.projection.likelihood_scores import scores_of
from ..genotypes.projection.scores import Scores, runs
from ..genotypes.qc.relatives import relatives_among, tallied, twins
from ..genotypes.store import GenotypeStore
from ..progress import SILENT, Progress
from ._common import counter, default_prefix
from .outputs import conclude, coordinates_of, join_flags, write_places

if TYPE_CHECKING:
    from ..data.scores import ScoreData
    from ..genotypes.harmonise.panel import Alignment
    from ..inference.posterior_draws import PosteriorDraws
    from ..methods.method import Method

    Placer = Callable[
        [Model, Method, ScoreData, Sequence[str], int, int], tuple[PosteriorDraws, dict[str, Any]]
    ]

log = logging.getLogger(__name__)

LOW_VARIANT_FRACTION = 0.1
"""Below this share of the model's variants a warning says that bars will be wide."""


@dataclass(frozen=True)
class Embedded:
    """What ``embed`` wrote, the coordinates, and the draws they are means of."""

    files: dict[str, Path]
    summary: dict[str, Any]
    coordinates: Coordinates = attribute(repr=False)
    posterior: PosteriorDraws = attribute(repr=False)


def embed(
    model: str,
    inputs: Sequence[str],
    out: str | None = None,
    *,
    draws: int = 64,
    seed: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    min_variants: int = 100,
    build: str | None = None,
    labels: str | None = None,
    draws_out: bool = False,
    field: str = "auto",
    progress: Progress = SILENT,
) -> Embedded:
    """Place samples in the space of a fitted model; a sample's place is its own affair.

    Parameters
    ----------
    model : str
        A .ddvi file written by ``fit``.
    inputs : sequence of str
        Genotype files; several are join_flags.
    out : str, optional
        Prefix of everything that is written; by default ``<input>.in.<model>``.
    draws : int
        Posterior draws per sample.
    seed : int, optional
        Of the draws, together with each sample's ID; by default the seed of the model, so that
        a sample met in both lands where ``fit`` put them.
    device, threads, progress
        As in ``fit``.
    min_variants : int
        Refuse a file that shares fewer variants with the model.
    build : str, optional
        "NCBI36", "GRCh37" or "GRCh38": the build of the positions in the file. By default that of
        the builds the model knows in which the data fit; a header is not believed.
    labels : str, optional
        Colours of the figure, as in ``fit``.
    draws_out : bool
        Write the posterior draws too.
    field : str
        What to read of each sample: "GT", "PL", "GL", "GP", "DS", or by "auto" what says most.
    """
    prefix = out or default_prefix(inputs, model)
    return placed(
        "embed", model, inputs, prefix, _plainly, draws=draws, seed=seed, device=device,
        threads=threads, min_variants=min_variants, build=build, labels=labels, draws_out=draws_out,
        field=field, progress=progress,
    )  # fmt: skip


def _plainly(
    fitted: Model, method: Method, data: ScoreData, ids: Sequence[str], draws: int, seed: int
) -> tuple[PosteriorDraws, dict[str, Any]]:
    """Places as the method itself has them; nothing more to say of them."""
    del fitted
    return method.embed(data, ids, draws=draws * method.proposals, seed=seed), {}


def placed(
    command: str,
    model: str,
    inputs: Sequence[str],
    prefix: str,
    place: Placer,
    *,
    draws: int,
    seed: int | None,
    device: str,
    threads: int | None,
    min_variants: int,
    build: str | None,
    labels: str | None,
    draws_out: bool,
    field: str,
    progress: Progress,
) -> Embedded:
    """Read samples at the variants of a model, place them by ``place`` and write what ``embed`` does.

    ``place`` is told the model, its method, the scores, IDs, draws asked for and seed; it gives
    the posterior on the axes of the latents, and what the summary should say of it.
    """
    from ..data.scores import ScoreData
    from ..fitting.calibration import judged
    from ..fitting.pipeline import revive
    from ..models.runtime import computing, pick

    if draws < 2:
        raise UsageProblem(f"--draws is {draws}", "Give 2 or more.")
    if build not in (None, *LENGTHS):
        raise UsageProblem(f"--build is {build}", f"Give one of {', '.join(LENGTHS)}.")
    chosen, clock = pick(device), Clock()
    check_folder(Path(prefix))
    named = read_labels(Path(labels)) if labels else {}
    fitted = Model.read(Path(model))
    method = revive(fitted, chosen)
    field = select_field(inputs, field)
    seed = fitted.record["options"]["seed"] if seed is None else seed
    with computing(seed, threads):
        clock.lap("loading")
        store = _opened(inputs, field, fitted, progress)
        groups = labels_of(store.samples, named, Path(labels)) if labels else None
        clock.lap("reading")
        alignment = fitted.panel.align(store.variants, None, store.build_hint, build)
        report = replace(alignment.report, file_variants=store.snps)
        _tell(report, store)
        check_overlap(report, store.name, min_variants)
        if report.variant_fraction < LOW_VARIANT_FRACTION:
            log.warning("Only %.1f %% of the model's variants are in %s: bars will be wide.",
                        100 * report.variant_fraction, store.name)  # fmt: skip
        clock.lap("matching")
        pairs = None
        if isinstance(store, GenotypeStore):
            pairs = relatives_among(store, alignment.rows)
        repeated = twins(pairs, len(store.samples))
        clock.lap("relatives")
        everyone = _scores(fitted, alignment, store, progress)
        known = fitted.projection.in_panel(everyone)
        scores = fitted.projection.newcomers(everyone, known)
        clock.lap("scores")
        data = ScoreData(scores, chosen)
        posterior, said = place(fitted, method, data, store.samples, draws, seed)
        clock.lap("placing")
    posterior = posterior.rotated(fitted.rotation)
    p_panel, unlike = judged(fitted.record, posterior, scores, fitted.projection)
    coordinates = coordinates_of(
        store.samples,
        posterior,
        scores,
        model_variants=len(fitted.panel),
        variants_in_file=report.matched,
        p_panel=p_panel,
        remarks=_remarks(
            {
                "in_panel": known,
                "duplicate_in_input": repeated,
                "few_variants": scores.observed < min_variants,
                "pseudo_haploid": scores.pseudo_haploid,
            },
            unlike,
        ),
    )
    title = f"{Path(store.name).name} in {Path(model).name}: {len(store.samples):,} samples"
    made = fitted.record["options"]
    files = write_places(
        prefix, coordinates, posterior, scores, groups, title, made["method"], made["classes"]
    )
    files |= write_relatives(prefix, store.samples, pairs)
    if draws_out:
        files["draws"] = Path(f"{prefix}.draws.npz")
        write_draws(files["draws"], store.samples, posterior.resampled(draws, store.samples, seed))
    clock.lap("writing")
    summary = {
        "command": command,
        "inputs": list(inputs),
        "model": model,
        "field": field,
        "options": {
            "draws": draws,
            "seed": seed,
            "min_variants": min_variants,
            "build": build,
            "device": str(chosen),
        },
        "samples": len(store.samples),
        "skipped_records": dict(store.skipped),
        "harmonisation": report.as_dict(),
        "relatives": tallied(pairs),
        **said,
    }
    done = conclude(prefix, summary, files, coordinates, clock)
    return Embedded(*done, coordinates, posterior)


def _opened(
    inputs: Sequence[str], field: str, fitted: Model, progress: Progress
) -> GenotypeStore | LikelihoodStore:
    """What the field says of every sample in the input."""
    with progress.stage("reading", None) as advance:
        if field == GT:
            store: GenotypeStore | LikelihoodStore = GenotypeStore.open(
                inputs, None, counter(advance)
            )
        else:
            store = LikelihoodStore.open(inputs, field, fitted.panel.variants, counter(advance))
    log.info("The FORMAT field or kind of call that is read is %s.", field)
    return store


def _remarks(flags: Mapping[str, np.ndarray], others: Sequence[str]) -> list[str]:
    """Of each sample, the flags that are true of them, and other remarks."""
    rows = zip(*flags.values(), strict=True)
    return [
        join_flags(*(name for name, true in zip(flags, row, strict=True) if true), other)
        for row, other in zip(rows, others, strict=True)
    ]


def _tell(report: HarmonisationReport, store: GenotypeStore | LikelihoodStore) -> None:
    """The report; chromosome by chromosome in the log file only."""
    table = "\n".join(report.lines(store.skipped))
    log.info("Match of %s to the model:\n%s", store.name, table)
    log.info("%s", "\n".join(report.by_chromosome()), extra={"only": "file"})
    if report.contradiction:
        log.warning("%s: %s.", store.name, report.contradiction)


def _scores(
    fitted: Model, alignment: Alignment, store: GenotypeStore | LikelihoodStore, progress: Progress
) -> Scores:
    """Every sample's scores on all components."""
    samples = len(store.samples)
    if isinstance(store, GenotypeStore):
        return fitted.projection.read(_aligned(alignment, store, progress), samples)
    with progress.stage("scores", samples) as advance:
        likelihoods = store.likelihoods(alignment, fitted.panel.frequency)
        return scores_of(fitted.projection, _each(likelihoods, advance))


def _each(samples: Iterator[np.ndarray], advance: Callable[[int], None]) -> Iterator[np.ndarray]:
    for sample in samples:
        yield sample
        advance(1)


def _aligned(
    alignment: Alignment, store: GenotypeStore, progress: Progress
) -> Iterator[tuple[slice, np.ndarray]]:
    variants = len(alignment.rows)
    with progress.stage("scores", variants) as advance:
        for part in runs(variants):
            yield part, alignment.dosages(store, part.start, part.stop)
            advance(part.stop - part.start)
