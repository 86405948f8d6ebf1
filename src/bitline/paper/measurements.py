"""What was measured of the designs of a study, and the numbers that its claims speak of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from bitline.paper.quantity import Quantity, accuracy, combined
from bitline.paper.verdict import log_ratio, tolerance
from bitline.study import DesignResult, StudyResult
from bitline.study.point import Point
from bitline.study.store import Store
from bitline.study.task import Kind


class Answers(Protocol):
    """Which images were right."""

    def analog(self, design: DesignResult) -> Quantity:
        """Accuracy of a design on its chips."""

    def reference(self, design: DesignResult) -> Quantity:
        """Accuracy of its quantised reference."""

    def floating_point(self) -> Quantity:
        """Accuracy of the floating-point network."""


@dataclass(frozen=True)
class StoredAnswers:
    """Which images were right, as a store has it.

    Attributes:
        points: the designs, by key.
        known: accuracies by kind and key.
    """

    points: Mapping[str, Point]
    known: Mapping[tuple[Kind, str], Quantity]

    @classmethod
    def read(cls, path: Path, points: Sequence[Point], images: int, exact: bool) -> StoredAnswers:
        """All that a store has of some designs, which is opened once.

        Args:
            path: the file.
            points: the designs.
            images: number of images.
            exact: whether cells are exact, so that one chip is all chips.
        """
        analog: set[tuple[Kind, str]] = {("analog", point.accuracy_key) for point in points}
        others: set[tuple[Kind, str]] = {("float", ""), *(("reference", point.reference_key) for point in points)}
        with Store.reading(path) as store:
            known = {
                (kind, key): accuracy((str(path), f"{kind} {key}"), store.values(kind, key, images), alike)
                for found, alike in ((analog, exact), (others, True))
                for kind, key in found
            }
        return cls({point.key: point for point in points}, known)

    def analog(self, design: DesignResult) -> Quantity:
        """Accuracy of a design on its chips."""
        return self.known["analog", self.points[design.key].accuracy_key]

    def reference(self, design: DesignResult) -> Quantity:
        """Accuracy of its quantised reference."""
        return self.known["reference", self.points[design.key].reference_key]

    def floating_point(self) -> Quantity:
        """Accuracy of the floating-point network."""
        return self.known["float", ""]


@dataclass(frozen=True)
class Measurements:
    """What was measured of the designs of one study.

    Attributes:
        result: the designs, with the accuracy of every chip.
        failures: what could not be measured, and why.
        answers: which images were right.
    """

    result: StudyResult
    failures: tuple[str, ...]
    answers: Answers

    @property
    def table(self) -> pd.DataFrame:
        """One row for each design."""
        return self.result.to_frame().drop(columns=["key"])

    @property
    def best(self) -> DesignResult:
        """The design whose quantised reference is right most often: what errors are measured against."""
        known = [design for design in self.result.designs if design.reference is not None]
        return max(known, key=lambda design: design.reference or 0.0)

    @cached_property
    def baseline(self) -> Quantity:
        """Accuracy of the quantised reference with most bits."""
        return self.answers.reference(self.best)

    def designs(self, settings: dict[str, Any] | None = None) -> list[DesignResult]:
        """Designs with these settings, by dotted name, in the order of the axes; all designs without settings."""
        wanted = (settings or {}).items()
        return [
            design
            for design in self.result.designs
            if all(design.settings.get(name) == value for name, value in wanted)
        ]

    def accuracy(self, design: DesignResult) -> Quantity:
        """Share of the images that a design gets right."""
        return self.answers.analog(design)

    @property
    def quantisation_loss(self) -> Quantity:
        """Accuracy that the baseline loses against the floating-point network, in points."""
        return combined(_points, self.answers.floating_point(), self.baseline)

    def loss(self, design: DesignResult) -> Quantity:
        """Accuracy that a design loses against the baseline, in points."""
        return combined(_points, self.baseline, self.accuracy(design))

    def gain(self, better: DesignResult, worse: DesignResult) -> Quantity:
        """Accuracy of one design less that of another, in points."""
        return combined(_points, self.accuracy(better), self.accuracy(worse))

    def tolerance(self, setting: str, settings: dict[str, Any] | None = None) -> Quantity:
        """Largest value of an error's setting with two points of loss; see `verdict.tolerance`.

        Args:
            setting: the dotted name of the error's size.
            settings: those of the designs to compare, by dotted name.
        """
        ordered = sorted(self.designs(settings), key=lambda design: float(design.settings[setting]))
        errors = [float(design.settings[setting]) for design in ordered]

        def tolerated(baseline: float, *accuracies: float) -> float:
            return tolerance(errors, accuracies, baseline)

        return combined(tolerated, self.baseline, *map(self.accuracy, ordered))

    def bits(self, designs: Sequence[DesignResult], loss: float = 0.02) -> Quantity:
        """ADC bits from which on no more than `loss` is lost, interpolated between the measured ones.

        One more than the most bits that were measured if not even they are enough.

        Args:
            designs: of different `adc.bits`.
            loss: fraction of the images that may be lost.
        """
        ordered = sorted(designs, key=lambda design: -float(design.settings["adc.bits"]))
        bits = [float(design.settings["adc.bits"]) for design in ordered]

        def needed(baseline: float, *accuracies: float) -> float:
            return bits_needed(bits, accuracies, baseline - loss)

        return combined(needed, self.baseline, *map(self.accuracy, ordered))


def bits_needed(bits: Sequence[float], accuracies: Sequence[float], floor: float) -> float:
    """Bits from which on accuracies stay above a floor, interpolated.

    Args:
        bits: descending.
        accuracies: with each of them.
        floor: the least accuracy that is enough.

    Examples:
        >>> bits_needed([8, 7, 6], [1.0, 1.0, 0.5], floor=0.75)
        6.5
        >>> bits_needed([8, 7], [0.95, 0.95], floor=0.9), bits_needed([8, 7], [0.85, 0.95], floor=0.9)
        (7.0, 9.0)
    """
    needed, last = bits[0] + 1.0, math.nan
    for resolution, right in zip(bits, accuracies, strict=True):
        if right < floor:
            share = (last - floor) / (last - right)
            return needed if math.isnan(share) else needed - share * (needed - resolution)
        needed, last = float(resolution), right
    return needed


def ratio(tolerated: Quantity, reference: Quantity, largest: float) -> Quantity:
    """Natural logarithm of the ratio of two tolerances; see `log_ratio`.

    Args:
        tolerated, reference: tolerated errors.
        largest: largest error that was measured.
    """
    return combined(lambda error, other: log_ratio(error, other, largest), tolerated, reference)


def _points(better: float, worse: float) -> float:
    return 100 * (better - worse)
