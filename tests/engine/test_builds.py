"""Builds, headers, missing variants and relatives, from files to tables, on a small cohort.

The cohort is in GRCh37. ``lifted_model`` knows its variants in GRCh38 too, by a made-up chain of
pieces that are shifted, absent or inverted.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ancestry_ddvi.cli import main
from chain_files import expected, genome_pieces, write_chain
from click.testing import CliRunner
from safetensors.numpy import load_file

from ancestry_ddvi import api
from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.errors import InputsDisagree, UsageProblem
from ancestry_ddvi.genotypes.chromosomes import LENGTHS
from ancestry_ddvi.genotypes.formats.vcf_writer import write_vcf
from ancestry_ddvi.genotypes.harmonise.alleles import complement, is_ambiguous
from ancestry_ddvi.genotypes.qc.filters import Filters
from ancestry_ddvi.genotypes.variants import VariantTable

SAMPLES = 8
REFERENCE = Path(api.__file__).parents[1] / "reference_models" / "kgp.ddvi"
EXAMPLE = Path(api.__file__).parents[2] / "example_data"
KINDS = ("coords", "eigenvec", "pcs")


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> Path:
    return write_chain(tmp_path_factory.mktemp("chain") / "x.chain.gz", genome_pieces())


@pytest.fixture(scope="module")
def lifted_model(cohort_files, chain, tmp_path_factory):
    """The cohort fitted as ``fitted_model`` is, but with the chain."""
    prefix = tmp_path_factory.mktemp("lifted") / "cohort"
    return api.fit(
        [str(cohort_files.cohort)], str(prefix), device="cpu", settings={"steps": "400"},
        labels=str(cohort_files.labels), chain=str(chain),
    )  # fmt: skip


def embed(model, path: Path, prefix: Path, **options):
    return api.embed(
        str(model.files["model"]), [str(path)], str(prefix), device="cpu", draws=4, **options
    )


def written(
    path: Path, cohort, variants: VariantTable, rows: np.ndarray, *, header: str = "GRCh37",
    prefix: str = "", ids: bool = False,
) -> Path:  # fmt: skip
    """Eight samples at some variants, under the header of some build, without IDs by default."""
    rows = rows[np.lexsort((variants.position[rows], variants.chromosome[rows].astype(int)))]
    chosen = variants[rows]
    names = np.array([prefix + c for c in chosen.chromosome], dtype=object)
    given = chosen.id if ids else np.full(len(rows), ".", dtype=object)
    lengths = {f"{prefix}{n}": length for n, length in enumerate(LENGTHS[header], start=1)}
    dosages = cohort.dosages[rows, :SAMPLES]
    write_vcf(
        path,
        cohort.samples[:SAMPLES],
        replace(chosen, chromosome=names, id=given),
        dosages,
        lengths,
    )
    return path


@pytest.fixture(scope="module")
def variants_38(cohort_files) -> VariantTable:
    """The cohort's variants as a file of GRCh38 has them; those that cannot be lifted move too."""
    variants = cohort_files.simulated.variants
    lifted = expected(variants, genome_pieces())
    return replace(variants, position=np.where(lifted > 0, lifted, variants.position + 1))


@pytest.fixture(scope="module")
def liftable(cohort_files) -> np.ndarray:
    return np.flatnonzero(expected(cohort_files.simulated.variants, genome_pieces()))


@pytest.fixture(scope="module")
def honest(lifted_model, cohort_files, liftable, tmp_path_factory):
    """Eight samples at the liftable variants, in the build of the cohort."""
    folder = tmp_path_factory.mktemp("honest")
    cohort = cohort_files.simulated
    return embed(
        lifted_model, written(folder / "x.vcf", cohort, cohort.variants, liftable), folder / "x"
    )


def same_places(ours, theirs) -> bool:
    return all(ours.files[k].read_bytes() == theirs.files[k].read_bytes() for k in KINDS)


