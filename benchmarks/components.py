"""Components alone: all that a fit finds of them, or so many without anything else.

usage: components.py FILE.bed THREADS [COUNT]
"""

from __future__ import annotations

import sys

import numpy as np

from ancestry_ddvi.fitting.prepare import make_projection
from ancestry_ddvi.genotypes.projection.pca import principal_components, tolerances
from ancestry_ddvi.genotypes.projection.standardise import standardised
from ancestry_ddvi.genotypes.qc.kinship import PAIR
from ancestry_ddvi.genotypes.qc.quality_control import QC
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.models.runtime import computing


def unfiltered(store: GenotypeStore) -> QC:
    """Every variant and every sample, as if all had passed quality control."""
    counts, samples = store.counts(), len(store.samples)
    called = counts[:, :3].sum(axis=1)
    return QC(
        variants=np.arange(len(counts)),
        fit_samples=np.ones(samples, dtype=bool),
        frequency=(counts[:, 1] + 2 * counts[:, 2]) / (2 * called),
        call_rate=np.ones(samples),
        flags=[""] * samples,
        relatives=np.empty(0, PAIR),
        table=[],
        build=None,
    )


def main() -> None:
    """Find the components and print their eigenvalues."""
    path, threads, *count = sys.argv[1:]
    store = GenotypeStore.open([path])
    qc = unfiltered(store)
    with computing(1, int(threads)):
        if count:
            wanted = int(count[0])
            matrix = standardised(store, qc.variants, np.arange(len(store.samples)), qc.frequency)
            values = principal_components(matrix, tolerances(wanted, wanted), 1).eigenvalues
        else:
            values = make_projection(store, qc, 2, 0, 1).eigenvalues
    print(*values)


if __name__ == "__main__":
    main()
