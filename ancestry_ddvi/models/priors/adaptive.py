"""The prior "adaptive": one shape, learnt together with the model."""

from __future__ import annotations

import torch
from torch import Tensor

from .mixture import Mixture

LEAST_SD = 0.1
"""Added to the standard deviation of a part at the start, so that it can reach others."""


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


def make_adaptive(dims: int, classes: int, parts: float) -> Adaptive:
    """A shape of ``parts`` normals; there are no partitions for classes."""
    del classes
    return Adaptive(dims, int(parts))
