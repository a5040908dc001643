"""BGEN files against plink2, and written variant by variant by the library."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from genotype_files import all_dosages

from ancestry_ddvi.errors import InputUnreadable, UsageProblem
from ancestry_ddvi.genotypes.formats.fields import FIELDS
from ancestry_ddvi.genotypes.formats.registry import open_source, open_sources
from ancestry_ddvi.genotypes.store import GenotypeStore

bgen = pytest.importorskip("bgen")

SAMPLES = ["a", "b", "c", "d"]
CERTAIN = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [np.nan] * 3])
SURE = np.array([[0.95, 0.05, 0], [0.02, 0.96, 0.02], [0.5, 0.5, 0], [0.3, 0.6, 0.1]])
PHASED = np.array([[1, 0, 1, 0], [1, 0, 0, 1], [0.9, 0.1, 0.5, 0.5], [0, 1, 0, 1]], float)


def write(path: Path, variants: list[dict], samples: list[str] | None = SAMPLES, **more) -> str:
    """Write a file; without samples it names none."""
    number = len(samples) if samples else 4
    with bgen.BgenWriter(str(path), number, samples=samples or [], **more) as writer:
        for i, variant in enumerate(variants):
            given = {"varid": f"v{i}", "rsid": f"rs{i}", "chrom": "1", "pos": 100 + i,
                     "alleles": ["A", "C"], **variant}  # fmt: skip
            writer.add_variant(**given)
    Path(f"{path}.bgi").unlink(missing_ok=True)
    return str(path)


VARIANTS = [
    {"genotypes": CERTAIN, "chrom": "01"},
    {"genotypes": SURE, "alleles": ["g", "t"], "bit_depth": 16},
    {"genotypes": PHASED, "phased": True},
    {"genotypes": CERTAIN, "alleles": ["A", "AT"]},
    {"genotypes": CERTAIN, "rsid": "", "chrom": "2"},
]
DOSAGES = [[0, 1, 2, -1], [0, 1, -1, -1], [0, 1, -1, 2], [0, 1, 2, -1]]


def refused(path: str) -> str:
    with pytest.raises(InputUnreadable) as error:
        all_dosages(open_source(path))
    return str(error.value)


@pytest.mark.parametrize("compression", [None, "zlib", "zstd"])
@pytest.mark.parametrize("named", [True, False])
def test_calls_are_whole_dosages_by_the_first_allele(compression, named, tmp_path) -> None:
    samples = SAMPLES if named else None
    path = write(tmp_path / "x.bgen", VARIANTS, samples, compression=compression)
    if not named:
        lines = ["ID_1 ID_2 missing sex", "0 0 0 D", *(f"f {name} 0 1" for name in SAMPLES)]
        (tmp_path / "x.sample").write_text("\n".join(lines) + "\n")
    for name in (path, path.removesuffix(".bgen")):
        source = open_source(name)
        assert all_dosages(source, 2).tolist() == DOSAGES
        assert source.samples == ("a", "b", "c", "d")
        assert (source.skipped, source.records) == ({"not a SNP": 1}, 5)
    names = [(*row,) for b in source.blocks()
             for row in zip(*map(list, vars(b.variants).values()), strict=True)]  # fmt: skip
    assert names == [("01", 100, "rs0", "A", "C"), ("1", 101, "rs1", "G", "T"),
                     ("1", 102, "rs2", "A", "C"), ("2", 104, "v4", "A", "C")]  # fmt: skip


def test_probabilities_are_those_of_genotypes(tmp_path) -> None:
    source = open_source(write(tmp_path / "x.bgen", VARIANTS))
    (block,) = source.likelihoods(FIELDS)
    values = block.values.astype(float)
    np.testing.assert_allclose(values[0], CERTAIN, atol=0.005)
    np.testing.assert_allclose(values[1], SURE, atol=0.001)
    expected = [[1, 0, 0], [0, 1, 0], [0.45, 0.5, 0.05], [0, 0, 1]]
    np.testing.assert_allclose(values[2], expected, atol=0.005)
    assert {FIELDS[code] for code in set(block.fields[:, 0].tolist())} == {"GP"}


def test_an_unknown_genotype_is_no_heterozygous_call(tmp_path) -> None:
    unknown = np.array([[0.25, 0.5, 0.25], [1 / 3] * 3, [0.5, 0, 0.5], [0.1, 0.8, 0.1]])
    phased = {"genotypes": np.full((4, 4), 0.5), "phased": True}
    path = write(tmp_path / "x.bgen", [{"genotypes": unknown}, phased])
    assert all_dosages(open_source(path)).tolist() == [[-1] * 4] * 2


def test_haploid_samples_are_read_as_haploid_calls_of_vcf(tmp_path) -> None:
    ploidy = np.array([2, 1, 1, 2], np.uint8)
    genotypes = np.array([[0, 1, 0], [0, 1, np.nan], [1, 0, np.nan], [1, 0, 0]])
    variants = [{"genotypes": genotypes, "ploidy": ploidy} for _ in range(3)]
    path = write(tmp_path / "x.bgen", variants)
    assert all_dosages(open_source(path)).tolist() == [[1, -1, -1, 0]] * 3
    path = write(tmp_path / "y.bgen", variants * 10)
    assert all_dosages(open_source(path)).tolist() == [[1, 2, 0, 0]] * 30


def test_several_files_are_joined_and_packed(tmp_path) -> None:
    paths = [write(tmp_path / f"{n}.bgen", VARIANTS) for n in (1, 2)]
    assert all_dosages(open_sources(paths)).tolist() == DOSAGES * 2
    store = GenotypeStore.open(paths, tmp_path / "cache")
    assert store.dosages(slice(None)).tolist() == DOSAGES * 2


# Against plink2 ---------------------------------------------------------------------------------


def plink2(*words: object) -> None:
    if not shutil.which("plink2"):
        pytest.skip("plink2 is not installed")
    done = subprocess.run(["plink2", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout


def random_variants(number: int, samples: int) -> list[dict]:
    """Probabilities of genotypes, some certain, some not, some missing, some phased."""
    rng = np.random.default_rng(3)
    variants = []
    for i in range(number):
        genotypes = rng.dirichlet([0.15] * 3, samples)
        genotypes[rng.random(samples) < 0.3] = [0, 1, 0]
        first, second = rng.beta(0.1, 0.1, (2, samples))
        if phased := i % 4 == 3:
            genotypes = np.stack([first, 1 - first, second, 1 - second], axis=1)
        genotypes[rng.random(samples) < 0.05] = np.nan
        variants.append({"genotypes": genotypes, "phased": phased, "bit_depth": 8 + 8 * (i % 2)})
    return variants


def probability_of_one_copy(variant: dict) -> np.ndarray:
    genotypes = variant["genotypes"]
    if not variant["phased"]:
        return genotypes[:, 1]
    return genotypes[:, 0] * genotypes[:, 3] + genotypes[:, 1] * genotypes[:, 2]


@pytest.mark.parametrize("compression", ["zlib", "zstd"])
def test_probabilities_and_calls_that_are_sure_are_those_of_plink2(compression, tmp_path) -> None:
    samples = [f"s{i}" for i in range(50)]
    given = random_variants(60, 50)
    path = write(tmp_path / "x.bgen", given, samples, compression=compression)
    out = tmp_path / "p"
    plink2("--bgen", path, "ref-first", "--double-id", "--make-bed", "--out", out)
    ours, theirs = all_dosages(open_source(path)), all_dosages(open_source(str(out)))
    het = np.array([probability_of_one_copy(variant) for variant in given])
    unsure = (theirs == 1) & (het < 0.9)
    assert unsure.any()
    assert (ours[unsure & (het < 0.89)] == -1).all()
    np.testing.assert_array_equal(ours[~unsure], theirs[~unsure])
    plink2("--bgen", path, "ref-first", "--double-id", "--export", "vcf", "vcf-dosage=DS-force",
           "--out", out)  # fmt: skip
    (ours_gp,) = open_source(path).likelihoods(["GP"])
    (theirs_ds,) = open_source(f"{out}.vcf").likelihoods(["DS"])
    mine, other = (
        np.where(block.fields < len(FIELDS), block.values.astype(float) @ np.arange(3), np.nan)
        for block in (ours_gp, theirs_ds)
    )
    np.testing.assert_array_equal(np.isnan(mine), np.isnan(other))
    np.testing.assert_allclose(mine, other, atol=0.003)


@pytest.mark.parametrize("version", ["bgen-1.1", "bgen-1.2", "bgen-1.3"])
def test_files_that_plink2_writes_are_read_as_their_source(version, vcf, tmp_path) -> None:
    from genotype_files import records_of

    dosages = np.random.default_rng(1).integers(-1, 3, (40, 30)).astype(np.int8)
    path = vcf(records_of(dosages), [f"s{i}" for i in range(30)])
    more = [] if version == "bgen-1.1" else ["bits=8"]
    plink2("--vcf", path, "--double-id", "--export", version, "ref-first", *more, "--out",
           tmp_path / "y")  # fmt: skip
    source = open_source(str(tmp_path / "y.bgen"))
    np.testing.assert_array_equal(all_dosages(source), dosages)
    assert [name.split("_")[-1] for name in source.samples] == [f"s{i}" for i in range(30)]


# Damage ----------------------------------------------------------------------------------------


def test_a_file_cut_anywhere_is_refused_in_a_sentence(tmp_path) -> None:
    path = Path(write(tmp_path / "x.bgen", VARIANTS))
    content = path.read_bytes()
    for size in range(21, len(content), 7):
        path.write_bytes(content[:size])
        assert re.search(r"x\.bgen.*\. [A-Z].*\.$", refused(str(path)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, r"x\.bgen names no samples. Put the \.sample file beside it.* as x\.sample"),
        ("ID_1 ID_2 missing\n0 0 0\na a 0\n", "has 4 samples, and 1 have an ID"),
        ("a a 0\nb b 0\nc c 0\n", r"x\.sample is not a \.sample file"),
        (
            "ID_1 ID_2 missing\n0 0 0\n" + "a a 0\n" * 4,
            r"x\.sample has the sample ID 'a_a' 4 times",
        ),
    ],
)
def test_a_sample_file_that_does_not_fit_is_refused(text, said, tmp_path) -> None:
    path = write(tmp_path / "x.bgen", VARIANTS, None)
    if text:
        (tmp_path / "x.sample").write_text(text)
    assert re.search(said, refused(path))


def test_sample_ids_that_are_no_text_are_refused(tmp_path) -> None:
    """Found by the fuzzer."""
    path = Path(write(tmp_path / "x.bgen", VARIANTS, ["aaa", "b", "c", "d"]))
    path.write_bytes(path.read_bytes().replace(b"aaa", b"\xe0aa"))
    assert "cannot be read" in refused(str(path))


def test_the_library_leaves_no_handler_of_log_messages(tmp_path, monkeypatch) -> None:
    path = write(tmp_path / "x.bgen", VARIANTS)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    all_dosages(open_source(path))
    assert logging.getLogger().handlers == []


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch) -> None:
    path = write(tmp_path / "x.bgen", VARIANTS)
    monkeypatch.setitem(sys.modules, "bgen", None)
    with pytest.raises(UsageProblem, match=r"pip install 'ddvi-ancestry\[bgen\]'"):
        open_source(path)
