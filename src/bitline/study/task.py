"""What workers are given, what comes of it, and what of that is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from bitline.design import Design
from bitline.measures import ACCURACY, Measure
from bitline.measures.measure import Values
from bitline.study.values import unpack

if TYPE_CHECKING:
    from bitline.study.point import Point

Kind = Literal["float", "reference", "analog", "layers", "cost"]
"""Accuracy of the float network, of the quantised reference or of a chip; the layer errors of a chip whose first images
are classified already; or the cost of designs."""

FLOAT = "the float network"
"""What the tasks without a design are about, for messages."""


Part = int | Values
"""What is kept of some samples: how many were right, or the values of each, (samples, columns)."""


def measured(parts: Sequence[Part], samples: int, measure: Measure) -> float:
    """A measure of samples that were measured part by part; NaN where it has no value.

    Args:
        parts: of the samples.
        samples: number of them.
        measure: what was measured.

    Examples:
        >>> from bitline.measures import ACCURACY
        >>> measured([36, 40], 80, ACCURACY)
        0.95
    """
    if len(parts) == 1 and isinstance(parts[0], int):
        return parts[0] / samples
    values = [part for part in parts if not isinstance(part, int)]
    return (
        measure.of_part(np.concatenate(values))
        if values
        else sum(part for part in parts if isinstance(part, int)) / samples
    )


@dataclass(frozen=True)
class Task:
    """One piece of work.

    Attributes:
        kind: what is measured.
        key: what the result is kept under; empty for the float network.
        prepare_key: key of the design whose network has to be prepared; tasks with the same one share the preparation.
        design: the design; None for the float network.
        chip: number of the chip.
        start: first image.
        stop: the image after the last.
        variants: for costs, the designs by key, which differ in their hardware only.
        label: the design in words.
        batch: how many images go through the network at once; as many as the study says where it is 0.
        compared: on how many images the layers are compared with the reference, for their errors or the conversions
            that they leave out; 0 where they are not.

    Examples:
        >>> Task("analog", "a1", "a1", Design(), chip=2, start=0, stop=1000, label="adc.bits = 7").subject
        'adc.bits = 7'
        >>> Task.of_float(start=0, stop=1000).subject
        'the float network'
    """

    kind: Kind
    key: str
    prepare_key: str
    design: Design | None
    chip: int
    start: int
    stop: int
    variants: tuple[tuple[str, Design], ...] = ()
    label: str = ""
    batch: int = 0
    compared: int = 0

    @classmethod
    def of_float(cls, start: int, stop: int) -> Task:
        """Images of the float network."""
        return cls("float", "", "", None, 0, start, stop)

    @classmethod
    def of_reference(cls, point: Point, start: int, stop: int) -> Task:
        """Images of the quantised reference of a design."""
        label = point.label()
        return cls("reference", point.reference_key, point.accuracy_key, point.design, 0, start, stop, label=label)

    @classmethod
    def of_chip(cls, point: Point, chip: int, start: int, stop: int, compared: int = 0) -> Task:
        """Images of a chip of a design, of which the layers may be compared on the way."""
        return replace(cls._of_design("analog", point, compared), chip=chip, start=start, stop=stop)

    @classmethod
    def of_layers(cls, point: Point, chip: int, compared: int) -> Task:
        """The layer errors of a chip of a design, whose images are classified already."""
        return replace(cls._of_design("layers", point, compared), chip=chip)

    @classmethod
    def of_costs(cls, point: Point, variants: tuple[tuple[str, Design], ...], compared: int) -> Task:
        """The costs of designs that differ from this one in their hardware only."""
        return replace(cls._of_design("cost", point, compared), variants=variants)

    @classmethod
    def _of_design(cls, kind: Kind, point: Point, compared: int) -> Task:
        key = point.accuracy_key
        return cls(kind, key, key, point.design, 0, 0, 0, label=point.label(), compared=compared)

    @property
    def subject(self) -> str:
        """What the task is about, for messages."""
        return self.label or FLOAT


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes:
        task: the task.
        correct: number of images that were classified right.
        layers: sums of layer errors, as `LayerSums` has them.
        values: whether each image was classified right, as `values.pack` gives it; empty where nothing was classified.
        costs: for each variant's key its cost, or why there is none.
        seconds: computing time, preparation included.
        setup: how much of that was preparation: converting and calibrating the network, and programming the chip.
        records: what the calibration images showed on the way, by the name that it is kept under.
        batch: how many images went through the network at once, where memory was too short for as many as usual.
        worker: host and process that did it.
        error: what went wrong; empty if nothing.
        retry: whether the worker was lost, so that another one may do better.

    Examples:
        >>> task = Task.of_float(start=0, stop=1000)
        >>> outcome = Outcome(task, correct=912, seconds=1.5)
        >>> outcome.correct / (outcome.task.stop - outcome.task.start)
        0.912
    """

    task: Task
    correct: int = 0
    values: bytes = b""
    layers: tuple[dict[str, Any], ...] = ()
    costs: tuple[tuple[str, dict[str, Any]], ...] = ()
    seconds: float = 0.0
    setup: float = 0.0
    records: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    batch: int = 0
    worker: str = ""
    error: str = ""
    retry: bool = False

    def part(self, measure: Measure) -> Part:
        """What is kept of the samples: how many were right, or the values of each."""
        return self.correct if measure == ACCURACY else unpack(self.values, self.task.stop - self.task.start)


class Shard(NamedTuple):
    """Images of one chip, of the float network or of the reference that are classified and kept.

    Attributes:
        kind: what was measured.
        key: what it is kept under.
        chip: number of the chip.
        start: first image.
        stop: the image after the last.
        correct: number of images that were classified right.
        seconds: computing time.
        setup: how much of it was preparation.
        values: of each sample, (samples, columns), where something else than accuracy was measured.

    Examples:
        >>> from bitline.measures import ACCURACY
        >>> Shard("analog", "a1", 0, 0, 40, 36, 0.5, 0.1).value(ACCURACY)
        0.9
    """

    kind: str
    key: str
    chip: int
    start: int
    stop: int
    correct: int
    seconds: float
    setup: float
    values: Values | None = None

    @property
    def part(self) -> Part:
        """What is kept of its samples: how many were right, or the values of each."""
        return self.correct if self.values is None else self.values

    def value(self, measure: Measure) -> float:
        """The measure of its samples."""
        return measured([self.part], self.stop - self.start, measure)
