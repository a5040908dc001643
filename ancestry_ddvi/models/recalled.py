"""A variational model whose draws come from its own prior and likelihood."""

from __future__ import annotations

from torch import Tensor, nn

from .batch import Batch, Draw
from .likelihoods.scores import NormalScores
from .posteriors.base import DensityPosterior
from .posteriors.reversal import Reversal
from .priors.base import Prior
from .recall import Memory
from .variational import Variational


class Recalled(Variational):
    """A model that is trained with one posterior and draws from a better one.

    Draws come from the diffusion chain whose belief is that of the prior's latents weighted by
    the likelihood (``Reversal``). It has no parameters and depends on prior and likelihood alone,
    so it is as good for samples unlike those of the fit. The posterior that the model was trained
    with, ``posterior``, still gives ``bounds`` and the terms of sleep.

    Parameters
    ----------
    prior, likelihood, posterior, encoder
        As in ``Variational``; there are no classes.
    steps : int
        T of the chain.
    """

    likelihood: NormalScores

    def __init__(
        self,
        prior: Prior,
        likelihood: NormalScores,
        posterior: DensityPosterior,
        encoder: nn.Module,
        steps: int,
    ) -> None:
        super().__init__(prior, likelihood, posterior, encoder)
        self.reversal = Reversal(posterior.noise_shape[1], steps)
        self.noise_shape = self.reversal.noise_shape
        self._memory: tuple[tuple[object, ...], Memory] | None = None

    def with_generator(self, other: Variational) -> Recalled:
        """The same chain for the prior and the likelihood of another model.

        Raises
        ------
        TypeError
            If they are not those of scores.
        """
        if not isinstance(other.likelihood, NormalScores):
            raise TypeError("a chain that recalls needs the likelihood of scores")
        parts = other.prior, other.likelihood, self.posterior, self.encoder
        return Recalled(*parts, self.reversal.steps)

    def memory(self) -> Memory:
        """The latents of the present prior and likelihood, kept until one of them changes."""
        parts = self.prior, self.likelihood
        tensors = [t for part in parts for t in (*part.parameters(), *part.buffers())]
        present = tuple((t.data_ptr(), t._version) for t in tensors)
        if self._memory is None or self._memory[0] != present:
            self._memory = present, Memory.of(self.prior, self.likelihood)
        return self._memory[1]

    def encode_many(self, batch: Batch, noise: Tensor) -> Draw:
        """Several draws of each row, in succession; ``noise`` is (n, draws, *noise_shape)."""
        return self.reversal.rsample(self.memory().mixtures(batch), noise)
