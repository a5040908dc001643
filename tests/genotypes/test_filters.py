"""The record of filter options: keywords, defaults, limits; and the page that lists them."""

from __future__ import annotations

import copy
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from ancestry_ddvi import Filters
from ancestry_ddvi.errors import UsageProblem
from ancestry_ddvi.genotypes.qc.filters import FILTERS

DOCS = Path(__file__).parents[2] / "docs"
DEFAULTS = {
    "allow_extra_chr": False,
    "drop_ambiguous": False,
    "geno": None,
    "mind": None,
    "maf": None,
    "hwe": None,
    "ld_regions": True,
    "ld_r2": 0.2,
    "ld_window_kb": 1000,
    "king_cutoff": 0.0884,
}


def test_the_defaults_are_those_for_human_data() -> None:
    assert Filters().as_json() == DEFAULTS


def test_every_option_is_a_keyword_and_an_attribute() -> None:
    chosen = Filters(maf=0.01, ld_regions=False)
    assert (chosen.maf, chosen.ld_regions, chosen.king_cutoff) == (0.01, False, 0.0884)
    assert chosen.as_json() == DEFAULTS | {"maf": 0.01, "ld_regions": False}
    assert Filters(**chosen.as_json()) == chosen


def test_equal_options_are_equal_and_hash_alike() -> None:
    assert Filters(ld_r2=0.2) == Filters() != Filters(ld_r2=0.1)
    assert hash(Filters(ld_r2=0.2)) == hash(Filters())
    assert len({Filters(maf=0.1), Filters(maf=0.1), Filters(maf=0.2)}) == 2


def test_the_record_cannot_be_changed() -> None:
    chosen = Filters()
    with pytest.raises(AttributeError):
        chosen.maf = 0.1
    with pytest.raises(AttributeError):
        del chosen.geno
    assert chosen == Filters()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))])
def test_a_copy_is_equal(duplicate) -> None:
    assert duplicate(Filters(hwe=1e-9, ld_r2=0.5)) == Filters(hwe=1e-9, ld_r2=0.5)


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match=r"'mfa' among .*maf"):
        Filters(mfa=0.1)
    with pytest.raises(AttributeError, match="'mfa'"):
        _ = Filters().mfa


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"maf": 0.6}, "--maf is 0.6. Give a number from 0 to 0.5."),
        ({"geno": -0.1}, "--geno is -0.1. Give a number from 0 to 1."),
        ({"ld_window_kb": -1}, "--ld-window-kb is -1. Give a number of 0 or more."),
        ({"king_cutoff": float("nan")}, "--king-cutoff is nan. Give a number from 0 to 0.5."),
    ],
)
def test_a_threshold_out_of_range_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        Filters(**wrong)
    assert str(caught.value) == message


def test_the_representation_shows_every_option() -> None:
    assert eval(repr(Filters(maf=0.1)), {"Filters": Filters}) == Filters(maf=0.1)
    assert all(f"{name}=" in repr(Filters()) for name in DEFAULTS)


def test_no_two_filters_share_an_option() -> None:
    names = [option.name for option in Filters.options()]
    flags = [option.flag for option in Filters.options()]
    assert len({*names}) == len(names)
    assert len({*flags}) == len(flags)


def test_a_remedy_names_an_option_of_its_filter() -> None:
    for name, row in FILTERS.items():
        if row.options:
            assert any(option.flag in row.remedy for option in row.options), name


def test_the_table_of_filters_loads_no_numpy() -> None:
    code = (
        "import sys; from ancestry_ddvi import Filters; Filters.options(); Filters(maf=0.1);"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_page_of_filters_is_current() -> None:
    text = (DOCS / "filters.md").read_text(encoding="utf-8")
    page = runpy.run_path(str(DOCS / "make_filters.py"))["page"]
    assert page(text) == text, "run: python docs/make_filters.py"
    assert all(f"\n| {name} | " in text for name in FILTERS)
