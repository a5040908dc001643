"""The adversarial autoencoder."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..models.autoencoder import Autoencoder
from ..models.posteriors.point import Point
from ..training.objectives.adversarial import Adversarial
from .method import Spec
from .networks import NetworkMethod, NetworkRecipe


@dataclass(frozen=True)
class AAE(NetworkRecipe):
    """Adversarial autoencoder (Makhzani et al. 2016): coordinates without standard deviations.

    Attributes
    ----------
    discriminator_width : int
        Hidden width of the discriminator.
    """

    discriminator_width: int = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        self._at_least(1, "discriminator_width")

    def build(self, spec: Spec, device: torch.device) -> NetworkMethod:
        """One stage of reconstruction and adversarial training."""
        model = Autoencoder(**self.parts(spec), posterior=Point(spec.dims, self.context(spec)))
        discriminator = Adversarial(
            spec.dims, spec.classes, self.discriminator_width, self.alpha
        ).to(device)
        return NetworkMethod(
            model, [self.final_stage(model, discriminator, self.steps)], self.batch, device
        )