def test_a_chain_adds_positions_to_the_model_and_changes_nothing_else(
    fitted_model, lifted_model, chain
) -> None:
    ours, theirs = (load_file(m.files["model"]) for m in (fitted_model, lifted_model))
    added = theirs.pop("variants.position.GRCh38")
    assert {k: v.tobytes() for k, v in ours.items()} == {k: v.tobytes() for k, v in theirs.items()}
    model, plain = (Model.read(m.files["model"]) for m in (lifted_model, fitted_model))
    theirs, ours = model.record.as_json(), plain.record.as_json()
    texts = [dict(record.pop("card")) for record in (theirs, ours)]
    assert theirs == ours
    said = [text.pop("variants") for text in texts]
    assert texts[0] == texts[1] and said[0].startswith(said[1])
    assert said[0].endswith(f", {np.count_nonzero(added):,} in GRCh38")
    assert added.tolist() == expected(model.panel.variants, genome_pieces()).tolist()
    assert plain.panel.known == {"GRCh37": len(plain.panel)}
    assert lifted_model.summary["positions"] == model.panel.known
    assert model.panel.known["GRCh38"] == np.count_nonzero(added) < len(model.panel)
    assert lifted_model.summary["options"]["chain"] == str(chain)


def test_a_model_with_positions_in_two_builds_comes_back_as_it_was(lifted_model, tmp_path) -> None:
    model = lifted_model.files["model"]
    Model.read(model).write(tmp_path / "again.ddvi")
    assert (tmp_path / "again.ddvi").read_bytes() == model.read_bytes()


def test_a_chain_from_another_build_is_refused(cohort_files, tmp_path) -> None:
    path = write_chain(tmp_path / "x.chain", genome_pieces("GRCh38"), "GRCh38", "GRCh37")
    with pytest.raises(InputsDisagree, match="are of GRCh37"):
        api.fit([str(cohort_files.cohort)], str(tmp_path / "out" / "x"), chain=str(path))
    assert not list((tmp_path / "out").glob("x.ddvi"))


def test_a_chain_and_another_species_exclude_each_other(cohort_files, chain, tmp_path) -> None:
    options = {"chain": str(chain), "filters": Filters(allow_extra_chr=True)}
    with pytest.raises(UsageProblem, match="--allow-extra-chr"):
        api.fit([str(cohort_files.cohort)], str(tmp_path / "x"), **options)


def test_a_file_of_the_other_build_is_placed_where_it_would_be_in_the_own_one(
    lifted_model, cohort_files, variants_38, honest, tmp_path
) -> None:
    everything = np.arange(len(variants_38))
    path = written(tmp_path / "x.vcf", cohort_files.simulated, variants_38, everything,
                   header="GRCh38")  # fmt: skip
    other = embed(lifted_model, path, tmp_path / "x")
    match = other.summary["harmonisation"]
    assert (match["key"], match["detected_build"]) == ("position", "GRCh38")
    assert match["matched"] == honest.summary["harmonisation"]["matched"]
    assert same_places(other, honest)


@pytest.mark.parametrize("prefix", ["", "chr"])
@pytest.mark.parametrize(("build", "header"), [("GRCh37", "GRCh38"), ("GRCh38", "GRCh37")])
def test_a_header_that_lies_changes_no_byte_and_is_contradicted(
    lifted_model,
    cohort_files,
    variants_38,
    liftable,
    honest,
    tmp_path,
    caplog,
    build,
    header,
    prefix,
) -> None:
    variants = cohort_files.simulated.variants if build == "GRCh37" else variants_38
    path = written(tmp_path / "x.vcf", cohort_files.simulated, variants, liftable, header=header,
                   prefix=prefix)  # fmt: skip
    other = embed(lifted_model, path, tmp_path / "x")
    match = other.summary["harmonisation"]
    assert (match["file_build"], match["detected_build"]) == (header, build)
    assert same_places(other, honest)
    (warning,) = [r.getMessage() for r in caplog.records if "header declares" in r.getMessage()]
    assert f"declares {header}, but the positions are of {build}" in warning


def test_the_right_build_by_name_changes_no_byte(
    lifted_model, cohort_files, liftable, variants_38, honest, tmp_path
) -> None:
    path = written(tmp_path / "x.vcf", cohort_files.simulated, variants_38, liftable)
    other = embed(lifted_model, path, tmp_path / "x", build="GRCh38")
    assert other.summary["harmonisation"]["stated_build"] == "GRCh38"
    assert same_places(other, honest)


