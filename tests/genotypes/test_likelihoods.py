"""Likelihoods, probabilities and dosages in files: the field that is read, and its values."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from genotype_files import META, Write, record
from numpy.testing import assert_allclose

from ancestry_ddvi.errors import InputsDisagree, InputUnreadable, NothingLeft, UsageProblem
from ancestry_ddvi.genotypes.formats.fields import FIELDS
from ancestry_ddvi.genotypes.formats.reading import ReadOptions, Targets
from ancestry_ddvi.genotypes.formats.variant_filter import table
from ancestry_ddvi.genotypes.harmonise.panel import Panel
from ancestry_ddvi.genotypes.likelihood_store import AUTO, LikelihoodStore, open_best
from ancestry_ddvi.genotypes.store import GenotypeStore
from ancestry_ddvi.genotypes.variants import VariantTable

FORMAT = '##FORMAT=<ID={0},Number={1},Type={2},Description="{0}">'
DECLARED = (
    FORMAT.format("PL", "G", "Integer"),
    FORMAT.format("GL", "G", "Float"),
    FORMAT.format("GP", "G", "Float"),
    FORMAT.format("DS", "A", "Float"),
)
ALL = (*META, *DECLARED)
KINDS = ["x.vcf", "x.vcf.gz", "x.vcf.bgz", "x.bcf"]
CALLS = ("0,30,90", "20,0,40", "80,20,0")
needs_bcftools = pytest.mark.skipif(not shutil.which("bcftools"), reason="needs bcftools")


def model(variants: int = 3, start: int = 100) -> VariantTable:
    """SNPs A/C at positions from ``start`` on, without IDs."""
    return table([("1", start + i, ".", "A", "C") for i in range(variants)])


def opened(paths: str | list[str], field: str = "PL", variants: VariantTable | None = None):
    paths = [paths] if isinstance(paths, str) else paths
    wanted = variants or model()
    options = ReadOptions(targets=Targets.of(wanted, [wanted.position]))
    return open_best(paths, field, options, lambda done, total: None)


def likelihoods(store: LikelihoodStore, variants: VariantTable) -> np.ndarray:
    """float64 (samples, variants, 3)."""
    frequency = np.full(len(variants), 0.3)
    alignment = Panel(variants, frequency, None).align(store.variants, None, None)
    return np.array(list(store.likelihoods(alignment, frequency)))


# Reading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_variant_file_gives_the_same(vcf: Write, name: str) -> None:
    path = vcf([record(CALLS, form="PL"), record(CALLS[::-1], 101, form="PL")], meta=ALL, name=name)
    store = opened(path)
    assert store.samples == ("a", "b", "c")
    assert store.snps == 2
    assert store.build_hint == "GRCh37"
    expected = 10 ** -np.array([[0, 3, 9], [2, 0, 4], [8, 2, 0.0]])
    assert_allclose(store.values, [expected, expected[::-1]], rtol=1e-3, atol=6e-8)


def test_missing_haploid_and_empty_entries_are_flat(vcf: Write) -> None:
    rows = [
        record((".", "10,0", "0,10,20"), 100, form="PL"),
        record(("10,0", "0,10", "0,5"), 101, form="PL"),
        record(("0/0", "0/1", "1/1"), 102),
    ]
    found = likelihoods(opened(vcf(rows, meta=ALL)), model())
    assert_allclose(found[2, 0], [1, 0.1, 0.01], rtol=1e-3)
    found[2, 0] = 1
    assert (found == 1).all()


def test_swapped_alleles_and_the_other_strand_are_turned(vcf: Write) -> None:
    variants = model(60)
    rows = [record(CALLS, 100 + i, *"ACCATGGT"[2 * (i % 4) :][:2], form="PL") for i in range(60)]
    found = likelihoods(opened(vcf(rows, meta=ALL), variants=variants), variants)
    assert_allclose(found[:, 0::2], np.repeat(found[:, :1], 30, axis=1))
    assert_allclose(found[:, 1::2], np.repeat(found[:, :1, ::-1], 30, axis=1))


def test_probabilities_are_divided_by_their_prior(vcf: Write) -> None:
    prior = "0.49,0.42,0.09"
    rows = [record((prior, "1,0,0", "."), form="GP"), record((prior, "0,1,0", "."), 101, form="GP")]
    found = likelihoods(opened(vcf(rows, meta=ALL), "GP"), model(2))
    assert_allclose(found[0], 1, rtol=2e-3)
    assert_allclose(found[1], [[1 / 0.49, 0, 0], [0, 1 / 0.42, 0]], rtol=1e-6)
    assert (found[2] == 1).all()


def test_only_records_that_may_be_variants_of_the_model_are_kept(vcf: Write) -> None:
    """By position with or without ``chr``, or by ID; other records are counted alone."""
    rows = [
        record(CALLS, 100, form="PL"),
        record(CALLS, 100, chromosome="2", form="PL"),
        record(CALLS, 900, name="rs7", form="PL"),
        record(CALLS, 901, name="rs8", form="PL"),
        record(CALLS, 902, alt="CT", form="PL"),
        record(CALLS, 903, alt="C,G", form="PL"),
    ]
    variants = table([("chr1", 100, ".", "A", "C"), ("chr5", 5, "rs7", "A", "C")])
    store = opened(vcf(rows, meta=ALL), variants=variants)
    assert store.variants.position.tolist() == [100, 900]
    assert store.snps == 4
    assert dict(store.skipped) == {"not a SNP": 1, "multi-allelic": 1}


def test_files_are_joined_with_their_samples_in_one_order(vcf: Write) -> None:
    one = vcf([record(CALLS, 100, form="PL")], meta=ALL, name="1.vcf")
    two = vcf(
        [record(CALLS, 100, form="PL"), record(CALLS, 101, form="PL")],
        samples=("c", "a", "b"),
        meta=ALL,
        name="2.vcf",
    )
    store = opened([one, two])
    assert store.variants.position.tolist() == [100, 100, 101]
    assert_allclose(store.values[1], store.values[0][[1, 2, 0]])
    assert_allclose(store.values[2], store.values[0][[1, 2, 0]])
    other = vcf([record(CALLS, form="PL")], samples=("a", "b", "x"), meta=ALL, name="3.vcf")
    with pytest.raises(InputsDisagree, match="different samples"):
        opened([one, other])
    with pytest.raises(UsageProblem, match="given twice"):
        opened([one, one])


# Choosing --------------------------------------------------------------------------------------

HELD = {"GT": "0/1", "PL": "20,0,40", "GL": "-2,0,-4", "GP": "0.01,0.9,0.09", "DS": "1.1"}


def holding(vcf: Write, *fields: str, name: str = "x.vcf") -> str:
    form, value = ":".join(fields), ":".join(HELD[f] for f in fields)
    return vcf([record([value] * 3, form=form)], meta=ALL, name=name)


def shares(store: GenotypeStore | LikelihoodStore) -> dict[str, float]:
    return {"GT": 1.0} if isinstance(store, GenotypeStore) else dict(store.field_shares)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        (("GT",), "GT"),
        (("GT", "DS"), "DS"),
        (("GT", "DS", "GP"), "GP"),
        (("GT", "DS", "GL"), "GL"),
        (("GT", "GL", "GP", "PL"), "PL"),
        (("DS",), "DS"),
    ],
)
def test_the_most_informative_field_is_read(
    vcf: Write, name: str, fields: tuple, chosen: str
) -> None:
    """All are declared; the records decide."""
    path = holding(vcf, *fields, name=name)
    assert shares(opened(path, AUTO)) == {chosen: 1.0}
    if "GT" in fields:
        assert shares(opened(path, "GT")) == {"GT": 1.0}


@pytest.mark.parametrize("name", KINDS)
def test_every_sample_has_the_best_that_it_has_at_each_variant(vcf: Write, name: str) -> None:
    """Sequenced samples merged with array samples, and a field that few records have."""
    rows = [
        record(["0/1:20,0,40:.", "1/1:.:.", "./.:.:1.5"], 100, form="GT:PL:DS"),
        record(["0/0:.:0.1", "0/1:.,.,.:.", "./.:.:."], 101, form="GT:PL:DS"),
        record(["0/1", "0/0", "1/1"], 102),
    ]
    store = opened(vcf(rows, meta=ALL, name=name), AUTO)
    codes = [[FIELDS[f] if f < len(FIELDS) else None for f in row] for row in store.fields.tolist()]
    assert codes == [["PL", "GT", "DS"], ["DS", "GT", None], ["GT", "GT", "GT"]]
    assert store.field_shares == {"GT": 5 / 8, "DS": 2 / 8, "PL": 1 / 8}
    assert list(store.field_shares) == ["GT", "DS", "PL"]
    assert_allclose(store.values[0, 0], [0.01, 1, 0.0001], rtol=1e-3)
    assert store.values[0, 1].tolist() == [0, 0, 1]
    assert store.values[2].tolist() == np.eye(3)[[1, 0, 2]].tolist()
    assert np.isnan(store.values[1, 2]).all()
    assert store.counts().tolist() == [[0, 2, 1, 0], [1, 1, 0, 1], [1, 1, 1, 0]]


def test_values_of_each_field_are_treated_as_that_field_asks(vcf: Write) -> None:
    """Probabilities are divided by their prior; likelihoods and calls are not."""
    cells = ["0/1:0,0.5,0.5", "1/1:.", "./."]
    store = opened(vcf([record(cells, form="GT:GP")], meta=ALL), AUTO)
    found = likelihoods(store, model(1))[:, 0]
    assert_allclose(found, [[0, 0.5 / 0.42, 0.5 / 0.09], [0, 0, 1], [1, 1, 1]], rtol=1e-6)


def test_a_field_of_which_nothing_is_there_leaves_calls(vcf: Write, tmp_path: Path) -> None:
    rows = [
        record(["0/1:.", "0/0:.,.,.", "1/1"], form="GT:PL"),
        record(["./.:."] * 3, 101, form="GT:PL"),
    ]
    store = opened(vcf(rows, meta=ALL), AUTO)
    assert isinstance(store, GenotypeStore)
    assert store.dosages(slice(None)).tolist() == [[1, 0, 2], [-1, -1, -1]]
    assert store.snps == 2


def test_equal_likelihoods_are_no_information(vcf: Write) -> None:
    store = opened(
        vcf([record(["./.:0,0,0", "0/0:0,0,0", "0/1:9,0,9"], form="GT:PL")], meta=ALL), AUTO
    )
    assert store.counts().tolist() == [[0, 1, 0, 2]]


def test_one_field_alone_is_read_if_it_is_asked_for(vcf: Write) -> None:
    rows = [record(["0/1:20,0,40:1", "1/1:.:2", "0/0:.:."], form="GT:PL:DS")]
    store = opened(vcf(rows, meta=ALL), "DS")
    assert store.field_shares == {"DS": 1.0}
    assert np.isnan(store.values[0, 2]).all()


def test_the_shares_of_the_fields_are_logged(vcf: Write, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        opened(vcf([record(["0/1:20,0,40", "1/1:.", "0/0:."], form="GT:PL")], meta=ALL), AUTO)
    assert "Genotypes are read from GT (66.7 %) and PL (33.3 %)." in caplog.text


def test_files_with_different_fields_are_joined(vcf: Write, bed: Write) -> None:
    one = vcf(
        [record(["0/1:20,0,40", "1/1:.", "0/0:."], 100, form="GT:PL")], meta=ALL, name="1.vcf"
    )
    two = vcf([record(["1:1.1", "1:0.1", "1:2"], 101, form="DP:DS")], meta=ALL, name="2.vcf")
    three = bed([[0, 1, 2]], ["a", "b", "c"], variants=[("1", 102, ".", "A", "C")])
    far = bed([[0, 1, 2]], ["a", "b", "c"], variants=[("1", 900, ".", "A", "C")], name="far")
    store = opened([one, two, three, far], AUTO)
    assert store.variants.position.tolist() == [100, 101, 102]
    assert store.snps == 4
    assert [[FIELDS[f] for f in row] for row in store.fields] == [
        ["PL", "GT", "GT"], ["DS", "DS", "DS"], ["GT", "GT", "GT"],
    ]  # fmt: skip


def test_a_field_that_is_asked_for_has_to_be_in_every_file(vcf: Write, bed: Write) -> None:
    one = vcf([record(CALLS, form="PL")], meta=ALL)
    with pytest.raises(UsageProblem, match=r"x\.bed holds no PL"):
        opened([one, bed([[0, 1, 2]], ["a", "b", "c"])])
    two = vcf([record()], meta=[line for line in ALL if "ID=PL" not in line], name="2.vcf")
    with pytest.raises(InputUnreadable, match=r"2\.vcf holds no PL: its header declares GL"):
        opened([one, two])


def test_standard_input_is_read_for_all_fields(vcf: Write, tmp_path: Path) -> None:
    path = vcf([record(CALLS, form="PL")], meta=ALL, name="x.vcf.gz")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(Path(path).read_bytes(),))
    writer.start()
    store = opened(str(pipe), AUTO)
    writer.join()
    assert store.values.tolist() == opened(path, AUTO).values.tolist()


def test_plink_files_have_calls_alone(bed: Write) -> None:
    prefix = bed([[0, 1, 2]])
    assert isinstance(opened(prefix, AUTO), GenotypeStore)
    with pytest.raises(UsageProblem, match=f"{prefix}.bed holds no PL: it has only hard calls"):
        opened(prefix, "PL")


def test_a_field_that_is_not_declared_is_refused_with_those_that_are(vcf: Write) -> None:
    path = vcf([record()], meta=[line for line in ALL if "ID=GP" not in line])
    with pytest.raises(InputUnreadable, match="declares PL, GL, DS") as caught:
        opened(path, "GP")
    assert path in caught.value.problem


@pytest.mark.parametrize("name", [kind for kind in KINDS if kind != "x.bcf"])
@pytest.mark.parametrize("calls", [CALLS, [f"0/1:{call}" for call in CALLS]])
def test_a_field_that_the_header_does_not_declare_is_read(vcf: Write, name: str, calls) -> None:
    form = "PL" if calls is CALLS else "GT:PL"
    rows = [record(calls, form=form), record(calls[::-1], 101, form=form)]
    due = opened(vcf(rows, meta=ALL, name="declared.vcf"))
    for field in ("PL", AUTO):
        store = opened(vcf(rows, name=name), field)
        assert_allclose(store.values, due.values)
        assert store.field_shares == {"PL": 1.0}


def test_a_file_without_any_entry_of_the_field_is_refused(vcf: Write) -> None:
    with pytest.raises(InputUnreadable, match="holds no PL of a diploid"):
        opened(vcf([record()], meta=ALL))
    with pytest.raises(NothingLeft, match="no biallelic SNP"):
        opened(vcf([record(CALLS, alt="CT", form="PL")], meta=ALL))


def test_damage_is_an_error(vcf: Write) -> None:
    whole = Path(vcf([record(CALLS, 100 + i, form="PL") for i in range(500)], meta=ALL,
                     name="x.vcf.bgz"))  # fmt: skip
    cut = whole.with_name("cut.vcf.bgz")
    cut.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(InputUnreadable, match="cut short"):
        opened(str(cut))


@pytest.mark.parametrize("field", ["PL", "GL", "GP", "DS"])
def test_blank_lines_and_contigs_that_are_not_declared_do_not_matter(
    vcf: Write, field: str
) -> None:
    """A blank line in such a file once ended the process, as one without tabs did."""
    cells = [HELD[field]] * 3
    lines = [record(cells, 100, form=field), "", record(cells, 5, chromosome="un1", form=field), ""]
    store = opened(vcf(lines, meta=ALL), AUTO)
    assert store.field_shares == {field: 1.0}
    assert store.snps == 2
    with pytest.raises(InputUnreadable, match="1 columns; ten or more are needed"):
        opened(vcf([*lines, "no tabs here"], meta=ALL), AUTO)


@pytest.mark.parametrize("samples", [3, 30])
@pytest.mark.parametrize("position", [100, 900])
def test_a_record_with_a_wrong_number_of_columns_is_an_error_in_the_model_or_not(
    vcf: Write, samples: int, position: int
) -> None:
    short = record(["0/1:20,0,40"] * (samples - 1), position, form="GT:PL")
    path = vcf([short], [f"s{i}" for i in range(samples)], ALL)
    with pytest.raises(InputUnreadable, match=f"{samples - 1} calls for {samples} samples"):
        opened(path, AUTO)


# Another reader --------------------------------------------------------------------------------


def random_records(seed: int, variants: int = 40) -> list[str]:
    """PL of three samples, a tenth missing."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(variants):
        phred = rng.integers(0, 60, (3, 3))
        phred -= phred.min(axis=1, keepdims=True)
        calls = ["." if rng.random() < 0.1 else ",".join(map(str, p)) for p in phred]
        rows.append(record([f"0/1:{c}" for c in calls], 100 + i, form="GT:PL"))
    return rows


