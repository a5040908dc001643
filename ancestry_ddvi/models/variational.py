"""A prior, a likelihood and an amortised posterior."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from .batch import Batch, Draw
from .labels import Labels, NoLabels
from .latent import LatentModel
from .likelihoods.base import Likelihood
from .posteriors.base import DensityPosterior
from .priors.base import Prior


class Variational(LatentModel):
    """A latent-variable model with an amortised posterior.

    All bounds and weights are functions of one number per draw, the log weight
    log p(x | z) + log p(z) - [log q(z, path | x) - log r(path | z)]. Its mean is the evidence
    lower bound, its log-mean-exp the importance-weighted bound, its softmax gives importance
    weights. If the model has classes, a draw has one too: p(z) becomes p(label) p(z | label), and
    q(z, path | x) becomes q(label | x) q(z, path | x, label).
    """

    claims_uncertainty = True

    def __init__(
        self,
        prior: Prior,
        likelihood: Likelihood,
        posterior: DensityPosterior,
        encoder: nn.Module,
        labels: Labels | None = None,
    ) -> None:
        super().__init__()
        self.prior = prior
        self.likelihood = likelihood
        self.posterior = posterior
        self.encoder = encoder
        self.labels = labels or NoLabels()
        vectors, dims = posterior.noise_shape
        self.noise_shape = (vectors + self.labels.noise_vectors, dims)

    def with_prior(self, prior: Prior) -> Variational:
        """A model of the same parts with another prior."""
        return Variational(prior, self.likelihood, self.posterior, self.encoder, self.labels)

    def with_posterior(self, posterior: DensityPosterior) -> Variational:
        """A model of the same parts with another posterior."""
        return Variational(self.prior, self.likelihood, posterior, self.encoder, self.labels)

    def with_generator(self, other: Variational) -> Variational:
        """The same posterior and encoder on the prior and the likelihood of another model."""
        return Variational(other.prior, other.likelihood, self.posterior, self.encoder, self.labels)

    def encode(self, batch: Batch, noise: Tensor) -> Draw:
        """One draw from q for each row; ``noise`` is (n, *noise_shape)."""
        return self.encode_many(batch, noise[:, None])

    def encode_many(self, batch: Batch, noise: Tensor) -> Draw:
        """Several draws of each row, in succession; ``noise`` is (n, draws, *noise_shape)."""
        vectors = self.posterior.noise_shape[0]
        context = self.encoder(batch).repeat_interleave(noise.shape[1], 0)
        noise = noise.flatten(0, 1)
        guess = self.labels.draw(context, noise[:, vectors:])
        draw = self.posterior.rsample(
            self.labels.with_class(context, guess.label), noise[:, :vectors]
        )
        return replace(draw, label=guess.label, log_q=draw.log_q + guess.log_q)  # type: ignore[operator]

    def log_weight(self, batch: Batch, draw: Draw, beta: float = 1.0) -> Tensor:
        """The log weight of each draw, with the divergence multiplied by ``beta``; (n,)."""
        prior = self.prior.log_prob(draw.z, draw.label)
        if draw.label is not None:
            prior = prior + self.prior.log_class()[draw.label]
        assert draw.log_q is not None
        return self.likelihood.log_prob(batch, draw.z) + beta * (prior - draw.log_q)

    def bounds(self, batch: Batch, draws: int = 1, beta: float = 1.0) -> Tensor:
        """A bound on log p(x), or log p(x, label) where the label is known; (n,).

        The mean over classes of the log mean weight of ``draws`` draws (Burda et al. 2016; 1
        gives the evidence lower bound), plus the entropy of q(label | x) (Kingma et al. 2014,
        equations 6 and 7, with the entropy's right sign).
        """
        context = self.encoder(batch)
        guess = self.labels.hypotheses(context, batch.label)
        given = self.labels.with_class(context[guess.rows], guess.label).repeat_interleave(draws, 0)
        noise = torch.randn(len(given), *self.posterior.noise_shape, device=given.device)
        label = None if guess.label is None else guess.label.repeat_interleave(draws)
        draw = replace(self.posterior.rsample(given, noise), label=label)
        weight = self.log_weight(batch[guess.rows].repeat(draws), draw, beta).view(-1, draws)
        value = weight.logsumexp(1) - weight.new_tensor(float(draws)).log()
        each = guess.log_q.exp() * (value - beta * guess.log_q)
        return value.new_zeros(len(batch)).index_add(0, guess.rows, each)

    def log_q(self, context: Tensor, draw: Draw) -> Tensor:
        """Log q(z, path, label | x) - log r(path | z) of a draw made elsewhere; (n,)."""
        given = self.labels.with_class(context, draw.label)
        chain = self.posterior.log_q(draw.z, draw.path, given)
        return chain + self.labels.log_prob(context, draw.label)

    def simulate(self, batch: Batch) -> tuple[Batch, Draw]:
        """Simulated data x ~ p(x | z) with the precision of ``batch``, and the z ~ p(z) of each.

        That z is a draw from the exact posterior given x; its path is drawn from r(path | z).
        """
        with torch.no_grad():
            label = self._classes(len(batch))
            z = self.prior.sample(len(batch), label)
            simulated = self.likelihood.simulate(batch, z)
            return simulated, Draw(z, self.posterior.complete(z), None, label)

    def log_q_simulated(self, batch: Batch) -> Tensor:
        """Log q of simulated data; (n,). No gradient reaches the prior or the decoder."""
        simulated, truth = self.simulate(batch)
        return self.log_q(self.encoder(simulated), truth)

    def log_chain_from_prior(self, batch: Batch) -> Tensor:
        """Log q of the chain below its top, of latents drawn from the prior; (n,).

        The simplified sleep of the paper: the context is that of the rows of data, and the encoder
        gets no gradient.
        """
        with torch.no_grad():
            label = self._classes(len(batch))
            z = self.prior.sample(len(batch), label)
            path = self.posterior.complete(z)
            context = self.labels.with_class(self.encoder(batch), label)
        return self.posterior.log_chain(z, path, context)

    def _classes(self, n: int) -> Tensor | None:
        """Classes drawn from p(label), where there are any."""
        if not self.labels.classes:
            return None
        return torch.multinomial(self.prior.log_class().exp(), n, replacement=True)
