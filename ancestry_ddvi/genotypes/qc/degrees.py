"""Degrees of relatedness as kinship coefficients (Manichaikul et al. 2010, table 1)."""

DUPLICATE = 0.354
"""Kinship at or above which two samples are the same sample or identical twins."""

FIRST_DEGREE = 0.177
"""Kinship at or above which two samples are parent and child, or siblings."""

SECOND_DEGREE = 0.0884
"""Kinship at or above which two samples are second-degree relatives or closer."""
