"""Commands: the call of the API, its arguments, and what is printed."""

from __future__ import annotations

import inspect

import click
import pytest

from ancestry_ddvi.genotypes.qc.filters import Filters

OURS = {"inputs", "given", "reward", "out", "model", "progress", "threads"}


def test_fit_passes_every_option(run, api):
    words = (
        "fit a.vcf b.vcf --out x/y --labels pop.tsv --dims 3 --seed 7 --device cpu --threads 5 "
        "--method ddvi --prior mixture:3 --semi-supervised --chain c.gz --project-on kgp "
        "--set steps=10 --set note=a=b --card terms=open=yes --maf 0.1 --geno 0.2 --mind 0.3 "
        "--hwe 1e-6 --ld-r2 0.4 --ld-window-kb 50 --king-cutoff 0.25 "
        "--allow-extra-chr --no-ld-regions --drop-ambiguous --var-filter LowQual"
    )
    result = run(*words.split())
    assert result.exit_code == 0, result.output
    ((command, inputs, options),) = api.calls
    assert (command, *inputs) == ("fit", ("a.vcf", "b.vcf"), "x/y")
    options.pop("progress")
    assert options == {
        "labels": "pop.tsv",
        "dims": 3,
        "seed": 7,
        "device": "cpu",
        "threads": 5,
        "method": "ddvi",
        "prior": "mixture:3",
        "semi_supervised": True,
        "chain": "c.gz",
        "project_on": "kgp",
        "var_filter": "LowQual",
        "settings": {"steps": "10", "note": "a=b"},
        "card": {"terms": "open=yes"},
        "dry_run": False,
        "filters": Filters(
            maf=0.1,
            geno=0.2,
            mind=0.3,
            hwe=1e-6,
            ld_r2=0.4,
            ld_window_kb=50,
            king_cutoff=0.25,
            allow_extra_chr=True,
            ld_regions=False,
            drop_ambiguous=True,
        ),
    }


def test_embed_passes_every_option(run, api):
    words = (
        "embed m.ddvi new.vcf --out x --draws 9 --seed 7 --device cpu --threads 5 "
        "--min-variants 3 --build GRCh38 --labels pop.tsv --field PL --draws-out "
        "--var-filter LowQual --absent reference --targets t.bed"
    )
    run(*words.split())
    ((command, inputs, options),) = api.calls
    assert (command, *inputs) == ("embed", "m.ddvi", ("new.vcf",), "x")
    options.pop("progress")
    assert options == {
        "draws": 9,
        "seed": 7,
        "device": "cpu",
        "threads": 5,
        "min_variants": 3,
        "build": "GRCh38",
        "labels": "pop.tsv",
        "field": "PL",
        "var_filter": "LowQual",
        "absent": "reference",
        "targets": "t.bed",
        "draws_out": True,
    }


def test_assign_passes_every_option(run, api):
    words = (
        "assign m.ddvi new.vcf --out x --draws 9 --seed 7 --device cpu --threads 5 "
        "--min-variants 3 --build GRCh38 --labels pop.tsv --field PL --reference c.tsv "
        "--min-prob 0.7 --var-filter LowQual --absent reference --targets t.bed"
    )
    run(*words.split())
    ((command, inputs, options),) = api.calls
    assert (command, *inputs) == ("assign", "m.ddvi", ("new.vcf",), "x")
    options.pop("progress")
    assert options == {
        "draws": 9,
        "seed": 7,
        "device": "cpu",
        "threads": 5,
        "min_variants": 3,
        "build": "GRCh38",
        "labels": "pop.tsv",
        "field": "PL",
        "var_filter": "LowQual",
        "absent": "reference",
        "targets": "t.bed",
        "reference": "c.tsv",
        "min_prob": 0.7,
    }


