"""From a store of genotypes to a model: quality control, components, scores, training."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import torch

from ..artefacts.labels import Levels
from ..artefacts.model import Model
from ..artefacts.summary import Clock, versions
from ..data.scores import ScoreData
from ..errors import UsageProblem
from ..genotypes.harmonise.liftover import Chain
from ..genotypes.harmonise.panel import Panel
from ..genotypes.projection.dispersion import score_dispersion
from ..genotypes.projection.pca import principal_components
from ..genotypes.projection.scores import Projection, Scores, runs
from ..genotypes.qc.quality_control import QC, Filters, format_table, quality_control
from ..genotypes.store import GenotypeStore
from ..genotypes.variants import MISSING
from ..inference.posterior_draws import PosteriorDraws, rotation, standard_error
from ..methods import recipe, row
from ..methods.method import Method, Recipe, Spec
from ..methods.settings import with_settings
from ..models.modalities import ComponentScores
from ..progress import Progress
from ..seeding import stream
from .calibration import (
    CALIBRATED,
    MIN_CALIBRATED,
    SHARES,
    Calibration,
    calibrate,
    know_groups,
    likeness,
    membership,
)

log = logging.getLogger(__name__)

MAX_COMPONENTS = 40
NOISE_COMPONENTS = 16
"""PrincipalComponents beyond the kept ones, by which samples of the panel are known again."""

HELD_OUT = 0.1
MIN_HELD_OUT = 20
BOUND_DRAWS = 64


@dataclass(frozen=True)
class FitOptions:
    """What the user chose: recorded in the model, enough to fit it again.

    Attributes
    ----------
    method : str
        A name of ``methods.METHODS``.
    dims : int
        Number of coordinates.
    seed : int
    filters : Filters
    settings : mapping of str to str
        Settings of the method's recipe.
    classes : tuple of str
        Names of the classes that guide the fit; none by default.
    """

    method: str = "ddvi"
    dims: int = 2
    seed: int = 42
    filters: Filters = field(default_factory=Filters)
    settings: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    @property
    def recipe(self) -> Recipe:
        """The method's recipe with the settings applied.

        Raises
        ------
        UsageProblem
            If the method or a setting is unknown, or classes are to guide a method that has no
            use for them.
        """
        chosen = with_settings(recipe(self.method), self.settings)
        if self.classes and not row(self.method).uses_labels:
            raise UsageProblem(
                f"{self.method} has no use for classes", "Leave out --semi-supervised."
            )
        chosen.check(self.dims, len(self.classes))
        return chosen


@dataclass(frozen=True)
class Fit:
    """A fitted model with what was learnt of the cohort on the way.

    Attributes
    ----------
    model : Model
    method : Method
    qc : QC
    scores : Scores
        Every sample's kept components, as newcomers would have them.
    bounds : dict
        Mean bounds over held-out samples, in nats per sample, with standard errors.
    """

    model: Model
    method: Method
    qc: QC
    scores: Scores
    bounds: dict[str, Any]


def fit_model(
    store: GenotypeStore,
    options: FitOptions,
    device: torch.device,
    progress: Progress,
    clock: Clock,
    labels: np.ndarray | None = None,
    levels: Levels | None = None,
    chain: Chain | None = None,
) -> Fit:
    """Fit a model to the samples of a store who pass quality control.

    ``labels`` are places in ``options.classes``, -1 where a sample's class is not known; int64
    (samples,). Of ``levels`` the model keeps what its groups are like as a whole. With a ``chain``
    the model knows positions of its variants in a second build, and who
    gave it says of which build the store is, whatever a header says.

    Raises
    ------
    NothingLeft, TrainingDiverged, UsageProblem
    """
    chosen = options.recipe
    qc = quality_control(store, options.filters, chain.source if chain else store.build_hint)
    log.info("Quality control:\n%s", format_table(qc.table))
    clock.lap("quality control")
    projection = make_projection(
        store, qc, chosen.min_components(options.dims), chosen.components, options.seed
    )
    blocks = _blocks(store, qc.variants, progress)
    everyone = projection.read(blocks, len(store.samples))
    members = qc.fit_samples | projection.in_panel(everyone)
    scores = projection.newcomers(everyone, members)
    clock.lap("components")
    fitted, ids = scores[qc.fit_samples], np.array(store.samples, dtype=object)[qc.fit_samples]
    held_out = hold_out(len(fitted), options.seed)
    training = ScoreData(
        fitted[~held_out],
        device,
        None if labels is None else labels[qc.fit_samples][~held_out],
    )
    modality = training.modality
    spec = Spec(modality, options.dims, len(options.classes))
    method = chosen.build(spec, device)
    with progress.stage("training", method.steps) as advance:
        history = method.fit(training, advance)
    clock.lap("training")
    calibration = None
    some = np.flatnonzero(held_out if held_out.any() else ~held_out)[:CALIBRATED]
    if row(options.method).gives_sd and len(some) >= MIN_CALIBRATED:
        samples = np.flatnonzero(qc.fit_samples)[some]
        parts = _thinned(store, qc, projection, samples, options.seed)
        calibration = calibrate(method, fitted[some], parts, ids[some], some, device, options.seed)
        projection = projection.tempered(calibration.temperature)
        scores = projection.newcomers(everyone.tempered(calibration.temperature), members)
        fitted = scores[qc.fit_samples]
        clock.lap("calibration")
    all_samples = ScoreData(fitted, device)
    posterior = method.embed(all_samples, ids, draws=BOUND_DRAWS, seed=options.seed)
    bounds = _bounds(posterior, held_out)
    turn = _rotation(method, posterior.mean, fitted.value)
    posterior = posterior.rotated(turn)
    calibration = calibration and calibration.rotated(turn)
    privacy = membership(posterior.importance_bound, held_out, projection, options.seed)
    record = {
        "options": asdict(options) | {"settings": asdict(chosen)},
        "scale": modality.scale.double().tolist(),
        "counts": _counts(store, qc),
        "bounds": bounds,
        "calibration": calibration
        and {
            **calibration.as_json(),
            "held_out": bool(held_out.any()),
        },
        "likeness": likeness(posterior, fitted, projection, calibration, options.seed).as_json(),
        **_groups(levels, ids, posterior, held_out, calibration),
        "privacy": privacy,
        "training": [asdict(row) for row in history],
        "versions": versions(),
        "card": _card(store, qc, projection, calibration, privacy),
    }
    model = Model(
        panel=_panel(store, qc, chain),
        projection=projection,
        weights=method.state(),
        rotation=turn,
        record=record,
    )
    clock.lap("bounds")
    return Fit(model, method, qc, scores, bounds)


def _thinned(
    store: GenotypeStore, qc: QC, projection: Projection, samples: np.ndarray, seed: int
) -> Iterator[tuple[float, Scores]]:
    """Scores of samples of the panel, as newcomers, from random parts of the variants."""
    blocks = [(part, store.dosages(qc.variants[part], samples)) for part in runs(len(qc.variants))]
    for share in SHARES:
        chance = stream(seed, f"thinning to {share}")
        some = [
            (part, np.where(chance.random(dosages.shape) < share, dosages, MISSING))
            for part, dosages in blocks
        ]
        everyone = projection.read(some, len(samples))
        yield share, projection.newcomers(everyone, np.ones(len(samples), dtype=bool))


def _groups(
    levels: Levels | None,
    ids: Sequence[str],
    posterior: PosteriorDraws,
    held_out: np.ndarray,
    calibration: Calibration | None,
) -> dict[str, Any]:
    """What the record says of labelled groups."""
    if levels is None:
        return {"groups": None, "assignment": []}
    found, figures = know_groups(
        levels, ids, posterior, held_out, calibration if held_out.any() else None
    )
    return {"groups": found and found.as_json(), "assignment": figures}


def make_projection(
    store: GenotypeStore, qc: QC, fewest: int, components: int, seed: int
) -> Projection:
    """Principal components of the samples in the fit, and how many of them carry structure.

    Parameters
    ----------
    components : int
        How many to keep; 0 for as many as pass the Tracy-Widom test, but no less than ``fewest``.
    """
    samples = np.flatnonzero(qc.fit_samples)
    wanted = max(MAX_COMPONENTS, components) + NOISE_COMPONENTS
    found = principal_components(store, qc.variants, samples, qc.frequency, wanted, seed)
    most = max(1, len(found.eigenvalues) - NOISE_COMPONENTS)
    kept = min(max(components or found.significant, fewest), most)
    used = min(kept + NOISE_COMPONENTS, len(found.eigenvalues))
    dispersion = score_dispersion(
        store, qc.variants, samples, qc.frequency, found.loadings[:, :kept]
    )
    log.info(
        "%d components carry structure (Tracy-Widom); %d are kept. "
        "Linkage inflates the variance of scores %.2f times.",
        found.significant,
        kept,
        dispersion,
    )
    return Projection(
        loadings=found.loadings[:, :used].astype(np.float32).astype(np.float64),
        frequency=qc.frequency,
        eigenvalues=found.eigenvalues[:used],
        shrinkage=found.shrinkage(kept),
        samples=len(samples),
        dispersion=dispersion,
        kept=kept,
    )


def hold_out(samples: int, seed: int) -> np.ndarray:
    """A tenth of the samples, where that makes a sample worth judging by; bool (samples,)."""
    mask = np.zeros(samples, dtype=bool)
    count = int(samples * HELD_OUT)
    if count >= MIN_HELD_OUT:
        mask[stream(seed, "held out").permutation(samples)[:count]] = True
    return mask


def revive(model: Model, device: torch.device) -> Method:
    """The method of a model file, ready to place samples.

    Raises
    ------
    UsageProblem
        If it cannot place samples it was not fitted to.
    """
    chosen = model.record["options"]
    if not row(chosen["method"]).embeds_new_samples:
        raise UsageProblem(
            f"{chosen['method']} arranges the samples it is given and cannot place others",
            "Fit it to every sample at once, or fit another method, such as ddvi or pca.",
        )
    modality = ComponentScores(torch.tensor(model.record["scale"]))
    made_by = replace(recipe(chosen["method"]), **chosen["settings"])
    method = made_by.build(Spec(modality, chosen["dims"], len(chosen["classes"])), device)
    method.restore(model.weights, device)
    return method


def _panel(store: GenotypeStore, qc: QC, chain: Chain | None) -> Panel:
    """The variants that are left, with their positions in the build that a chain leads to."""
    variants = store.variants[qc.variants]
    if chain is None:
        return Panel(variants, qc.frequency, qc.build)
    lifted = chain.lift(variants)
    known = int((lifted > 0).sum())
    log.info("%s of %s variants have a known position in %s too.",
             f"{known:,}", f"{len(variants):,}", chain.target)  # fmt: skip
    return Panel(variants, qc.frequency, qc.build, {chain.target: lifted})


def _blocks(
    store: GenotypeStore, rows: np.ndarray, progress: Progress
) -> Iterator[tuple[slice, np.ndarray]]:
    with progress.stage("scores", len(rows)) as advance:
        for part in runs(len(rows)):
            yield part, store.dosages(rows[part])
            advance(part.stop - part.start)


def _bounds(posterior: PosteriorDraws, held_out: np.ndarray) -> dict[str, Any]:
    """Bounds on samples held out of training, or on every sample; none where draws have no weight."""
    judged = held_out if held_out.any() else ~held_out
    if posterior.log_weight is None:
        return {}
    elbo, importance = posterior.elbo[judged], posterior.importance_bound[judged]
    return {
        "samples": int(judged.sum()),
        "held_out": bool(held_out.any()),
        "draws": posterior.draws.shape[1],
        "elbo": float(elbo.mean()),
        "elbo_se": standard_error(elbo),
        "importance_weighted": float(importance.mean()),
        "importance_weighted_se": standard_error(importance),
    }


def _rotation(method: Method, mean: np.ndarray, scores: np.ndarray) -> np.ndarray:
    return rotation(mean, scores) if method.rotatable else np.eye(mean.shape[1])


def _counts(store: GenotypeStore, qc: QC) -> dict[str, Any]:
    flags = [flag for flag in qc.flags if flag]
    return {
        "samples": len(store.samples),
        "samples_in_fit": int(qc.fit_samples.sum()),
        "variants_in_model": len(qc.variants),
        "left_out_of_fit": {name: flags.count(name) for name in sorted(set(flags))},
        "skipped_records": dict(store.skipped),
        "steps": [step._asdict() for step in qc.table],
    }


def _card(
    store: GenotypeStore,
    qc: QC,
    projection: Projection,
    calibration: Calibration | None,
    privacy: Mapping[str, float | None],
) -> dict[str, str]:
    bars = "none are claimed"
    if calibration is not None:
        covered = ", ".join(
            f"{100 * row['covered_95']:.1f} % at {row['share']:g} of the variants"
            for row in calibration.coverage
        )
        bars = f"95 % intervals hold {covered}; temperature {calibration.temperature:g}"
    by_training = privacy["training"]
    return {
        "panel": f"{projection.samples:,} samples who passed quality control, "
        f"of {len(store.samples):,}",
        "variants": f"{len(qc.variants):,} biallelic SNPs, build {qc.build or 'unknown'}",
        "contains": "network weights, loadings, allele frequencies, and where the panel and its "
        "labelled groups lie as a whole; no genotypes, no sample names, no sample's coordinates",
        "privacy": "loadings carry a trace of every sample they were learnt from: a sample who "
        "holds a sample's genotypes can tell whether that sample was in the panel (area under the "
        f"curve {privacy['loadings']:.3f}"
        + (f"; by the networks alone {by_training:.3f})" if by_training is not None else ")"),
        "error bars": bars,
        "use": "genetic similarity to the samples of the panel; not identity, ethnicity or "
        "nationality",
        "limits": "samples from populations the panel lacks are placed at the nearest likely "
        "position, flagged where the data show it; linkage is accounted for on average",
    }
