"""What is finished of a study: images by chip, and chips by design."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bitline.errors import DataError
from bitline.measures import ACCURACY, Measure
from bitline.study.sections import EarlyStop
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


Pieces = dict[int, tuple[int, Part]]
"""For the first image of a piece, the image after its last, and what is kept of the images between."""


@dataclass(slots=True)
class Coverage:
    """Images of one chip that are classified.

    Attributes:
        shards: the first image of each finished shard, the image after its last, and what is kept of its images.
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

    shards: tuple[tuple[int, int, Part], ...] = ()
    measure: Measure = ACCURACY

    def add(self, start: int, stop: int, part: Part) -> None:
        """Count a finished shard.

        Args:
            start: its first image.
            stop: the image after its last.
            part: how many of its images are right, or the values of each.
        """
        self.shards = (*self.shards, (start, stop, part))

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
        pieces = self._pieces(images)
        place, parts = 0, []
        while place in pieces:
            place, part = pieces[place]
            parts.append(part)
        return place, parts

    def _pieces(self, images: int) -> Pieces:
        """The longest shard from each image on that does not reach too far; of two of the same images, the last."""
        pieces: Pieces = {}
        for start, stop, part in self.shards:
            if start < stop <= images and (start not in pieces or stop >= pieces[start][0]):
                pieces[start] = stop, part
        return pieces

    def accuracy(self, images: int) -> float | None:
        """The measure of all images, such as the fraction right, or None while some are missing."""
        place, value = self.reach(images)
        return value if place == images else None

    def missing(self, images: int, shard: int) -> list[tuple[int, int]]:
        """First image and stop of the shards that are left, of at most `shard` images each."""
        pieces = self._pieces(images)
        starts = [*sorted(pieces, reverse=True)]
        left, place = [], 0
        while place < images:
            if place in pieces:
                place, _ = pieces[place]
                continue
            while starts and starts[-1] <= place:
                starts.pop()
            stop = min(place + shard, starts[-1] if starts else images)
            left.append((place, stop))
            place = stop
        return left


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
