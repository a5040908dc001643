"""The code blocks of the tutorials run, and give the results that the text states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def outputs(run, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return run("docs/tutorial.md", tmp_path_factory.mktemp("tutorial"))


@pytest.fixture
def block(outputs, code_of):
    """The output of the one block with these words in its code."""

    def found(words: str) -> str:
        (number,) = (i for i, code in enumerate(code_of("docs/tutorial.md")) if words in code)
        return outputs[number]

    return found


@pytest.mark.slow
def test_a_dry_run_names_the_files_and_writes_none(block):
    assert "tutorial/cohort.ddvi" in block("--dry-run")


@pytest.mark.slow
def test_three_samples_are_left_out_of_the_fit(block):
    lines = block("awk").splitlines()[1:]
    flags = [line.split("\t")[-1].split(",")[0] for line in lines]
    left_out = [flag for flag in flags if not flag.startswith(("few_draws", "unlike_panel"))]
    assert sorted(left_out) == ["duplicate", "low_call_rate", "related"]


@pytest.mark.slow
def test_the_whole_table_of_quality_control_is_shown(block):
    table = block("grep -A 12").splitlines()
    assert table[1].startswith("filter")
    assert table[-1].startswith("maf, unrelated")


@pytest.mark.slow
def test_samples_are_most_similar_to_their_own_superpopulation(block):
    """Not of their own population: 200 steps are few, and the groups of one are similar."""
    rows = [line.split("\t") for line in block("assign.superpopulation").splitlines()[1:]]
    labels = (ROOT / "example_data/query_labels.tsv").read_text().splitlines()[1:]
    truth = [line.split("\t")[2] for line in labels]
    assert [row[0] for row in rows] == [line.split("\t")[0] for line in labels]
    assert sum(row[2] == t for row, t in zip(rows, truth, strict=True)) >= 9


@pytest.mark.slow
def test_every_population_is_beside_the_truth(block):
    rows = [line.split("\t") for line in block("paste").splitlines()]
    table = [row for row in rows if len(row) == 7]
    assert table[0] == [
        "sample_id", "group", "most_similar", "probability", "entropy", "reason", "population",
    ]  # fmt: skip
    assert len(table) == 13


@pytest.mark.slow
def test_two_in_five_variants_are_missing_in_the_query(block):
    assert float(block("variant_fraction")) == pytest.approx(0.6, abs=0.02)


@pytest.mark.slow
def test_a_sample_alone_has_the_same_coordinates_as_in_a_batch(block):
    assert block("diff").endswith("the same\n")


@pytest.mark.parametrize("call", ["model.embed", "ad.assign"])
@pytest.mark.slow
def test_results_in_python_have_a_row_for_every_sample(block, call):
    labels = (ROOT / "example_data/query_labels.tsv").read_text().splitlines()[1:]
    rows = [line.split()[1] for line in block(call).splitlines() if "sim" in line]
    assert rows == [line.split("\t")[0] for line in labels]


@pytest.mark.slow
def test_an_error_is_a_sentence_and_a_code(block):
    assert "is not a ddvi-ancestry model" in block("exit code")
    assert block("exit code").endswith("exit code 3\n")


@pytest.mark.slow
def test_two_samplers_give_one_posterior_of_a_sample_with_few_variants(run, tmp_path):
    outputs = run("docs/sparse-samples.md", tmp_path)
    rows = [
        line.split("\t") for line in "".join(outputs).splitlines() if line.startswith("sim0099")
    ]
    assert len(rows) == 3
    mean, sd = np.array([row[1:] for row in rows], dtype=float).reshape(3, 2, 2).swapaxes(0, 1)
    assert (np.abs(mean[0] - mean[1]) < 0.3 * sd[0]).all()
    assert np.allclose(sd[0], sd[1], rtol=0.2)
    assert (tmp_path / "three-ways" / "three-ways.png").stat().st_size > 20_000
