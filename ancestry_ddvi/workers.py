"""Tasks for several processes, whose results come in order.

The processes are started by themselves and not forked, since threads and locks of this one are not
theirs, and they do not import the script that runs. A task and its result are pickled.
"""

from __future__ import annotations

import logging
import os
import pickle
import selectors
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import IO, Any, Generic, TypeVar, cast

from .errors import OutOfResources
from .resources import collect_rarely

_QUEUED = 2
"""Tasks of a process at a time: one that it does, and the next."""

_AHEAD = 2
"""Results of each process that may wait for earlier ones."""

_SIZE_BYTES = 8
_START = "from ancestry_ddvi.workers import work; work()"

Result = TypeVar("Result")
Outcome = tuple[bool, Any]
"""Whether a task was done, and its result, or else its error as text."""


class TaskFailed(Exception):
    """A task raised an error in its process."""


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    tasks: deque[int] = field(default_factory=deque)

    def give(self, number: int, task: Callable[[], object]) -> None:
        content = memoryview(pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
        try:
            while content:
                content = content[os.write(self._descriptor(self.process.stdin), content) :]
        except BrokenPipeError as error:
            raise _ended() from error
        self.tasks.append(number)

    def take(self) -> tuple[int, Outcome]:
        """The number of its first task, and the result, which is waited for."""
        size = int.from_bytes(self._read(_SIZE_BYTES), "little")
        outcome: Outcome = pickle.loads(self._read(size))
        return self.tasks.popleft(), outcome

    def _read(self, size: int) -> bytes:
        """The next bytes, and none beyond them, for which the system would not wait again."""
        found = bytearray()
        while len(found) < size:
            piece = os.read(self._descriptor(self.process.stdout), size - len(found))
            if not piece:
                raise _ended()
            found += piece
        return bytes(found)

    @staticmethod
    def _descriptor(stream: IO[bytes] | None) -> int:
        assert stream is not None
        return stream.fileno()


def _ended() -> OutOfResources:
    return OutOfResources(
        "A process of this run was ended from outside",
        "Allocate more memory, or give --threads 1.",
    )


class InOrder(Generic[Result]):
    """The results of tasks, in the order of the tasks.

    Parameters
    ----------
    tasks : iterable of callables
        Picklable: partials of functions of a module.
    processes : int

    Raises
    ------
    OutOfResources
        If a process ends.
    TaskFailed
        If a task raises an error, when its result would be next.
    """

    def __init__(self, tasks: Iterable[Callable[[], Result]], processes: int) -> None:
        self._tasks, self._processes = enumerate(tasks), processes
        self._workers: list[_Worker] = []
        self._waiting: dict[int, Outcome] = {}
        self._next, self._given, self._all_given = 0, 0, False

    def __iter__(self) -> Iterator[Result]:
        with ExitStack() as stack, selectors.DefaultSelector() as selector:
            while True:
                while self._may_give():
                    self._give(stack, selector)
                if self._next in self._waiting:
                    yield self._result(self._waiting.pop(self._next))
                elif self._next == self._given:
                    return
                else:
                    for key, _ in selector.select():
                        number, result = key.data.take()
                        self._waiting[number] = result

    def _result(self, outcome: Outcome) -> Any:
        done, result = outcome
        if not done:
            raise TaskFailed(result)
        self._next += 1
        return result

    def _may_give(self) -> bool:
        near = self._given - self._next < (_QUEUED + _AHEAD) * self._processes
        free = len(self._workers) < self._processes or min(map(_load, self._workers)) < _QUEUED
        return near and free and not self._all_given

    def _give(self, stack: ExitStack, selector: selectors.BaseSelector) -> None:
        """Give the next task to the process with fewest, or to a new one."""
        number, task = next(self._tasks, (0, None))
        if task is None:
            self._all_given = True
            return
        if len(self._workers) < self._processes:
            process = stack.enter_context(_started())
            self._workers.append(_Worker(process))
            assert process.stdout is not None
            selector.register(process.stdout, selectors.EVENT_READ, self._workers[-1])
        min(self._workers, key=_load).give(number, task)
        self._given += 1


@contextmanager
def beside(task: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """A task that another process does during the block.

    Yields
    ------
    callable
        Waits for the result. Raises ``OutOfResources`` if the process has ended, and
        ``TaskFailed`` if the task raised an error.
    """
    with _started() as process:
        worker = _Worker(process)
        giving = Thread(target=worker.give, args=(0, task), daemon=True)  # it may be large
        giving.start()

        def result() -> Result:
            giving.join()
            if not worker.tasks:
                raise _ended()
            _, (done, found) = worker.take()
            if not done:
                raise TaskFailed(found)
            return cast("Result", found)

        yield result


def _load(worker: _Worker) -> int:
    return len(worker.tasks)


@contextmanager
def _started() -> Iterator[subprocess.Popen[bytes]]:
    """A process, which is ended with the block."""
    paths = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        [sys.executable, "-c", _START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.stdout.close()  # type: ignore[union-attr]
        with suppress(BrokenPipeError):
            process.stdin.close()  # type: ignore[union-attr]
        process.wait()


def work() -> None:
    """Do the tasks that come on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends this one
    logging.disable()
    collect_rarely()
    tasks, results = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            task = pickle.load(tasks)
        except EOFError:
            return
        try:
            outcome: Outcome = True, task()
        except Exception as error:
            outcome = False, repr(error)
        content = pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
        try:
            results.write(len(content).to_bytes(_SIZE_BYTES, "little") + content)
            results.flush()
        except BrokenPipeError:  # the first process has ended
            os._exit(1)
