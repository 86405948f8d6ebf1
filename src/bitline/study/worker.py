"""Where the numbers of a study are computed: one worker, which any executor can hold."""

from __future__ import annotations

import os
import platform
import time
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from bitline.cost import Statistics
from bitline.design import Design, views
from bitline.errors import BitlineError, DesignError
from bitline.evaluation.layer_errors import LayerSums, layer_errors
from bitline.evaluation.prepared import Prepared, count_right
from bitline.nn import NetworkRecord, record
from bitline.numerics.threads import limit_threads

Kind = Literal["float", "reference", "analog", "cost"]
KEPT = 2
"""Prepared networks that a worker keeps."""


@dataclass(frozen=True)
class Task:
    """One piece of work.

    Attributes:
        kind: accuracy of the float network, of the quantised reference, or of a chip; or the cost of designs.
        key: that the result is kept under; empty for the float network.
        prepare_key: of the design whose network has to be prepared; tasks with the same one share the preparation.
        design: the design; the float network has none.
        chip: number of the chip.
        start, stop: images.
        variants: for costs, the designs by key, which differ in their hardware only.
        label: the design in words.
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


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes:
        task: the task.
        correct: images that were classified right.
        layers: sums of layer errors.
        costs: for each variant's key its cost, or why there is none.
        seconds: time it took, preparation included.
        worker: host and process.
        error: what went wrong; empty if nothing.
        retry: whether another worker may do better.
    """

    task: Task
    correct: int = 0
    layers: tuple[dict[str, Any], ...] = ()
    costs: tuple[tuple[str, dict[str, Any]], ...] = ()
    seconds: float = 0.0
    worker: str = ""
    error: str = ""
    retry: bool = False


@dataclass(frozen=True)
class Context:
    """What all tasks of a study have in common.

    Attributes:
        model: the float network.
        images, labels, calibration: normalised images and classes.
        seed: of the chips.
        batch: images at once.
        layer_errors: whether to measure the error of every layer.
        threads: of a worker; those that its process has already if not given.
        device: 'cpu' or 'cuda:0'.
    """

    model: nn.Module
    images: Tensor
    labels: Tensor
    calibration: Tensor
    seed: int
    batch: int
    layer_errors: bool
    threads: int | None = None
    device: str = "cpu"


class Worker:
    """Does tasks one after the other; keeps the networks that it prepared last."""

    def __init__(self, context: Context) -> None:
        if context.threads:
            limit_threads(context.threads)
        place = torch.device(context.device)
        self.context = context
        self.model = context.model.to(place)
        self.images, self.labels = context.images.to(place), context.labels.to(place)
        self.calibration = context.calibration.to(place)
        self.prepared: OrderedDict[str, Prepared] = OrderedDict()
        self.observed: tuple[str, NetworkRecord] | None = None
        self.statistics: tuple[str, Statistics] | None = None
        self.name = f"{platform.node()}:{os.getpid()}"

    def run(self, task: Task) -> Outcome:
        """Do a task; what a user can cause, and lack of memory, becomes the outcome's error."""
        began = time.perf_counter()
        try:
            outcome = {"float": self._float, "reference": self._reference, "analog": self._analog, "cost": self._cost}[
                task.kind
            ](task)
        except BitlineError as error:
            outcome = Outcome(task, error=str(error))
        except MemoryError:
            outcome = Outcome(task, error=_too_large(task))
        except RuntimeError as error:
            if not _is_memory(error):
                raise
            self.prepared.clear()
            self.observed = self.statistics = None
            outcome = Outcome(task, error=_too_large(task))
        seconds = time.perf_counter() - began
        return Outcome(**{**vars(outcome), "seconds": seconds, "worker": self.name})

    def _float(self, task: Task) -> Outcome:
        images, labels = self._shard(task)
        return Outcome(task, correct=count_right(self.model, images, labels, self.context.batch))

    def _reference(self, task: Task) -> Outcome:
        images, labels = self._shard(task)
        reference = self._prepare(task.prepare_key, task.design).reference
        return Outcome(task, correct=count_right(reference, images, labels, self.context.batch))

    def _analog(self, task: Task) -> Outcome:
        images, labels = self._shard(task)
        prepared = self._prepare(task.prepare_key, task.design)
        prepared.program(task.chip)
        sums: list[tuple[LayerSums, ...]] = []
        if self.context.layer_errors and task.start == 0:
            sums = prepared.compare(self.images, self.context.batch)
        correct = prepared.classify(images, labels, self.context.batch, task.start)
        return Outcome(task, correct=correct, layers=tuple(asdict(one) for run in sums for one in run))

    def _cost(self, task: Task) -> Outcome:
        assert task.design is not None
        prepared = self._prepare(task.prepare_key, task.design)
        skipped = {}
        if getattr(task.design.adc, "skip_zero_inputs", False):
            prepared.program(0)
            sums = prepared.compare(self.images, self.context.batch)
            skipped = {one.name: one.skipped for one in layer_errors(sums)}
        ranges = {"adc_ranges": prepared.adc_ranges()}
        self.statistics = views.key(views.record(task.design)), prepared.statistics
        costs: list[tuple[str, dict[str, Any]]] = []
        for key, design in task.variants:
            try:
                costs.append((key, prepared.cost(design, skipped).to_dict() | ranges))
            except DesignError as error:
                costs.append((key, {"notes": [f"no energy, area and latency: {error}"], **ranges}))
        return Outcome(task, costs=tuple(costs))

    def _shard(self, task: Task) -> tuple[Tensor, Tensor]:
        return self.images[task.start : task.stop], self.labels[task.start : task.stop]

    def _prepare(self, key: str, design: Design | None) -> Prepared:
        assert design is not None
        if key not in self.prepared:
            while len(self.prepared) >= KEPT:
                self.prepared.popitem(last=False)
            seen, statistics = self._observe(design), self._known_statistics(design)
            self.prepared[key] = Prepared.of(self.model, design, seen, self.context.seed, self.calibration, statistics)
        self.prepared.move_to_end(key)
        return self.prepared[key]

    def _observe(self, design: Design) -> NetworkRecord:
        """What the calibration images show, kept for the next design that sees the same."""
        key = views.key(views.record(design))
        if self.observed is None or self.observed[0] != key:
            self.observed = key, record(self.model, design, self.calibration)
        return self.observed[1]

    def _known_statistics(self, design: Design) -> Statistics | None:
        known = self.statistics
        return known[1] if known is not None and known[0] == views.key(views.record(design)) else None


def _too_large(task: Task) -> str:
    return (
        f"out of memory with {task.label or 'the network'}: use fewer workers, a smaller run.batch, or a design with "
        "fewer slices"
    )


def _is_memory(error: RuntimeError) -> bool:
    text = str(error)
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in text or "not enough memory" in text
