"""Draws from the posterior of each sample, refined where the method's own are too few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from ..data.dataset import Dataset
from ..errors import TrainingDiverged
from ..models.batch import Batch
from ..models.latent import LatentModel
from ..parallel import each
from ..seeding import stream
from .keyed_normals import keyed_normals
from .posterior_draws import PosteriorDraws, joined
from .refinement import refine, too_few

SAMPLES_AT_ONCE = 16
"""Every batch is padded to this size, so that results do not depend on the other samples, nor on
how many threads share the batches. Draws of so many fit into a cache."""

SAMPLES_ON_GPU = 1000
"""The same on a GPU, which takes nearly as long for a few as for so many."""

MAX_THREADS = 4
"""Threads that share the batches: more of them wait for each other between small operations."""


def draw_posterior(
    model: LatentModel, data: Dataset, ids: Sequence[str], *, draws: int, seed: int
) -> PosteriorDraws:
    """Draw from the posterior of each sample; a row depends on its ID, data and the seed alone.

    Parameters
    ----------
    model : LatentModel, on the device of the data
    data : Dataset
    ids : sequence of str
    draws : int
        One draw is taken if the model gives no uncertainty.
    seed : int

    Raises
    ------
    TrainingDiverged
        If the networks give values that are not finite.
    """
    model.eval()
    draws = draws if model.claims_uncertainty else 1
    on_cpu = data.batch(slice(1)).x.device.type == "cpu"
    size = SAMPLES_AT_ONCE if on_cpu else SAMPLES_ON_GPU

    def drawn(start: int) -> PosteriorDraws:
        some = ids[start : start + size]
        filled = np.resize(np.arange(len(some)), size)
        noise = keyed_normals(some, draws, model.noise_shape, seed)[filled]
        batch = data.batch(torch.tensor(start + filled))
        try:
            with torch.no_grad():
                return _block(model, batch, noise, some, seed)
        except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
            raise _not_finite() from error

    first, *others = range(0, len(ids), size)
    return joined(chain([drawn(first)], each(drawn, others, MAX_THREADS)), len(ids))


def _block(
    model: LatentModel, batch: Batch, noise: np.ndarray, ids: Sequence[str], seed: int
) -> PosteriorDraws:
    draws = noise.shape[1]
    draw = model.encode_many(batch, torch.tensor(noise, device=batch.x.device))
    z, log_weight = draw.z, model.log_weight(batch, draw)
    _check_finite(z, log_weight, draws)
    own = log_weight
    if log_weight is not None:
        z, log_weight = z.clone(), log_weight.clone()
        by_sample = log_weight.view(-1, draws)[: len(ids)].double().cpu().numpy()
        for i in np.flatnonzero(too_few(by_sample)).tolist():
            rows = slice(i * draws, (i + 1) * draws)
            generator = stream(seed, f"refinement {ids[i]}")
            z[rows], log_weight[rows] = refine(
                model, batch[slice(i, i + 1)], z[rows], log_weight[rows], generator
            )
    found = (
        z,
        log_weight,
        model.groups(batch, z),
        model.prior.log_prob(z),
        own,
    )
    return _posterior_draws(*(_rows(f, draws, len(ids)) for f in found))


def _check_finite(z: Tensor, log_weight: Tensor | None, draws: int) -> None:
    """Check the draws of the networks.

    Raises
    ------
    TrainingDiverged
        If a latent is not finite, a weight is not a number, or no draw of a sample has a weight.
    """
    largest = z if log_weight is None else log_weight.reshape(-1, draws).amax(1)
    if not bool(torch.isfinite(z).all() and torch.isfinite(largest).all()):
        raise _not_finite()


def _not_finite() -> TrainingDiverged:
    return TrainingDiverged(
        "The networks of the model give values that are not finite",
        "Fit the model again, with a smaller --set learning_rate.",
    )


def _rows(values: Tensor | None, draws: int, samples: int) -> np.ndarray | None:
    """Values of draws without the padding; (samples, draws, ...)."""
    if values is None:
        return None
    shaped = values.double().cpu().numpy().reshape(-1, draws, *values.shape[1:])
    return np.asarray(shaped[:samples])


def _posterior_draws(
    z: np.ndarray | None,
    log_weight: np.ndarray | None,
    groups: np.ndarray | None,
    log_prior: np.ndarray | None,
    own: np.ndarray | None,
) -> PosteriorDraws:
    """Draws of a block of samples; group probabilities averaged by weight."""
    assert z is not None
    found = PosteriorDraws(z, log_weight, None, log_prior, own)
    if groups is None:
        return found
    return replace(found, groups=np.einsum("ns,nsg->ng", found.weight, groups))
