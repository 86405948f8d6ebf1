"""What is left to do of a study, given what is finished."""

from __future__ import annotations

from collections import defaultdict

from bitline.design import Design
from bitline.study.coverage import FinishedWork, enough
from bitline.study.point import Point
from bitline.study.sections import Run
from bitline.study.task import Kind, Outcome, Task


class Agenda:
    """Tasks of a study; gives them out so that a worker prepares as few designs as possible.

    A design that failed, now or earlier, has no tasks; the reference that it was to bring falls to another design.

    Args:
        points: the designs.
        finished: what is done already; grows with what comes of the tasks.
        images: number of images to classify.
        run: how many chips there are, when fewer are enough, and how many images a task has.

    Examples:
        >>> from bitline.study import Study
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [6, 8]}])
        >>> agenda = Agenda(study.points(), FinishedWork(), images=1000, run=study.run)
        >>> agenda.total  # the float network, the reference, and for each design its cost and three chips
        10
        >>> while (task := agenda.take(last=None)) is not None:
        ...     agenda.done(Outcome(task, correct=900))
        >>> agenda.left
        0
    """

    def __init__(self, points: tuple[Point, ...], finished: FinishedWork, images: int, run: Run) -> None:
        self.points, self.finished = points, finished
        self.images, self.run = images, run
        self.groups: dict[str, list[Task]] = {}
        self._busy: dict[str, int] = defaultdict(int)
        if "" not in finished.failures:
            self._add("", self._missing(Task("float", "", "", None, 0, 0, 0)))
        references: set[str] = set()
        same_accuracy: dict[str, list[Point]] = defaultdict(list)
        self._sharing: dict[str, list[Point]] = defaultdict(list)
        for point in points:
            if point.accuracy_key not in finished.failures:
                same_accuracy[point.accuracy_key].append(point)
        for key, same in same_accuracy.items():
            reference = same[0].reference_key
            self._sharing[reference].append(same[0])
            tasks = [*self._reference(same[0], references), *self._cost(same), *self._chips(same[0])]
            references.add(reference)
            self._add(key, tasks)
        self.total = self.left = sum(len(tasks) for tasks in self.groups.values())

    def _add(self, key: str, tasks: list[Task]) -> None:
        if tasks:
            self.groups[key] = tasks

    def _reference(self, point: Point, references: set[str]) -> list[Task]:
        """The quantised reference of a design, which many designs share; the first of them brings it."""
        if point.reference_key in references:
            return []
        return self._missing(_task("reference", point.reference_key, point))

    def _cost(self, same: list[Point]) -> list[Task]:
        """The costs of designs that differ in their hardware only: one task."""
        uncosted = tuple((point.key, point.design) for point in same if point.key not in self.finished.costs)
        return [_task("cost", same[0].accuracy_key, same[0], variants=uncosted)] if uncosted else []

    def _chips(self, point: Point) -> list[Task]:
        if self._is_measured(point.accuracy_key):
            return []
        chips = range(self.run.chips)
        return [task for chip in chips for task in self._missing(_task("analog", point.accuracy_key, point, chip))]

    def _missing(self, task: Task) -> list[Task]:
        """The task in shards: those of its images that are not classified yet."""
        shards = self.finished.coverage(task.kind, task.key, task.chip).missing(self.images, self.run.shard)
        return [Task(**{**vars(task), "start": start, "stop": stop}) for start, stop in shards]

    def _is_measured(self, key: str) -> bool:
        """Whether enough chips of a design are finished."""
        return enough(self.finished.accuracies(key, self.images), self.run.chips, self.run.stop) is not None

    def take(self, last: str | None) -> Task | None:
        """The next task for a worker, or None if nothing is left to give out.

        Args:
            last: `prepare_key` of what the worker did last; None for a new one.
        """
        waiting = [key for key, tasks in self.groups.items() if tasks]
        if not waiting:
            return None
        key = last if last in waiting else min(waiting, key=lambda waits: self._busy[waits])
        self._busy[key] += 1
        return self.groups[key].pop(0)

    def done(self, outcome: Outcome) -> None:
        """Note what came of a task; drops tasks that are not needed any more."""
        task = outcome.task
        self._busy[task.prepare_key] -= 1
        self.left -= 1
        if outcome.error:
            self.finished.failures.setdefault(task.prepare_key, outcome.error)
            references = [task, *self._drop(task.prepare_key, kinds=("float", "reference", "analog", "cost"))]
            self._pass_on({lost.key for lost in references if lost.kind == "reference"})
            return
        if task.kind == "cost":
            return
        self.finished.coverage(task.kind, task.key, task.chip).add(task.start, task.stop, outcome.correct)
        if task.kind == "analog" and self.run.stop is not None and self._is_measured(task.key):
            self._drop(task.prepare_key, kinds=("analog",))

    def again(self, task: Task) -> None:
        """Put back a task whose worker was lost."""
        self._busy[task.prepare_key] -= 1
        self.groups.setdefault(task.prepare_key, []).insert(0, task)

    def _drop(self, key: str, kinds: tuple[str, ...]) -> list[Task]:
        """Take tasks of a design out; returns them."""
        tasks = self.groups.get(key, [])
        self.groups[key] = [task for task in tasks if task.kind not in kinds]
        self.left -= len(tasks) - len(self.groups[key])
        return [task for task in tasks if task.kind in kinds]

    def _pass_on(self, references: set[str]) -> None:
        """Give references whose design failed to other designs that share them."""
        for key in references:
            able = [point for point in self._sharing[key] if point.accuracy_key not in self.finished.failures]
            waiting = self.groups.get(able[0].accuracy_key, []) if able else []
            if able and not any(task.kind == "reference" for task in waiting):
                tasks = self._missing(_task("reference", key, able[0]))
                self.groups[able[0].accuracy_key] = [*tasks, *waiting]
                self.total += len(tasks)
                self.left += len(tasks)


def _task(kind: Kind, key: str, point: Point, chip: int = 0, variants: tuple[tuple[str, Design], ...] = ()) -> Task:
    """A task of a design, of no images yet."""
    return Task(kind, key, point.accuracy_key, point.design, chip, 0, 0, variants, point.label())
