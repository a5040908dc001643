"""Adversarial training: latents that a discriminator cannot tell from the prior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from ...models.autoencoder import Autoencoder
from ...models.batch import Batch
from ...models.nets import MLP
from .base import Objective, Phase
from .semi_supervised import classification


class Adversarial(Objective[Autoencoder]):
    """Adversarial autoencoder (Makhzani et al. 2016).

    If there are classes the discriminator gets them, one-hot, with a last entry for "not known".
    Half of the draws from the prior are marked as not known too, for comparison with rows
    without a class.

    Parameters
    ----------
    dims, classes, width : int
        Latent dimensions; classes that the discriminator is given, 0 for none; width of its two
        hidden layers.
    alpha : float
        Weight of the classification of rows with a known class.
    """

    def __init__(self, dims: int, classes: int, width: int, alpha: float = 0.0) -> None:
        super().__init__()
        self.classes = classes
        self.alpha = alpha
        self.discriminator = MLP(dims + (classes + 1 if classes else 0), 1, width)

    def phases(self, model: Autoencoder) -> Sequence[Phase[Batch]]:
        """Autoencoder, discriminator, and encoder against the discriminator."""
        to_latents = [*model.encoder.parameters(), *model.posterior.parameters()]
        coder = [*to_latents, *model.likelihood.parameters(), *model.labels.parameters()]

        def reconstruction(batch: Batch) -> Tensor:
            loss = -model.likelihood.log_prob(batch, self._latents(model, batch)).mean()
            return loss + self.alpha * classification(model, batch) if self.classes else loss

        def discrimination(batch: Batch) -> Tensor:
            with torch.no_grad():
                label = self._classes(len(batch), model)
                real, fake = model.prior.sample(len(batch), label), self._latents(model, batch)
            hidden = torch.rand(len(batch), device=real.device) < 0.5
            given = None if label is None else label.masked_fill(hidden, -1)
            odds_real, odds_fake = self._log_odds(real, given), self._log_odds(fake, batch.label)
            return functional.softplus(-odds_real).mean() + functional.softplus(odds_fake).mean()

        def generation(batch: Batch) -> Tensor:
            odds = self._log_odds(self._latents(model, batch), batch.label)
            return functional.softplus(-odds).mean()

        return [
            Phase("reconstruction", coder, reconstruction),
            Phase("discrimination", list(self.discriminator.parameters()), discrimination),
            Phase("generation", to_latents, generation),
        ]

    @staticmethod
    def _latents(model: Autoencoder, batch: Batch) -> Tensor:
        return model.encode(batch, batch.x.new_zeros(len(batch), *model.noise_shape)).z

    def _classes(self, n: int, model: Autoencoder) -> Tensor | None:
        """Classes drawn from those of the prior, if the discriminator is given classes."""
        if not self.classes:
            return None
        return torch.multinomial(model.prior.log_class().exp(), n, replacement=True)

    def _log_odds(self, z: Tensor, label: Tensor | None) -> Tensor:
        """Log odds that z comes from the prior; (n,)."""
        if self.classes:
            assert label is not None
            known = torch.where(label < 0, self.classes, label)
            z = torch.cat([z, functional.one_hot(known, self.classes + 1).to(z)], -1)
        return cast("Tensor", self.discriminator(z))[:, 0]
