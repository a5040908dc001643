"""Adversarial training: latents that a critic cannot tell from the prior."""

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
    """Adversarial autoencoder (Makhzani et al. 2016): reconstruct, criticise, deceive.

    Where rows have classes the critic sees them, one-hot, with a last place for "not known";
    half of the prior's samples are shown as not known, so that rows without a class have
    something to be told from.

    Parameters
    ----------
    dims, classes, width : int
        Latent dimensions; classes of the prior that the critic is told of, 0 for none; width
        of the critic's two hidden layers.
    alpha : float
        Weight of the classification of rows with a known class.
    """

    def __init__(self, dims: int, classes: int, width: int, alpha: float = 0.0) -> None:
        super().__init__()
        self.classes = classes
        self.alpha = alpha
        self.critic = MLP(dims + (classes + 1 if classes else 0), 1, width)

    def phases(self, model: Autoencoder) -> Sequence[Phase[Batch]]:
        """Three turns: autoencoder, critic, encoder."""
        to_latents = [*model.encoder.parameters(), *model.posterior.parameters()]
        coder = [*to_latents, *model.likelihood.parameters(), *model.labels.parameters()]

        def reconstruct(batch: Batch) -> Tensor:
            loss = -model.likelihood.log_prob(batch, self._places(model, batch)).mean()
            return loss + self.alpha * classification(model, batch) if self.classes else loss

        def criticise(batch: Batch) -> Tensor:
            with torch.no_grad():
                label = self._drawn(len(batch), model)
                real, fake = model.prior.sample(len(batch), label), self._places(model, batch)
            hidden = torch.rand(len(batch), device=real.device) < 0.5
            shown = None if label is None else label.masked_fill(hidden, -1)
            judged_real, judged_fake = self._judge(real, shown), self._judge(fake, batch.label)
            return (
                functional.softplus(-judged_real).mean() + functional.softplus(judged_fake).mean()
            )

        def deceive(batch: Batch) -> Tensor:
            judged = self._judge(self._places(model, batch), batch.label)
            return functional.softplus(-judged).mean()

        return [
            Phase("reconstruct", coder, reconstruct),
            Phase("criticise", list(self.critic.parameters()), criticise),
            Phase("deceive", to_latents, deceive),
        ]

    @staticmethod
    def _places(model: Autoencoder, batch: Batch) -> Tensor:
        return model.encode(batch, batch.x.new_zeros(len(batch), *model.noise_shape)).z

    def _drawn(self, n: int, model: Autoencoder) -> Tensor | None:
        """Classes drawn from the prior's, where the critic is told of them."""
        if not self.classes:
            return None
        return torch.multinomial(model.prior.log_class().exp(), n, replacement=True)

    def _judge(self, z: Tensor, label: Tensor | None) -> Tensor:
        """Log odds that z comes from the prior; (n,)."""
        if self.classes:
            assert label is not None
            place = torch.where(label < 0, self.classes, label)
            z = torch.cat([z, functional.one_hot(place, self.classes + 1).to(z)], -1)
        return cast("Tensor", self.critic(z))[:, 0]
