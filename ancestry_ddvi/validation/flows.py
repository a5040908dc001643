"""Inflationary flows of rows without measurement error: fits and measures."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..evaluation.latents import sliced_wasserstein
from ..evaluation.normality import axis_distance, radial_distance
from ..methods.inflationary_flow import InflationaryFlow, TrueScores
from ..methods.method import Spec
from ..models.flow import Flow
from ..models.inflation import Uniform, participation_ratio
from ..models.modalities import ComponentScores

NOISE_FREE = {"rounds": "0"}
"""A setting for rows without measurement error: true values need not be drawn again."""

GAP = 0.3
"""How much slower noise grows along compressed directions, by default.

Compressed to a hundredth of their variance, directions end with eight times as much noise as
data. Latents along them are then normal too, and decoding multiplies errors by ten at most.
"""

RATIOS = ("pr_data", "pr_target", "pr_latents", "pr_uniform", "compressed")
ROUND_TRIPS = ("round_trip", "round_trip_999", "coverage")
NORMALITY = ("ks", "ks_radial")
SAMPLES = ("wasserstein", "wasserstein_reference", "wasserstein_normal")
EXPLAINED = ("explained", "explained_pca")

FIXED = {
    "pr_images", "pr_data", "pr_target", "pr_uniform", "compressed", "explained_components",
    "mse_components", "wasserstein_reference", "mmd_squared_reference", "explained_pca",
}  # fmt: skip
"""Measures that are the same for all seeds."""


def fit_flow(
    rows: Tensor,
    recipe: InflationaryFlow,
    kept: int,
    device: torch.device,
    advance: Callable[[int], None],
) -> Flow:
    """A flow of rows (n, dims) along principal axes; ``kept`` of these keep their variance."""
    known = TrueScores(rows, ComponentScores(rows.std(0)))
    method = recipe.build(Spec(known.modality, kept), device)
    method.fit(known, advance)
    return method.model.flow.eval()


def ratios(flow: Flow, test: Tensor, latents: Tensor) -> dict[str, float]:
    """Participation ratios of data, of the end of the flow, and of latents in its units.

    ``pr_uniform`` is that of the end of the inflation in the published code, for the same data.
    """
    path = flow.inflation
    uniform = Uniform(path.spectrum, path.rates, path.floor, path.full)
    end, other = (each.variance(each.grid(1)[-1:])[0] for each in (path, uniform))
    return {
        "pr_data": _ratio(test),
        "pr_target": float(participation_ratio(end)),
        "pr_latents": _ratio(latents * end.sqrt()),
        "pr_uniform": float(participation_ratio(other)),
        "compressed": float((end / path.spectrum).min() / (end / path.spectrum).max()),
    }


def _ratio(rows: Tensor) -> float:
    """Participation ratio of the covariance of rows; it does not depend on the axes."""
    covariance = rows.double().T.cov().reshape(rows.shape[1], -1)
    return float(participation_ratio(torch.linalg.eigvalsh(covariance)))


def round_trips(flow: Flow, test: Tensor, again: Tensor, z: Tensor, x: Tensor) -> dict[str, float]:
    """Errors from data to latents and back, and from latents to data and back.

    Parameters
    ----------
    test, again : Tensor, (n, dims)
        Data, and their decoded latents.
    z, x : Tensor, (n, dims)
        Latents of samples, and the samples.
    """
    from scipy.stats import ks_2samp

    error = (again - test).norm(dim=1) / total_sd(test)
    before, after = (each.norm(dim=1).cpu().numpy() for each in (z, flow.encode(x)))
    return {
        "round_trip": float(error.mean()),
        "round_trip_999": float(error.quantile(0.999)),
        "coverage": float(ks_2samp(before, after, method="asymp").statistic),
    }


def total_sd(rows: Tensor) -> Tensor:
    """Root of the total variance of rows (n, dims)."""
    return rows.var(0).sum().sqrt()


def normality(latents: Tensor) -> dict[str, float]:
    """Distances of latents from standard normals."""
    z = latents.double().cpu().numpy()
    return {"ks": axis_distance(z), "ks_radial": radial_distance(z)}


def samples(test: Tensor, made: Tensor, other: Tensor) -> dict[str, float]:
    """Distances from test data of samples, of other data, and of a normal; per ``total_sd``.

    The normal has the mean and the variances of the data: the result of an untrained flow.
    """
    normal = normal_like(other)
    unit, real = float(total_sd(test)), test.cpu().numpy()

    def distance(rows: Tensor) -> float:
        return sliced_wasserstein(rows.cpu().numpy(), real) / unit

    return {
        "wasserstein": distance(made),
        "wasserstein_reference": distance(other),
        "wasserstein_normal": distance(normal),
    }


def normal_like(rows: Tensor) -> Tensor:
    """As many draws of a normal with the mean and the variances of rows (n, dims)."""
    return rows.mean(0) + rows.std(0) * torch.randn_like(rows)


def leading(latents: Tensor, count: int) -> Tensor:
    """Latents (n, dims) with all after the first ``count`` set to 0."""
    alone = latents.clone()
    alone[:, count:] = 0
    return alone


def explained(test: Tensor, decoded: Tensor, count: int) -> dict[str, float]:
    """Shares of variance explained by leading latents, and by leading components.

    Parameters
    ----------
    test, decoded : Tensor, (n, dims)
        Data, and their leading latents decoded.
    count : int
        Number of leading latents, and of components to compare them with.
    """
    centred = test - test.mean(0)
    total = centred.square().sum()
    return {
        "explained": float(1 - (decoded - test).square().sum() / total),
        "explained_pca": float(centred[:, :count].square().sum() / total),
    }


def smallest_correlation(latents: list[Tensor]) -> float:
    """Smallest correlation of an axis of latents (n, dims) between any two fits; NaN for one."""
    if len(latents) < 2:
        return math.nan
    found = [
        torch.corrcoef(torch.stack([one[:, axis] for one in latents])).min()
        for axis in range(latents[0].shape[1])
    ]
    return float(torch.stack(found).min())
