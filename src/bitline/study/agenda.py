"""What is left to do of a study, given what is finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import get_args

from bitline.design import Design
from bitline.errors import DataError
from bitline.evaluation.layer_errors import COMPARED
from bitline.numerics.garbage import without_collection
from bitline.study.coverage import FinishedWork, enough
from bitline.study.design_tasks import DesignTasks
from bitline.study.point import Point
from bitline.study.queues import Queues
from bitline.study.sections import Run
from bitline.study.task import FLOAT, Kind, Outcome, Task

_SUBJECTS = {"float": FLOAT, "reference": "the quantised reference", "analog": "chip {chip}"}
"""What is measured, in words."""


class Agenda:
    """Tasks of a study; gives them out so that workers share as much as possible of what costs time.

    Designs that the calibration images are seen through alike come one after the other. A worker stays with a design,
    and with a chip of it, as long as there are tasks; it begins designs that nobody has begun before it helps others.
    A design that failed, now or earlier, has no tasks; the reference that it was to bring falls to another design.

    Args:
        points: the designs.
        finished: what is done already; grows with what comes of the tasks.
        images: number of images to classify.
        run: how many chips there are, when fewer are enough, and how many images a task has.
        compared: on how many images layers are compared, at most `COMPARED`; on the first of `images` where it is None.

    Examples:
        >>> from bitline.study import Study
        >>> study = Study(axes=[{"setting": "adc.bits", "values": [6, 8]}])
        >>> agenda = Agenda(study.points(), FinishedWork(), images=1000, run=study.run)
        >>> agenda.total  # the float network, the reference, and for each design its cost and three chips
        10
        >>> while (task := agenda.take(last=None)) is not None:
        ...     _ = agenda.done(Outcome(task, correct=900))
        >>> agenda.left
        0
    """

    def __init__(
        self, points: tuple[Point, ...], finished: FinishedWork, images: int, run: Run, compared: int | None = None
    ) -> None:
        self.points, self.finished = points, finished
        self.images, self.run = images, run
        self.compared = min(COMPARED, images if compared is None else compared)
        self._compared_chips = run.compared_chips if run.layer_errors else 0
        self._whole = [(start, min(start + run.shard, images)) for start in range(0, images, run.shard)]
        self._same: dict[str, list[Point]] = {}
        self._sharing: dict[str, list[str]] = defaultdict(list)
        self.groups: dict[str, DesignTasks] = {}
        with without_collection():
            self._sort(points)
        self._queues = Queues(self.groups)
        self.total = self.left = sum(group.waiting for group in self.groups.values())

    def _sort(self, points: tuple[Point, ...]) -> None:
        """Note which designs share what, and how much is left to do of each."""
        for point in points:
            if point.accuracy_key not in self.finished.failures:
                self._same.setdefault(point.accuracy_key, []).append(point)
        by_record: dict[str, list[str]] = defaultdict(list)
        for key, (first, *_) in self._same.items():
            self._sharing[first.reference_key].append(key)
            by_record[first.record_key].append(key)
        if "" not in self.finished.failures:
            self._add("", "", len(self._shards("float")))
        for record, keys in by_record.items():
            for key in keys:
                if count := self._count(self._same[key]):
                    self._add(key, record, count)

    def _add(self, key: str, record_key: str, count: int) -> None:
        self.groups[key] = DesignTasks(key, record_key, count, partial(self._tasks, key))

    def _tasks(self, key: str) -> Iterator[Task]:
        """What is left to do of a design, or of the float network; first what others wait for."""
        if key == "":
            yield from (Task.of_float(start, stop) for start, stop in self._shards("float"))
            return
        first, *_ = same = self._same[key]
        if uncosted := self._uncosted(same):
            yield Task.of_costs(first, uncosted, self.compared if first.design.skips_conversions else 0)
        if self._brings_reference(first):
            yield from self._references(first)
        for chip in range(self._chips(key)):
            shards, compared = self._shards("analog", key, chip), self._uncompared(key, chip)
            if compared and not _begins(shards):
                yield Task.of_layers(first, chip, compared)
            for start, stop in shards:
                yield Task.of_chip(first, chip, start, stop, compared if start == 0 else 0)

    def _references(self, point: Point) -> Iterator[Task]:
        """What is left to do of the quantised reference of a design."""
        for start, stop in self._shards("reference", point.reference_key):
            yield Task.of_reference(point, start, stop)

    def _count(self, same: list[Point]) -> int:
        """How many tasks are left of designs that differ in their hardware only."""
        key, reference = same[0].accuracy_key, same[0].reference_key
        count = int(bool(self._uncosted(same)))
        count += len(self._shards("reference", reference)) if self._brings_reference(same[0]) else 0
        for chip in range(self._chips(key)):
            shards = self._shards("analog", key, chip)
            count += len(shards) + (not _begins(shards) and self._uncompared(key, chip) > 0)
        return count

    def _brings_reference(self, point: Point) -> bool:
        """Whether a design is the first of those that share a quantised reference."""
        return self._sharing[point.reference_key][0] == point.accuracy_key

    def _uncosted(self, same: list[Point]) -> tuple[tuple[str, Design], ...]:
        return tuple((point.key, point.design) for point in same if not self._is_costed(point))

    def _is_costed(self, point: Point) -> bool:
        """Whether the cost of a design is known, and where it depends on images, of those that count."""
        seen = self.finished.costs.get(point.key)
        return seen is not None and (seen == self.compared or not point.design.skips_conversions)

    def _uncompared(self, key: str, chip: int) -> int:
        """On how many images the layers of a chip are still to be compared."""
        is_done = chip >= self._compared_chips or self.finished.compared.get((key, chip)) == self.compared
        return 0 if is_done else self.compared

    def _shards(self, kind: Kind, key: str = "", chip: int = 0) -> list[tuple[int, int]]:
        """First image and stop of the images that are not classified yet, in pieces."""
        known = self.finished.known(kind, key, chip)
        return self._whole if known is None else known.missing(self.images, self.run.shard)

    def _chips(self, key: str) -> int:
        """How many chips of a design count, as far as that is known."""
        return self._enough(key) or self.run.chips

    def _enough(self, key: str) -> int | None:
        """How many chips of a design are enough, or None while more are needed."""
        if self.finished.known("analog", key) is None:
            return None
        accuracies = self.finished.chip_values(key, self.images)
        return enough(accuracies, self.run.chips, self.run.stop, self.finished.measure)

    def take(self, last: Task | None) -> Task | None:
        """The next task for a worker, or None if there is nothing that it could do to advantage now.

        Args:
            last: the task that the worker did last; None for a new one.
        """
        return self._queues.take(last)

    def done(self, outcome: Outcome) -> Outcome:
        """Note what came of a task; drops tasks that are not needed any more.

        Returns:
            The same, but with an error where the measure has no value.

        Raises:
            DataError: it has none for the float network: no design needs to be looked at.
        """
        task = outcome.task
        self._queues.returned(outcome)
        self.left -= 1
        outcome = self._with_value(outcome)
        if outcome.error:
            self.finished.failures.setdefault(task.prepare_key, outcome.error)
            references = [task, *self._drop(task.prepare_key, kinds=get_args(Kind))]
            self._pass_on({lost.key for lost in references if lost.kind == "reference"})
        elif task.kind == "analog" and self.run.stop is not None and self._enough(task.key) is not None:
            self._drop(task.prepare_key, kinds=("analog",))
        return outcome

    def _with_value(self, outcome: Outcome) -> Outcome:
        """Note what was measured; where that makes a chip complete whose measure is NaN, it failed."""
        task = outcome.task
        if outcome.error or task.kind in ("cost", "layers"):
            return outcome
        coverage = self.finished.coverage(task.kind, task.key, task.chip)
        coverage.add(task.start, task.stop, outcome.part(self.finished.measure))
        why = coverage.without_value(self.images, _SUBJECTS[task.kind].format(chip=task.chip + 1))
        if why and task.kind == "float":
            raise DataError(why)
        return replace(outcome, error=why) if why else outcome

    def again(self, outcome: Outcome) -> None:
        """Put back a task whose worker was lost."""
        self._queues.returned(outcome)
        self._queues.put_back(outcome.task.prepare_key, [outcome.task])

    def _drop(self, key: str, kinds: tuple[str, ...]) -> list[Task]:
        """Take tasks of a design out; returns them."""
        dropped = self.groups[key].drop(kinds)
        self.left -= len(dropped)
        return dropped

    def _pass_on(self, references: set[str]) -> None:
        """Give references whose design failed to other designs that share them."""
        for reference in references:
            able = [key for key in self._sharing[reference] if key not in self.finished.failures]
            if not able:
                continue
            first = self._same[able[0]][0]
            if able[0] not in self.groups:  # everything else of it is done
                self._add(able[0], first.record_key, 0)
            if not any(task.kind == "reference" for task in self.groups[able[0]].tasks):
                tasks = list(self._references(first))
                self._queues.put_back(able[0], tasks)
                self.total += len(tasks)
                self.left += len(tasks)


def _begins(shards: list[tuple[int, int]]) -> bool:
    """Whether the shards that are left begin with the first image; that of them then compares the layers too."""
    return bool(shards) and shards[0][0] == 0