@pytest.mark.parametrize("build", ["GRCh37", "NCBI36"])
def test_a_wrong_build_by_name_leaves_ids_or_is_refused(
    lifted_model, cohort_files, liftable, variants_38, tmp_path, build
) -> None:
    named = written(tmp_path / "a.vcf", cohort_files.simulated, variants_38, liftable, ids=True)
    other = embed(lifted_model, named, tmp_path / "a", build=build)
    assert other.summary["harmonisation"]["key"] == "id"
    nameless = written(tmp_path / "b.vcf", cohort_files.simulated, variants_38, liftable)
    with pytest.raises(InputsDisagree, match=build):
        embed(lifted_model, nameless, tmp_path / "out" / "b", build=build)
    assert not list((tmp_path / "out").iterdir())


def test_a_build_no_sample_knows_is_a_usage_problem(lifted_model, cohort_files, tmp_path) -> None:
    with pytest.raises(UsageProblem, match="--build is hg19"):
        embed(lifted_model, cohort_files.query, tmp_path / "x", build="hg19")


def test_a_file_on_the_other_strand_changes_no_byte(
    lifted_model, cohort_files, liftable, tmp_path
) -> None:
    """At the variants that show their strand; the others are dropped then."""
    cohort, variants = cohort_files.simulated, cohort_files.simulated.variants
    shows = liftable[~is_ambiguous(variants.ref, variants.alt)[liftable]]
    same = embed(lifted_model, written(tmp_path / "y.vcf", cohort, variants, shows), tmp_path / "y")
    flip = np.random.default_rng(1).random(len(variants)) < 0.5
    flipped = {a: np.where(flip, complement(getattr(variants, a)), getattr(variants, a))
               for a in ("ref", "alt")}  # fmt: skip
    path = written(tmp_path / "x.vcf", cohort, replace(variants, **flipped), liftable)
    other = embed(lifted_model, path, tmp_path / "x")
    match = other.summary["harmonisation"]
    assert match["strand_flipped"] == pytest.approx(match["matched"] / 2, rel=0.1)
    assert match["ambiguous_dropped"] > 0
    assert same_places(other, same)


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_any_share_of_the_models_variants_places_all_samples(
    lifted_model, cohort_files, honest, tmp_path, share
) -> None:
    model, variants = Model.read(lifted_model.files["model"]), cohort_files.simulated.variants
    own = np.flatnonzero(np.isin(variants.id, model.panel.variants.id))
    rows = np.random.default_rng(2).permutation(own)[: round(share * len(own))]
    path = written(tmp_path / "x.vcf", cohort_files.simulated, variants, rows)
    other = embed(lifted_model, path, tmp_path / "x", min_variants=10)
    assert other.summary["harmonisation"]["matched"] == len(rows)
    assert other.summary["harmonisation"]["variant_fraction"] == pytest.approx(share, rel=0.05)
    assert np.isfinite(other.coordinates.mean).all()
    wider = other.posterior.sd.mean() / honest.posterior.sd.mean()
    assert wider > 2 if share < 0.5 else wider < 1.05


