"""The command condition."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.coordinates import Coordinates, write_draws
from ..artefacts.model import Model
from ..artefacts.summary import Clock
from ..errors import UsageProblem
from ..fitting.plan import check_folder
from ..progress import SILENT, Progress
from ._common import default_prefix, generator_of, targets_of
from ._embed import Embedded, placed
from .outputs import MIN_EFFECTIVE_DRAWS, conclude, join_flags

if TYPE_CHECKING:
    from ..data.scores import ScoreData
    from ..inference.posterior_draws import PosteriorDraws
    from ..methods.method import Method
    from ..methods.networks import Trained

log = logging.getLogger(__name__)

PRIOR_DRAWS = 65_536
"""By which the share of each group of a mixture is told."""

Reward = Callable[[np.ndarray], np.ndarray]
"""Log reward of coordinates, in nats; (n, dims) -> (n,)."""


def condition(
    model: str,
    given: Sequence[str] = (),
    out: str | None = None,
    *,
    population: str | Sequence[str] = (),
    reward: Reward | None = None,
    sampler: str = "auto",
    sampler_steps: int = 3000,
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
    """Draw from the posterior of a fitted generator under a constraint.

    The constraint is what was observed of some samples (each is placed, as by ``embed``), a group
    or a mixture of groups, a function of coordinates, or all of these at once.

    Parameters
    ----------
    model : str
        A .ddvi file written by ``fit`` with a method that has a generator: ddvi, vae, aae,
        inflationary-flow, ...
    given : sequence of str
        Genotype files, as ``embed`` takes them; a few variants are enough.
    out : str, optional
        Prefix of everything that is written; by default as in ``embed`` with "conditioned"
        for "in", or ``<model>.conditioned``.
    population : str or sequence of str
        Names of groups that ``fit --labels`` left in the model, with weights, "CEU:0.3", or
        without: draws come from places where a sample is of one of them.
    reward : callable, optional
        Log of a reward at coordinates, (n, dims) -> (n,).
    sampler : str
        "own": without training, by weighted draws of the generator's own posterior or, of few
        latents, by draws chosen from proposals that are spread over the prior. "outsourced": a
        diffusion sampler trained on samples observed as precisely as those given; its weighted
        draws are of the same posterior in any company, but not to the last digit. "auto": the
        first wherever enough draws carry its weights, else the second.
    sampler_steps : int
        Training steps of the diffusion sampler.
    draws, seed, device, threads, min_variants, build, labels, draws_out, field, progress
        As in ``embed``.

    Raises
    ------
    DDVIError
        If the model has no generator or not these groups, or something cannot be read or written.
    """
    from ..inference.constraint import SAMPLERS

    if not given and not population and reward is None:
        raise UsageProblem("there is no constraint", "Give --given, --population or both.")
    if sampler not in SAMPLERS:
        raise UsageProblem(f"--sampler is {sampler}", f"Choose from {', '.join(SAMPLERS)}.")
    prefix = out or condition_prefix(model, given)
    asked = (population,) if isinstance(population, str) else tuple(population)
    wanted = partial(_log_reward, asked=asked, reward=reward)
    if given:
        place = partial(_place, log_reward=wanted, sampler=sampler, steps=sampler_steps,
                        asked=asked, progress=progress, name=model)  # fmt: skip
        return placed(
            "condition", model, given, prefix, place, draws=draws, seed=seed, device=device,
            threads=threads, min_variants=min_variants, build=build, labels=labels,
            draws_out=draws_out, field=field, progress=progress,
        )  # fmt: skip
    return _any_sample(
        model, prefix, asked, wanted, sampler, sampler_steps, draws=draws, seed=seed,
        device=device, threads=threads, draws_out=draws_out,
    )  # fmt: skip


def condition_prefix(model: str, given: Sequence[str]) -> str:
    """That of ``embed`` with "conditioned" for "in"; without samples, the model's."""
    stem = Path(model).name.removesuffix(".ddvi")
    if not given:
        return f"{stem}.conditioned"
    return f"{default_prefix(given)}.conditioned.{stem}"


def _place(
    fitted: Model,
    method: Method,
    data: ScoreData,
    ids: Sequence[str],
    draws: int,
    seed: int,
    *,
    log_reward: Callable[[Model, Trained], Any],
    sampler: str,
    steps: int,
    asked: Sequence[str],
    progress: Progress,
    name: str,
) -> tuple[PosteriorDraws, dict[str, Any]]:
    """Every sample under the constraint."""
    from dataclasses import replace

    from ..inference.constraint import constrained

    generator = generator_of(method, fitted, name)
    dims = len(fitted.rotation)
    with progress.stage("sampling", None) as advance:
        found, by = constrained(
            generator.model, data, ids, log_reward(fitted, generator),
            draws=draws * method.proposals, seed=seed, sampler=sampler, steps=steps,
            advance=advance,
        )  # fmt: skip
    log.info("%s samples by the generator's own draws, %s by outsourced diffusion sampling.",
             f"{by['own']:,}", f"{by['outsourced']:,}")  # fmt: skip
    leading = found.draws[..., :dims]
    found = replace(found, draws=leading, log_prior=generator.log_prior(leading))
    said = {"asked": sampler, "steps": steps, **by}
    return found, {"population": list(asked), "sampler": said}


