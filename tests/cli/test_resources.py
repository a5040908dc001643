"""Resources: the threads and memory of the job, not those of the machine."""

from __future__ import annotations

import os

import pytest

from ancestry_ddvi import resources


@pytest.fixture(autouse=True)
def _bare(monkeypatch, tmp_path):
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(resources, "CGROUP", tmp_path)
    monkeypatch.setattr(resources, "_cores", lambda: 16)


def test_the_scheduler_comes_first(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert resources.usable_threads() == 3


@pytest.mark.parametrize(
    ("value", "threads"), [("5", 5), ("4,2", 4), ("", 16), ("many", 16), ("0", 16)]
)
def test_openmp_comes_second(monkeypatch, value, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert resources.usable_threads() == threads


@pytest.mark.parametrize(
    ("quota", "threads"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 16)]
)
def test_the_quota_of_the_container_comes_third(tmp_path, quota, threads):
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert resources.usable_threads() == threads


@pytest.mark.parametrize(("quota", "threads"), [("400000", 4), ("-1", 16)])
def test_an_older_kernel_has_the_quota_in_other_files(tmp_path, quota, threads):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert resources.usable_threads() == threads


def test_the_cores_are_those_this_process_may_run_on(monkeypatch):
    monkeypatch.undo()
    assert resources._cores() == len(os.sched_getaffinity(0))


def test_memory_is_that_of_the_container(tmp_path):
    machine = resources.memory_bytes()
    assert machine > 2**27
    (tmp_path / "memory.max").write_text("1048576\n")
    assert resources.memory_bytes() == 2**20


def test_threads_are_passed_to_the_api(run, api, monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    run("fit", "x.vcf")
    run("fit", "x.vcf", "--threads", "2")
    assert [options["threads"] for _, _, options in api.calls] == [3, 2]