@needs_bcftools
def test_bcftools_reads_the_same_numbers(vcf: Write) -> None:
    path = vcf(random_records(1), meta=ALL, name="x.bcf")
    query = ["bcftools", "query", "-f", "[%PL\\t]\\n", path]
    text = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    words = [line.split("\t")[:3] for line in text.splitlines()]
    theirs = [[[0] * 3 if w == "." else list(map(int, w.split(","))) for w in row] for row in words]
    found = likelihoods(opened(path, variants=model(40)), model(40))
    assert_allclose(found.swapaxes(0, 1), 10 ** (-np.array(theirs) / 10), rtol=1e-3, atol=6e-8)


@needs_bcftools
def test_gl_of_bcftools_gives_what_pl_gives(vcf: Write, tmp_path: Path) -> None:
    path = vcf(random_records(2), meta=[line for line in ALL if "ID=GL" not in line])
    made = tmp_path / "gl.vcf"
    turn = ["bcftools", "+tag2tag", path, "-o", str(made), "--", "--pl-to-gl"]
    if subprocess.run(turn, capture_output=True, check=False).returncode:
        pytest.skip("this bcftools has no +tag2tag --pl-to-gl")
    variants = model(40)
    ours = likelihoods(opened(path, variants=variants), variants)
    assert_allclose(
        likelihoods(opened(str(made), "GL", variants), variants), ours, rtol=1e-3, atol=6e-8
    )