def _log_reward(
    fitted: Model, generator: Trained, *, asked: Sequence[str], reward: Reward | None
) -> Any:
    """All constraints but the data, as a reward of latents."""
    from ..inference.constraint import of_latents

    terms: list[Reward] = [] if reward is None else [reward]
    if asked:
        terms.append(_of_groups(fitted, generator, asked))

    def total(places: np.ndarray) -> np.ndarray:
        return np.asarray(sum((term(places) for term in terms), np.zeros(len(places))))

    return of_latents(total, fitted.rotation)


def _of_groups(fitted: Model, generator: Trained, asked: Sequence[str]) -> Reward:
    """The calibrated probability of one group at coordinates, or the mixture of several."""
    from ..inference.constraint import mixed

    wanted = targets_of(fitted, asked)
    if len(wanted) == 1:
        return wanted[0].log_chance
    prior = generator.sample_prior(PRIOR_DRAWS, fitted.record["options"]["seed"])
    places = prior[:, : len(fitted.rotation)] @ fitted.rotation
    chances: dict[str, Reward] = {target.name: target.log_chance for target in wanted}
    return mixed(chances, {target.name: target.share for target in wanted}, places)


def _any_sample(
    model: str,
    prefix: str,
    asked: Sequence[str],
    log_reward: Callable[[Model, Trained], Any],
    sampler: str,
    steps: int,
    *,
    draws: int,
    seed: int | None,
    device: str,
    threads: int | None,
    draws_out: bool,
) -> Embedded:
    """A sample of whom nothing was observed: one row, of the constraint itself."""
    from ..fitting.pipeline import revive
    from ..inference.outsourcing import outsource
    from ..inference.posterior_draws import PosteriorDraws
    from ..models.runtime import computing, pick

    chosen, clock = pick(device), Clock()
    check_folder(Path(prefix))
    fitted = Model.read(Path(model))
    generator = generator_of(revive(fitted, chosen), fitted, model)
    seed = fitted.record["options"]["seed"] if seed is None else seed
    clock.lap("loading")
    with computing(seed, threads):
        prior = generator.model.prior
        found = outsource(
            prior, log_reward(fitted, generator), draws=draws * generator.proposals, seed=seed,
            steps=steps,
        )  # fmt: skip
    clock.lap("sampling")
    log.info("By %s; log of the constraint's probability under the prior %.2f nats.",
             found.by, found.log_z)  # fmt: skip
    leading = found.z[None, :, : len(fitted.rotation)]
    posterior = PosteriorDraws(leading, found.log_weight[None]).rotated(fitted.rotation)
    name = "+".join(asked) or "constraint"
    few = posterior.effective_draws[0] < MIN_EFFECTIVE_DRAWS
    coordinates = _row(name, posterior, join_flags("few_draws" if few else "",
                                               "missed_modes" if found.missed else ""))  # fmt: skip
    files = {"coords": Path(f"{prefix}.coords.tsv"), "eigenvec": Path(f"{prefix}.eigenvec")}
    coordinates.write(files["coords"])
    coordinates.write_eigenvec(files["eigenvec"])
    if draws_out:
        files["draws"] = Path(f"{prefix}.draws.npz")
        write_draws(files["draws"], [name], posterior.resampled(draws, [name], seed))
    clock.lap("writing")
    summary = {
        "command": "condition",
        "inputs": [model],
        "model": model,
        "options": {"draws": draws, "seed": seed, "device": str(chosen)},
        "samples": 1,
        "population": list(asked),
        "sampler": {"asked": sampler, "steps": steps, "own": 0, "outsourced": 1},
        "evidence": {
            "by": found.by,
            "log_z": found.log_z,
            "elbo": found.elbo,
            "eubo": found.eubo,
            "missed": found.missed,
            "effective_draws": found.effective,
        },
    }
    done = conclude(prefix, summary, files, coordinates, clock)
    return Embedded(*done, coordinates, posterior)


def _row(name: str, posterior: PosteriorDraws, flag: str) -> Coordinates:
    """The table of one who was not observed at all."""
    nothing, unknown = np.zeros(1), np.full(1, np.nan)
    return Coordinates(
        samples=[name],
        mean=posterior.mean,
        sd=posterior.sd,
        correlation=posterior.correlation,
        n_variants=np.zeros(1, dtype=np.int64),
        effective_variants=nothing,
        variant_fraction=nothing,
        call_rate=unknown,
        effective_draws=posterior.effective_draws,
        log_evidence=posterior.log_evidence,
        p_panel=unknown,
        flag=[flag],
    )
