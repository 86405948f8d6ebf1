"""Search for the designs that trade accuracy best against cost (the extra `bitline[explore]`)."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitline.config.messages import nearest
from bitline.errors import DesignError, StudyError
from bitline.evaluation.layer_errors import LayerSums, layer_errors
from bitline.numerics.progress import Progress, silent
from bitline.study.agenda import Agenda
from bitline.study.axes import Axis, holds, quantity
from bitline.study.executors import Executor
from bitline.study.pareto import front, ranks
from bitline.study.results import COSTS
from bitline.study.store import NOTES, Shard, Store
from bitline.study.study import Point, Study
from bitline.study.sweep import Launch, agenda_of, load, local, work

ACCURACY = "accuracy"
LARGE = (ACCURACY, "TOPS_per_W", "TOPS_per_mm2", "images_per_s", "cells_used")
"""Objectives that are to be large."""
UNKNOWN = 200.0
"""Signal-to-error ratio in dB that stands for one without any error."""


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        looked_at: designs that were screened.
        survivors: those that were measured in full.
        front: keys of the survivors that no other one beats in every objective.
        failures: messages of tasks that failed.
        seconds: time it took.
    """

    looked_at: int
    survivors: tuple[Point, ...]
    front: tuple[str, ...]
    failures: tuple[str, ...]
    seconds: float


def explore(
    study: Study,
    store: Path,
    *,
    workers: int = 1,
    launch: Launch | None = None,
    progress: Progress = silent,
) -> SearchResult:
    """Search the axes of a study for the Pareto front of its objectives.

    Generations of designs, chosen by Optuna's NSGA-II, are screened on few images with one chip; the best fronts are
    then measured in full. The search depends on the study and its seeds only: run it again and it takes the same way,
    with what the store has; raise `search.designs` and it goes on.

    Args:
        study: axes, objectives and budget.
        store: SQLite file with the results; made if it is not there.
        workers: processes on this machine.
        launch: starts other workers instead.
        progress: told how far the work is.

    Raises:
        StudyError: an impossible study, a store that cannot be used, or Optuna is not installed.
    """
    began = time.perf_counter()
    try:
        import optuna
    except ImportError:
        raise StudyError("'bitline explore' needs Optuna: pip install 'bitline[explore]'") from None
    _check(study)
    study = study.model_copy(update={"run": study.run.model_copy(update={"layer_errors": True})})
    search = study.search
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.NSGAIISampler(population_size=search.population, seed=search.seed)
    directions: list[Any] = ["maximize" if name in LARGE else "minimize" for name in search.objectives]
    sampled = optuna.create_study(directions=directions, sampler=sampler)
    loaded = load(study, workers)
    images = len(loaded.context.images)
    few = min(search.screening_images, images)
    looked_at: dict[str, Point] = {}
    values: dict[str, list[float]] = {}
    failures: list[str] = []
    with Store.writing(store, loaded.facts) as kept:
        kept.remember("study", study.to_toml())
        kept.remember("images", str(images))
        kept.remember(NOTES, "; ".join(loaded.notes))
        executor: Executor | None = None
        try:
            executor = (launch or local(workers))(loaded.context)
            asked = 0
            while asked < search.designs:
                generation = [sampled.ask() for _ in range(min(search.population, search.designs - asked))]
                points = [_suggest(study, proposal) for proposal in generation]
                new = {one.key: one for one in points if one is not None and one.key not in looked_at}
                looked_at |= new
                kept.add_designs(tuple(new.values()))
                kept.remember("points", json.dumps(list(looked_at)))
                failures += _screen(tuple(new.values()), kept, executor, few)
                values |= _screened(study, tuple(new.values()), kept, few)
                for proposal, point in zip(generation, points, strict=True):
                    known = values.get(point.key) if point is not None else None
                    state = optuna.trial.TrialState.FAIL if known is None else None
                    sampled.tell(proposal, known, state=state)
                asked += len(generation)
                progress("screening", asked, search.designs)
            survivors = _survivors(study, looked_at, values)
            agenda = agenda_of(study, survivors, kept, images)
            failures += work(agenda, executor, kept, progress)[1]
        finally:
            if executor is not None:
                executor.close()
        best = _front(study, survivors, kept, images)
        kept.remember("front", json.dumps(best))
    return SearchResult(len(looked_at), survivors, tuple(best), tuple(failures), time.perf_counter() - began)