def test_condition_passes_every_option(run, api):
    words = (
        "condition m.ddvi --given a.vcf --given b.vcf --population CEU --population YRI:0.7 "
        "--out x --draws 9 --seed 7 --device cpu --threads 5 --min-variants 3 --build GRCh38 "
        "--labels pop.tsv --field PL --draws-out --sampler outsourced --sampler-steps 50 "
        "--var-filter LowQual --absent reference --targets t.bed"
    )
    run(*words.split())
    ((command, inputs, options),) = api.calls
    assert (command, *inputs) == ("condition", "m.ddvi", ("a.vcf", "b.vcf"), "x")
    options.pop("progress")
    assert options == {
        "population": ("CEU", "YRI:0.7"),
        "draws": 9,
        "seed": 7,
        "device": "cpu",
        "threads": 5,
        "min_variants": 3,
        "build": "GRCh38",
        "labels": "pop.tsv",
        "field": "PL",
        "var_filter": "LowQual",
        "absent": "reference",
        "targets": "t.bed",
        "draws_out": True,
        "sampler": "outsourced",
        "sampler_steps": 50,
    }


@pytest.mark.parametrize(
    ("words", "position", "name"),
    [
        (["fit", "~/x.vcf"], 0, None),
        (["fit", "x.vcf", "--out=~/x"], 1, None),
        (["fit", "x.vcf", "--out", "~/x"], 1, None),
        (["fit", "x.vcf", "--labels=~/x.tsv"], None, "labels"),
        (["fit", "x.vcf", "--chain=~/x.chain"], None, "chain"),
        (["embed", "~/x.ddvi", "x.vcf"], 0, None),
        (["embed", "x.ddvi", "~/x.vcf"], 1, None),
        (["assign", "x.ddvi", "x.vcf", "--labels=l", "--reference=~/x.tsv"], None, "reference"),
        (["condition", "x.ddvi", "--given=~/x.vcf"], 1, None),
        (["sample", "x.ddvi", "--out=~/x.vcf"], 1, None),
        (["decode", "x.ddvi", "~/x.tsv"], 1, None),
        (["plot", "~/x"], 0, None),
        (["plot", "y", "--out=~/x.png"], 1, None),
    ],
)
def test_a_tilde_that_the_shell_left_is_the_home_folder(
    run, api, tmp_path, monkeypatch, words, position, name
):
    monkeypatch.setenv("HOME", str(tmp_path))
    result = run(*words)
    assert result.exit_code == 0, result.output
    ((_, inputs, options),) = api.calls
    value = options[name] if name else inputs[position]
    (path,) = value if isinstance(value, tuple) else (value,)
    assert path.startswith(f"{tmp_path}/x")
    assert not (tmp_path / "~").exists()


def commands(group):
    for command in group.commands.values():
        yield from commands(command) if isinstance(command, click.Group) else [command]


def test_every_path_may_begin_with_a_tilde(main):
    names = {"PREFIX", "FILE", "FOLDER", "TABLE", "COORDS", "MODEL", "INPUT", "INPUT..."}
    names |= {"FIGURE", "PREFIX|MODEL"}
    params = [param for command in commands(main) for param in command.params]
    paths = [param for param in params if param.metavar in names]
    assert {param.metavar for param in paths} == names
    assert [param.name for param in paths if not isinstance(param.type, click.Path)] == []


def test_a_tilde_within_a_name_stays(run, api):
    run("fit", "a~b.vcf", "--out", "c~")
    assert api.calls[0][1] == (("a~b.vcf",), "c~")


def test_decode_passes_its_table(run, api):
    run("decode", "m.ddvi", "c.coords.tsv", "--out", "x")
    ((command, inputs, _),) = api.calls
    assert (command, *inputs) == ("decode", "m.ddvi", "c.coords.tsv", "x")


def test_plot_passes_every_option(run, api):
    words = (
        "plot run --out x.pdf --axes 1,3 --axes PC1,PC2 --color-by age --table t.csv "
        "--highlight a --highlight b --width 85 --title Alps --no-caption"
    )
    run(*words.split())
    ((command, inputs, options),) = api.calls
    assert (command, *inputs) == ("plot", "run", "x.pdf")
    assert options == {
        "axes": ("1,3", "PC1,PC2"),
        "color_by": "age",
        "table": "t.csv",
        "highlight": ("a", "b"),
        "width": 85,
        "title": "Alps",
        "caption": False,
    }


