"""The prior "adaptive": one shape, learnt together with the model."""

from __future__ import annotations

import torch
from torch import Tensor

from .mixture import FLOOR, Mixture

LEAST_SD = 0.1
"""Added to the standard deviation of a part at the start, so that it can reach others."""

KEPT = 5.0
"""Samples for which the covariance of a part counts when it is found again: a few samples do not
make a part as narrow as they are."""

NOTHING = 1e-6
"""Samples of a part that has none."""


class Adaptive(Mixture):
    """A mixture of normals that are parts of a shape, not clusters with a meaning.

    A standard normal wants one filled disc, so that a map under it loses its large distances. This
    density takes any shape that the map needs.
    """

    learnt = True

    def responsibilities(self, z: Tensor) -> None:
        """None: the parts mean nothing by themselves."""
        del z

    def start_at(self, places: Tensor) -> None:
        """Set the parts to the clusters of latents, (n, dims), by k-means; the same in each call.

        Left alone if there are fewer latents than parts.
        """
        from sklearn.cluster import KMeans

        count = len(self.means)
        if len(places) < count:
            return
        found = KMeans(count, n_init=1, random_state=0).fit(places.double().cpu().numpy())
        label = torch.tensor(found.labels_, dtype=torch.int64, device=places.device)
        size = label.bincount(minlength=count).to(self.means).clamp_min(1)
        centre = torch.tensor(found.cluster_centers_).to(self.means)
        apart = (places.to(self.means) - centre[label]).square()
        within = torch.zeros_like(centre).index_add_(0, label, apart) / size[:, None]
        with torch.no_grad():
            self.means.copy_(centre)
            self.logits.copy_(size.log())
            self.log_sd.copy_(0.5 * (within + LEAST_SD**2).log())

    def improve(self, z: Tensor, weight: Tensor) -> None:
        """One step of expectation maximisation: parts are found again from weighted latents.

        Parameters
        ----------
        z : Tensor, (n, dims)
        weight : Tensor, (n,)
            In samples: the latents of a sample share one.
        """
        with torch.no_grad():
            share = (self.log_parts(z).softmax(0) * weight).double()
            at, means, factors = z.double(), self.means.double(), self.factors.double()
            size = share.sum(1)
            centre = (share @ at + NOTHING * means) / (size + NOTHING)[:, None]
            products = (at[:, :, None] * at[:, None]).flatten(1)
            within = (share @ products).view_as(factors)
            within = within - size[:, None, None] * centre[:, :, None] * centre[:, None]
            within = within + KEPT * factors @ factors.mT
            factor = torch.linalg.cholesky(within / (size + KEPT)[:, None, None])
            above = factor.diagonal(dim1=-2, dim2=-1) - FLOOR
            self.means.copy_(centre)
            self.logits.copy_((size + NOTHING).log())
            self.log_sd.copy_(above.clamp_min(FLOOR / 100).log())
            self.below.copy_(factor.tril(-1))


def make_adaptive(dims: int, classes: int, parts: float) -> Adaptive:
    """A shape of ``parts`` normals; there are no partitions for classes."""
    del classes
    return Adaptive(dims, int(parts))
