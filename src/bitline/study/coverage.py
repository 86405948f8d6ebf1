"""What is finished of a study: images by chip, and chips by design."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from bitline.errors import DataError
from bitline.measures import ACCURACY, Measure
from bitline.study.sections import EarlyStop, Run
from bitline.study.task import Part, Shard, measured


def enough(accuracies: list[float], chips: int, stop: EarlyStop | None, measure: Measure = ACCURACY) -> int | None:
    """How many of the chips count, in their order, or None while more are needed.

    It depends only on the chips' accuracies, not on the order in which they were measured.

    Args:
        accuracies: fractions right of the first chips, without gaps.
        chips: how many chips there are at most.
        stop: when fewer are enough; None if all are wanted.
        measure: what was measured.

    Examples:
        >>> certain = EarlyStop(half_width_percent=1.0)
        >>> enough([0.901, 0.902, 0.903, 0.899], chips=10, stop=certain)
        3
        >>> enough([0.93, 0.87, 0.90], chips=10, stop=certain) is None
        True
    """
    if stop is not None:
        for count in range(stop.min_chips, min(len(accuracies), chips) + 1):
            if stop.is_met_by(accuracies[:count], measure):
                return count
    return chips if len(accuracies) >= chips else None


def counting(accuracies: list[float], run: Run, measure: Measure = ACCURACY) -> list[float]:
    """The accuracies of the chips that count: of as many as are enough, or of all where more are needed.

    A store may have more chips than a study wants: of a run with more chips, or of workers that measured at once.

    Args:
        accuracies: fractions right of the first chips, without gaps.
        run: how many chips there are at most, and when fewer are enough.
        measure: what was measured.

    Examples:
        >>> counting([0.901, 0.902, 0.903, 0.899], Run(chips=2)), counting([0.901], Run(chips=2))
        ([0.901, 0.902], [0.901])
    """
    return accuracies[: enough(accuracies, run.chips, run.stop, measure)]


@dataclass(slots=True)
class Coverage:
    """Images of one chip that are classified.

    Attributes:
        parts: for each first image of a finished shard, its stops, and what is kept of the images up to there.
        measure: what is measured.

    Examples:
        >>> coverage = Coverage()
        >>> coverage.add(0, 40, 36)
        >>> coverage.add(60, 100, 34)
        >>> coverage.missing(images=100, shard=15)
        [(40, 55), (55, 60)]
        >>> coverage.add(40, 60, 20)
        >>> coverage.accuracy(100)
        0.9
    """

    parts: dict[int, dict[int, Part]] = field(default_factory=dict)
    measure: Measure = ACCURACY

    def add(self, start: int, stop: int, part: Part) -> None:
        """Count a finished shard.

        Args:
            start: its first image.
            stop: the image after its last.
            part: how many of its images are right, or the values of each.
        """
        self.parts.setdefault(start, {})[stop] = part

    def reach(self, images: int) -> tuple[int, float]:
        """How many images are measured from the first one on without a gap, and the measure of these; NaN for none.

        Args:
            images: images that count; shards that go further are left out.
        """
        place, parts = self._first(images)
        return place, measured(parts, place, self.measure) if place else math.nan

    def without_value(self, images: int, subject: str) -> str:
        """Why the measure of all images has no value; empty where it has one, or where images are missing.

        Args:
            images: images that count.
            subject: what is measured, for the message.
        """
        place, parts = self._first(images)
        values = [part for part in parts if not isinstance(part, int)]  # shares of right ones always have a value
        if place < images or not values:
            return ""
        try:
            self.measure.of(np.concatenate(values), subject)
        except DataError as error:
            return str(error)
        return ""

    def _first(self, images: int) -> tuple[int, list[Part]]:
        """How many images are measured from the first one on without a gap, and what is kept of these."""
        if len(whole := self.parts.get(0, ())) == len(self.parts) == 1 and images in whole:  # a chip in one piece
            return images, [self.parts[0][images]]
        place, parts = 0, []
        while (stop := self._stop(place, images)) is not None:
            parts.append(self.parts[place][stop])
            place = stop
        return place, parts

    def accuracy(self, images: int) -> float | None:
        """The measure of all images, such as the fraction right, or None while some are missing."""
        place, value = self.reach(images)
        return value if place == images else None

    def missing(self, images: int, shard: int) -> list[tuple[int, int]]:
        """First image and stop of the shards that are left, of at most `shard` images each."""
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
        longest = None
        for stop in self.parts.get(start, ()):
            if start < stop <= images and (longest is None or stop > longest):
                longest = stop
        return longest


class FinishedWork:
    """What a store has: images by kind, key and chip, which designs have a cost, and which failed.

    Args:
        shards: what is classified.
        costs: for the key of each design whose cost is known, the number of images that it was found with; 0 for none.
        failures: why designs failed, by accuracy key; '' stands for the float network.
        measure: what is measured.
        compared: by accuracy key and chip, the number of images that layers were compared on.

    Examples:
        >>> done = FinishedWork([Shard("analog", "a1", chip, 0, 40, 36 + chip, 0.5, 0.0) for chip in (0, 1, 3)])
        >>> done.chip_values("a1", images=40)
        [0.9, 0.925]
        >>> done.coverage("float").accuracy(40) is None
        True
    """

    def __init__(
        self,
        shards: Iterable[Shard] = (),
        costs: Mapping[str, int] | None = None,
        failures: Mapping[str, str] | None = None,
        measure: Measure = ACCURACY,
        compared: Mapping[tuple[str, int], int] | None = None,
    ) -> None:
        self.costs, self.compared = costs or {}, compared or {}
        self.failures = dict(failures or {})
        self._coverage: dict[tuple[str, str, int], Coverage] = defaultdict(lambda: Coverage(measure=measure))
        self.measure = measure
        for shard in shards:
            self.coverage(shard.kind, shard.key, shard.chip).add(shard.start, shard.stop, shard.part)

    def coverage(self, kind: str, key: str = "", chip: int = 0) -> Coverage:
        """The images of a chip, of the float network or of a reference; shards can be added to it."""
        return self._coverage[kind, key, chip]

    def known(self, kind: str, key: str = "", chip: int = 0) -> Coverage | None:
        """The images of a chip, of the float network or of a reference, or None where nothing is classified."""
        return self._coverage.get((kind, key, chip))

    def chip_values(self, key: str, images: int) -> list[float]:
        """Accuracies of the first chips of a design, without gaps."""
        result: list[float] = []
        while (coverage := self.known("analog", key, len(result))) is not None:
            accuracy = coverage.accuracy(images)
            if accuracy is None:
                break
            result.append(accuracy)
        return result