def test_sample_passes_every_option(run, api):
    words = "sample m.ddvi -n 7 --population CEU:0.3 --population YRI --seed 5 --out x.vcf"
    run(*words.split())
    ((command, inputs, options),) = api.calls
    assert (command, *inputs) == ("sample", "m.ddvi", "x.vcf")
    options.pop("progress")
    assert options == {"n": 7, "population": ("CEU:0.3", "YRI"), "seed": 5}


def test_ingest_passes_its_input(run, api):
    run("ingest", "-", "--out", "x")
    ((command, inputs, _),) = api.calls
    assert (command, *inputs) == ("ingest", ("-",), "x")


@pytest.mark.parametrize(
    "words",
    [
        ["fit", "x.vcf"], ["embed", "m", "x.vcf"], ["assign", "m", "x.vcf"],
        ["condition", "m.ddvi"], ["sample", "m.ddvi"], ["decode", "m.ddvi", "c.tsv"],
        ["ingest", "x.vcf"], ["compare", "x.vcf"], ["plot", "m.ddvi"],
        ["benchmark", "mnist", "--data", "d"], ["benchmark", "toy"],
        ["benchmark", "genotypes", "x.vcf"],
        ["benchmark", "conditional", "--data", "d"],
    ],
)  # fmt: skip
def test_the_defaults_are_those_of_the_function(run, words, monkeypatch):
    from ancestry_ddvi import api as real

    from .conftest import FakeAPI

    fake = FakeAPI()
    monkeypatch.setattr("ancestry_ddvi.api", fake)
    assert run(*words).exit_code == 0
    ((command, inputs, options),) = fake.calls
    signature = inspect.signature(getattr(real, command))
    signature.bind(*inputs, **options)
    defaults = {
        name: param.default
        for name, param in signature.parameters.items()
        if name not in OURS and param.default is not param.empty
    }
    ours = OURS | (
        {"methods", "priors", "dims"} if words[:2] == ["benchmark", "genotypes"] else set()
    )
    if words[0] == "benchmark":  # each benchmark has some of the options of the function
        ours |= {"data", "settings"} | (defaults.keys() - options.keys())
    assert {name: options[name] for name in options if name not in ours} == {
        name: value for name, value in defaults.items() if name not in ours
    }


def test_without_filters_the_thresholds_are_those_of_the_package(run, api):
    run("fit", "x.vcf")
    assert api.calls[0][2]["filters"] == Filters()


def test_stdout_has_the_paths_and_nothing_else(run, api):
    api.during = lambda progress, **_: progress.stage("Reading", 3).__enter__()(3)
    assert run("fit", "x.vcf").stdout == "x.ddvi\nx.coords.tsv\n"


def test_the_prefix_comes_from_the_input_and_the_model(run, api):
    run("fit", "some/x.vcf.gz")
    run("embed", "other/m.ddvi", "some/x.vcf.gz")
    run("sample", "other/m.ddvi")
    assert [inputs[-1] for _, inputs, _ in api.calls] == ["x", "x.in.m", "m.synthetic.vcf.gz"]


def test_the_help_names_every_format(run):
    said = " ".join(run("--help").stdout.split())
    for name in ("VCF", "BCF", "PLINK", "EIGENSTRAT", "BGEN", "VCF Zarr"):
        assert name in said


def test_a_dry_run_prints_the_plan_and_leaves_the_folder_empty(run, api, tmp_path):
    result = run("fit", "x.vcf", "--dry-run", "--out", "sub/x")
    assert result.stdout == "read\nfit\nwrite\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "steps"], "'steps' is not KEY=VALUE"),
        (["--set", "=5"], "'=5' is not KEY=VALUE"),
        (["--out", "results/"], "results/cohort"),
        (["--out", ""], "prefix"),
        (["--maf", "0.7"], "--maf is 0.7"),
        (["--dims", "0"], "--dims"),
        (["--threads", "0"], "--threads"),
    ],
)
def test_an_invalid_value_is_a_usage_error(run, api, tmp_path, words, said):
    result = run("fit", "x.vcf", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not api.calls
    assert list(tmp_path.iterdir()) == []
