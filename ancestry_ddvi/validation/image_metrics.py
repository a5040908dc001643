"""What is measured of a fit to images, by the paper's protocol and by an honest one."""

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

JUDGED = 1000
"""Test images it is taken over."""

AT_ONCE = 1000
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
    return [slice(start, start + AT_ONCE) for start in range(0, count, AT_ONCE)]


def latent_metrics(model: LatentModel, places: np.ndarray) -> dict[str, float]:
    """How well latents of test images fill the prior; in the paper's columns, as it draws it."""
    prior = model.prior.sample(len(places)).cpu().numpy()
    published, other = (model.prior.as_published(len(places)).cpu().numpy() for _ in range(2))
    normal = torch.randn(len(places), places.shape[1]).numpy()
    device = next(model.parameters()).device

    def surprise(z: np.ndarray) -> float:
        parts = (torch.tensor(z[rows], device=device) for rows in _runs(len(z)))
        each = [model.prior.log_prob(part) for part in parts]
        return float(-torch.cat(each).mean())

    return {
        "paper_latent_nll": latent_nll(places, published),
        "latent_nll_oracle": latent_nll(other, published),
        "latent_nll_normal": latent_nll(normal, published),
        "cross_entropy": surprise(places),
        "cross_entropy_of_prior": surprise(prior),
        "sliced_wasserstein": sliced_wasserstein(places, prior),
    }


def bounds(model: LatentModel, test: ImageData) -> dict[str, float]:
    """Bounds in nats an image, by path-wise weights; none where the method has no density."""
    first, likelihood = [], []
    for rows in _runs(len(test)):
        batch = test.batch(rows)
        weight, z = _weighed(model, batch)
        if weight is None:
            return {"elbo": math.nan, "importance_bound": math.nan, "paper_elbo": math.nan}
        first.append(weight)
        likelihood.append(model.likelihood.log_prob(batch, z))
    some = test.batch(slice(0, JUDGED))
    many = torch.stack(
        [w for w, _ in (_weighed(model, some) for _ in range(DRAWS)) if w is not None]
    )
    elbo, reconstruction = torch.cat(first).mean(), torch.cat(likelihood).mean()
    return {
        "elbo": float(elbo),
        "importance_bound": float((many.logsumexp(0) - math.log(DRAWS)).mean()),
        "paper_elbo": float(reconstruction / some.x.shape[1] + elbo - reconstruction),
    }


def _weighed(model: LatentModel, batch: Batch) -> tuple[Tensor | None, Tensor]:
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
    places: np.ndarray,
    test_places: np.ndarray,
    test: ImageData,
) -> dict[str, float]:
    """Accuracy of neighbours among all training labels and among those kept; of q(label | x)."""
    truth = images.test_label
    every = neighbour_accuracy(places, images.train_label, test_places, truth, NEIGHBOURS)
    if known is None:
        return {"paper_knn": every, "knn": every, "accuracy": math.nan}
    kept = known >= 0
    few = neighbour_accuracy(places[kept], known[kept], test_places, truth, NEIGHBOURS)
    guesses = []
    for rows in _runs(len(test)):
        chance = model.labels.probabilities(model.encoder(test.batch(rows)))
        assert chance is not None
        guesses.append(chance.argmax(-1).cpu().numpy())
    accuracy = float((np.concatenate(guesses) == truth).mean())
    return {"paper_knn": every, "knn": few, "accuracy": accuracy}
