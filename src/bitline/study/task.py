"""What workers are given, what comes of it, and what of that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from bitline.design import Design

Kind = Literal["float", "reference", "analog", "cost"]
"""Accuracy of the float network, of the quantised reference or of a chip, or the cost of designs."""

FLOAT = "the float network"
"""What the tasks without a design are about, for messages."""


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

    Examples:
        >>> Task("analog", "a1", "a1", Design(), chip=2, start=0, stop=1000, label="adc.bits = 7").subject
        'adc.bits = 7'
        >>> Task("float", "", "", None, chip=0, start=0, stop=1000).subject
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
        worker: host and process that did it.
        error: what went wrong; empty if nothing.
        retry: whether the worker was lost, so that another one may do better.

    Examples:
        >>> task = Task("float", "", "", None, chip=0, start=0, stop=1000)
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
    worker: str = ""
    error: str = ""
    retry: bool = False


@dataclass(frozen=True)
class Shard:
    """Images of one chip, of the float network or of the reference that are classified and kept.

    Attributes:
        kind: what was measured.
        key: what it is kept under.
        chip: number of the chip.
        start: first image.
        stop: the image after the last.
        correct: number of images that were classified right.
        layers: sums of layer errors, as `LayerSums` has them.
        seconds: computing time.

    Examples:
        >>> Shard("analog", "a1", 0, 0, 40, 36, [], 0.5).accuracy
        0.9
    """

    kind: str
    key: str
    chip: int
    start: int
    stop: int
    correct: int
    layers: list[dict[str, Any]]
    seconds: float

    @property
    def accuracy(self) -> float:
        """Fraction of its images that were classified right."""
        return self.correct / (self.stop - self.start)
