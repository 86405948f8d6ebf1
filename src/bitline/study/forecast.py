"""How much a study is, and how long it should take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from torch import nn

from bitline.config.arguments import checked
from bitline.config.counts import whole_number
from bitline.config.trust import refusal
from bitline.data import load_dataset
from bitline.data.load_samples import sample_file
from bitline.data.preprocess import UNIT
from bitline.errors import DataError, StudyError
from bitline.networks import Network, find_network
from bitline.numerics.summary import counted
from bitline.numerics.text import number
from bitline.study.agenda import Agenda
from bitline.study.coverage import FinishedWork
from bitline.study.environment import compute_device
from bitline.study.point import Point, recalled
from bitline.study.possible import possible
from bitline.study.store import Store
from bitline.study.study import Study
from bitline.study.task import Task
from bitline.study.work import agenda_of
from bitline.study.worker import Worker
from bitline.study.workload import Workload, load

PROBED = 8
"""Classes of designs that are probed."""


@dataclass(frozen=True)
class Forecast:
    """What a study would do.

    Attributes:
        points: designs of the study.
        tasks: number of tasks that are left.
        finished: number of designs of which nothing is left to do.
        images: number of images that are left to classify, over all designs and chips.
        seconds: how long it should take; None where a probe would run code that nobody allowed.
        busy: computing time of all workers together (s); None where `seconds` is.
        note: what is to be said of impossible combinations, which are left out, of axes that no design has, and of
            the data.

    Examples:
        >>> Forecast(points=(), tasks=12, finished=3, images=4000, seconds=60.0, busy=120.0)
        Forecast(tasks=12, finished=3, images=4000, seconds=60.0, busy=120.0)
        >>> print(Forecast(points=(), tasks=12, finished=3, images=4000, seconds=90.0, busy=180.0))
        0 designs, 3 finished; 12 tasks and 4,000 images left
        about 1.5 minutes, 3 minutes of computing
    """

    points: tuple[Point, ...] = field(repr=False)
    tasks: int
    finished: int
    images: int
    seconds: float | None
    busy: float | None = None
    note: str = field(default="", repr=False)

    def _repr_html_(self) -> str:
        return "".join(f"<div>{line}</div>" for line in str(self).splitlines())

    @property
    def counts(self) -> str:
        """How much there is, and how much of it is left, in words."""
        left = f"{counted(self.tasks, 'task')} and {counted(self.images, 'image')} left"
        return f"{counted(len(self.points), 'design')}, {self.finished:,} finished; {left}"

    def __str__(self) -> str:
        times = "how long is not known: a probe would run code that nobody allowed"
        if self.seconds is not None:
            computing = "" if self.busy is None else f", {_about(self.busy)} of computing"
            times = f"about {_about(self.seconds)}{computing}"
        return f"{self.counts}\n{times}" + (f"\nnote: {self.note}" if self.note else "")


@dataclass(frozen=True)
class _Pace:
    """Seconds that a worker takes to prepare a design, to program a chip, and for an image."""

    design: float = 0.0
    chip: float = 0.0
    image: float = 0.0

    @classmethod
    def mean(cls, paces: Sequence[_Pace]) -> _Pace:
        count = len(paces)
        if not count:
            return cls()
        return cls(
            sum(pace.design for pace in paces) / count,
            sum(pace.chip for pace in paces) / count,
            sum(pace.image for pace in paces) / count,
        )

    def seconds(self, tasks: Sequence[Task]) -> float:
        """How long one worker takes for the tasks of a design."""
        chips = {task.chip for task in tasks if task.kind in ("analog", "layers")}
        images = sum(task.stop - task.start for task in tasks)
        return self.design + len(chips) * self.chip + images * self.image


def _about(seconds: float) -> str:
    """A time with two digits, as far as they can be known in advance."""
    for unit, name in ((3600.0, "hour"), (60.0, "minute")):
        if seconds >= unit:
            count = number(seconds / unit, 2)
            return f"{count} {name}{'' if count == '1' else 's'}"
    return f"{number(seconds, 2)} s"


@checked(StudyError)
def plan(
    study: Study, store: str | Path, workers: int = 1, threads: int | None = None, device: str = "cpu"
) -> Forecast:
    """How much a study is, and how long it should take, from a quick probe of a few of its designs.

    Designs whose weights, inputs, and kinds of array and converter are alike are taken to be equally fast, and one of
    each such class is probed, at most eight; others take the mean. The probe measures one batch; loading and the start
    of workers are not counted. There is no probe of a study that names code which nobody allowed.

    Args:
        study: what to do.
        store: SQLite file, which need not exist.
        workers: processes.
        threads: of each of them, as for `sweep`.
        device: compute device that the probe runs on, 'cpu' or 'cuda:0'.

    Raises:
        StudyError, NetworkError, DataError: as for `sweep`.

    Examples:
        >>> study = Study(design={"base": "ideal"}, data={"images": 2, "calibration_images": 2}, run={"chips": 3})
        >>> forecast = plan(study, Path("not-begun.sqlite"))
        >>> forecast.tasks, forecast.finished, forecast.images  # images for the float network, the reference, 3 chips
        (6, 0, 10)
    """
    workers = whole_number("workers", workers, 1, StudyError)
    compute_device(device)
    study, store = Study.of(study), Path(store)
    found = possible(study)
    forecast = _planned(study, found.points, store, workers, threads, device)
    return replace(forecast, note="; ".join(note for note in (found.note, forecast.note) if note))


def _planned(
    study: Study, points: tuple[Point, ...], store: Path, workers: int, threads: int | None, device: str
) -> Forecast:
    """How much some designs of a study are, and how long they should take."""
    if study.refused_code():
        return _forecast(_agenda(study, points, store, _count_images(study)), None, workers)
    workload = load(study, workers, threads)
    agenda = _agenda(study, points, store, len(workload.context.images))
    return replace(_probed(workload, agenda, workers, device), note="; ".join(workload.notes))


def _probed(workload: Workload, agenda: Agenda, workers: int, device: str) -> Forecast:
    """How long an agenda should take, from probes of its classes of designs."""
    groups = _waiting(agenda)
    if not groups:
        return _forecast(agenda, 0.0, workers)
    worker = Worker(replace(workload.context, device=device))
    classes: dict[str, list[Task]] = {}
    for tasks in groups.values():
        classes.setdefault(_speed_class(tasks[0]), []).append(tasks[0])
    probed = dict(sorted(classes.items(), key=lambda entry: -len(entry[1]))[:PROBED])
    paces = {name: _probe(worker, first, agenda) for name, (first, *_) in probed.items()}
    mean = _Pace.mean(list(paces.values()))
    busy = sum(paces.get(_speed_class(tasks[0]), mean).seconds(tasks) for tasks in groups.values())
    others = sum(task.stop - task.start for group in agenda.groups.values() if not group.key for task in group.tasks)
    return _forecast(agenda, busy + others * mean.image, workers)


def _speed_class(task: Task) -> str:
    """What decides roughly how fast a design is computed: how codes are held and applied, and the kinds of circuits."""
    design = task.design
    assert design is not None
    kinds = (design.array.kind, design.adc.kind, design.cell.device.kind, bool(design.layers))
    return repr((design.weights.model_dump(), design.inputs.model_dump(), kinds))


def _waiting(agenda: Agenda) -> dict[str, list[Task]]:
    """The tasks of each design of which something is left to do."""
    return {key: group.tasks for key, group in agenda.groups.items() if group.waiting and key}


def _images_left(agenda: Agenda) -> int:
    return sum(task.stop - task.start for group in agenda.groups.values() for task in group.tasks)


def _forecast(agenda: Agenda, busy: float | None, workers: int) -> Forecast:
    waiting = _waiting(agenda)
    finished = sum(point.accuracy_key not in waiting for point in agenda.points)
    seconds = None if busy is None else busy / workers
    return Forecast(agenda.points, agenda.total, finished, _images_left(agenda), seconds, busy)


def _count_images(study: Study) -> int:
    """How many images a study classifies, without its network and its data where these are code.

    Raises:
        DataError: that is not known.
    """
    if study.data.code:
        if study.data.images is None:
            raise DataError(refusal(study.data.code[0], "data.source") + "; or say how many with data.images")
        return study.data.images
    own = study.model.code
    network = Network(study.model.name, nn.Identity, UNIT) if own else find_network(study.model.name)
    try:
        source = network.images(study.data.source)
        file = sample_file(source, network.preprocess, study.data.length)
        if file is not None:
            model = network.build().eval()
            return len(file.read(model, study.data.images, study.data.calibration_images).samples)
        data = load_dataset(source, network.pictures)
    except DataError as error:
        if not own:
            raise
        raise DataError(f"{error}; or {refusal(own[0], 'model.name')}") from None
    return len(data.split(study.data.images, study.data.calibration_images).labels)


def _agenda(study: Study, points: tuple[Point, ...], store: Path, images: int) -> Agenda:
    """What is left to do, also where the store is not begun."""
    if not store.exists():
        return Agenda(points, FinishedWork(), images, study.run)
    with Store.reading(store) as kept:
        designs = kept.designs()
        return agenda_of(study, tuple(recalled(point, designs, kept.design) for point in points), kept, images)


def _probe(worker: Worker, task: Task, agenda: Agenda) -> _Pace:
    count, compared = min(agenda.run.batch, agenda.images), agenda.compared if agenda.run.layer_errors else 0

    def seconds(stop: int) -> float:
        began = time.perf_counter()
        key = task.prepare_key
        outcome = worker.run(Task("analog", key, key, task.design, 0, 0, stop, compared=compared))
        if outcome.error:
            raise StudyError(f"{task.label}: {outcome.error}")
        return time.perf_counter() - began

    first = seconds(1)
    single, many = seconds(1), seconds(count)
    per_image = max(0.0, many - single) / max(1, count - 1)
    return _Pace(design=max(0.0, first - single), chip=single, image=per_image)
