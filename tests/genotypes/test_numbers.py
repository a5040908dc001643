"""Numeric fields of VCF text against cyvcf2, whatever the samples write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from genotype_files import META, Write, record, vcf_text
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ancestry_ddvi.errors import InputUnreadable
from ancestry_ddvi.genotypes.formats.vcf_numbers import numbers_of
from ancestry_ddvi.genotypes.formats.vcf_text import TextRecord, VcfText

FIELD = '##FORMAT=<ID={0},Number={1},Type={2},Description="{0}">'
HEADER = (
    *META,
    FIELD.format("PL", "G", "Integer"),
    FIELD.format("GP", "G", "Float"),
    FIELD.format("GQ", 1, "Integer"),
)
FORMS = ["GT:PL", "GT:GQ:PL:GP", "PL:GT", "GP:PL", "GT:GP:GQ"]
FIELDS = ("PL", "GP", "GQ")

whole = st.integers(0, 2**31 - 8).map(str)
real = st.one_of(
    st.decimals(-99, 99, places=4).map(str),
    st.sampled_from(["0", "1", "0.5", "-0.25", "1e-05", "2.5E3", ".5", "0.000001", "12345.678"]),
)
number = {"PL": whole, "GQ": whole, "GP": real}
counts = {"PL": [1, 2, 3], "GP": [1, 2, 3], "GQ": [1]}


@st.composite
def cell(draw: st.DrawFn, form: str, plain: bool) -> str:
    """The values of one sample, some missing or dropped from the end."""
    parts = []
    for field in form.split(":"):
        if field == "GT":
            parts.append(draw(st.sampled_from(["0/1", "./.", "1|1"])))
        elif not plain and draw(st.integers(0, 3)) == 0:
            parts.append(".")
        else:
            count = max(counts[field]) if plain else draw(st.sampled_from(counts[field]))
            one = number[field] if plain else st.one_of(number[field], st.just("."))
            parts.append(",".join(draw(one) for _ in range(count)))
    kept = len(parts) if plain else draw(st.integers(1, len(parts)))
    return ":".join(parts[:kept])


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, list[str]]:
    form, samples = draw(st.sampled_from(FORMS)), draw(st.sampled_from([1, 3, 16, 40]))
    cells = cell(form, draw(st.booleans()))
    return form, draw(st.lists(cells, min_size=samples, max_size=samples))


def by_cyvcf2(path: Path, field: str) -> np.ndarray | None:
    """float64 (samples, values), NaN where missing."""
    from cyvcf2 import VCF
    from cyvcf2.cyvcf2 import set_htslib_log_level

    set_htslib_log_level(0)
    (line,) = VCF(str(path))
    set_htslib_log_level(3)
    values = line.format(field) if field in line.FORMAT else None
    if values is None:
        return None
    found = values.astype(np.float64)
    found[found < -(2**31) + 8] = np.nan
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(lines())
@example(("GT:GQ:PL:GP", ["0/1:1:0,1,2:0.5,.,-1e3"] * 20))
@example(("GP:PL", [".:."] * 20))
@example(("GT:PL", ["./."] * 20))
def test_any_numbers_are_read_as_cyvcf2_reads_them(
    tmp_path: Path, line: tuple[str, list[str]]
) -> None:
    form, cells = line
    path = tmp_path / "n.vcf"
    samples = [f"s{i}" for i in range(len(cells))]
    path.write_text(vcf_text([record(cells, form=form)], samples, HEADER))
    text = TextRecord(VcfText("n", len(cells)), 1, record(cells, form=form).encode())
    for field in FIELDS:
        theirs, ours = by_cyvcf2(path, field), text.numbers(field)
        assert (ours is None) == (field not in form.split(":"))
        if ours is None:
            continue
        if theirs is None or np.isnan(theirs).all():
            assert np.isnan(ours).all()
            continue
        width = ours.shape[1]
        assert np.isnan(theirs[:, width:]).all()
        np.testing.assert_allclose(ours, theirs[:, :width], rtol=1e-6)


@given(st.lists(st.lists(st.one_of(whole, real), min_size=1, max_size=3), min_size=16, max_size=20))
def test_numbers_read_together_are_those_of_python(values: list[list[str]]) -> None:
    columns = "\t".join("0/1:" + ",".join(some) for some in values).encode()
    expected = np.full((len(values), max(map(len, values))), np.nan)
    for i, some in enumerate(values):
        expected[i, : len(some)] = list(map(float, some))
    np.testing.assert_array_equal(numbers_of(columns, 1, len(values)), expected)


WRONG = ["x", "1-2", "--1", "1.2.3", "0x10", "1_0", "-", "1 2", "e", "1e", "५"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("samples", [2, 30])
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_number_is_an_error(samples: int, wrong: str) -> None:
    cells = ["0/1:0,1,2"] * (samples - 1) + [f"0/1:{wrong},1,2"]
    text = TextRecord(VcfText("n.vcf", samples), 7, record(cells, form="GT:PL").encode())
    with pytest.raises(InputUnreadable, match=r"n\.vcf, line 7: PL "):
        text.numbers("PL")


@pytest.mark.parametrize("samples", [3, 30])
def test_the_number_of_columns_is_checked(vcf: Write, samples: int) -> None:
    line = record(["0/1:0,1,2"] * (samples + 1), form="GT:PL").encode()
    with pytest.raises(InputUnreadable, match=f"{samples + 1} calls for {samples} samples"):
        TextRecord(VcfText("n.vcf", samples), 7, line).numbers("PL")
