"""What was measured of the designs of a study, and the numbers that its claims speak of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from bitline.numerics.summary import counted
from bitline.paper.quantity import Quantity, accuracy, combined, unknown
from bitline.paper.verdict import log_ratio, tolerance
from bitline.study import DesignResult, StudyResult, read_results
from bitline.study.point import Point
from bitline.study.store import Store
from bitline.study.task import Kind

LOSS = 0.02
"""Fraction of the images that an error may cost: the two points of the claims' tolerances."""
COLLAPSE = 3
"""A design that loses so many times as much as it may is beyond any doubt of chips and images."""


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

    def told(self, design: DesignResult) -> DesignResult:
        """A design with the accuracies that these answers give."""
        chips = [chip for right in self.analog(design).tables.values() for chip in right]
        return replace(
            design,
            images=len(chips[0]) if chips else 0,
            chip_values=tuple(float(chip.mean(dtype=np.float64)) for chip in chips),
            reference_value=_number(self.reference(design).value),
        )


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
        return max(self.result.designs, key=lambda design: design.reference_value or 0.0)

    @property
    def unmeasured(self) -> int:
        """How many designs are not measured."""
        return sum(not design.chip_values for design in self.result.designs)

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
        largest = float(ordered[-1].settings[setting])
        deciding = self._up_to_collapse(ordered, LOSS)
        errors = [float(design.settings[setting]) for design in deciding]

        def tolerated(baseline: float, *accuracies: float) -> float:
            found = tolerance(errors, accuracies, baseline, LOSS)
            return found if found < errors[-1] or errors[-1] == largest else math.nan

        return combined(tolerated, self.baseline, *map(self.accuracy, deciding)) if deciding else unknown()

    def bits(self, designs: Sequence[DesignResult], loss: float = 0.02) -> Quantity:
        """ADC bits from which on no more than `loss` is lost, interpolated between the measured ones.

        One more than the most bits that were measured if not even they are enough.

        Args:
            designs: of different `adc.bits`.
            loss: fraction of the images that may be lost.
        """
        ordered = sorted(designs, key=lambda design: -float(design.settings["adc.bits"]))
        deciding = self._up_to_collapse(ordered, loss)
        most, least = (float(ordered[end].settings["adc.bits"]) for end in (0, -1))
        bits = [float(design.settings["adc.bits"]) for design in deciding]

        def needed(baseline: float, *accuracies: float) -> float:
            found = bits_needed(bits, accuracies, baseline - loss)
            between = bits[-1] < found <= bits[0]
            return found if between or (found, bits[-1]) == (least, least) or (found > bits[0] == most) else math.nan

        return combined(needed, self.baseline, *map(self.accuracy, deciding)) if deciding else unknown()

    def _up_to_collapse(self, ordered: Sequence[DesignResult], loss: float) -> list[DesignResult]:
        """Designs that are measured, from the best on to the first of which every chip loses so much that those after
        it are worse.

        What comes after it decides nothing, on any of the chips alone, and may have been measured on fewer images.

        Args:
            ordered: from the smallest error to the largest.
            loss: fraction of the images whose loss matters.
        """
        found = []
        for design in ordered:
            if design.chip_values:
                found.append(design)
                if self._least_loss(design) > COLLAPSE * loss:
                    break
        return found

    def _least_loss(self, design: DesignResult) -> float:
        """What the best chip of a design loses against the baseline, on the images that both were measured on."""
        tables = (*self.accuracy(design).tables.values(), *self.baseline.tables.values())
        if len(tables) < 2:
            return math.nan
        chips, exact = tables
        images = min(chips.shape[1], exact.shape[1])
        return float(exact[0, :images].mean() - chips[:, :images].mean(1).max())


def measured(store: Path, points: Sequence[Point], failures: tuple[str, ...], exact: bool) -> Measurements:
    """What a store has of the designs of a study, some of which may not be measured yet.

    Args:
        store: its file.
        points: the designs.
        failures: what could not be measured, and why.
        exact: whether cells are exact, so that one chip is all chips.
    """
    result = read_results(store)
    answers = StoredAnswers.read(store, points, int(result.facts["images"]), exact)
    by_key = {point.key: point for point in points}
    designs = tuple(
        replace(answers.told(design), settings=by_key[design.key].settings)
        for design in (*result.designs, *result.earlier)
        if design.key in by_key
    )
    data = Measurements(replace(result, designs=designs), failures, answers)
    images = int(result.facts["images"])
    fewer = [design.images for design in designs if 0 < design.images < images]
    notes = []
    if data.unmeasured:
        notes.append(f"Not measured yet: {data.unmeasured} of {counted(len(designs), 'design')}.")
    if fewer:
        notes.append(
            f"Measured on fewer than {images} images so far: {counted(len(fewer), 'design')}, down to {min(fewer)}."
        )
    return replace(data, failures=(*failures, *notes))


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


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _points(better: float, worse: float) -> float:
    return 100 * (better - worse)
