"""The variants of a model, as other programs read them."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ancestry_ddvi
from ancestry_ddvi import api
from ancestry_ddvi.errors import InputsDisagree, OutputUnwritable, UsageProblem
from ancestry_ddvi.genotypes.formats.variant_lists import LISTS

MODELS = ["kgp", "hapmap3"]


def ran(*words: object, text: str | None = None) -> str:
    """What another program prints; the test is skipped where it is absent."""
    if not shutil.which(str(words[0])):
        pytest.skip(f"{words[0]} is not installed")
    done = subprocess.run(list(map(str, words)), input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[W::" not in done.stderr and "[E::" not in done.stderr, done.stderr
    return done.stdout


def positions(text: str) -> list[tuple[str, int]]:
    """Chromosome and position of every line of a table or VCF."""
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return [(row[0], int(row[1])) for row in rows]


def pairs(frame: pd.DataFrame) -> list[tuple[str, int]]:
    return [*zip(frame["chromosome"], frame["position"], strict=True)]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("build", ["GRCh37", "GRCh38"])
def test_bcftools_reads_indexes_and_sorts_the_vcf_as_it_is(name, build, tmp_path) -> None:
    path = tmp_path / "sites.vcf.gz"
    frame = api.variants(name, str(path), build=build).to_frame()
    assert positions(ran("bcftools", "view", "-H", path)) == pairs(frame)
    ran("bcftools", "index", path)
    assert int(ran("bcftools", "index", "-n", path)) == len(frame)
    query = "%CHROM\t%POS\t%ID\t%REF\t%ALT\t%INFO/AF\n"
    rows = [line.split("\t") for line in ran("bcftools", "query", "-f", query, path).splitlines()]
    columns = frame[["id", "ref", "alt"]].to_numpy().tolist()
    assert [row[2:5] for row in rows] == columns
    np.testing.assert_allclose([float(row[5]) for row in rows], frame["frequency"], rtol=1e-5)
    sorted_again = ran("bcftools", "sort", path)
    assert positions(sorted_again) == pairs(frame)


@pytest.mark.parametrize("name", MODELS)
def test_the_positions_are_those_the_model_knows_in_each_build(name) -> None:
    model = ancestry_ddvi.load(name)
    panel = model.model.panel
    for build, known in panel.positions.items():
        frame = model.variants(build)
        assert (known[frame.index] == frame["position"]).all()
        assert set(frame.index) == set(np.flatnonzero(known > 0))
        assert frame["alt"].tolist() == panel.variants.alt[frame.index].tolist()
        order = frame.groupby("chromosome", sort=False)["position"]
        assert order.is_monotonic_increasing.all()
        assert [*dict.fromkeys(frame["chromosome"])] == [str(n) for n in range(1, 23)]


def test_tabix_finds_a_variant_in_every_list_with_positions(tmp_path) -> None:
    frame = api.variants("kgp").to_frame()
    chromosome, position = frame[["chromosome", "position"]].iloc[500]
    columns = {"bed": ["-p", "bed"], "vcf": ["-p", "vcf"], "targets": ["-s1", "-b2", "-e2"]}
    for kind, words in columns.items():
        path = tmp_path / f"sites{LISTS[kind].endings[0]}.gz"
        api.variants("kgp", str(path))
        ran("tabix", *words, path)
        (line,) = ran("tabix", path, f"{chromosome}:{position}-{position}").splitlines()
        assert str(position) in line.split("\t")[:3]


@pytest.mark.parametrize("kind", ["bed", "vcf", "targets"])
@pytest.mark.parametrize("option", ["-R", "-T"])
def test_bcftools_views_the_variants_of_a_model(
    kind, option, fitted_model, cohort_files, tmp_path
) -> None:
    frame = api.variants(str(fitted_model.files["model"])).to_frame()
    sites, file = tmp_path / f"sites{LISTS[kind].endings[0]}.gz", tmp_path / "cohort.vcf.gz"
    api.variants(str(fitted_model.files["model"]), str(sites))
    shutil.copy(cohort_files.cohort, file)
    ran("bcftools", "index", file)
    if option == "-R" and kind == "vcf":
        ran("bcftools", "index", sites)
    assert set(positions(ran("bcftools", "view", "-H", option, sites, file))) == set(pairs(frame))


@pytest.mark.parametrize(
    ("kind", "words"),
    [("ids", ["--extract"]), ("range", ["--extract", "bed1"]), ("bed", ["--extract", "bed0"])],
)
def test_plink2_extracts_the_variants_of_a_model(
    kind, words, fitted_model, cohort_files, tmp_path
) -> None:
    model = str(fitted_model.files["model"])
    sites = tmp_path / f"sites{LISTS[kind].endings[0]}"
    frame = api.variants(model, str(sites)).to_frame()
    ran("plink2", "--vcf", cohort_files.cohort, *words, sites, "--make-just-pvar", "--out",
        tmp_path / "x")  # fmt: skip
    rows = positions((tmp_path / "x.pvar").read_text())
    assert sorted(rows) == sorted(pairs(frame))


def test_plink1_extracts_the_ranges(fitted_model, cohort_files, tmp_path) -> None:
    sites = tmp_path / "sites.range"
    frame = api.variants(str(fitted_model.files["model"]), str(sites)).to_frame()
    ran("plink1.9", "--vcf", cohort_files.cohort, "--double-id", "--extract", "range", sites,
        "--make-just-bim", "--out", tmp_path / "x")  # fmt: skip
    assert len((tmp_path / "x.bim").read_text().splitlines()) == len(frame)


def embedded(model: str, path: Path) -> pd.DataFrame:
    return api.embed(model, [str(path)], device="cpu", draws=4, min_variants=20).to_frame()


def test_a_file_cut_to_the_variants_has_the_embedding_of_the_whole_file(
    fitted_model, cohort_files, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = str(fitted_model.files["model"])
    api.variants(model, "sites.bed")
    ran("bcftools", "view", "-T", "sites.bed", "-Oz", "-o", "cut.vcf.gz", cohort_files.query)
    with gzip.open("cut.vcf.gz", "rt") as cut, gzip.open(cohort_files.query, "rt") as whole:
        assert 0 < len(positions(cut.read())) < len(positions(whole.read()))
    pd.testing.assert_frame_equal(
        embedded(model, tmp_path / "cut.vcf.gz"), embedded(model, cohort_files.query)
    )


def as_gvcf(vcf: Path, path: Path) -> None:
    """The first sample of a VCF, its reference calls as blocks that reach to the next variant."""
    header = [
        "##fileformat=VCFv4.3",
        '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        *(f"##contig=<ID={n},length=250000000>" for n in range(1, 23)),
        "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts",
    ]
    with gzip.open(vcf, "rt") as handle:
        rows = [line.split("\t")[:10] for line in handle if not line.startswith("#")]
    lines, at = [], ("", 1)
    for chromosome, position, _, ref, alt, *_, call in rows:
        start = at[1] if at[0] == chromosome else int(position) - 20
        if call.startswith("0/0"):
            at = (chromosome, start)
            continue
        if start < int(position):
            info = f"END={int(position) - 1}"
            lines.append(f"{chromosome}\t{start}\t.\tN\t<NON_REF>\t.\t.\t{info}\tGT\t0/0")
        columns = (chromosome, position, ".", ref, f"{alt},<NON_REF>", ".", ".", ".", "GT")
        lines.append("\t".join([*columns, call.strip()]))
        at = (chromosome, int(position) + 1)
    path.write_text("\n".join([*header, *lines]) + "\n")


def test_a_gvcf_cut_to_the_variants_has_the_embedding_of_the_whole_file(
    fitted_model, cohort_files, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = str(fitted_model.files["model"])
    as_gvcf(cohort_files.query, tmp_path / "s.g.vcf")
    ran("bcftools", "view", "-Oz", "-o", "s.g.vcf.gz", "s.g.vcf")
    ran("bcftools", "index", "s.g.vcf.gz")
    api.variants(model, "sites.bed")
    ran("bcftools", "view", "-R", "sites.bed", "-Oz", "-o", "cut.g.vcf.gz", "s.g.vcf.gz")
    whole = embedded(model, tmp_path / "s.g.vcf")
    pd.testing.assert_frame_equal(embedded(model, tmp_path / "cut.g.vcf.gz"), whole)
    assert whole["n_variants"].item() > 100


@pytest.mark.parametrize(("prefix", "first"), [(True, "chr1"), (False, "1"), (None, "1")])
def test_chromosomes_have_a_prefix_where_it_is_asked_for(prefix, first) -> None:
    listed = api.variants("kgp", chr_prefix=prefix)
    assert listed.to_frame()["chromosome"].iloc[0] == first
    lengths = [line for line in listed.lines() if line.startswith("##contig")]
    assert lengths[0] == f"##contig=<ID={first},length=249250621,assembly=GRCh37>"


def test_variants_are_sorted_by_the_names_that_are_written(fitted_model) -> None:
    from dataclasses import replace

    from ancestry_ddvi.api._named import NamedModel

    named = NamedModel.read(str(fitted_model.files["model"]))
    panel = named.model.panel
    names = panel.variants.chromosome.copy()
    names[::2] = [f"chr{name}" for name in names[::2]]
    mixed = replace(panel, variants=replace(panel.variants, chromosome=names))
    named = replace(named, model=replace(named.model, panel=mixed))
    frame = api.variants(named, chr_prefix=True).to_frame()
    assert len(frame) == len(panel)
    assert frame.groupby("chromosome", sort=False)["position"].is_monotonic_increasing.all()
    assert (frame["chromosome"] != frame["chromosome"].shift()).sum() == len(set(frame.chromosome))


def test_chromosomes_of_other_names_keep_them() -> None:
    from ancestry_ddvi.genotypes.chromosomes import prefixed_chromosome

    names = {"1": "chr1", "chr7": "chr7", "X": "chrX", "MT": "chrM", "chrM": "chrM",
             "NC_000007.14": "chr7", "scaffold_12": "scaffold_12", "29": "chr29"}  # fmt: skip
    assert {name: prefixed_chromosome(name) for name in names} == names


def test_variants_without_a_position_in_a_build_are_left_out_and_counted(caplog) -> None:
    frame = api.variants("hapmap3", build="GRCh38").to_frame()
    assert (frame["position"] > 0).all()
    assert f"{12897 - len(frame)} of 12897 variants of the model have no position" in caplog.text


def test_a_build_that_the_model_does_not_know_is_refused(fitted_model) -> None:
    model = str(fitted_model.files["model"])
    with pytest.raises(InputsDisagree, match=r"in GRCh38\. It knows them in GRCh37; fit --chain"):
        api.variants(model, build="GRCh38")


def test_ids_are_refused_where_a_variant_has_none(tmp_path) -> None:
    from dataclasses import replace

    listed = api.variants("hapmap3").listed
    table = listed.variants[:3]
    table.id[1] = "."
    some = replace(listed, variants=table, frequency=listed.frequency[:3])
    with pytest.raises(UsageProblem, match=r"1 of 3 variants .* --format range"):
        list(LISTS["ids"].lines(some))
    names = [line.split("\t")[3] for line in LISTS["range"].lines(some)]
    row = table[1:2]
    assert names[1] == f"1:{row.position[0]}:{row.ref[0]}:{row.alt[0]}"


def test_an_ending_that_tells_nothing_is_refused_before_a_model_is_read(tmp_path) -> None:
    with pytest.raises(UsageProblem, match="one of vcf, bed, range, ids, targets"):
        api.variants("no such model", str(tmp_path / "x.list"))
    path = tmp_path / "x.list"
    api.variants("kgp", str(path), format="range")
    assert path.read_text().splitlines()[0] == "1\t69761\t69761\t1:69761:A:T"
    with pytest.raises(UsageProblem, match="--format is xlsx"):
        api.variants("kgp", format="xlsx")


def test_neither_the_model_is_overwritten_nor_a_folder(fitted_model, tmp_path) -> None:
    model = tmp_path / "m.ddvi"
    shutil.copy(fitted_model.files["model"], model)
    with pytest.raises(UsageProblem, match="is one of the inputs"):
        api.variants(str(model), str(model), format="bed")
    (tmp_path / "d.bed").mkdir()
    with pytest.raises(OutputUnwritable):
        api.variants(str(model), str(tmp_path / "d.bed"))
