"""Names and lengths of the human autosomes in each genome build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

LENGTHS: Mapping[str, tuple[int, ...]] = {
    "NCBI36": (
        247249719, 242951149, 199501827, 191273063, 180857866, 170899992, 158821424, 146274826,
        140273252, 135374737, 134452384, 132349534, 114142980, 106368585, 100338915, 88827254,
        78774742, 76117153, 63811651, 62435964, 46944323, 49691432,
    ),
    "GRCh37": (
        249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022,
        141213431, 135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753,
        81195210, 78077248, 59128983, 63025520, 48129895, 51304566,
    ),
    "GRCh38": (
        248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636,
        138394717, 133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345,
        83257441, 80373285, 58617616, 64444167, 46709983, 50818468,
    ),
}  # fmt: skip
"""Lengths of chromosomes 1 to 22 in each known build, in bases (UCSC chromInfo)."""

_AUTOSOMES = {prefix + str(n): n for n in range(1, 23) for prefix in ("", "chr")}


def bare_chromosome(name: str) -> str:
    """The name without a "chr" prefix."""
    return name[3:] if name[:3].lower() == "chr" else name


def autosome(chromosomes: Iterable[str]) -> np.ndarray:
    """The number of each human autosome, 0 for other names.

    Names are "1" to "22" and "chr1" to "chr22"; "01", "X" and contigs give 0.

    Returns
    -------
    ndarray of int64, one per name
    """
    return np.array([_AUTOSOMES.get(name, 0) for name in chromosomes], dtype=np.int64)
