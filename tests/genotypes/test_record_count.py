"""Numbers of records from the first ones, against the number that bcftools or a count gives."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from ancestry_ddvi.genotypes.formats import record_count
from ancestry_ddvi.genotypes.formats.record_count import RecordCount, count_records

HEADER = "##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
bcftools = pytest.mark.skipif(not shutil.which("bcftools"), reason="needs bcftools")


def text(records: int) -> str:
    lines = (f"1\t{i + 1}\trs{i * 7919 % 100_003}\tA\tC\t.\tPASS\t.\n" for i in range(records))
    return HEADER + "".join(lines)


@pytest.mark.parametrize("records", [0, 1, 1000])
def test_records_of_a_small_file_are_counted(tmp_path: Path, records: int) -> None:
    path = tmp_path / "x.vcf"
    path.write_text(text(records))
    assert count_records(path) == RecordCount(records, exact=True)
    path.write_text(text(records).removesuffix("\n"))
    assert count_records(path) == RecordCount(records, exact=True)


@pytest.mark.parametrize("compress", [False, True])
def test_records_of_a_large_file_are_estimated(tmp_path: Path, compress, monkeypatch) -> None:
    monkeypatch.setattr(record_count, "CONTENT", 1 << 17)
    path = tmp_path / "x.vcf"
    content = text(50_000).encode()
    path.write_bytes(gzip.compress(content) if compress else content)
    found = count_records(path)
    assert found is not None and not found.exact
    assert found.records == pytest.approx(50_000, rel=0.1)


@bcftools
@pytest.mark.parametrize("kind", ["z", "b", "u"])
def test_bcf_and_bgzf_are_counted_as_bcftools_does(tmp_path: Path, kind, monkeypatch) -> None:
    plain, path = tmp_path / "x.vcf", tmp_path / "y"
    plain.write_text(text(200_000))
    subprocess.run(["bcftools", "view", f"-O{kind}", "-o", path, plain], check=True)
    monkeypatch.setattr(record_count, "CONTENT", 1 << 30)
    assert count_records(path) == RecordCount(200_000, exact=True)
    monkeypatch.setattr(record_count, "CONTENT", 1 << 20)
    found = count_records(path)
    assert found is not None and not found.exact
    assert found.records == pytest.approx(200_000, rel=0.15)


def test_a_file_of_gigabytes_takes_no_longer(tmp_path: Path) -> None:
    """Most of it is a hole, which nothing reads."""
    path = tmp_path / "x.vcf"
    path.write_text(text(200_000))
    with path.open("r+b") as file:
        file.truncate(8 << 30)
    begin = time.monotonic()
    found = count_records(path)
    assert time.monotonic() - begin < 1
    assert found is not None and found.records > 10**8


def test_a_header_alone_has_no_estimate(tmp_path: Path, monkeypatch) -> None:
    """A header larger than what is read at most."""
    monkeypatch.setattr(record_count, "CONTENT", 1 << 10)
    monkeypatch.setattr(record_count, "MAX_CONTENT", 1 << 12)
    (tmp_path / "x.vcf").write_text("##fileformat=VCFv4.2\n" + "##x=y\n" * 50_000)
    assert count_records(tmp_path / "x.vcf") is None
