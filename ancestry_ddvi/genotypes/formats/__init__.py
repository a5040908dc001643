"""Genotype files: one reader for each format, and what the readers share."""
