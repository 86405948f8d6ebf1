"""What is left to do of one design, in lanes of what one worker does best alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from bitline.study.task import Outcome, Task

NO_CHIP = -1
"""The lane of tasks that need no programmed chip: references and costs."""


def lane_of(task: Task) -> int:
    """The lane of a task: its chip, whose cells are programmed once for all its images.

    Examples:
        >>> lane_of(Task("analog", "a1", "a1", None, chip=2, start=0, stop=10))
        2
        >>> lane_of(Task.of_float(0, 10)) == NO_CHIP
        True
    """
    return task.chip if task.kind in ("analog", "layers") else NO_CHIP


class DesignTasks:
    """Tasks that share a prepared network. They are made when a worker asks for the first of them.

    Args:
        key: the `prepare_key` of the tasks.
        record_key: of what the calibration images are seen through.
        count: how many tasks there are.
        make: makes them.

    Examples:
        >>> chips = [Task("analog", "a1", "a1", None, chip, start=0, stop=10) for chip in (0, 1)]
        >>> tasks = DesignTasks("a1", "r1", count=2, make=lambda: chips)
        >>> tasks.take(lane=1).chip, tasks.waiting, tasks.free_lane()
        (1, 1, 0)
    """

    __slots__ = ("_count", "_lanes", "_make", "_pace", "_setup", "_workers", "key", "record_key")

    def __init__(self, key: str, record_key: str, count: int, make: Callable[[], Iterable[Task]]) -> None:
        self.key, self.record_key = key, record_key
        self._count = count
        self._make: Callable[[], Iterable[Task]] | None = make
        self._lanes: dict[int, deque[Task]] = {}
        self._workers: dict[int, int] = {}
        self._pace: float | None = None
        self._setup: float | None = None

    @property
    def waiting(self) -> int:
        """How many tasks nobody has yet."""
        return self._count

    @property
    def workers(self) -> int:
        """How many workers do a task of it."""
        return sum(self._workers.values())

    @property
    def tasks(self) -> list[Task]:
        """The tasks that nobody has yet."""
        return [task for lane in self._made().values() for task in lane]

    def take(self, lane: int) -> Task:
        """Give out the next task of a lane that has some."""
        self._count -= 1
        self._workers[lane] = self._workers.get(lane, 0) + 1
        return self._made()[lane].popleft()

    def put_back(self, tasks: Iterable[Task]) -> None:
        """Add tasks in front of the others."""
        for task in reversed(list(tasks)):
            self._made().setdefault(lane_of(task), deque()).appendleft(task)
            self._count += 1

    def release(self, outcome: Outcome) -> None:
        """Note that a worker does not do a task any more, and how long it took."""
        self._workers[lane_of(outcome.task)] -= 1
        if outcome.task.kind == "analog" and not outcome.error:
            self._pace = outcome.seconds - outcome.setup
            self._setup = max(outcome.setup, self._setup or 0.0)

    def drop(self, kinds: tuple[str, ...]) -> list[Task]:
        """Take out the tasks of some kinds; returns them."""
        dropped = [task for task in self.tasks if task.kind in kinds]
        for lane, tasks in self._made().items():
            self._lanes[lane] = deque(task for task in tasks if task.kind not in kinds)
        self._count -= len(dropped)
        return dropped

    def has(self, lane: int) -> bool:
        """Whether a lane has tasks that nobody has yet."""
        return bool(self._made().get(lane))

    def free_lane(self) -> int | None:
        """A lane with tasks that no worker is at."""
        for lane, tasks in self._made().items():
            if tasks and not self._workers.get(lane):
                return lane
        return None

    def lane_for_help(self) -> int | None:
        """A lane that one more worker shortens by more than it takes to prepare the network and program the chip anew.

        Nobody knows before the first tasks are done how long either takes.
        """
        if self._pace is None or self._setup is None:
            return None
        lane = max(self._made(), key=lambda number: len(self._lanes[number]), default=None)
        if lane is None or len(self._lanes[lane]) * self._pace <= self._setup:
            return None
        return lane

    def _made(self) -> dict[int, deque[Task]]:
        if self._make is not None:
            make, self._make = self._make, None
            for task in make():
                self._lanes.setdefault(lane_of(task), deque()).append(task)
        return self._lanes
