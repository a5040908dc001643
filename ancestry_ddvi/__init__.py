"""Genetic structure of a cohort by denoising diffusion variational inference."""

__version__ = "0.1.0"
