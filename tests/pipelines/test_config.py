"""What the config of the workflow means: short forms, models of queries, needs of jobs, errors."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("snakemake")
yaml = pytest.importorskip("yaml")

from snakemake.exceptions import WorkflowError  # noqa: E402

from ancestry_ddvi.api import references  # noqa: E402
from ancestry_ddvi.version import __version__  # noqa: E402

PIPELINES = Path(__file__).parents[2] / "pipelines"


@pytest.fixture
def read(monkeypatch):
    """What ``common.smk`` makes of a config in YAML."""
    monkeypatch.chdir(PIPELINES)
    monkeypatch.delenv("DDVI_ANCESTRY_REFERENCES", raising=False)
    code = compile((PIPELINES / "common.smk").read_text(), "common.smk", "exec", dont_inherit=True)

    def meaning(text: str) -> SimpleNamespace:
        names = {"config": yaml.safe_load(text), "__name__": "common"}
        exec(code, names)
        return SimpleNamespace(**names)

    return meaning


def model_file(path: Path, levels: list[str], dims: int = 2, prior: str = "adaptive") -> Path:
    """The header of a model, which is all that the workflow reads."""
    options = {"dims": dims, "classes": [], "settings": {"prior": prior}}
    record = {"options": options, "groups": {"levels": levels} if levels else None}
    header = json.dumps({"__metadata__": {"ddvi_ancestry": json.dumps(record)}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


def test_one_cohort_and_one_query_are_two_lines(read):
    config = read("cohorts: {alpine: a.vcf.gz}\nqueries: {january: b.vcf.gz}")
    assert config.PAGES == {
        "alpine": ["results/cohorts/alpine", "results/queries/january.in.alpine"],
        "january.in.alpine": ["results/queries/january.in.alpine"],
    }


def test_a_reference_model_is_named_once_for_all_queries(read):
    config = read("models: [kgp]\nqueries: {a: a.vcf, b: [b1.vcf, b2.vcf]}")
    assert config.MODELS["kgp"].runs == ["results/queries/a.in.kgp", "results/queries/b.in.kgp"]
    assert config.MODELS["kgp"].file == []
    assert config.MODELS["kgp"].levels == ["population", "superpopulation"]


def test_each_query_is_embedded_in_every_model_or_in_those_it_names(read):
    config = read(
        "cohorts: {alpine: a.vcf, coast: c.bed}\n"
        "models: [kgp]\n"
        "queries: {all: q.vcf, some: {files: q.vcf, models: [coast, kgp]}}\n"
    )
    embedded = {name: model.queries for name, model in config.MODELS.items()}
    assert embedded == {"alpine": ["all"], "coast": ["all", "some"], "kgp": ["all", "some"]}


def test_every_file_of_a_cohort_is_packed_unless_it_is_plink_1(read):
    config = read("cohorts: {alpine: [chr1.vcf.gz, chr2.bed, chr3.pgen]}")
    packed = config.stores("alpine")
    assert packed == ["results/stores/alpine/1.bed", "chr2.bed", "results/stores/alpine/3.bed"]
    assert config.beside(["chr1.vcf.gz", "chr2.bed"]) == ["chr2.bim", "chr2.fam"]


def test_options_of_one_cohort_come_after_those_of_all(read):
    config = read(
        "cohorts: {alpine: {files: a.bed, extra: --maf 0.1}, coast: c.bed}\n"
        "extra: {fit: --maf 0.05}\n"
    )
    options = {name: config.options_of("fit", entry) for name, entry in config.COHORTS.items()}
    assert options == {"alpine": "--maf 0.05 --maf 0.1", "coast": "--maf 0.05"}


def test_levels_of_a_model_in_a_file_are_read_from_it(read, tmp_path):
    herd = model_file(tmp_path / "herd.ddvi", ["breed"])
    plain = model_file(tmp_path / "plain.ddvi", [], dims=1, prior="mixture:4")
    config = read(f"models: {{herd: {herd}, plain: {plain}}}\nqueries: {{a: a.vcf}}")
    herd, plain = config.MODELS["herd"], config.MODELS["plain"]
    assert (herd.levels, herd.multiqc) == (["breed"], ["_mqc.json", ".map_mqc.json"])
    assert (plain.levels, plain.multiqc, plain.clusters) == ([], ["_mqc.json"], ["groups.tsv"])


def test_levels_of_an_own_reference_model_are_read_from_its_folder(read, tmp_path, monkeypatch):
    model_file(tmp_path / "kgp.ddvi", ["breed"])
    monkeypatch.setenv("DDVI_ANCESTRY_REFERENCES", f"/none:{tmp_path}")
    assert read("models: [kgp]").MODELS["kgp"].levels == ["breed"]


def test_a_model_that_is_made_later_has_its_levels_stated(read):
    config = read("models: {herd: {file: later.ddvi, levels: [breed/line]}}")
    assert config.MODELS["herd"].tables == ["ancestry.tsv", "assign.breed_line.tsv"]


def test_the_levels_of_the_models_in_the_package_are_known(read):
    rows = references().to_frame().to_dict("records")
    found = {row["name"]: row["levels"].split(",") for row in rows}
    assert found == read("cohorts: {a: a.bed}").SHIPPED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cohrts: {a: a.vcf}", "config: Additional properties are not allowed ('cohrts'"),
        ("queries: {a/b: x.vcf}", "'a/b' does not match"),
        ("cohorts: {a.in.b: x.vcf}", "'a.in.b' should not be valid"),
        ("cohorts: {a: {files: a.vcf, labels: b.tsv}}", "cohorts.a: 'levels' is a dependency"),
        ("cohorts: {a: {labels: b.tsv, levels: []}}", "'files' is a required property"),
        ("cohorts: {a: []}", "should be non-empty"),
        ("extra: --set steps=1", "is not of type 'object'"),
        ("queries: {a: a.vcf}", "there is nothing to embed the queries in"),
        ("cohorts: {kgp: a.vcf}\nmodels: [kgp]", "kgp is both a cohort and a model"),
        ("models: [auto]\nqueries: {a: a.vcf}", "auto stands for a choice"),
        (
            "models: [kgp]\nqueries: {a: {files: a.vcf, models: [hapmap3]}}",
            "hapmap3 is neither a cohort nor a model (there are kgp); add it under models",
        ),
        ("models: [kpg]\nqueries: {a: a.vcf}", "there is no model kpg; check its name"),
        ("models: {herd: no.ddvi}", "there is no model no.ddvi; check its name"),
        ("cohorts: {a: {files: a.vcf, extra: --report}}", "cohorts: a: extra: --report cannot"),
        ("models: [kgp]\nextra: {embed: --out=x}", "extra: embed: --out cannot be given here"),
        (
            "models: [kgp]\nqueries: {a: {files: a.vcf, extra: --draws-out}}",
            "give --draws-out under extra: embed",
        ),
    ],
)
def test_a_mistake_in_the_config_is_named(read, text, expected):
    with pytest.raises(WorkflowError, match=re.escape(expected)):
        read(text)


def test_a_job_that_is_tried_again_gets_more(read):
    config = read("cohorts: {a: a.bed}")
    memory = config.by_size(2000, 0.1)
    needs = [memory(None, SimpleNamespace(size_mb=500), attempt) for attempt in (1, 2)]
    assert needs == [2050, 4100]


@pytest.mark.parametrize(
    ("line", "memory", "minutes"),
    [
        ("need about 1,234 MiB of memory and 45 s (estimated)", 2043, 12),
        ("need about 6,018 MiB of memory and 17 min (estimated)", 8023, 44),
        ("read -: 3 samples, an unknown number of records", 10500, 130),
    ],
)
def test_a_fit_gets_what_is_planned_and_some_more(read, tmp_path, line, memory, minutes):
    config, plan = read("cohorts: {a: a.bed}"), tmp_path / "plan.txt"
    plan.write_text(f"{line}\n")
    files = SimpleNamespace(plan=plan)
    assert config.fit_memory(None, files, attempt=1) == memory
    assert config.fit_memory(None, files, attempt=2) == 2 * memory
    assert config.fit_time(None, files, attempt=1) == minutes


def test_the_config_beside_the_workflow_holds_every_key(read):
    text = (PIPELINES / "config.yaml").read_text()
    schema = yaml.safe_load((PIPELINES / "config.schema.yaml").read_text())
    assert {*yaml.safe_load(text)} == {*schema["properties"]} - {"container"}
    assert [*read(text).PAGES] == ["alpine", "query.in.alpine"]


def test_the_environment_has_the_version_of_the_package():
    environment = yaml.safe_load((PIPELINES / "envs/ddvi-ancestry.yaml").read_text())
    minor = __version__.rpartition(".")[0]
    assert environment["dependencies"] == [f"ddvi-ancestry ={minor}"]
    assert environment["channels"] == ["conda-forge", "bioconda", "nodefaults"]


def test_every_command_of_the_workflow_has_that_environment():
    rules = (PIPELINES / "Snakefile").read_text()
    assert rules.count('"envs/ddvi-ancestry.yaml"') == rules.count("shell:") == 6


def test_the_profile_for_slurm_gives_no_resources_but_defaults():
    profile = yaml.safe_load((PIPELINES / "profiles/slurm/config.yaml").read_text())
    assert profile["executor"] == "slurm"
    assert {"mem_mb", "runtime"} <= {*profile["default-resources"]}