def test_a_file_without_any_variant_of_the_model_is_refused_with_one_sentence(
    lifted_model, cohort_files, tmp_path
) -> None:
    model, variants = Model.read(lifted_model.files["model"]), cohort_files.simulated.variants
    others = np.flatnonzero(~np.isin(variants.id, model.panel.variants.id))
    path = written(tmp_path / "x.vcf", cohort_files.simulated, variants, others)
    out = tmp_path / "out" / "x"
    words = ["embed", str(lifted_model.files["model"]), str(path), "--out", str(out)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 4
    assert result.stderr.count("Error: ") == 1
    assert f"0 of {len(model.panel):,} model variants" in result.stderr
    assert [p.name for p in out.parent.iterdir()] == ["x.log"]


@pytest.fixture(scope="module")
def everyone(fitted_model, cohort_files, tmp_path_factory):
    """The whole cohort embedded, the child and the copy among them."""
    return embed(fitted_model, cohort_files.cohort, tmp_path_factory.mktemp("all") / "x")


def test_relatives_in_the_input_are_told_of(everyone, cohort_files) -> None:
    rows = [line.split("\t") for line in everyone.files["relatives"].read_text().splitlines()]
    assert rows[0] == ["sample_1", "sample_2", "kinship", "variants", "relation"]
    relation = {"parent-child": "first degree", "duplicate": "duplicate"}
    truth = {(a, b, relation[how]) for a, b, how in cohort_files.simulated.relatives}
    assert {(row[0], row[1], row[4]) for row in rows[1:]} == truth
    assert everyone.summary["relatives"] == {"duplicate": 1, "first_degree": 2, "second_degree": 0}
    assert everyone.summary["files"]["relatives"] == str(everyone.files["relatives"])


def test_both_of_a_sample_given_twice_are_flagged(everyone, cohort_files) -> None:
    flags = zip(everyone.coordinates.samples, everyone.coordinates.flag, strict=True)
    flagged = {name for name, flag in flags if "duplicate_in_input" in flag.split(",")}
    ((*pair, _),) = [r for r in cohort_files.simulated.relatives if r[2] == "duplicate"]
    assert flagged == set(pair)


def test_without_relatives_the_table_is_empty(honest) -> None:
    assert len(honest.files["relatives"].read_text().splitlines()) == 1
    assert honest.summary["relatives"] == {"duplicate": 0, "first_degree": 0, "second_degree": 0}
    read = json.loads(honest.files["summary"].read_text())
    assert read["files"]["relatives"] == str(honest.files["relatives"])


@pytest.fixture(scope="module")
def of_kgp(tmp_path_factory):
    """Three samples at the variants of kgp in GRCh37, and at parts of them in the other build."""
    panel = Model.read(REFERENCE).panel
    folder, rng = tmp_path_factory.mktemp("kgp"), np.random.default_rng(5)
    dosages = rng.binomial(2, panel.frequency[:, None], (len(panel), 3)).astype(np.int8)
    number, names = panel.variants.chromosome.astype(int), np.full(len(panel), ".", dtype=object)
    ends = {str(n): max(some) for n, some in enumerate(zip(*LENGTHS.values(), strict=True), 1)}
    everywhere, part = np.ones(len(panel), dtype=bool), rng.random(len(panel)) < 0.3
    for name, kept, moved in (
        ("g37", everywhere, ~everywhere), ("by_chromosome", everywhere, number > 11),
        ("both", everywhere, part), ("part37", ~part, ~everywhere), ("part38", part, everywhere),
    ):  # fmt: skip
        position = np.where(moved, panel.positions["GRCh38"], panel.positions["GRCh37"])
        order = np.lexsort((position, number))
        order = order[kept[order]]
        variants = replace(panel.variants, position=position, id=names)[order]
        write_vcf(folder / f"{name}.vcf", ["a", "b", "c"], variants, dosages[order], ends)
    return folder


@pytest.mark.parametrize("model", ["kgp", "auto"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["g37.vcf", "--build", "GRCh38"], "--build is GRCh38, but the positions are of GRCh37"),
        (["by_chromosome.vcf"], "on chromosomes 12 to 22, have positions of GRCh38 and"),
        (["part37.vcf", "part38.vcf"], "the input mixes genome builds"),
    ],
)
def test_the_reference_model_refuses_a_wrong_build_and_two_builds_and_writes_nothing(
    of_kgp, tmp_path, model, words, message
) -> None:
    given = [str(of_kgp / word) if word.endswith(".vcf") else word for word in words]
    result = CliRunner().invoke(main, ["assign", model, *given, "--out", str(tmp_path / "x")])
    assert result.exit_code == 4
    assert result.stderr.count("Error: ") == 1 and message in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["x.assign.log"]


def test_a_file_with_both_builds_on_every_chromosome_is_told_of(of_kgp, tmp_path, caplog) -> None:
    path = of_kgp / "both.vcf"
    api.embed(str(REFERENCE), [str(path)], str(tmp_path / "x"), device="cpu", draws=2)
    (warning,) = [r.getMessage() for r in caplog.records if "mixes" in r.getMessage()]
    assert "variants have positions of GRCh" in warning and "both.vcf" in warning


def test_complete_cohorts_in_two_builds_are_not_fitted_together(tmp_path) -> None:
    bed = EXAMPLE / "cohort.bed"
    for suffix in (".bed", ".fam"):
        (tmp_path / f"x{suffix}").write_bytes(bed.with_suffix(suffix).read_bytes())
    rows = [row.split("\t") for row in bed.with_suffix(".bim").read_text().splitlines()]
    moved = [[*row[:3], str(int(row[3]) + 5003), *row[4:]] for row in rows]
    (tmp_path / "x.bim").write_text("\n".join(map("\t".join, moved)) + "\n")
    with pytest.raises(InputsDisagree, match="variants have two positions") as caught:
        api.fit([str(bed), str(tmp_path / "x.bed")], str(tmp_path / "y"), device="cpu")
    assert "mixes genome builds. Give the files of one build" in str(caught.value)
