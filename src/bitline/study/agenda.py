"""What is left to do of a study, given what is finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bitline.numerics.confidence import half_width
from bitline.study.store import Shard
from bitline.study.study import EarlyStop, Point
from bitline.study.worker import Outcome, Task


def enough(accuracies: list[float], chips: int, stop: EarlyStop | None) -> int | None:
    """How many of the chips count, in their order; none while more are needed.

    It depends on the chips' accuracies only, not on the order in which they were measured.

    Args:
        accuracies: fractions, of the first chips, without gaps.
        chips: how many there are at most.
        stop: when fewer are enough.
    """
    if stop is not None:
        for count in range(stop.min_chips, min(len(accuracies), chips) + 1):
            if 100 * half_width(accuracies[:count]) <= stop.half_width:
                return count
    return chips if len(accuracies) >= chips else None


@dataclass
class Coverage:
    """Images of one chip that are classified, and how many of them right: for each first image, the stops of shards."""

    parts: dict[int, dict[int, int]] = field(default_factory=dict)

    def add(self, start: int, stop: int, correct: int) -> None:
        """A finished shard."""
        self.parts.setdefault(start, {})[stop] = correct

    def reach(self, images: int) -> tuple[int, int]:
        """Images from the first one on without a gap, of at most `images`, and those right."""
        place = right = 0
        while (stop := self._stop(place, images)) is not None:
            right += self.parts[place][stop]
            place = stop
        return place, right

    def accuracy(self, images: int) -> float | None:
        """Fraction right of all images; none while some are missing."""
        place, right = self.reach(images)
        return right / images if place == images else None

    def missing(self, images: int, shard: int) -> list[tuple[int, int]]:
        """Shards to do, of at most `shard` images."""
        left, place = [], 0
        starts = sorted(start for start in self.parts if self._stop(start, images) is not None)
        while place < images:
            known = self._stop(place, images)
            if known is None:
                following = next((start for start in starts if start > place), images)
                known = min(place + shard, following)
                left.append((place, known))
            place = known
        return left

    def _stop(self, start: int, images: int) -> int | None:
        """Where the longest finished shard ends that begins here and does not reach too far."""
        return max((stop for stop in self.parts.get(start, ()) if stop <= images), default=None)


class Coverages:
    """What is finished, by kind, key and chip."""

    def __init__(self, shards: Iterable[Shard]) -> None:
        self.coverage: dict[tuple[str, str, int], Coverage] = defaultdict(Coverage)
        for one in shards:
            self.coverage[one.kind, one.key, one.chip].add(one.start, one.stop, one.correct)

    def accuracies(self, key: str, images: int) -> list[float]:
        """Accuracies of the first chips of a design, without gaps."""
        result: list[float] = []
        while (accuracy := self.coverage["analog", key, len(result)].accuracy(images)) is not None:
            result.append(accuracy)
        return result


class Agenda:
    """Tasks of a study; gives them out so that a worker prepares as few designs as possible.

    Args:
        points: designs.
        finished: what is in the store.
        costs: keys of designs whose cost is known.
        images: images to classify.
        chips: how many there are at most.
        shard: images of one task.
        stop: when fewer chips are enough.
    """

    def __init__(
        self,
        points: tuple[Point, ...],
        finished: Iterable[Shard],
        costs: Mapping[str, object],
        images: int,
        chips: int,
        shard: int,
        stop: EarlyStop | None,
    ) -> None:
        self.progress = Coverages(finished)
        self.images, self.chips, self.stop = images, chips, stop
        self.groups: dict[str, list[Task]] = {}
        self.busy: dict[str, int] = defaultdict(int)
        self.failed: set[str] = set()
        self._add_float(shard)
        reference: set[str] = set()
        variants: dict[str, list[Point]] = defaultdict(list)
        for point in points:
            variants[point.accuracy_key].append(point)
        for key, same in variants.items():
            self._add_design(key, same, costs, shard, reference)
        self.total = self.left = sum(len(tasks) for tasks in self.groups.values())

    def _add_float(self, shard: int) -> None:
        coverage = self.progress.coverage["float", "", 0]
        tasks = [Task("float", "", "", None, 0, *part) for part in coverage.missing(self.images, shard)]
        if tasks:
            self.groups[""] = tasks

    def _add_design(
        self, key: str, same: list[Point], costs: Mapping[str, object], shard: int, reference: set[str]
    ) -> None:
        design, label, reference_key = same[0].design, same[0].label(), same[0].reference_key
        tasks: list[Task] = []
        if reference_key not in reference:
            reference.add(reference_key)
            coverage = self.progress.coverage["reference", reference_key, 0]
            for part in coverage.missing(self.images, shard):
                tasks.append(Task("reference", reference_key, key, design, 0, *part, label=label))
        uncosted = tuple((point.key, point.design) for point in same if point.key not in costs)
        if uncosted:
            tasks.append(Task("cost", key, key, design, 0, 0, 0, variants=uncosted, label=label))
        if enough(self.progress.accuracies(key, self.images), self.chips, self.stop) is None:
            for chip in range(self.chips):
                coverage = self.progress.coverage["analog", key, chip]
                for part in coverage.missing(self.images, shard):
                    tasks.append(Task("analog", key, key, design, chip, *part, label=label))
        if tasks:
            self.groups[key] = tasks

    def take(self, last: str | None) -> Task | None:
        """The next task for a worker.

        Args:
            last: what the worker has prepared.
        """
        waiting = [key for key, tasks in self.groups.items() if tasks]
        if not waiting:
            return None
        key = last if last in waiting else min(waiting, key=lambda one: self.busy[one])
        self.busy[key] += 1
        return self.groups[key].pop(0)

    def done(self, outcome: Outcome) -> None:
        """Note what came of a task; drops tasks that are not needed any more."""
        task = outcome.task
        self.busy[task.prepare_key] -= 1
        self.left -= 1
        if outcome.error:
            self.failed.add(task.prepare_key)
            self._drop(task.prepare_key, kinds=("reference", "analog", "cost"))
            return
        if task.kind == "cost":
            return
        self.progress.coverage[task.kind, task.key, task.chip].add(task.start, task.stop, outcome.correct)
        if task.kind == "analog" and self.stop is not None:
            accuracies = self.progress.accuracies(task.key, self.images)
            if enough(accuracies, self.chips, self.stop) is not None:
                self._drop(task.prepare_key, kinds=("analog",))

    def again(self, task: Task) -> None:
        """Put back a task whose worker was lost."""
        self.busy[task.prepare_key] -= 1
        self.groups.setdefault(task.prepare_key, []).insert(0, task)

    def _drop(self, key: str, kinds: tuple[str, ...]) -> None:
        tasks = self.groups.get(key, [])
        kept = [task for task in tasks if task.kind not in kinds]
        self.left -= len(tasks) - len(kept)
        self.groups[key] = kept
