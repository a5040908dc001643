"""Genotype files in, packed dosages out; NumPy only."""
