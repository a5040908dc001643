"""Simulated genotypes: populations with linkage, and samples drawn from a model."""
