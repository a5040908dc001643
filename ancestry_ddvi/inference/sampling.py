"""Draws from the posterior of each sample: those of the method, and better ones where needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..data.dataset import Dataset
from ..models.batch import Batch
from ..models.latent import LatentModel
from ..seeding import keyed_normals, stream
from .posterior_draws import PosteriorDraws, concat
from .refinement import refine

SAMPLES_AT_ONCE = 64
"""Every batch is filled up to this size, so that a sample alone meets the same arithmetic."""


def draw_posterior(
    model: LatentModel, data: Dataset, ids: Sequence[str], *, draws: int, seed: int
) -> PosteriorDraws:
    """Draw from every sample's posterior; a row depends on its ID, its data and the seed alone.

    Parameters
    ----------
    model : LatentModel, on the device of the data
    data : Dataset
    ids : sequence of str
    draws : int
        One is taken where the model claims no uncertainty.
    seed : int
    """
    model.eval()
    draws = draws if model.claims_uncertainty else 1
    blocks = []
    for start in range(0, len(ids), SAMPLES_AT_ONCE):
        some = ids[start : start + SAMPLES_AT_ONCE]
        filled = np.resize(np.arange(len(some)), SAMPLES_AT_ONCE)
        noise = keyed_normals(some, draws, model.noise_shape, seed)[filled]
        batch = data.batch(torch.tensor(start + filled)).repeat(draws)
        with torch.no_grad():
            blocks.append(_block(model, batch, noise, some, seed))
    return concat(blocks)


def _block(
    model: LatentModel, batch: Batch, noise: np.ndarray, ids: Sequence[str], seed: int
) -> PosteriorDraws:
    draws = noise.shape[1]
    draw = model.encode(batch, torch.tensor(noise, device=batch.x.device).flatten(0, 1))
    z, log_weight = draw.z, model.log_weight(batch, draw)
    own = log_weight
    if log_weight is not None:
        z, log_weight = z.clone(), log_weight.clone()
        for i, sample in enumerate(ids):
            rows = slice(i * draws, (i + 1) * draws)
            generator = stream(seed, f"refinement {sample}")
            z[rows], log_weight[rows] = refine(
                model, batch[rows], z[rows], log_weight[rows], generator
            )
    found = (
        z,
        log_weight,
        model.groups(batch, z),
        model.prior.log_prob(z),
        model.likelihood.misfit(batch, z),
        own,
    )
    return _posterior_draws(*(_rows(f, draws, len(ids)) for f in found))


def _rows(values: Tensor | None, draws: int, samples: int) -> np.ndarray | None:
    """Values of draws, of the samples asked for; (samples, draws, ...)."""
    if values is None:
        return None
    shaped = values.double().cpu().numpy().reshape(SAMPLES_AT_ONCE, draws, *values.shape[1:])
    return np.asarray(shaped[:samples])


def _posterior_draws(
    z: np.ndarray | None,
    log_weight: np.ndarray | None,
    groups: np.ndarray | None,
    log_prior: np.ndarray | None,
    misfit: np.ndarray | None,
    own: np.ndarray | None,
) -> PosteriorDraws:
    """Draws of a few samples; groups averaged over their weights."""
    assert z is not None
    placed = PosteriorDraws(z, log_weight, None, log_prior, misfit, own)
    if groups is None:
        return placed
    return replace(placed, groups=np.einsum("ns,nsg->ng", placed.weight, groups))
