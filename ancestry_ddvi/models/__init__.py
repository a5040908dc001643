"""Latent-variable models: priors, likelihoods, posteriors and how they make one model."""
