"""Metrics of coordinates and models, each a function of arrays."""
