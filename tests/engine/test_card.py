"""The model card says what the model was made of and how good it was found to be."""

from __future__ import annotations

import re
from collections import Counter
from types import SimpleNamespace

from ancestry_ddvi.artefacts.model import Model
from ancestry_ddvi.fitting.card import card_of_groups


def test_the_card_counts_the_variants_of_each_build_and_the_samples_of_each_group(
    fitted_model, cohort_files
):
    model = Model.read(fitted_model.files["model"])
    card = model.record.card
    counts = re.findall(r"(\w+) (\d+)", card["samples by population"])
    labels = dict(line.split("\t") for line in cohort_files.labels.read_text().splitlines()[1:])
    whole = Counter(labels.values())
    assert sum(int(n) for _, n in counts) == model.record.counts["samples_in_fit"]
    assert {name for name, _ in counts} == set(whole)
    assert all(0 <= whole[name] - int(n) <= 3 for name, n in counts)
    assert card["variants"].endswith(f"; positions: {len(model.panel):,} in GRCh37")


def test_the_card_gives_the_accuracy_that_the_fit_measured(fitted_model):
    record = Model.read(fitted_model.files["model"]).record
    (figures,) = record.assignment
    said = record.card["accuracy by population"]
    assert said.startswith(f"{100 * figures['accuracy']:.1f} % of {figures['samples']:,} samples")
    assert said.endswith(f"calibration error {figures['calibration_error']:.3f}")


def test_groups_of_fewer_than_five_samples_are_not_named():
    by_sample = {f"s{i}": ("large" if i < 6 else "tiny",) for i in range(8)}
    labels = SimpleNamespace(names=("population",), by_sample=by_sample)
    cohort = SimpleNamespace(request=SimpleNamespace(labels=labels), ids=tuple(by_sample))
    none = {"level": "population", "samples": 0, "accuracy": None, "calibration_error": None}
    assert card_of_groups(cohort, [none]) == {
        "samples by population": "large 6, in smaller groups 2",
        "accuracy by population": "not known: no labelled sample could be left out",
    }
