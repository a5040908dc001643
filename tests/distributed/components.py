"""A run of torchrun: components of a .bed file to an .npz file."""

from __future__ import annotations

import sys

import numpy as np

from ancestry_ddvi.genotypes.projection.pca import from_products, principal_components, tolerances
from ancestry_ddvi.genotypes.projection.standardise import standardised
from ancestry_ddvi.genotypes.qc.counts import alt_frequency
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.models.distributed import assist, processes


def main() -> None:
    """Find components by products alone, and from all products."""
    if assist():
        return
    bed, out = sys.argv[1:]
    with processes():
        store = GenotypeStore.open([bed])
        frequency = alt_frequency(store.counts())
        rows = np.flatnonzero((frequency > 0.05) & (frequency < 0.95))
        matrix = standardised(store, rows, np.arange(len(store.samples)), frequency[rows])
        wanted = tolerances(3, 3)
        streamed = principal_components(matrix, wanted, seed=1)
        formed = from_products(matrix, matrix.gram(), wanted, seed=1)
    np.savez(
        out,
        streamed=streamed.loadings,
        formed=formed.loadings,
        eigenvalues=np.concatenate([streamed.eigenvalues, formed.eigenvalues]),
        sums=[streamed.trace, formed.trace, formed.squares],
    )


if __name__ == "__main__":
    main()
