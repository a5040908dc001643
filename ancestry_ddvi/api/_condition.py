"""The command condition."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..artefacts.model import Model
from ..errors import UsageProblem
from ..genotypes.formats.reading import VAR_FILTER
from ..progress import SILENT, Progress
from ._common import Inputs, default_prefix, generator_of, stem_of, targets_of
from ._embedding import (
    Embedded,
    EmbedRun,
    ScoredInput,
    embed_run,
    run_embedding,
    write_draws_of,
)
from .outputs import conclude, coordinates_of, replacing, unobserved, write_coordinates

if TYPE_CHECKING:
    from ..inference.outsourcing import OutsourcedDraws
    from ..inference.posterior_draws import PosteriorDraws
    from ..methods.networks import NetworkMethod

log = logging.getLogger(__name__)

PRIOR_DRAWS = 65_536
"""Draws of the prior that give each group of a mixture its share."""

Reward = Callable[[np.ndarray], np.ndarray]
"""Log reward of coordinates, in nats; (n, dims) -> (n,)."""


def condition(
    model: str,
    given: Inputs = (),
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
    var_filter: str = VAR_FILTER,
    absent: str = "missing",
    targets: str | None = None,
    progress: Progress = SILENT,
) -> Embedded:
    """Draw from the posterior of a fitted generator under a constraint.

    The constraint is what was observed of some samples (each is embedded, as by ``embed``), a
    group or a mixture of groups, a function of coordinates, or all of these at once.

    Parameters
    ----------
    model : str
        The name of a reference model, "auto" for the one of which the genotypes tell most, or a
        .ddvi file written by ``fit`` with a method that has a generator: ddvi, vae, aae,
        inflationary-flow, ...
    given : str, path-like, or sequence of them
        Genotype files, as ``embed`` takes them; a few variants are enough.
    out : str, optional
        Prefix of everything that is written; by default as in ``embed`` with "conditioned"
        for "in", or ``<model>.conditioned``.
    population : str or sequence of str
        Names of groups that ``fit --labels`` left in the model, with weights, "CEU:0.3", or
        without: draws come from the coordinates of these groups.
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
    draws, seed, device, threads, labels, draws_out, progress
        As in ``embed``.
    min_variants, build, field, var_filter, absent, targets
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
    asked = (population,) if isinstance(population, str) else tuple(population)
    constraint = _Constraint(asked, reward, sampler, sampler_steps)
    run = embed_run(
        "condition", model, given, out or condition_prefix(model, given), draws=draws, seed=seed,
        device=device, threads=threads, min_variants=min_variants, build=build, labels=labels,
        draws_out=draws_out, field=field, var_filter=var_filter, absent=absent,
        targets=targets, progress=progress,
    )  # fmt: skip
    if given:
        return run_embedding(run, partial(_draw_constrained, constraint))
    return _write_unobserved(_draw_unobserved(run, constraint))


@dataclass(frozen=True)
class _Constraint:
    """What is asked besides the genotypes, and how it is to be sampled.

    Attributes
    ----------
    population : tuple of str
        Groups, with or without weights.
    reward : callable, optional
        Log reward of coordinates.
    sampler : str
        One of ``constraint.SAMPLERS``.
    steps : int
        Training steps of the diffusion sampler.
    """

    population: tuple[str, ...]
    reward: Reward | None
    sampler: str
    steps: int

    def log_reward(self, fitted: Model, generator: NetworkMethod) -> Any:
        """Everything but the genotypes, as a log reward of latents."""
        from ..inference.constraint import reward_of_latents

        terms: list[Reward] = [] if self.reward is None else [self.reward]
        if self.population:
            terms.append(_of_groups(fitted, generator, self.population))

        def total(z: np.ndarray) -> np.ndarray:
            return np.asarray(sum((term(z) for term in terms), np.zeros(len(z))))

        return reward_of_latents(total, fitted.rotation)

    def as_json(self, **counts: int) -> dict[str, Any]:
        """What the summary says of it, with the samples drawn by each sampler."""
        return {
            "population": list(self.population),
            "sampler": {"asked": self.sampler, "steps": self.steps, **counts},
        }


@dataclass(frozen=True)
class _Unobserved:
    """Draws of the constraint itself, for one sample of which nothing was observed."""

    run: EmbedRun
    constraint: _Constraint
    draws: OutsourcedDraws
    posterior: PosteriorDraws


