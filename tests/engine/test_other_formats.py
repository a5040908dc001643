"""Samples in other formats have the answers of the same samples in VCF."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "genotypes"))

from eigenstrat_files import write_fileset
from genotype_files import COLUMNS

import ancestry_ddvi
from ancestry_ddvi.genotypes.formats.registry import open_source
from ancestry_ddvi.genotypes.variants import VariantTable


@pytest.fixture(scope="module")
def query(cohort_files) -> tuple[VariantTable, np.ndarray, tuple[str, ...]]:
    """Variants, dosages and samples."""
    source = open_source(str(cohort_files.query))
    blocks = list(source.blocks())
    dosages = np.concatenate([block.dosages for block in blocks])
    return VariantTable.join([block.variants for block in blocks]), dosages, source.samples


@pytest.fixture(scope="module")
def embed(fitted_model):
    model = ancestry_ddvi.load(fitted_model.files["model"])

    def run(path: str) -> pd.DataFrame:
        return model.embed([path], device="cpu", draws=4, seed=1).to_frame()

    return run


@pytest.fixture(scope="module")
def expected(embed, cohort_files) -> pd.DataFrame:
    return embed(str(cohort_files.query))


def rows(variants: VariantTable, swapped: bool = False) -> list[tuple[str, int, str, str, str]]:
    sides = (variants.alt, variants.ref) if swapped else (variants.ref, variants.alt)
    columns = (variants.chromosome, variants.position.tolist(), variants.id, *sides)
    return [*zip(*columns, strict=True)]


@pytest.mark.parametrize("kind", ["text", "packed", "transposed"])
@pytest.mark.parametrize("swapped", [False, True])
def test_eigenstrat_whichever_allele_is_the_reference(
    kind, swapped, query, embed, expected, tmp_path
) -> None:
    variants, dosages, samples = query
    if swapped:
        dosages = np.where(dosages < 0, -1, 2 - dosages)
    prefix = write_fileset(tmp_path / "q", kind, dosages, rows(variants, swapped), samples)
    pd.testing.assert_frame_equal(embed(prefix), expected)


def test_pseudo_haploid_eigenstrat_is_as_haploid_calls_in_vcf(query, embed, tmp_path) -> None:
    variants, dosages, samples = query
    drawn = np.random.default_rng(1).choice([0, 2], dosages.shape)
    single = np.where(dosages == 1, drawn, dosages)
    prefix = write_fileset(tmp_path / "q", "transposed", single, rows(variants), samples)
    found = embed(prefix)
    lines = ["##fileformat=VCFv4.3", '##FORMAT=<ID=GT,Number=1,Type=String,Description="GT">',
             *(f"##contig=<ID={n}>" for n in range(1, 23)),
             "\t".join([*COLUMNS, *samples])]  # fmt: skip
    for row, calls in zip(rows(variants), single.tolist(), strict=True):
        fixed = [*map(str, row), ".", "PASS", ".", "GT"]
        lines.append("\t".join([*fixed, *({0: "0", 2: "1", -1: "."}[call] for call in calls)]))
    (tmp_path / "q.vcf").write_text("\n".join(lines) + "\n")
    pd.testing.assert_frame_equal(found, embed(str(tmp_path / "q.vcf")))
    assert found["flag"].str.contains("pseudo_haploid").all()
