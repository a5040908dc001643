"""Names of chromosomes, and lengths of the human autosomes in each genome build."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

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

_SEX_AND_MITOCHONDRIAL = {"x": "X", "y": "Y", "m": "MT", "mt": "MT"}
_NUMBERED = re.compile(r"0?([1-9])|([1-9][0-9])", re.ASCII)
_ACCESSION = re.compile(r"(NC_0000[0-9]{2}|CM000[0-9]{3}|NC_012920|J01415)\.[0-9]{1,2}", re.ASCII)
_NUCLEAR = (*(str(n) for n in range(1, 23)), "X", "Y")
_ACCESSIONS = {
    **{f"NC_{n:06}": name for n, name in enumerate(_NUCLEAR, 1)},
    **{f"CM{n:06}": name for n, name in enumerate(_NUCLEAR, 663)},
    "NC_012920": "MT",
    "J01415": "MT",
}
_AUTOSOMES = {str(n): n for n in range(1, 23)}


@cache
def bare_chromosome(name: str) -> str:
    """The name by which a chromosome is compared: "7" for "7", "07", "chr7" and "NC_000007.14".

    A "chr" prefix in upper or lower case and the zero of "01" are removed. RefSeq and GenBank
    accessions of the human reference, in any version, become "1" to "22", "X", "Y" and "MT"; "M"
    becomes "MT". Other names stay. So do plink's numbers 23 to 26, since they are autosomes in
    other species.
    """
    if found := _ACCESSION.fullmatch(name):
        return _ACCESSIONS.get(found[1], name)
    bare = name[3:] if name[:3].lower() == "chr" else name
    if found := _NUMBERED.fullmatch(bare):
        return found[1] or found[2]
    return _SEX_AND_MITOCHONDRIAL.get(bare.lower(), bare)


def prefixed_chromosome(name: str) -> str:
    """The name with "chr": "chr7" for "7" and "NC_000007.14", "chrM" for "MT"; others stay."""
    bare = bare_chromosome(name)
    if bare == "MT":
        return "chrM"
    return f"chr{bare}" if bare in ("X", "Y") or _NUMBERED.fullmatch(bare) else name


def autosome(chromosomes: Iterable[str]) -> np.ndarray:
    """The number of each human autosome, 0 for other names.

    Names are compared as ``bare_chromosome`` gives them.

    Returns
    -------
    ndarray of int64, one per name
    """
    names = list(chromosomes)
    number = {name: _AUTOSOMES.get(bare_chromosome(name), 0) for name in set(names)}
    return np.fromiter(map(number.__getitem__, names), np.int64, len(names))
