"""Workers on a cluster, which may have to wait for a place there and may be lost: who gets a task, and when to give up.

Nothing here knows what runs the cluster; `ray_executor` does.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bitline.errors import StudyError
from bitline.study.mishaps import KILLED, with_less_at_once
from bitline.study.task import Outcome, Task

PATIENCE_S = 600.0
"""Seconds without any worker after which a study ends; a cluster that grows on demand may need minutes to grow."""

STARTS = 3
"""How often in a row a worker may fail to start before nobody waits for it any more."""

SETTLED_S = 10.0
"""Seconds for which the number of workers must stay the same before it is said."""

POLL_S = 1.0
"""Seconds between two looks at the clock while nothing happens."""


@dataclass(frozen=True)
class Placed:
    """A worker has found a place and answers from there.

    Attributes:
        worker: its number.
    """

    worker: int


@dataclass(frozen=True)
class Finished:
    """A worker has done its task.

    Attributes:
        worker: its number.
        outcome: what came of the task.
    """

    worker: int
    outcome: Outcome


@dataclass(frozen=True)
class Lost:
    """A worker could not start, or is there no more.

    Attributes:
        worker: its number.
        reason: why, in words.
        is_killed: whether its process was killed, probably for want of memory.
    """

    worker: int
    reason: str
    is_killed: bool = False


Event = Placed | Finished | Lost
"""What a cluster reports."""


class Cluster(Protocol):
    """Machines that have a place for a worker, sooner, later or never."""

    def start(self, worker: int) -> None:
        """Ask for a place for a worker, in exchange for the place that it had."""

    def give(self, worker: int, task: Task) -> None:
        """Let a worker that has a place do a task."""

    def event(self, seconds: float) -> Event | None:
        """What happened first; None if nothing happens for so many seconds.

        Raises:
            StudyError: the cluster cannot be reached any more.
        """

    def room(self) -> str:
        """What a worker needs and what there is, in words that follow 'each'."""

    def close(self) -> None:
        """Stop all workers."""


def unsaid(message: str) -> None:
    """Say nothing, where nobody wants to know how many workers run.

    Examples:
        >>> unsaid("2 of 4 workers run")
    """


class RemoteWorkers:
    """Workers on a cluster. Tasks go to those that have a place, so that none waits with a worker that waits itself.

    A worker that is lost is asked for again, and its task comes back as lost. One that fails to start `STARTS` times
    in a row is given up. The study ends with an error if there is no worker at all for `PATIENCE_S` seconds.

    Args:
        cluster: runs the workers.
        count: number of workers to ask for.
        say: told, in one sentence, how many workers have a place whenever that has changed.
        clock: seconds since some moment.
        batch: images at once of tasks that say nothing of their own; a killed worker's task comes back with fewer.

    Examples:
        >>> class OneMachine:
        ...     def __init__(self): self.events = []
        ...     def start(self, worker): self.events += [Placed(worker)] if worker == 0 else []
        ...     def give(self, worker, task): self.events += [Finished(worker, Outcome(task, correct=2))]
        ...     def event(self, seconds): return self.events.pop(0)
        ...     def room(self): return "needs 1 core, and there is one"
        ...     def close(self): pass
        >>> executor = RemoteWorkers(OneMachine(), count=2)
        >>> executor.idle(), executor.wait(), executor.idle()  # the second worker never finds a place
        ([], None, [0])
        >>> executor.submit(0, Task.of_float(0, 2))
        >>> executor.wait()[1].correct
        2
    """

    def __init__(
        self,
        cluster: Cluster,
        count: int,
        say: Callable[[str], None] = unsaid,
        clock: Callable[[], float] = time.monotonic,
        batch: int = 64,
    ) -> None:
        self.cluster, self.count, self.say, self.clock, self.batch = cluster, count, say, clock, batch
        self.placed: dict[int, Task | None] = {}
        """Workers that have a place, and what each of them does."""
        self.failed_starts: Counter[int] = Counter()
        self.reason = ""
        """Why a worker could not start, the last time."""
        self.deserted_at = self.changed_at = clock()
        self.seen = 0
        self.said = count
        for worker in range(count):
            cluster.start(worker)

    def idle(self) -> list[int]:
        return [worker for worker, task in self.placed.items() if task is None]

    def submit(self, worker: int, task: Task) -> None:
        self.placed[worker] = task
        self.cluster.give(worker, task)

    def wait(self) -> tuple[int, Outcome] | None:
        while True:
            event = self.cluster.event(POLL_S)
            news = self._note(event) if event is not None else None
            self._report()
            if news is not None or isinstance(event, Placed):
                return news
            self._check()

    def close(self) -> None:
        self.cluster.close()

    def _note(self, event: Event) -> tuple[int, Outcome] | None:
        worker = event.worker
        if isinstance(event, Placed):
            self.placed[worker] = None
            del self.failed_starts[worker]
            return None
        if isinstance(event, Finished):
            self.placed[worker] = None
            return worker, event.outcome
        task = self._lose(event)
        if task is None:
            return None
        why = f"; {KILLED}" if event.is_killed else ""
        task = with_less_at_once(task, self.batch) if event.is_killed else task
        return worker, Outcome(task, error=f"its worker was lost: {event.reason}{why}", retry=True)

    def _lose(self, lost: Lost) -> Task | None:
        """Ask for a lost worker again, unless it never starts; its task, if it had one."""
        if lost.worker in self.placed and len(self.placed) == 1:
            self.deserted_at = self.clock()
        if lost.worker not in self.placed:
            self.failed_starts[lost.worker] += 1
            self.reason = lost.reason
        task = self.placed.pop(lost.worker, None)
        if self.failed_starts[lost.worker] < STARTS:
            self.cluster.start(lost.worker)
        return task

    @property
    def hopeless(self) -> int:
        """Number of workers that are given up."""
        return sum(failures >= STARTS for failures in self.failed_starts.values())

    def _check(self) -> None:
        if self.placed:
            return
        if self.hopeless == self.count:
            raise StudyError(f"no worker can start on the cluster: {self.reason}")
        if self.clock() - self.deserted_at > PATIENCE_S:
            why = f" (some could not start: {self.reason})" if self.reason else ""
            raise StudyError(
                f"no worker has had a place on the cluster for {PATIENCE_S / 60:.0f} minutes: each "
                f"{self.cluster.room()}{why}; run the study again when there is room: what is finished is kept"
            )

    def _report(self) -> None:
        """Say how many workers have a place, once that number has settled."""
        if len(self.placed) != self.seen:
            self.seen, self.changed_at = len(self.placed), self.clock()
        if self.seen == self.said or self.clock() - self.changed_at < SETTLED_S:
            return
        self.said = self.seen
        waiting = self.count - self.seen - self.hopeless
        parts = [f"{self.seen} of {self.count} workers run"]
        if waiting:
            parts.append(f"{waiting} start or wait for a place: each {self.cluster.room()}")
        if self.hopeless:
            parts.append(f"{self.hopeless} cannot start: {self.reason}")
        self.say("; ".join(parts))
