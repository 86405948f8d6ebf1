"""Which design a worker goes to next."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping

from bitline.study.design_tasks import DesignTasks, lane_of
from bitline.study.task import Outcome, Task


class Queues:
    """The designs that nobody has begun, by what they share, and those that workers are at.

    Args:
        groups: the tasks of each design by their `prepare_key`, in the order in which they are begun.

    Examples:
        >>> def design(key, record):
        ...     chips = [Task("analog", key, key, None, chip, start=0, stop=10) for chip in (0, 1)]
        ...     return DesignTasks(key, record, count=2, make=lambda: chips)
        >>> queues = Queues({"a": design("a", "r1"), "b": design("b", "r1"), "c": design("c", "r2")})
        >>> first, second = queues.take(None), queues.take(None)  # of different records
        >>> first.key, second.key, queues.take(first).chip, queues.take(second).chip
        ('a', 'c', 1, 1)
        >>> [(task.key, task.chip) for task in (queues.take(second), queues.take(second))]  # helps with b
        [('b', 0), ('b', 1)]
    """

    def __init__(self, groups: Mapping[str, DesignTasks]) -> None:
        self._groups = groups
        self._unbegun: dict[str, deque[str]] = defaultdict(deque)
        for key, group in groups.items():
            if group.waiting:
                self._unbegun[group.record_key].append(key)
        self._begun: dict[str, None] = {}
        self._workers: Counter[str] = Counter()
        self._recording: set[str] = set()

    def take(self, last: Task | None) -> Task | None:
        """The next task for a worker that did another one last, or None if it had better wait.

        It stays with its chip, then with its design; then it begins a design that nobody has begun, then a chip that
        nobody is at, and at last it helps with a chip where that is worth the preparation. It waits for a record of
        the calibration images that another worker is making.
        """
        group, lane = self._next(last)
        if group is None or lane is None:
            return None
        self._workers[group.record_key] += 1
        task = group.take(lane)
        if task.kind == "cost":
            self._recording.add(group.record_key)
        return task

    def returned(self, outcome: Outcome) -> None:
        """Note that a worker has done a task, or was lost."""
        group = self._groups[outcome.task.prepare_key]
        group.release(outcome)
        self._workers[group.record_key] -= 1
        if outcome.task.kind == "cost":
            self._recording.discard(group.record_key)

    def put_back(self, key: str, tasks: Iterable[Task]) -> None:
        """Add tasks of a design in front of the others."""
        self._groups[key].put_back(tasks)
        self._begun[key] = None

    def _next(self, last: Task | None) -> tuple[DesignTasks | None, int | None]:
        group = None if last is None else self._groups[last.prepare_key]
        if group is not None and last is not None and group.waiting:
            lane = lane_of(last) if group.has(lane_of(last)) else group.free_lane()
            if lane is not None:
                return group, lane
        begun = self._begin("" if group is None else group.record_key)
        return (begun, begun.free_lane()) if begun is not None else self._to_help()

    def _begin(self, record: str) -> DesignTasks | None:
        """A design that nobody has begun, of the worker's record, or of one that the fewest workers are at."""
        ready = (key for key in self._unbegun if key not in self._recording)
        chosen = record if self._unbegun.get(record) and record not in self._recording else self._quietest(ready)
        if chosen is None:
            return None
        key = self._unbegun[chosen].popleft()
        if not self._unbegun[chosen]:
            del self._unbegun[chosen]
        group = self._groups[key]
        if not group.waiting or key in self._begun:  # dropped, or begun with a reference of another design
            return self._begin(record)
        self._begun[key] = None
        return group

    def _quietest(self, records: Iterable[str]) -> str | None:
        """The first record that no worker is at, or else the one with the fewest."""
        best: str | None = None
        for record in records:
            if not self._workers[record]:
                return record
            if best is None or self._workers[record] < self._workers[best]:
                best = record
        return best

    def _to_help(self) -> tuple[DesignTasks | None, int | None]:
        """A design that others are at, and a lane of it."""
        for key in [key for key in self._begun if not self._groups[key].waiting]:
            del self._begun[key]
        begun = sorted((self._groups[key] for key in self._begun), key=lambda group: group.workers)
        for group in begun:
            if group.record_key not in self._recording and group.free_lane() is not None:
                return group, group.free_lane()
        return next(
            ((group, group.lane_for_help()) for group in begun if group.lane_for_help() is not None), (None, None)
        )
