"""Matching the variants of a file to those of a model: alleles, strand, genome build."""
