"""Devices, threads and the seed of a command."""

from __future__ import annotations

import pytest
import torch

from ancestry_ddvi.errors import OutOfResources, UsageProblem
from ancestry_ddvi.models.runtime import computing, pick


def test_a_device_that_is_none_is_a_usage_problem() -> None:
    with pytest.raises(UsageProblem, match="--device fridge") as caught:
        pick("fridge")
    assert "auto" in caught.value.remedy


def test_an_absent_device_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(OutOfResources, match="cuda"):
        pick("cuda")
    with pytest.raises(OutOfResources, match="cuda:7"):
        pick("cuda:7")


def test_a_device_of_another_kind_is_not_taken_for_one_that_is_here() -> None:
    with pytest.raises((OutOfResources, UsageProblem)):
        pick("xpu")


def test_auto_is_the_processor_where_there_is_nothing_else(monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick("auto") == torch.device("cpu")


def test_a_block_computes_from_its_seed_and_leaves_no_trace() -> None:
    torch.manual_seed(0)
    before, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(0)
    with computing(7, 1):
        first = torch.rand(3)
        assert torch.get_num_threads() == 1
    assert torch.equal(torch.rand(3), before)
    assert torch.get_num_threads() == threads
    with computing(7, 1):
        assert torch.equal(torch.rand(3), first)
    with computing(8, 1):
        assert not torch.equal(torch.rand(3), first)


def test_settings_are_put_back_after_a_failure() -> None:
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    with pytest.raises(RuntimeError, match="on the way"), computing(1, 1):
        raise RuntimeError("on the way")
    assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == before
