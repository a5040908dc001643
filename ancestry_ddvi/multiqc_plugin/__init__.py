"""A module for MultiQC, which finds it by the entry points of the package.

Custom content (``plots/multiqc.py``) needs no plugin and shows samples and their map. The plugin
shows these in a chapter of its own, with what belongs to runs: groups, flags, matched variants, and
the calibration of the models. Nothing here imports MultiQC but ``module``.
"""
