"""Who does the tasks of a study on this machine: this process, or several worker processes."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import torch.multiprocessing
from torch import Tensor

from bitline.config.arguments import checked
from bitline.config.counts import whole_number
from bitline.data.samples import LoadedSamples
from bitline.data.stored_images import StoredImages
from bitline.errors import StudyError
from bitline.numerics.cores import cores
from bitline.study.mishaps import described
from bitline.study.task import Outcome, Task
from bitline.study.worker import Context, Worker, smaller

LARGEST_WORKERS = 8
"""Workers by default, on machines with more cores."""


ORPHANED = 3
"""Exit status of a worker whose parent has ended; nobody is there to read it."""


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
        >>> executor.submit(0, Task("float", "", "", None, chip=0, start=0, stop=2))
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


class Processes:
    """Worker processes on this machine; network and images lie in memory that they share.

    Args:
        context: what they work on.
        count: number of processes.
        devices: compute devices that they take in turn.

    Raises:
        StudyError: the network cannot be sent to another process.

    Examples:
        >>> from bitline.study import Study
        >>> from bitline.study.workload import load
        >>> context = load(Study(data={"images": 2, "calibration_images": 2})).context
        >>> executor = Processes(context, count=0)
        >>> executor.idle()  # the numbers of idle processes, of which there are none here
        []
        >>> executor.close()
    """

    def __init__(self, context: Context, count: int, devices: tuple[str, ...] = ("cpu",)) -> None:
        self._multiprocessing = torch.multiprocessing.get_context("spawn")
        self.contexts = [replace(context, device=devices[index % len(devices)]) for index in range(count)]
        _share(context)
        self.workers: list[Any] = [None] * count
        self.pipes: list[Any] = [None] * count
        self.tasks: list[Task | None] = [None] * count
        for index in range(count):
            self._start(index)

    def _start(self, index: int) -> None:
        ours, theirs = self._multiprocessing.Pipe()
        process = self._multiprocessing.Process(
            target=_serve, args=(self.contexts[index], theirs), daemon=True, name=f"bitline worker {index}"
        )
        with _interrupts_held():
            process.start()
        theirs.close()
        self.workers[index], self.pipes[index] = process, ours

    def idle(self) -> list[int]:
        return [index for index, task in enumerate(self.tasks) if task is None]

    def submit(self, worker: int, task: Task) -> None:
        self.tasks[worker] = task
        with contextlib.suppress(OSError):  # its process may have ended, which `wait` finds
            self.pipes[worker].send(task)

    def wait(self) -> tuple[int, Outcome]:
        busy = [index for index, task in enumerate(self.tasks) if task is not None]
        ready = multiprocessing.connection.wait(
            [self.pipes[index] for index in busy] + [self.workers[index].sentinel for index in busy]
        )
        index = next(place for place in busy if self.pipes[place] in ready or self.workers[place].sentinel in ready)
        task = self.tasks[index]
        assert task is not None
        self.tasks[index] = None
        try:
            outcome: Outcome | str = self.pipes[index].recv()
        except (EOFError, OSError):
            return index, self._lost(index, task)
        return index, Outcome(task, error=outcome) if isinstance(outcome, str) else outcome

    def _lost(self, index: int, task: Task) -> Outcome:
        process = self.workers[index]
        process.join()
        code = process.exitcode
        self._start(index)
        killed = code == -signal.SIGKILL
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
        why = "; it probably ran out of memory: use fewer workers or a smaller run.batch" if killed else ""
        task = replace(task, batch=smaller(task.batch or self.contexts[index].batch)) if killed else task
        return Outcome(task, error=f"the worker process {how}{why}", retry=True)

    def close(self) -> None:
        for process in self.workers:
            if process is not None and process.is_alive():
                process.kill()
        for process in self.workers:
            if process is not None:
                process.join()
        for pipe in self.pipes:
            if pipe is not None:
                pipe.close()


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C comes after this; processes that begin in it never get it, not even while they import."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _share(context: Context) -> None:
    context.model.share_memory()
    for tensor in (context.images, context.labels, context.calibration):
        if isinstance(tensor, (Tensor, StoredImages)):
            tensor.share_memory_()
    _check_pickle("the network", {name: type(module) for name, module in context.model.named_modules()})
    if isinstance(context.images, LoadedSamples):
        _check_pickle("the data", context.images.source)


def _check_pickle(what: str, sent: Any) -> None:
    """Refuse what other processes cannot get.

    Args:
        what: for messages.
        sent: to them.

    Raises:
        StudyError: it cannot be sent.
    """
    try:
        pickle.dumps(sent)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise StudyError(
            f"{what} cannot be sent to other processes ({error}): define its classes at the top of a module, or use "
            "one worker"
        ) from None


def _end_with_parent() -> None:
    """End this process, whatever it does, once the one that started it has ended, however that was.

    The end of a pipe says so, which the system closes with the parent. (The death signal of Linux would also come where
    only the thread has ended that started the worker.)
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(ORPHANED)


def _serve(context: Context, pipe: Any) -> None:
    """What a worker process does: tasks, until nobody is there to give them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True, name="watch of the parent").start()
    worker = Worker(context)
    while True:
        try:
            outcome: Outcome | str = worker.run(pipe.recv())
        except (EOFError, OSError):
            return
        except Exception as error:  # the task cannot be unpickled, such as where a user's module is not found
            outcome = described(error)
        try:
            pipe.send(outcome)
        except OSError:
            return
