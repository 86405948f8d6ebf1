"""Run a study: find what is missing in its store, have it done, and keep every piece as it comes."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from bitline.data import load_dataset
from bitline.data.labels import class_count, labels_for
from bitline.errors import DataError, StudyError
from bitline.networks import find_network, load_network
from bitline.numerics.progress import Progress, silent
from bitline.study.agenda import Agenda
from bitline.study.executors import Executor, Inline, Processes
from bitline.study.store import NOTES, Store
from bitline.study.study import Point, Study
from bitline.study.worker import Context, Task, Worker

LARGEST_WORKERS = 8
"""Workers by default, on machines with more cores."""
ATTEMPTS = 3
"""How often a task is tried whose worker is lost."""

Launch = Callable[[Context], Executor]
"""Starts workers."""


@dataclass(frozen=True)
class Summary:
    """What a run of a study did.

    Attributes:
        points: designs of the study.
        done: tasks that were done now.
        failures: messages of tasks that failed now.
        seconds: time it took.
    """

    points: tuple[Point, ...] = field(repr=False)
    done: int
    failures: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Workload:
    """Network and data of a study.

    Attributes:
        context: what workers need.
        facts: what results depend on besides designs, for the store.
        notes: what was left out of the data, and how it was read.
    """

    context: Context
    facts: dict[str, str]
    notes: tuple[str, ...] = ()


def load(study: Study, workers: int = 1) -> Workload:
    """Load the network and the images of a study.

    Raises:
        NetworkError, DataError: they cannot be used.
    """
    network = find_network(study.model.name)
    model = load_network(network, study.model.weights)
    raw = load_dataset(network.images(study.data.source), network.preprocess).spread()
    dataset = raw.split(study.data.images, study.data.calibration_images)
    if dataset.calibration is None or len(dataset.calibration) == 0:
        raise DataError("there are no calibration images: use data with more images, or fewer calibration_images")
    context = Context(
        model=model,
        images=dataset.images,
        labels=labels_for(dataset, class_count(model, dataset.images)),
        calibration=dataset.calibration,
        seed=study.run.seed,
        batch=study.run.batch,
        layer_errors=study.run.layer_errors,
        threads=None if workers == 1 else max(1, (os.cpu_count() or 1) // workers),
    )
    facts = {
        "model": f"{study.model.name}, weights {_model_hash(model)}",
        "data": _data_hash(raw.images, raw.labels),
        "calibration images": _data_hash(dataset.calibration),
        "seed": str(study.run.seed),
        "PyTorch": ".".join(torch.__version__.split("+")[0].split(".")[:2]),
    }
    return Workload(context, facts, dataset.notes)


def default_workers() -> int:
    """Workers on this machine if nobody says how many: one for each core, up to a limit."""
    return min(os.cpu_count() or 1, LARGEST_WORKERS)


def local(workers: int, devices: tuple[str, ...] = ("cpu",)) -> Launch:
    """Workers on this machine."""
    if workers == 1 and devices == ("cpu",):
        return Inline
    return lambda context: Processes(context, workers, devices)


def sweep(
    study: Study,
    store: Path,
    *,
    workers: int = 1,
    launch: Launch | None = None,
    progress: Progress = silent,
    points: tuple[Point, ...] | None = None,
) -> Summary:
    """Evaluate all designs of a study; what the store has is not computed again.

    Interrupt it at any time, also with kill -9: run it again and it goes on.

    Args:
        study: what to do.
        store: SQLite file with the results; made if it is not there.
        workers: processes on this machine; with one, this process does the work.
        launch: starts other workers instead.
        progress: told how far the work is.
        points: designs, instead of those of the study's axes.

    Raises:
        StudyError: an impossible study, or a store that cannot be used.
        NetworkError, DataError: the network or the images cannot be used.
    """
    began = time.perf_counter()
    points = study.points() if points is None else points
    loaded = load(study, workers)
    with Store.writing(store, loaded.facts) as kept:
        kept.remember("study", study.to_toml())
        kept.remember("images", str(len(loaded.context.images)))
        kept.remember(NOTES, "; ".join(loaded.notes))
        kept.remember("points", json.dumps([point.key for point in points]))
        kept.add_designs(points)
        agenda = agenda_of(study, points, kept, len(loaded.context.images))
        failures: tuple[str, ...] = ()
        done = 0
        if agenda.total:
            executor = (launch or local(workers))(loaded.context)
            try:
                done, failures = work(agenda, executor, kept, progress)
            finally:
                executor.close()
        progress("", agenda.total, agenda.total)
    return Summary(points, done, failures, time.perf_counter() - began)


def agenda_of(study: Study, points: tuple[Point, ...], store: Store, images: int) -> Agenda:
    """What is left to do."""
    run = study.run
    return Agenda(points, store.shards(), store.costs(), images, run.chips, run.shard, run.stop)


def work(agenda: Agenda, executor: Executor, store: Store, progress: Progress) -> tuple[int, tuple[str, ...]]:
    """Have everything done that is left, and keep what comes.

    Returns:
        How many tasks were done, and the messages of those that failed.
    """
    prepared: dict[int, str] = {}
    attempts: dict[tuple[object, ...], int] = {}
    failures: list[str] = []
    done = running = 0
    while True:
        for worker in executor.idle():
            task = agenda.take(prepared.get(worker))
            if task is None:
                break
            executor.submit(worker, task)
            running += 1
        if not running:
            return done, tuple(failures)
        worker, outcome = executor.wait()
        running -= 1
        prepared[worker] = outcome.task.prepare_key
        if outcome.retry:
            prepared.pop(worker)
            place = (outcome.task.kind, outcome.task.key, outcome.task.chip, outcome.task.start)
            attempts[place] = attempts.get(place, 0) + 1
            if attempts[place] < ATTEMPTS:
                agenda.again(outcome.task)
                continue
        store.add(outcome)
        agenda.done(outcome)
        if outcome.error:
            failures.append(outcome.error)
        else:
            done += 1
        progress(outcome.task.label, agenda.total - agenda.left, agenda.total)


@dataclass(frozen=True)
class Forecast:
    """What a study would do.

    Attributes:
        points: designs.
        tasks: tasks that are left.
        finished: designs of which nothing is left to do.
        images: images that are left to classify, over all designs and chips.
        seconds: how long it should take.
    """

    points: tuple[Point, ...] = field(repr=False)
    tasks: int
    finished: int
    images: int
    seconds: float


def plan(study: Study, store: Path, workers: int = 1) -> Forecast:
    """How much a study is, and how long it should take, from a quick probe of up to three of its designs.

    The probe measures one batch; loading and the start of workers are not counted.

    Args:
        study: what to do.
        store: SQLite file, which need not exist.
        workers: processes.

    Raises:
        StudyError, NetworkError, DataError: as for `sweep`.
    """
    points = study.points()
    loaded = load(study, workers)
    images = len(loaded.context.images)
    if store.exists():
        with Store.reading(store) as kept:
            agenda = agenda_of(study, points, kept, images)
    else:
        run = study.run
        agenda = Agenda(points, (), {}, images, run.chips, run.shard, run.stop)
    groups = {key: tasks for key, tasks in agenda.groups.items() if tasks and key}
    names = list(groups)
    probed = sorted({0, len(names) // 2, len(names) - 1}) if names else []
    worker = Worker(loaded.context)
    rates = [_probe(worker, groups[names[index]][0], study.run.batch, images) for index in probed]
    preparation, programming, per_image = ([sum(column) / len(rates) for column in zip(*rates, strict=True)]) or (
        0,
        0,
        0,
    )
    left = sum(task.stop - task.start for tasks in agenda.groups.values() for task in tasks)
    chips = sum(task.kind == "analog" for tasks in groups.values() for task in tasks)
    busy = len(groups) * preparation + chips * programming + left * per_image
    waiting = {point.accuracy_key for point in points} & set(groups)
    finished = sum(point.accuracy_key not in waiting for point in points)
    return Forecast(points, agenda.total, finished, left, busy / workers)


def _probe(worker: Worker, task: Task, batch: int, images: int) -> tuple[float, float, float]:
    """Seconds to prepare a design, to program a chip, and for an image."""
    count = min(batch, images)

    def seconds(stop: int) -> float:
        one = Task("analog", task.prepare_key, task.prepare_key, task.design, 0, 0, stop)
        began = time.perf_counter()
        outcome = worker.run(one)
        if outcome.error:
            raise StudyError(f"{task.label}: {outcome.error}")
        return time.perf_counter() - began

    first = seconds(1)
    one, many = seconds(1), seconds(count)
    per_image = max(0.0, many - one) / max(1, count - 1)
    return max(0.0, first - one), one, per_image


def _model_hash(model: nn.Module) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _data_hash(*tensors: Tensor) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for tensor in tensors:
        digest.update(str(tuple(tensor.shape)).encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
