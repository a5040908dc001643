"""Posterior draws of samples under a fitted model, with and without constraints."""
