"""Who does the tasks of a study on this machine: this process, or several worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from bitline.config.arguments import checked
from bitline.config.counts import whole_number
from bitline.errors import StudyError
from bitline.numerics.cores import cores
from bitline.study.processes import Processes, Standing
from bitline.study.task import Outcome, Task
from bitline.study.worker import Context, Worker

LARGEST_WORKERS = 8
"""Workers by default, on machines with more cores."""


class Executor(Protocol):
    """Workers that each do one task at a time."""

    def idle(self) -> list[int]:
        """Numbers of the workers that have nothing to do."""

    def submit(self, worker: int, task: Task) -> None:
        """Give a task to an idle worker."""

    def wait(self) -> tuple[int, Outcome] | None:
        """The next outcome, and whose it is; None if instead another worker has become ready for its first task.

        An outcome with `retry` says that the worker was lost.

        Raises:
            StudyError: there are no workers, and there will be none.
        """

    def close(self) -> None:
        """Stop all workers at once."""


Launch = Callable[[Context], Executor]
"""Starts workers."""


def default_workers() -> int:
    """Number of workers on this machine if nobody says how many: one for each core, up to a limit.

    Examples:
        >>> 1 <= default_workers() <= LARGEST_WORKERS
        True
    """
    return min(cores(), LARGEST_WORKERS)


@checked(StudyError)
def local(workers: int, devices: tuple[str, ...] = ("cpu",)) -> Launch:
    """Workers on this machine: this process if one is enough, or else processes.

    Args:
        workers: how many.
        devices: compute devices that they take in turn.

    Raises:
        StudyError: less than one worker.

    Examples:
        >>> local(workers=1) is Inline
        True
    """
    whole_number("workers", workers, 1, StudyError)
    if workers == 1 and devices == ("cpu",):
        return Inline
    return lambda context: Processes(context, workers, devices)


class Inline:
    """One worker in this process.

    Examples:
        >>> from bitline.study import Study
        >>> from bitline.study.workload import load
        >>> executor = Inline(load(Study(data={"images": 2, "calibration_images": 2})).context)
        >>> executor.submit(0, Task.of_float(0, 2))
        >>> executor.idle()
        []
        >>> worker, outcome = executor.wait()
        >>> worker, outcome.error, executor.idle()
        (0, '', [0])
    """

    def __init__(self, context: Context) -> None:
        self.worker = Worker(context)
        self.task: Task | None = None

    def idle(self) -> list[int]:
        return [0] if self.task is None else []

    def submit(self, worker: int, task: Task) -> None:
        self.task = task

    def wait(self) -> tuple[int, Outcome]:
        assert self.task is not None
        task, self.task = self.task, None
        return 0, self.worker.run(task)

    def close(self) -> None:
        self.task = None


@checked(StudyError)
def standing(workers: int, devices: tuple[str, ...] = ("cpu",)) -> AbstractContextManager[Launch]:
    """Workers on this machine for several studies one after the other, which start once: each start takes seconds.

    Args:
        workers: how many; this process does the work if one is enough.
        devices: compute devices that they take in turn.

    Raises:
        StudyError: less than one worker.

    Examples:
        >>> with standing(workers=1) as launch:
        ...     launch is Inline
        True
    """
    once = local(workers, devices)
    return nullcontext(once) if once is Inline else _standing(workers, devices)


@contextmanager
def _standing(workers: int, devices: tuple[str, ...]) -> Iterator[Launch]:
    started: list[Standing] = []

    def launch(context: Context) -> Executor:
        if started:
            started[0].begin(context, devices)
        else:
            started.append(Standing(context, workers, devices))
        return started[0]

    try:
        yield launch
    finally:
        for processes in started:
            processes.dismiss()
