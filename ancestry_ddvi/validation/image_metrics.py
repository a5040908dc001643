"""Measures of a fit to images, by the paper's protocol and by ours."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ..data.images import ImageData, Images
from ..evaluation.latents import latent_nll, sliced_wasserstein
from ..evaluation.mmd import mmd
from ..evaluation.neighbours import neighbour_accuracy
from ..models.batch import Batch
from ..models.latent import LatentModel

DRAWS = 100
"""Of the importance-weighted bound."""

BOUND_IMAGES = 1000
"""Number of test images for it."""

CHUNK = 1000
NEIGHBOURS = 20


def latents(model: LatentModel, data: ImageData) -> np.ndarray:
    """One draw of the latents of each image; (n, 2)."""
    parts = []
    for rows in _runs(len(data)):
        batch = data.batch(rows)
        noise = torch.randn(len(batch), *model.noise_shape, device=batch.x.device)
        parts.append(model.encode(batch, noise).z.cpu().numpy())
    return np.concatenate(parts)


def _runs(count: int) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, count, CHUNK)]


def latent_metrics(model: LatentModel, z: np.ndarray) -> dict[str, float]:
    """Distances of latents of test images from the prior; ``paper_*`` by the paper's protocol."""
    prior = model.prior.sample(len(z)).cpu().numpy()
    published, other = (model.prior.as_published(len(z)).cpu().numpy() for _ in range(2))
    normal = torch.randn(len(z), z.shape[1]).numpy()
    device = next(model.parameters()).device

    def negative_log_prior(z: np.ndarray) -> float:
        parts = (torch.tensor(z[rows], device=device) for rows in _runs(len(z)))
        each = [model.prior.log_prob(part) for part in parts]
        return float(-torch.cat(each).mean())

    return {
        "paper_latent_nll": latent_nll(z, published),
        "latent_nll_oracle": latent_nll(other, published),
        "latent_nll_normal": latent_nll(normal, published),
        "cross_entropy": negative_log_prior(z),
        "cross_entropy_of_prior": negative_log_prior(prior),
        "sliced_wasserstein": sliced_wasserstein(z, prior),
    }


def bounds(model: LatentModel, test: ImageData) -> dict[str, float]:
    """Bounds in nats an image, by path-wise weights; none where the method has no density."""
    first, likelihood = [], []
    for rows in _runs(len(test)):
        batch = test.batch(rows)
        weight, z = _weighted_draw(model, batch)
        if weight is None:
            return {"elbo": math.nan, "importance_bound": math.nan, "paper_elbo": math.nan}
        first.append(weight)
        likelihood.append(model.likelihood.log_prob(batch, z))
    some = test.batch(slice(0, BOUND_IMAGES))
    many = torch.stack(
        [w for w, _ in (_weighted_draw(model, some) for _ in range(DRAWS)) if w is not None]
    )
    elbo, reconstruction = torch.cat(first).mean(), torch.cat(likelihood).mean()
    return {
        "elbo": float(elbo),
        "importance_bound": float((many.logsumexp(0) - math.log(DRAWS)).mean()),
        "paper_elbo": float(reconstruction / some.x.shape[1] + elbo - reconstruction),
    }


def _weighted_draw(model: LatentModel, batch: Batch) -> tuple[Tensor | None, Tensor]:
    noise = torch.randn(len(batch), *model.noise_shape, device=batch.x.device)
    drawn = model.encode(batch, noise)
    return model.log_weight(batch, drawn), drawn.z


def image_metrics(model: LatentModel, images: Images) -> dict[str, float]:
    """Discrepancy of images decoded from the prior, as the paper does, on grey images alone."""
    if images.test_x.shape[1] != 1:
        return {"paper_mmd": math.nan, "mmd_squared": math.nan}
    real = images.test_x.reshape(len(images.test_x), -1) / 255
    z = model.prior.sample(len(real))
    made = np.concatenate([model.likelihood(z[rows]).cpu().numpy() for rows in _runs(len(z))])
    biased, unbiased = mmd(made, real)
    return {"paper_mmd": biased, "mmd_squared": unbiased}


def label_metrics(
    model: LatentModel,
    images: Images,
    known: np.ndarray | None,
    z: np.ndarray,
    test_z: np.ndarray,
    test: ImageData,
) -> dict[str, float]:
    """Accuracy of neighbours among all training labels and among those kept; of q(label | x)."""
    truth = images.test_label
    every = neighbour_accuracy(z, images.train_label, test_z, truth, NEIGHBOURS)
    if known is None:
        return {"paper_knn": every, "knn": every, "accuracy": math.nan}
    kept = known >= 0
    few = neighbour_accuracy(z[kept], known[kept], test_z, truth, NEIGHBOURS)
    guesses = []
    for rows in _runs(len(test)):
        chance = model.labels.probabilities(model.encoder(test.batch(rows)))
        assert chance is not None
        guesses.append(chance.argmax(-1).cpu().numpy())
    accuracy = float((np.concatenate(guesses) == truth).mean())
    return {"paper_knn": every, "knn": few, "accuracy": accuracy}
