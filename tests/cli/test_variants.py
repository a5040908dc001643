"""``ddvi-ancestry variants`` on the command line."""

from __future__ import annotations

from inspect import cleandoc

import pytest
from ancestry_ddvi.cli import main

from ancestry_ddvi import api
from ancestry_ddvi.genotypes.formats.variant_lists import LISTS


def test_standard_output_has_the_vcf_and_nothing_else(run):
    result = run("variants", "kgp", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "".join(f"{line}\n" for line in api.variants("kgp").lines())


@pytest.mark.parametrize("kind", ["bed", "range", "ids", "targets"])
def test_a_format_is_chosen_by_its_name_or_by_an_ending(run, tmp_path, kind):
    ending = {"bed": "bed", "range": "range", "ids": "txt", "targets": "tsv"}[kind]
    words = ("--build", "GRCh38", "--chr-prefix")
    printed = run("variants", "kgp", "--format", kind, *words).stdout
    result = run("variants", "kgp", *words, "--out", f"sub/x.{ending}")
    assert result.stdout == f"sub/x.{ending}\n"
    assert (tmp_path / "sub" / f"x.{ending}").read_text() == printed
    assert kind == "ids" or printed.startswith("chr1\t")


def test_every_kind_of_list_can_be_chosen_and_is_in_the_help(run):
    command = main.commands["variants"]
    (kinds,) = [option for option in command.params if option.name == "format"]
    assert list(kinds.type.choices) == list(LISTS)
    assert all(row.endings[0] in kinds.help for row in LISTS.values())
    described = cleandoc(command.help).partition("\b\n")[2].partition("\n\n")[0]
    said = [line.split()[0] for line in described.splitlines() if not line.startswith(" ")]
    assert said == list(LISTS)


def test_options_are_passed_on(run, monkeypatch):
    calls = []
    monkeypatch.setattr(api, "variants", lambda *words, **more: calls.append((words, more)))
    run("variants", "m.ddvi", "--no-chr-prefix", "--build", "NCBI36", "--out", "x.bed")
    options = {"build": "NCBI36", "format": None, "chr_prefix": False}
    assert calls == [(("m.ddvi", "x.bed"), options)]


def test_an_unknown_build_is_one_sentence(run, fitted_model):
    result = run("variants", str(fitted_model.files["model"]), "--build", "NCBI36", "-q")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.count("\n") == 1 and "in NCBI36. It knows them in GRCh37" in result.stderr
