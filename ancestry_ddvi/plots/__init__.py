"""Figures of coordinates; every function returns a figure and ``save`` writes it."""
