"""From a genotype store to a fitted model."""
