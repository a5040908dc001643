"""EIGENSTRAT filesets, read against files that are spelled out bit by bit, and as PLINK 1."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from eigenstrat_files import KINDS, fileset, geno, hash_of, write_fileset
from genotype_files import Write, all_dosages

from ancestry_ddvi import api
from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats import eigenstrat
from ancestry_ddvi.genotypes.formats.eigenstrat import hash_of_ids
from ancestry_ddvi.genotypes.formats.reading import ReadOptions, Targets
from ancestry_ddvi.genotypes.formats.registry import open_source, open_sources
from ancestry_ddvi.genotypes.store import GenotypeStore

in_every_kind = pytest.mark.parametrize("kind", KINDS)


def refused(path: str) -> str:
    with pytest.raises(InputUnreadable) as error:
        all_dosages(open_source(path))
    return str(error.value)


@in_every_kind
@pytest.mark.parametrize("shape", [(37, 21), (4, 4), (1, 1), (5, 300), (300, 3)])
@pytest.mark.parametrize("at_once", [1024, 3])
def test_genotypes_are_copies_of_the_sixth_column(kind, shape, at_once, tmp_path) -> None:
    dosages = np.random.default_rng(3).integers(-1, 3, shape).astype(np.int8)
    prefix = write_fileset(tmp_path / "x", kind, dosages)
    for path in (prefix, f"{prefix}.geno"):
        source = open_source(path)
        np.testing.assert_array_equal(all_dosages(source, at_once), dosages)
    assert source.samples == tuple(f"s{i}" for i in range(shape[1]))
    (block, *_) = source.blocks()
    assert (block.variants.ref[0], block.variants.alt[0], block.variants.id[0]) == ("A", "C", "rs0")
    assert (block.variants.chromosome[0], block.variants.position[0]) == ("1", 100)


@in_every_kind
def test_it_is_the_plink_fileset_of_the_same_genotypes(
    kind, random_dosages, bed: Write, tmp_path
) -> None:
    """As convertf would write it, with the reference allele in column 6 of the .bim."""
    variants = [("1", 100 + i, f"rs{i}", *"AC") for i in range(len(random_dosages))]
    variants[3:6] = [("23", 5, "x", *"AG"), ("1", 6, "indel", "AT", "A"), ("1", 7, "m", "A", "X")]
    variants[6:8] = [("1", -8, "out", *"AG"), ("chr2", 9, "y", *"ga")]
    plink = [(c, p, i, ref, {"X": "0"}.get(alt, alt)) for c, p, i, ref, alt in variants]
    options = ReadOptions(targets=Targets({"1": np.array([7])}, frozenset()))
    prefix = write_fileset(tmp_path / "e", kind, random_dosages, variants)
    ours = open_source(prefix, options)
    theirs = open_source(bed(random_dosages, variants=plink), options)
    np.testing.assert_array_equal(all_dosages(ours), all_dosages(theirs))
    assert ours.skipped == theirs.skipped == {"not a SNP": 1, "negative position": 1}
    assert (ours.samples, ours.records) == (theirs.samples, theirs.records)
    mine, other = (
        [(*v,) for b in s.blocks() for v in zip(*vars(b.variants).values(), strict=True)]
        for s in (ours, theirs)
    )
    assert mine == other


def test_mitochondrial_and_pseudo_autosomal_numbers_get_names(tmp_path) -> None:
    names = ["22", "23", "24", "90", "91"]
    variants = [(name, 10 + i, f"rs{i}", *"AC") for i, name in enumerate(names)]
    source = open_source(write_fileset(tmp_path / "x", "text", np.zeros((5, 2), int), variants))
    (block,) = source.blocks()
    assert block.variants.chromosome.tolist() == ["22", "23", "24", "MT", "XY"]


def test_lines_may_end_as_on_windows_and_the_last_not_at_all(random_dosages, tmp_path) -> None:
    prefix = write_fileset(tmp_path / "x", "text", random_dosages)
    path = Path(f"{prefix}.geno")
    for content in (
        geno("text", random_dosages, (), (), "\r\n"),
        geno("text", random_dosages, (), ())[:-1],
        geno("text", random_dosages, (), (), "\r\n")[:-2],
    ):
        path.write_bytes(content)
        np.testing.assert_array_equal(all_dosages(open_source(prefix), 5), random_dosages)


def test_parts_of_a_transposed_file_are_read_one_after_the_other(
    monkeypatch, random_dosages, tmp_path
) -> None:
    monkeypatch.setattr(eigenstrat, "_BYTES_AT_ONCE", 21 * 3)
    prefix = write_fileset(tmp_path / "x", "transposed", random_dosages)
    for at_once in (1, 2, 5, 12, 13):
        np.testing.assert_array_equal(all_dosages(open_source(prefix), at_once), random_dosages)


def test_several_filesets_are_joined_and_packed(random_dosages, tmp_path) -> None:
    parts = [
        write_fileset(
            tmp_path / kind, kind, random_dosages, [(str(n), 5 + i, f"{n}:{i}", *"AC")
                                                    for i in range(len(random_dosages))]
        )
        for n, kind in enumerate(KINDS, 1)
    ]  # fmt: skip
    np.testing.assert_array_equal(all_dosages(open_sources(parts)), np.tile(random_dosages, (3, 1)))
    api.ingest(parts, str(tmp_path / "packed"))
    store = GenotypeStore.open([str(tmp_path / "packed")])
    np.testing.assert_array_equal(store.dosages(slice(None)), np.tile(random_dosages, (3, 1)))


def test_the_hash_is_that_of_a_program_with_integers_of_32_bits() -> None:
    words = ["AB", "rs3094315", "x" * 200, "", "Ju_hoan_North.DG"]
    assert hash_of_ids(words) == hash_of(words)
    assert hash_of_ids(["A", "B"]) == (65 * 17) ^ 66


@pytest.mark.parametrize("kind", ["packed", "transposed"])
@pytest.mark.parametrize(("end", "what"), [(".snp", "variants"), (".ind", "samples")])
def test_files_that_were_not_made_together_are_refused(
    kind, end, what, random_dosages, tmp_path
) -> None:
    prefix = write_fileset(tmp_path / "x", kind, random_dosages)
    path = Path(f"{prefix}{end}")
    first, second, *rest = path.read_text().splitlines()
    path.write_text("\n".join([second, first, *rest]) + "\n")
    assert f"was made with other IDs of {what}" in refused(prefix)
    path.write_text("\n".join([first, *rest]) + "\n")
    assert re.search(rf"x\.geno has \d+ {what} and the {end} file beside it \d+", refused(prefix))


@pytest.mark.parametrize("kind", ["packed", "transposed"])
def test_a_hash_of_zero_is_none(kind, random_dosages, tmp_path) -> None:
    prefix = write_fileset(tmp_path / "x", kind, random_dosages)
    path = Path(f"{prefix}.geno")
    name, samples, variants, *_ = path.read_bytes().split(b"\0")[0].split()
    header = b" ".join([name, samples, variants, b"0", b"0"])
    path.write_bytes(header.ljust(48, b"\0") + path.read_bytes()[48:])
    np.testing.assert_array_equal(all_dosages(open_source(prefix)), random_dosages)


@in_every_kind
@pytest.mark.parametrize(("change", "why"), [(-1, "cut short"), (3, "belongs to another .geno")])
def test_a_file_of_another_size_is_refused(kind, change, why, random_dosages, tmp_path) -> None:
    prefix = write_fileset(tmp_path / "x", kind, random_dosages)
    path = Path(f"{prefix}.geno")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) + 2 * change] if change < 0 else content + b"0" * 3)
    assert why in refused(prefix)


@pytest.mark.parametrize("character", [b"3", b"\n", b"N", b" "])
def test_a_character_that_is_no_genotype_is_refused_with_its_line(
    character, random_dosages, tmp_path
) -> None:
    prefix = write_fileset(tmp_path / "x", "text", random_dosages)
    path = Path(f"{prefix}.geno")
    content = bytearray(path.read_bytes())
    content[22 * 30 + 4 : 22 * 30 + 5] = character
    path.write_bytes(content)
    assert "x.geno, line 31: not 21 genotypes 0, 1, 2 or 9 but" in refused(prefix)


@pytest.mark.parametrize(
    ("end", "content", "said"),
    [
        (".snp", None, r"x\.snp is missing\. .*\.geno, \.snp and \.ind"),
        (".ind", None, r"x\.ind is missing"),
        (".snp", b"rs1 1 0.0 100\n", r"x\.snp, line 1: 4 columns instead of 6"),
        (".ind", b"a M\n", r"x\.ind, line 1: 2 columns instead of 3"),
        (".ind", b"a M P\na F P\n", r"x\.ind.*'a'"),
        (".ind", b"", r"x\.ind is empty"),
        (".snp", b"rs1 1 0.0 x A C\n", r"x\.snp, line 1: the position 'x'"),
        (".geno", b"GENO 3 x", r"x\.geno has no whole header"),
    ],
)
def test_damaged_files_are_refused_in_a_sentence(end, content, said, tmp_path) -> None:
    prefix = write_fileset(tmp_path / "x", "packed", np.zeros((2, 3), int))
    path = Path(f"{prefix}{end}")
    path.write_bytes(content) if content is not None else path.unlink()
    assert re.search(said, refused(f"{prefix}.geno"))


def test_a_companion_and_a_compressed_file_say_what_to_do(tmp_path) -> None:
    import gzip

    prefix = write_fileset(tmp_path / "x", "text", np.zeros((2, 3), int))
    for end in (".snp", ".ind"):
        assert f"or the prefix {prefix}" in refused(f"{prefix}{end}")
    path = Path(f"{prefix}.geno.gz")
    path.write_bytes(gzip.compress(fileset("text", np.zeros((2, 3), int))[".geno"]))
    assert "unpack it" in refused(str(path)) or "is missing" in refused(str(path))


def test_a_text_of_digits_is_no_fileset_without_its_companions(tmp_path) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text("0\n1\n2\n")
    assert "numbers.ind is missing" in refused(str(path))
