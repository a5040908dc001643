"""The variants of a file matched to those of a model: alleles, strand, build."""
