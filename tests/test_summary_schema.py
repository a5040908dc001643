"""JSON summaries are valid under the schema of the package."""

from __future__ import annotations

import copy
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ancestry_ddvi import api
from ancestry_ddvi.artefacts.summary import SCHEMA

COMMANDS = ["fit", "embed", "assign", "condition", "sample"]


@pytest.fixture(scope="module")
def schema():
    return json.loads(files("ancestry_ddvi.artefacts").joinpath("summary.schema.json").read_text())


@pytest.fixture(scope="module")
def summaries(cohort_files, fitted_model, tmp_path_factory):
    """Command -> its summary, read from the file."""
    prefix = tmp_path_factory.mktemp("embedded") / "query"
    model = str(fitted_model.files["model"])
    embedded = api.embed(
        model, [str(cohort_files.query)], str(prefix), draws=4, draws_out=True, device="cpu"
    )
    assigned = api.assign(model, [str(embedded.files["coords"])], str(prefix))
    made = api.sample(model, f"{prefix}.made.vcf", n=3, population=["East1", "North1"])
    conditioned = api.condition(
        model, [str(cohort_files.query)], f"{prefix}.c", population="East1", draws=4, device="cpu"
    )
    return {
        "condition": json.loads(conditioned.files["summary"].read_text()),
        "sample": json.loads(made.files["sample"].read_text()),
        "assign": json.loads(assigned.files["assign"].read_text()),
        "fit": json.loads(fitted_model.files["summary"].read_text()),
        "embed": json.loads(embedded.files["summary"].read_text()),
    }


def errors(schema, summary):
    return [error.message for error in Draft202012Validator(schema).iter_errors(summary)]


def properties(part, name=""):
    """Every property of a part of the schema with its name, but for restrictions of ``files``."""
    if isinstance(part, list):
        for item in part:
            yield from properties(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "properties" and name not in ("if", "not"):
                yield from ((n, p) for n, p in value.items() if n != "files" or "properties" in p)
            yield from properties(value, key)


def test_the_schema_is_valid_and_has_the_id_that_summaries_give(schema):
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == SCHEMA


@pytest.mark.parametrize("command", COMMANDS)
def test_a_summary_is_valid(schema, summaries, command):
    assert errors(schema, summaries[command]) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_key_is_required(schema, summaries, command):
    """Leaving out any key at the top or in an object of fixed keys is an error."""
    for path in ([], ["options"], ["bounds"], ["harmonisation"], ["calibration"], ["privacy"]):
        part = summaries[command]
        for step in path:
            part = part.get(step, {})
        for key in part:
            damaged = copy.deepcopy(summaries[command])
            inside = damaged
            for step in path:
                inside = inside[step]
            del inside[key]
            assert errors(schema, damaged), f"{command} without {[*path, key]}"


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_key_is_an_error(schema, summaries, command):
    assert errors(schema, summaries[command] | {"kye": 1})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_summary_of_one_command_is_invalid_for_another(schema, summaries, command):
    for other in set(COMMANDS) - {command}:
        assert errors(schema, summaries[command] | {"command": other})


def test_the_summary_of_an_assignment_from_genotypes_is_valid(
    schema, cohort_files, fitted_model, tmp_path
):
    """It names the files of embed too; the summary of embed does not name the assignment."""
    model, prefix = str(fitted_model.files["model"]), str(tmp_path / "query")
    done = api.assign(model, [str(cohort_files.query)], prefix, draws=4, device="cpu")
    assert errors(schema, json.loads(done.files["assign"].read_text())) == []
    assert errors(schema, json.loads(done.files["summary"].read_text())) == []
    assert {"coords", "assign", "assign.population"} <= done.files.keys()


def test_a_fit_without_intervals_or_labels_has_nulls(schema, summaries):
    bare = {"calibration": None, "assignment": [], "bounds": {}}
    bare["privacy"] = {"training": None, "loadings": 0.9}
    assert errors(schema, summaries["fit"] | bare) == []


def test_every_key_is_on_the_page_of_file_formats(schema):
    page = Path(__file__).parents[1] / "docs" / "file-formats.md"
    text = page.read_text(encoding="utf-8")
    names = {name for name, _ in properties(schema)}
    assert sorted(name for name in names if not re.search(rf"[`.]{re.escape(name)}`", text)) == []


def test_every_key_has_a_description(schema):
    definitions = schema["$defs"]
    for name, part in properties(schema):
        referred = definitions.get(part.get("$ref", "").removeprefix("#/$defs/"), {})
        assert part.get("description") or referred.get("description"), name


def test_the_summary_of_synthetic_samples_of_the_prior_is_valid(schema, fitted_model, tmp_path):
    done = api.sample(str(fitted_model.files["model"]), str(tmp_path / "x.bed"), n=3)
    assert errors(schema, json.loads(done.files["sample"].read_text())) == []


def test_a_summary_must_say_that_samples_are_synthetic(schema, summaries):
    assert errors(schema, summaries["sample"] | {"synthetic": False})
    assert errors(schema, summaries["embed"] | {"synthetic": True})


def test_the_summary_of_a_constraint_without_samples_is_valid(schema, fitted_model, tmp_path):
    model = str(fitted_model.files["model"])
    done = api.condition(model, out=str(tmp_path / "x"), population="East1", draws=4, device="cpu")
    summary = json.loads(done.files["summary"].read_text())
    assert errors(schema, summary) == []
    for key in ("constraint", "population", "sampler", "flags"):
        assert errors(schema, {name: part for name, part in summary.items() if name != key})
