"""Genotype files: one reader a format, and what readers share."""
