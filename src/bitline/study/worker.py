"""Where the numbers of a study are computed: one worker, which any executor can hold."""

from __future__ import annotations

import os
import platform
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from bitline.config.trust import trust
from bitline.cost import Statistics
from bitline.data.samples import Samples, samples_of
from bitline.data.stored_images import StoredImages
from bitline.design import Design, views
from bitline.errors import DesignError, StudyError
from bitline.evaluation.layer_errors import LayerSums
from bitline.evaluation.measured_samples import MeasuredSamples
from bitline.evaluation.prepared import Known, Prepared
from bitline.evaluation.together import largest_output
from bitline.measures import ACCURACY, Measure
from bitline.measures.measure import Values
from bitline.nn import Inputs, NetworkRecord, record
from bitline.nn.record_bytes import pack_record
from bitline.numerics.out_of_memory import is_out_of_memory
from bitline.study.code import code_of_design, code_of_measure, code_of_network
from bitline.study.environment import arithmetic, compute_device
from bitline.study.mishaps import OUT_OF_MEMORY, described, smaller
from bitline.study.point import accuracy_key, record_key
from bitline.study.stored_records import StoredRecords
from bitline.study.task import Kind, Outcome, Task
from bitline.study.values import pack

KEPT = 2
"""How many prepared networks a worker keeps."""


@dataclass(frozen=True)
class Context:
    """What all tasks of a study have in common.

    Attributes:
        model: the float network.
        images: normalised images to classify, images that are normalised batch by batch, or other samples.
        labels: class numbers of images, (images,); None where the samples have their targets.
        calibration: images or samples like these that set quantisation and ADC ranges.
        seed: seed of the chips.
        batch: how many images go through the network at once.
        trusted: modules of users' code that workers may import.
        threads: threads of each worker; None leaves those that its process has.
        device: compute device of a worker, 'cpu' or 'cuda:0'.
        code: of the network, as the process that gives tasks knows it; empty where none of it is a user's.
        measure_code: of the measure, likewise.
        records: where what the calibration images showed is kept; None where it is not.
        measure: what is measured.

    Examples:
        >>> import torch
        >>> images = torch.rand(6, 4)
        >>> context = Context(nn.Linear(4, 2), images, torch.zeros(6), images, seed=0, batch=64)
        >>> context.device
        'cpu'
    """

    model: nn.Module
    images: Tensor | StoredImages | Samples
    labels: Tensor | None
    calibration: Tensor | StoredImages | Samples
    seed: int
    batch: int
    trusted: tuple[str, ...] = ()
    threads: int | None = None
    device: str = "cpu"
    code: str = ""
    records: StoredRecords | None = None
    measure: Measure = ACCURACY
    measure_code: str = ""