def _check(study: Study) -> None:
    if not study.axes:
        raise StudyError(f"study {study.name!r} has no axes to search: add some with [[axes]]")
    for name in study.search.objectives:
        if name != ACCURACY and name not in COSTS:
            raise StudyError(f"search.objectives has {name!r}{nearest(name, (ACCURACY, *COSTS))}")
    if len(study.search.objectives) < 2:
        raise StudyError("search.objectives needs two or more, such as ['accuracy', 'energy_uJ']")
    try:
        study.known()
    except DesignError as error:
        raise StudyError(f"study {study.name!r}: {error}") from None


def _suggest(study: Study, proposal: Any) -> Point | None:
    """The design of a proposal; none where the combination is impossible."""
    settings: dict[str, Any] = {}
    known = study.known()
    for index, axis in enumerate(study.axes):
        if holds(axis.when, {**known, **settings}):
            settings |= _step(axis, index, proposal)
    try:
        return study.point(settings)
    except DesignError:
        return None


def _step(axis: Axis, index: int, proposal: Any) -> dict[str, Any]:
    """The step of an axis that the sampler chooses: numbers and times by their order, other words without one."""
    steps = axis.steps()
    ordered = all(quantity(value) is not None for step in steps for value in step.values())
    name = f"{index}: {', '.join(axis.settings)}"
    if ordered:
        chosen = proposal.suggest_int(name, 0, len(steps) - 1)
    else:
        chosen = proposal.suggest_categorical(name, list(range(len(steps))))
    return steps[int(chosen)]


def _screen(points: tuple[Point, ...], store: Store, executor: Executor, images: int) -> list[str]:
    agenda = Agenda(points, store.shards(), store.costs(), images, chips=1, shard=images, stop=None)
    return list(work(agenda, executor, store, silent)[1])


def _screened(study: Study, points: tuple[Point, ...], store: Store, images: int) -> dict[str, list[float]]:
    """Objectives of screened designs by key."""
    costs = store.costs()
    shards = {one.key: one for one in store.shards() if one.kind == "analog" and one.chip == 0 and one.start == 0}
    result = {}
    for point in points:
        shard = shards.get(point.accuracy_key)
        if shard is not None:
            accuracy = _quality(study, shard, images)
            values = _objectives(study, accuracy, costs.get(point.key, {}))
            if values is not None:
                result[point.key] = values
    return result


def _quality(study: Study, shard: Shard, images: int) -> float:
    if study.search.screening == "accuracy" or not shard.layers:
        return shard.correct / (shard.stop - shard.start)
    last = layer_errors([[LayerSums(**one) for one in shard.layers]])[-1]
    return min(last.accumulated_db, UNKNOWN) if not math.isnan(last.accumulated_db) else -UNKNOWN


def _objectives(study: Study, accuracy: float, cost: dict[str, Any]) -> list[float] | None:
    if any(name != ACCURACY and name not in cost for name in study.search.objectives):
        return None
    return [accuracy if name == ACCURACY else float(cost[name]) for name in study.search.objectives]


def _small(study: Study, values: list[float]) -> list[float]:
    """Objectives turned so that all are to be small."""
    pairs = zip(study.search.objectives, values, strict=True)
    return [-value if name in LARGE else value for name, value in pairs]


def _survivors(study: Study, points: dict[str, Point], values: dict[str, list[float]]) -> tuple[Point, ...]:
    """The designs of the best fronts; of one that does not fit, those that lie first along the first objective."""
    keys = list(values)
    order = ranks([_small(study, values[key]) for key in keys])
    best = sorted(range(len(keys)), key=lambda index: (order[index], _small(study, values[keys[index]]), keys[index]))
    count = study.search.survivors
    chosen: list[int] = []
    for rank in range(max(order, default=-1) + 1):
        members = [index for index in best if order[index] == rank]
        room = count - len(chosen)
        if room <= 0:
            break
        step = max(1.0, len(members) / room)
        chosen += [members[int(position * step)] for position in range(min(room, len(members)))]
    return tuple(points[keys[index]] for index in chosen)


def _front(study: Study, points: tuple[Point, ...], store: Store, images: int) -> list[str]:
    agenda = agenda_of(study, points, store, images)
    costs, keys, values = store.costs(), [], []
    for point in points:
        accuracies = agenda.progress.accuracies(point.accuracy_key, images)
        if accuracies:
            mean = sum(accuracies) / len(accuracies)
            known = _objectives(study, mean, costs.get(point.key, {}))
            if known is not None:
                keys.append(point.key)
                values.append(_small(study, known))
    return [key for key, on in zip(keys, front(values), strict=True) if on]
