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
from vcf_zarr_stores import write_store, zipped

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


def write_vcf(
    path: Path, field: str, variants: VariantTable, cells: list[list[str]], samples: tuple[str, ...]
) -> str:
    """Write a VCF with one FORMAT field; its path."""
    lines = ["##fileformat=VCFv4.3", f'##FORMAT=<ID={field},Number=.,Type=String,Description="x">']
    lines += [f"##contig=<ID={n}>" for n in range(1, 23)]
    lines.append("\t".join([*COLUMNS, *samples]))
    for row, found in zip(rows(variants), cells, strict=True):
        lines.append("\t".join([*map(str, row), ".", "PASS", ".", field, *found]))
    path.write_text("\n".join(lines) + "\n")
    return str(path)


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
    calls = [[{0: "0", 2: "1", -1: "."}[call] for call in row] for row in single.tolist()]
    vcf = write_vcf(tmp_path / "q.vcf", "GT", variants, calls, samples)
    pd.testing.assert_frame_equal(found, embed(vcf))
    assert found["flag"].str.contains("pseudo_haploid").all()


def test_vcf_zarr(query, embed, expected, tmp_path) -> None:
    pytest.importorskip("zarr")
    variants, dosages, samples = query
    contigs = list(dict.fromkeys(variants.chromosome))
    second = np.where(dosages < 0, -1, dosages > 0)
    arrays = {
        "sample_id": list(samples),
        "contig_id": contigs,
        "variant_contig": np.array([contigs.index(name) for name in variants.chromosome]),
        "variant_position": variants.position,
        "variant_id": list(variants.id),
        "variant_allele": [list(pair) for pair in zip(variants.ref, variants.alt, strict=True)],
        "call_genotype": np.stack([np.where(dosages < 0, -1, dosages > 1), second], axis=2),
    }
    store = write_store(tmp_path / "q.vcz", arrays, zarr_format=3, chunk=500)
    pd.testing.assert_frame_equal(embed(store), expected)
    pd.testing.assert_frame_equal(embed(zipped(store)), expected)


def test_bgen_is_as_gp_in_vcf(query, embed, tmp_path) -> None:
    bgen = pytest.importorskip("bgen")
    variants, dosages, samples = query
    sure = np.eye(3)[dosages.clip(0)] * 0.8 + np.random.default_rng(2).dirichlet(
        [1, 1, 1], dosages.shape
    ) * np.float64(0.2)
    with bgen.BgenWriter(str(tmp_path / "q.bgen"), len(samples), samples=list(samples)) as writer:
        for (chromosome, position, name, ref, alt), values in zip(
            rows(variants), sure, strict=True
        ):
            writer.add_variant(name, name, chromosome, position, [ref, alt], values, bit_depth=16)
    cells = [[",".join(f"{p:.6f}" for p in cell) for cell in row] for row in sure]
    vcf = write_vcf(tmp_path / "q.vcf", "GP", variants, cells, samples)
    ours, theirs = embed(str(tmp_path / "q.bgen")), embed(vcf)
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-2, atol=1e-2)
    assert (ours["effective_variants"] < ours["n_variants"]).all()
