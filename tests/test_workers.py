"""Tasks of several processes: order, errors, and processes that end."""

from __future__ import annotations

import os
import signal
import time
from functools import partial

import pytest

from ancestry_ddvi.errors import OutOfResources
from ancestry_ddvi.workers import InOrder, TaskFailed


def test_results_come_in_the_order_of_the_tasks() -> None:
    tasks = [partial(time.sleep, 0.2 if i == 0 else 0) for i in range(3)]
    words = [partial(str.upper, word) for word in "abcdefg"]
    assert list(InOrder([*tasks, *words], 2)) == [None, None, None, *"ABCDEFG"]


def test_large_results_are_whole() -> None:
    tasks = [partial(bytes, 5_000_000 + i) for i in range(5)]
    assert [len(found) for found in InOrder(tasks, 2)] == [5_000_000 + i for i in range(5)]


def test_an_error_comes_after_the_results_before_it() -> None:
    results = iter(InOrder([partial(int, "1"), partial(int, "2"), partial(int, "x")], 2))
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(TaskFailed, match="invalid literal"):
        next(results)


def test_a_killed_process_ends_the_run_with_one_sentence() -> None:
    tasks = [partial(int, "1"), partial(os.kill, 0, 0)]
    assert next(iter(InOrder(tasks, 2))) == 1
    with pytest.raises(OutOfResources, match="was ended from outside"):
        list(
            InOrder(
                [
                    partial(
                        _end,
                    )
                ],
                2,
            )
        )


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_no_process_is_left_behind() -> None:
    before = _children()
    results = iter(InOrder([partial(os.getpid), *[partial(time.sleep, 60)] * 8], 2))
    assert next(results) not in before
    results.close()
    assert _children() == before


def _children() -> set[str]:
    path = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
    try:
        with open(path) as listed:
            return set(listed.read().split())
    except OSError:
        pytest.skip("there is no /proc")
