"""Genotypes: files, quality control, harmonisation and projection; without torch."""
