"""Posteriors: densities of latents given a context of the data."""
