"""Worker processes on this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import pickle
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch.multiprocessing
from torch import Tensor, nn

from bitline.data.samples import LoadedSamples
from bitline.data.stored_images import StoredImages
from bitline.errors import StudyError
from bitline.study.mishaps import KILLED, described, with_less_at_once
from bitline.study.task import Outcome, Task
from bitline.study.worker import Context, Worker

ORPHANED = 3
"""Exit status of a worker whose parent has ended; nobody is there to read it."""
ANOTHER = "another study"
"""Sent before the context of another study."""
READY = "ready"
"""Sent by a worker that has begun."""
GUARD = "put what a script does below 'if __name__ == \"__main__\":', as workers import the script; or use one worker"


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
        self.contexts = _contexts(context, count, devices)
        self.workers: list[Any] = [None] * count
        self.pipes: list[Any] = [None] * count
        self.tasks: list[Task | None] = [None] * count
        self.began = [False] * count
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
        self.workers[index], self.pipes[index], self.began[index] = process, ours, False

    def idle(self) -> list[int]:
        return [index for index, task in enumerate(self.tasks) if task is None]

    def submit(self, worker: int, task: Task) -> None:
        self.tasks[worker] = task
        with contextlib.suppress(OSError):  # its process may have ended, which `wait` finds
            self.pipes[worker].send(task)

    def wait(self) -> tuple[int, Outcome] | None:
        busy = [index for index, task in enumerate(self.tasks) if task is not None]
        ready = multiprocessing.connection.wait(
            [self.pipes[index] for index in busy] + [self.workers[index].sentinel for index in busy]
        )
        index = next(place for place in busy if self.pipes[place] in ready or self.workers[place].sentinel in ready)
        task = self.tasks[index]
        assert task is not None
        outcome: Outcome | str | None = None
        with contextlib.suppress(EOFError, OSError):
            outcome = self.pipes[index].recv()
        if outcome == READY:
            self.began[index] = True
            return None
        self.tasks[index] = None
        if outcome is None:
            return index, self._lost(index, task)
        return index, Outcome(task, error=outcome) if isinstance(outcome, str) else outcome

    def _lost(self, index: int, task: Task) -> Outcome:
        process = self.workers[index]
        process.join()
        code = process.exitcode
        if not self.began[index] and code is not None and code > 0:
            raise StudyError(f"a worker process ended with status {code} before it began: {GUARD}")
        self._start(index)
        killed = code == -signal.SIGKILL
        how = f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with status {code}"
        why = f"; {KILLED}" if killed else ""
        task = with_less_at_once(task, self.contexts[index].batch) if killed else task
        return Outcome(task, error=f"the worker process {how}{why}", retry=True)

    def close(self) -> None:
        self._stop(range(len(self.workers)))

    def _stop(self, indices: Sequence[int]) -> None:
        """End some processes, whatever they do."""
        started = [index for index in indices if self.workers[index] is not None]
        for index in started:
            if self.workers[index].is_alive():
                self.workers[index].kill()
        for index in started:
            self.workers[index].join()
            self.pipes[index].close()
            self.workers[index] = self.pipes[index] = self.tasks[index] = None


class Standing(Processes):
    """Worker processes that stay when a study is done, for the next one; see `executors.standing`.

    Examples:
        >>> from bitline.study import Study
        >>> from bitline.study.workload import load
        >>> context = load(Study(data={"images": 2, "calibration_images": 2})).context
        >>> executor = Standing(context, count=0)
        >>> executor.close()  # at the end of a study
        >>> executor.begin(context, devices=("cpu",))  # the next one
        >>> executor.dismiss()
    """

    def begin(self, context: Context, devices: tuple[str, ...]) -> None:
        """Have the processes work on another study; those that are lost are started again.

        Args:
            context: what they work on.
            devices: compute devices that they take in turn.

        Raises:
            StudyError: the network cannot be sent to another process.
        """
        self.contexts = _contexts(context, len(self.workers), devices)
        for index, process in enumerate(self.workers):
            if process is not None and process.is_alive():
                with contextlib.suppress(OSError):  # it ends just now, which `wait` finds
                    self.pipes[index].send(ANOTHER)
                    self.pipes[index].send(self.contexts[index])
            else:
                self._start(index)

    def close(self) -> None:
        """End the processes that are in the middle of a task, whose outcome nobody wants any more."""
        self._stop([index for index, task in enumerate(self.tasks) if task is not None])

    def dismiss(self) -> None:
        """End all processes."""
        super().close()


def refuse_in_workers() -> None:
    """Refuse to run a study in a worker that is just importing the script that started it.

    Raises:
        StudyError: it is one.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise StudyError(f"a worker process runs the script that started it: {GUARD}")


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C comes after this; processes that begin in it never get it, not even while they import."""
    multiprocessing.resource_tracker.ensure_running()  # would start with the first of them, and let interrupts through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _contexts(context: Context, count: int, devices: tuple[str, ...]) -> list[Context]:
    """What each process works on, in memory that they share."""
    from bitline.numerics.kernel_cache import warn_if_not_kept  # here, as numba is much for those who only read results

    warn_if_not_kept()
    _share(context)
    return [replace(context, device=devices[index % len(devices)]) for index in range(count)]


def _share(context: Context) -> None:
    context.model.share_memory()
    for tensor in (context.images, context.labels, context.calibration):
        if isinstance(tensor, (Tensor, StoredImages)):
            tensor.share_memory_()
    _check_pickle("the network", {name: _class_or_whole(part) for name, part in context.model.named_modules()})
    if isinstance(context.images, LoadedSamples):
        _check_pickle("the data", context.images.source)


def _class_or_whole(module: nn.Module) -> object:
    """What of a module other processes may not get: its class, or all of it where it says itself how it is sent."""
    return type(module) if type(module).__reduce__ is object.__reduce__ else module


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
    """What a worker process does: tasks, of one study after the other, until nobody is there to give them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True, name="watch of the parent").start()
    with contextlib.suppress(OSError):  # nobody waits any more, which `recv` finds
        pipe.send(READY)
    worker = Worker(context)
    while True:
        outcome: Outcome | str | None = None
        try:
            given = pipe.recv()
            if given != ANOTHER:
                outcome = worker.run(given)
        except (EOFError, OSError):
            return
        except Exception as error:  # the task cannot be unpickled, such as where a user's module is not found
            outcome = described(error)
        if outcome is None:
            worker = Worker(pipe.recv())  # if it cannot be read, this process ends: it must not go on with the last one
            continue
        try:
            pipe.send(outcome)
        except OSError:
            return
