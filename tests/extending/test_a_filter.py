"""A quality control filter from outside the package: one function and one row."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from ancestry_ddvi import Filters
from ancestry_ddvi.errors import NothingLeft, UsageProblem
from ancestry_ddvi.genotypes.qc.filters import FILTERS, Filter, Option
from ancestry_ddvi.genotypes.qc.log import Kept, QCLog, Step, format_table
from ancestry_ddvi.genotypes.qc.quality_control import quality_control
from ancestry_ddvi.genotypes.store import GenotypeStore

MODULE = '''
from ancestry_ddvi.genotypes.qc.filters import FILTERS, Filter, Option
from ancestry_ddvi.genotypes.qc.log import Kept

def keep(log, filters):
    """Variants at or after a position."""
    kept = log.variants.position >= filters.first_base
    return Kept(variants=kept, remark=f"before {filters.first_base:g}")

FILTERS["first-base"] = Filter(
    keep=keep,
    keeps="variants at or after this position",
    why="it is a toy",
    remedy="Lower --first-base",
    options=(Option("first_base", 0.0, "Smallest position.", "BP"),),
)

if __name__ == "__main__":
    from ancestry_ddvi.cli import main
    main()
'''


def heterozygosity(log: QCLog, filters: Filters) -> Kept | None:
    """Samples that are heterozygous at no more than a share of the variants."""
    if filters.max_het is None:
        return None
    share = (log.store.dosages(log.rows) == 1).mean(axis=0)
    return Kept(samples=share <= filters.max_het, remark=f"above {filters.max_het:g}")


ROW = Filter(
    keep=heterozygosity,
    keeps="samples with at most this share of heterozygous calls",
    why="contamination adds heterozygous calls",
    remedy="Raise --max-het",
    options=(Option("max_het", None, "Largest share.", "SHARE", highest=1, unset="no limit"),),
)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILTERS, "max-het", ROW)


@pytest.fixture(scope="module")
def store(cohort_files) -> GenotypeStore:
    return GenotypeStore.open([str(cohort_files.cohort)])


@pytest.mark.usefixtures("registered")
def test_its_options_are_among_those_of_the_record() -> None:
    assert Filters(max_het=0.4).as_json() == Filters().as_json() | {"max_het": 0.4}
    with pytest.raises(UsageProblem, match="--max-het is 2"):
        Filters(max_het=2)


@pytest.mark.usefixtures("registered")
def test_it_takes_samples_flags_them_and_has_a_row_in_the_log(store: GenotypeStore) -> None:
    plain = quality_control(store, Filters())
    assert "max-het" not in [step.name for step in plain.table]
    share = (store.dosages(plain.variants) == 1).mean(axis=0)
    limit = float(np.sort(share[plain.fit_samples])[-4])
    qc = quality_control(store, Filters(max_het=limit))
    assert qc.table[:-1] == plain.table
    samples = int(plain.fit_samples.sum())
    variants = plain.table[-1].variants_after
    assert qc.table[-1] == Step(
        "max-het", variants, variants, samples, samples - 3, f"above {limit:g}"
    )
    taken = plain.fit_samples & ~qc.fit_samples
    assert sorted(share[taken]) == sorted(share[plain.fit_samples])[-3:]
    assert [qc.flags[i] for i in np.flatnonzero(taken)] == ["max-het"] * 3
    assert format_table(qc.table).splitlines()[-1].startswith("max-het ")


@pytest.mark.usefixtures("registered")
def test_its_remedy_is_told_where_it_leaves_too_little(store: GenotypeStore) -> None:
    with pytest.raises(NothingLeft, match=r"'max-het' left 0 of .* samples.*Raise --max-het"):
        quality_control(store, Filters(max_het=0))


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory):
    """The command line in a process that has registered the filter of ``MODULE`` first."""
    script = tmp_path_factory.mktemp("toy") / "toy.py"
    script.write_text(MODULE)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(script), *words], capture_output=True, text=True, check=False
        )

    return run


def test_its_option_is_in_the_help(command) -> None:
    for name in ("fit", "compare"):
        assert "--first-base BP" in command(name, "--help").stdout


def test_the_command_line_hands_its_option_to_fit(command, cohort_files, tmp_path) -> None:
    cohort, out = str(cohort_files.cohort), str(tmp_path / "x")
    done = command("fit", cohort, "--out", out, "--first-base", "1e9")
    assert done.returncode == 5
    assert "The filter 'first-base' left 0 of" in done.stderr
    assert "Lower --first-base" in done.stderr
    refused = command("fit", cohort, "--out", out, "--first-base", "-1")
    assert refused.returncode == 2
    assert "--first-base is -1" in refused.stderr


def test_a_fit_flags_the_samples_that_it_takes(
    registered, store: GenotypeStore, cohort_files, tmp_path
) -> None:
    from ancestry_ddvi import api

    plain = quality_control(store, Filters())
    share = (store.dosages(plain.variants) == 1).mean(axis=0)
    limit = float(np.sort(share[plain.fit_samples])[-4])
    done = api.fit(
        [str(cohort_files.cohort)], str(tmp_path / "y"), method="pca", device="cpu",
        filters=Filters(max_het=limit),
    )  # fmt: skip
    flags = [flag.split(",") for flag in done.coordinates.flag]
    assert sum("max-het" in each for each in flags) == 3
    assert done.summary["flags"]["max-het"] == 3


def test_the_model_and_the_summary_keep_its_option(registered, cohort_files, tmp_path) -> None:
    import json
    from importlib.resources import files

    from jsonschema import Draft202012Validator

    from ancestry_ddvi import api

    done = api.fit(
        [str(cohort_files.cohort)], str(tmp_path / "x"), method="pca", device="cpu",
        filters=Filters(max_het=0.9),
    )  # fmt: skip
    summary = json.loads(done.files["summary"].read_text())
    assert summary["options"]["filters"]["max_het"] == 0.9
    assert "max-het" in [step["name"] for step in summary["steps"]]
    text = files("ancestry_ddvi.artefacts").joinpath("summary.schema.json").read_text()
    assert list(Draft202012Validator(json.loads(text)).iter_errors(summary)) == []