def condition_prefix(model: str, given: Inputs) -> str:
    """That of ``embed`` with "conditioned" for "in"; without samples, the model's."""
    stem = stem_of(model)
    if not given:
        return f"{stem}.conditioned"
    return f"{default_prefix(given)}.conditioned.{stem}"


def _draw_constrained(
    constraint: _Constraint, scored: ScoredInput
) -> tuple[PosteriorDraws, dict[str, Any]]:
    """Posterior draws of every sample under the constraint."""
    from ..data.scores import ScoreData
    from ..inference.constraint import constrained

    run = scored.matched.run
    generator = generator_of(run.method, run.model, run.name)
    with run.request.progress.stage("sampling", None) as advance:
        found, by = constrained(
            generator.model,
            ScoreData(scored.scores, run.device),
            scored.matched.store.samples,
            constraint.log_reward(run.model, generator),
            draws=run.draws * generator.proposals,
            seed=run.seed,
            sampler=constraint.sampler,
            steps=constraint.steps,
            advance=advance,
        )
    log.info("%s samples by the generator's own draws, %s by outsourced diffusion sampling.",
             f"{by['own']:,}", f"{by['outsourced']:,}")  # fmt: skip
    leading = found.draws[..., : len(run.model.rotation)]
    found = replace(found, draws=leading, log_prior=generator.log_prior(leading))
    return found, constraint.as_json(**by)


def _of_groups(fitted: Model, generator: NetworkMethod, asked: Sequence[str]) -> Reward:
    """The calibrated probability of one group at coordinates, or the mixture of several."""
    from ..inference.constraint import mixture_reward

    wanted = targets_of(fitted, asked)
    if len(wanted) == 1:
        return wanted[0].log_chance
    prior = generator.sample_prior(PRIOR_DRAWS, fitted.record.options.seed)
    coordinates = prior[:, : len(fitted.rotation)] @ fitted.rotation
    chances: dict[str, Reward] = {target.name: target.log_chance for target in wanted}
    return mixture_reward(chances, {target.name: target.share for target in wanted}, coordinates)


def _draw_unobserved(run: EmbedRun, constraint: _Constraint) -> _Unobserved:
    """Draw from the prior under the constraint."""
    from ..inference.outsourcing import outsource
    from ..inference.posterior_draws import PosteriorDraws
    from ..models.runtime import computing

    generator = generator_of(run.method, run.model, run.name)
    with computing(run.seed, run.threads):
        found = outsource(
            generator.model.prior,
            constraint.log_reward(run.model, generator),
            draws=run.draws * generator.proposals,
            seed=run.seed,
            steps=constraint.steps,
        )
    run.clock.lap("sampling")
    log.info("By %s; log of the constraint's probability under the prior %.2f nats.",
             found.by, found.log_z)  # fmt: skip
    leading = found.z[None, :, : len(run.model.rotation)]
    posterior = PosteriorDraws(leading, found.log_weight[None]).rotated(run.model.rotation)
    return _Unobserved(run, constraint, found, posterior)


def _write_unobserved(drawn: _Unobserved) -> Embedded:
    """A table of one row, and the summary."""
    run, posterior = drawn.run, drawn.posterior
    name = "+".join(drawn.constraint.population) or "constraint"
    scores = unobserved(run.model.projection.kept)
    coordinates = coordinates_of(
        [name],
        posterior,
        scores,
        model_variants=len(run.model.panel),
        variants_in_file=0,
        p_panel=np.full(1, np.nan),
        flags=["missed_modes" if drawn.draws.missed else ""],
        test=None,
    )
    prefix = str(run.prefix)
    files: dict[str, Path] = {}
    with replacing(prefix, "condition", files):
        files |= write_coordinates(prefix, coordinates)
        write_draws_of(run, [name], posterior, files)
        run.clock.lap("writing")
        summary = conclude(prefix, _summary(drawn), files, coordinates, run.clock)
    return Embedded(files, summary, coordinates, posterior, scores)


def _summary(drawn: _Unobserved) -> dict[str, Any]:
    """What ``PREFIX.summary.json`` says where nothing was observed."""
    run, found = drawn.run, drawn.draws
    return {
        "command": "condition",
        "inputs": [run.name],
        **run.named.as_json,
        "options": {"draws": run.draws, "seed": run.seed, "device": str(run.device)},
        "samples": 1,
        **drawn.constraint.as_json(own=0, outsourced=1),
        "constraint": {
            "sampler": found.by,
            "log_z": found.log_z,
            "elbo": found.elbo,
            "eubo": found.eubo,
            "missed_modes": found.missed,
            "effective_draws": found.effective_draws,
        },
    }