class Worker:
    """Does tasks one after the other; keeps the networks that it prepared last.

    Args:
        context: what all tasks have in common.

    Examples:
        >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2)).eval()
        >>> import torch
        >>> images = torch.arange(24.0).reshape(6, 4)
        >>> labels = network(images).argmax(1)  # so that the float network is right
        >>> worker = Worker(Context(network, images, labels, images, seed=0, batch=3))
        >>> worker.run(Task.of_float(0, 6)).correct
        6
    """

    def __init__(self, context: Context) -> None:
        from bitline.numerics.threads import limit_threads  # here, as numba is much for those who only read results

        trust(context.trusted)
        if context.threads:
            limit_threads(context.threads)
        self.context = context
        self.model = context.model.to(compute_device(context.device))
        samples = samples_of(context.images, context.labels, self.model)
        self.data = MeasuredSamples.of(samples, context.measure, context.batch, self.model)
        self.inputs = Inputs.of(context.calibration, self.model)
        self.calibration = self.inputs
        self.prepared: OrderedDict[str, Prepared] = OrderedDict()
        self.recorded: tuple[str, NetworkRecord] | None = None
        self.statistics: tuple[str, Statistics] | None = None
        self.name = f"{platform.node()}:{os.getpid()} {arithmetic(context.device)}"
        self.mismatch = _mismatch(context)
        self._setup = 0.0
        self._made: tuple[tuple[str, bytes], ...] = ()
        self._measure: dict[Kind, Callable[[Task], Outcome]] = {
            "float": self._float,
            "reference": self._reference,
            "analog": self._analog,
            "layers": self._layers,
            "cost": self._cost,
        }

    def run(self, task: Task) -> Outcome:
        """Do a task; whatever goes wrong, in a user's class too, becomes the outcome's error, with its place.

        Where memory is short, it is tried again with fewer images at once, on which results do not depend.
        """
        began = time.perf_counter()
        self._setup, self._made = 0.0, ()
        batch = task.batch or self.context.batch
        outcome = self._try(task, batch)
        while outcome.error.startswith(OUT_OF_MEMORY) and batch > 1:
            batch = smaller(batch)
            outcome = self._try(task, batch)
        return replace(
            outcome,
            seconds=time.perf_counter() - began,
            setup=self._setup,
            records=self._made,
            batch=self.data.batch if batch < self.context.batch else 0,
            worker=self.name,
        )

    def _try(self, task: Task, batch: int) -> Outcome:
        """Do a task with so many images at once, or as small a share of those that suit the network."""
        try:
            share = max(1, self._together * batch // self.context.batch)
            self.data = replace(self.data, batch=share)
            self.calibration = self.inputs.at_most(share)
            if self.mismatch:
                raise StudyError(self.mismatch)
            return self._measure[task.kind](task)
        except (Exception, SystemExit) as error:
            self._forget(task, error)
            return Outcome(task, error=described(error))

    @cached_property
    def _together(self) -> int:
        """How many samples go through the network together, at most."""
        if 1 in (self.context.batch, len(self.data)):
            return self.context.batch
        with largest_output(self.model) as largest, torch.no_grad():
            self.data.samples.first(1).call.on(self.model)
        return largest.together(1, self.context.batch)

    def _forget(self, task: Task, error: BaseException) -> None:
        """Give up what may be half done, and everything where memory is short."""
        self.prepared.pop(task.prepare_key, None)
        if is_out_of_memory(error):
            self.prepared.clear()
            self.recorded = self.statistics = None

    def _float(self, task: Task) -> Outcome:
        return self._measured(task, self._shard(task).values(self.model))

    def _reference(self, task: Task) -> Outcome:
        reference = self._prepare(task.prepare_key, task.design).reference
        return self._measured(task, self._shard(task).values(reference))

    def _analog(self, task: Task) -> Outcome:
        prepared = self._programmed(task)
        sums = prepared.compare(self.data, task.compared)
        outcome = self._measured(task, prepared.values(self._shard(task)))
        return replace(outcome, layers=_plain(sums))

    def _layers(self, task: Task) -> Outcome:
        return Outcome(task, layers=_plain(self._programmed(task).compare(self.data, task.compared)))

    def _cost(self, task: Task) -> Outcome:
        assert task.design is not None
        prepared = self._prepare(task.prepare_key, task.design)
        skipped = prepared.skipped(self.data, task.compared)
        ranges = {"adc_ranges": prepared.adc_ranges()}
        self.statistics = views.key(views.record(task.design)), prepared.statistics
        costs: list[tuple[str, dict[str, Any]]] = []
        for key, design in task.variants:
            try:
                costs.append((key, prepared.cost(design, skipped).to_dict() | ranges))
            except DesignError as error:
                costs.append((key, {"notes": [f"no energy, area and latency: {error}"], **ranges}))
        return Outcome(task, costs=tuple(costs))

    def _measured(self, task: Task, values: Values) -> Outcome:
        """What is kept of the values of samples."""
        right = int(values.sum()) if self.context.measure == ACCURACY else 0
        return Outcome(task, correct=right, values=pack(values))

    def _shard(self, task: Task) -> MeasuredSamples:
        return self.data.part(task.start, task.stop)

    def _prepare(self, key: str, design: Design | None) -> Prepared:
        assert design is not None
        if key not in self.prepared:
            while len(self.prepared) >= KEPT:
                self.prepared.popitem(last=False)
            if code_of_design(views.answers(design)) and accuracy_key(design) != key:
                raise StudyError(_other_code("the design"))
            with self._setting_up():
                record, statistics = self._record(design), self._known_statistics(design)
                known = Known(statistics, next(reversed(self.prepared.values()), None))
                self.prepared[key] = Prepared.of(self.model, design, record, self.context.seed, self.calibration, known)
        self.prepared.move_to_end(key)
        return self.prepared[key]

    def _programmed(self, task: Task) -> Prepared:
        """The network of a design, on the chip of a task."""
        prepared = self._prepare(task.prepare_key, task.design)
        with self._setting_up():
            prepared.program(task.chip)
        return prepared

    @contextmanager
    def _setting_up(self) -> Iterator[None]:
        """Count what is done inside as preparation."""
        began = time.perf_counter()
        yield
        self._setup += time.perf_counter() - began

    def _record(self, design: Design) -> NetworkRecord:
        """What the calibration images show, kept for the next design that they show the same of."""
        key, stored = record_key(design), self.context.records
        if self.recorded is None or self.recorded[0] != key:
            found = None if stored is None else stored.find(key)
            if found is None:
                found = record(self.model, design, self.calibration)
                self._made = () if stored is None else ((stored.name(key), pack_record(found)),)
            self.recorded = key, found
        return self.recorded[1]

    def _known_statistics(self, design: Design) -> Statistics | None:
        known = self.statistics
        return known[1] if known is not None and known[0] == views.key(views.record(design)) else None


def _plain(sums: tuple[LayerSums, ...]) -> tuple[dict[str, Any], ...]:
    return tuple(asdict(layer) for layer in sums)


def _mismatch(context: Context) -> str:
    """What is wrong where the code of the network or the measure is another one than where the study was started."""
    if context.code and str(code_of_network(context.model)) != context.code:
        return _other_code("the network")
    if context.measure_code and str(code_of_measure(context.measure)) != context.measure_code:
        return _other_code("the measure")
    return ""


def _other_code(what: str) -> str:
    return (
        f"the code of {what} on {platform.node()} is not that of the machine that started the study, or was changed "
        "since: give all machines the same files, and start the study again with --retry-failed"
    )
