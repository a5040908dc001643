"""Linear algebra on packed genotypes: matrices that are never formed, and their eigenvectors."""
