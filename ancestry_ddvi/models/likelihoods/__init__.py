"""Likelihoods: densities of data given latents."""
