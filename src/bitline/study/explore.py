"""Search for the designs that trade accuracy best against cost (the extra `bitline[explore]`)."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitline.config.arguments import checked
from bitline.config.counts import whole_number
from bitline.errors import DesignError, StudyError
from bitline.evaluation.layer_errors import layer_errors
from bitline.numerics.progress import Progress, silent
from bitline.numerics.shares import mean_share
from bitline.numerics.summary import summary
from bitline.study.coverage import FinishedWork, enough
from bitline.study.executors import Executor, Launch, local
from bitline.study.forms import form_of
from bitline.study.objectives import Objectives
from bitline.study.pareto import evenly, front, ranks
from bitline.study.point import Point, in_line
from bitline.study.possible import check_axes, note_of, nothing
from bitline.study.sampling import generations
from bitline.study.store import FRONT, LEFT_OUT, Store
from bitline.study.study import Study
from bitline.study.unused import unused
from bitline.study.work import agenda_of, failures_of, opened, work
from bitline.study.workload import load

UNKNOWN = 200.0
"""Signal-to-error ratio in dB that stands for one without any error."""


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        looked_at: number of designs that were screened.
        survivors: designs that were measured in full.
        front: keys of the survivors that no other one beats in every objective.
        failures: which designs failed and why, now or in an earlier run.
        seconds: time it took.
        note: what is to be said of impossible combinations that the search met, and of axes that no design has.

    Examples:
        >>> SearchResult(looked_at=100, survivors=(), front=("3f2a", "91bc"), failures=(), seconds=60.0).front
        ('3f2a', '91bc')
        >>> SearchResult(looked_at=100, survivors=(), front=("3f2a", "91bc"), failures=(), seconds=60.0)
        SearchResult(100 screened, 0 measured, front of 2)
    """

    looked_at: int
    survivors: tuple[Point, ...]
    front: tuple[str, ...]
    failures: tuple[str, ...]
    seconds: float
    note: str = ""

    def __str__(self) -> str:
        title = (
            f"{self.looked_at:,} designs screened, {len(self.survivors):,} measured, {len(self.front):,} on the front"
        )
        rows = [(point.label(), "front" if point.key in self.front else "") for point in self.survivors]
        notes = [f"note: {self.note}"] if self.note else []
        notes += [f"failed: {failure}" for failure in self.failures[:1]]
        return summary(title, [("design", ""), *rows], notes)

    def __repr__(self) -> str:
        return (
            f"SearchResult({self.looked_at:,} screened, {len(self.survivors):,} measured, front of {len(self.front):,})"
        )


@checked(StudyError)
def explore(
    study: Study,
    store: str | Path,
    *,
    workers: int = 1,
    threads: int | None = None,
    launch: Launch | None = None,
    progress: Progress = silent,
) -> SearchResult:
    """Search the axes of a study for the Pareto front of its objectives.

    Designs are screened on few images with one chip: all there are, or where these are more than `search.designs`,
    generations that Optuna's NSGA-II chooses. The best fronts are then measured in full. The search depends only on the
    study and its seeds: run it again and it takes the same way, with what the store has; raise `search.designs` and it
    goes on.

    Args:
        study: axes, objectives and budget.
        store: SQLite file with the results; made if it is not there.
        workers: processes on this machine; with one, this process does the work.
        threads: of each worker; an equal share of the cores where it is None and there are several workers.
        launch: starts other workers instead.
        progress: told how many designs are screened, and then how many tasks are done.

    Raises:
        StudyError: an impossible study, a store that cannot be used, or Optuna is not installed.
        DataError: it searches for a measure of the user's, and nobody says which values are better.

    Examples:
        >>> explore(Study(name="empty"), Path("empty.sqlite"))
        Traceback (most recent call last):
        bitline.errors.StudyError: study 'empty' has no axes to search: add some with [[axes]]
    """
    began = time.perf_counter()
    study, store = Study.of(study), Path(store)
    workers = whole_number("workers", workers, 1, StudyError)
    objectives = _objectives(study)
    study = study.model_copy(update={"run": study.run.model_copy(update={"layer_errors": True})})
    workload = load(study, workers, threads)
    images = len(workload.context.images)
    with (
        opened(study, store, workload) as kept,
        closing((launch or local(workers))(workload.beside(kept.path))) as executor,
    ):
        screening = _Screening(study, objectives, kept, executor, images)
        kept.remember(FRONT, "[]")
        for asked in generations(study, objectives.directions, screening.look_at_all):
            progress("screening", asked, study.search.designs)
        left_out = note_of(screening.impossible, unused(study.axes, study.known()))
        kept.remember(LEFT_OUT, left_out)
        if not screening.looked_at:
            raise StudyError(nothing(study, screening.impossible))
        survivors = screening.survivors()
        work(agenda_of(study, survivors, kept, images), executor, kept, progress)
        costs = kept.totals([point.key for point in survivors])
        note = "; ".join(filter(None, (left_out, objectives.note_on_unknown(costs.values()))))
        kept.remember(LEFT_OUT, note)
        best = _front(study, survivors, agenda_of(study, survivors, kept, images).finished, costs, images)
        kept.remember(FRONT, json.dumps(best))
        failures = failures_of(screening.looked_at.values(), kept)
    return SearchResult(
        looked_at=len(screening.looked_at),
        survivors=survivors,
        front=tuple(best),
        failures=failures,
        seconds=time.perf_counter() - began,
        note=note,
    )


def _objectives(study: Study) -> Objectives:
    """What a study trades off.

    Raises:
        StudyError: it has nothing to search, or cannot be searched.
    """
    if not study.axes:
        raise StudyError(f"study {study.name!r} has no axes to search: add some with [[axes]]")
    search, measure = study.search, study.measure
    chosen = "objectives" in search.model_fields_set
    names = search.objectives if chosen else (measure.key, *search.objectives[1:])
    objectives = Objectives(names, measure)
    if measure.key in names:
        measure.check_order()
    check_axes(study)
    return objectives


class _Screening:
    """The designs that were looked at, each on few images with one chip."""

    def __init__(self, study: Study, objectives: Objectives, store: Store, executor: Executor, images: int) -> None:
        self.images, self.compared = min(study.search.screening_images, images), images
        few = study.run.model_copy(update={"chips": 1, "shard": self.images, "stop": None})
        self.study, self.objectives = study.model_copy(update={"run": few}), objectives
        self.store, self.executor = store, executor
        self.looked_at: dict[str, Point] = {}
        self.values: dict[str, list[float]] = {}
        self.impossible: dict[str, str] = {}
        self.form = form_of(study)

    def point(self, settings: dict[str, Any]) -> Point | None:
        """The design with some settings, or None where their combination is impossible, which is noted."""
        try:
            return self.study.point(settings)
        except DesignError as error:
            self.impossible[in_line(settings)] = str(error)
            return None

    def look_at_all(self, proposals: Sequence[dict[str, Any]]) -> list[list[float] | None]:
        """Objectives of the designs with some settings, as `look_at` gives them."""
        return self.look_at([self.point(settings) for settings in proposals])

    def look_at(self, points: Sequence[Point | None]) -> list[list[float] | None]:
        """Objectives of the designs of a generation; None for impossible designs and those that failed."""
        new = {point.key: point for point in points if point is not None and point.key not in self.looked_at}
        self.looked_at |= new
        designs = tuple(new.values())
        self.store.add_designs(designs)
        self.store.mark(designs, self.form)
        self.store.remember("points", json.dumps(list(self.looked_at)))
        agenda = agenda_of(self.study, designs, self.store, self.images, self.compared)
        work(agenda, self.executor, self.store, silent)
        self.values |= self._measured(designs, agenda.finished)
        return [self.values.get(point.key) if point is not None else None for point in points]

    def _measured(self, designs: tuple[Point, ...], finished: FinishedWork) -> dict[str, list[float]]:
        """Objectives of screened designs by key."""
        costs = self.store.totals([point.key for point in designs])
        measured = {}
        for point in (point for point in designs if point.accuracy_key not in finished.failures):
            quality = self._quality(point.accuracy_key, finished)
            values = None if quality is None else self.objectives.of(quality, costs.get(point.key, {}))
            if values is not None:
                measured[point.key] = values
        return measured

    def _quality(self, key: str, finished: FinishedWork) -> float | None:
        """What stands for the measure: of the first images, or the signal-to-error ratio (dB) of the last layer."""
        if self.study.search.screening == "accuracy":
            return finished.coverage("analog", key).accuracy(self.images)
        layers = self.store.layers(key).get(0)
        if not layers:
            return None
        last = layer_errors([layers])[-1]
        ratio = min(last.accumulated_db, UNKNOWN) if not math.isnan(last.accumulated_db) else -UNKNOWN
        return self.study.measure.sign * ratio  # a large ratio is good, whatever the direction of the measure

    def survivors(self) -> tuple[Point, ...]:
        """The designs of the best fronts; of one that does not fit, an even choice along the first objective, ends
        included."""
        keys = list(self.values)
        small = [self.objectives.small(self.values[key]) for key in keys]
        order = ranks(small)
        best = sorted(range(len(keys)), key=lambda index: (order[index], small[index], keys[index]))
        chosen: list[int] = []
        for rank in range(max(order, default=-1) + 1):
            members = [index for index in best if order[index] == rank]
            room = self.study.search.survivors - len(chosen)
            if room <= 0:
                break
            chosen += evenly(members, room)
        return tuple(self.looked_at[keys[index]] for index in chosen)


def _front(
    study: Study, points: tuple[Point, ...], finished: FinishedWork, costs: Mapping[str, Mapping[str, Any]], images: int
) -> list[str]:
    """Keys of the measured designs that no other one beats in every objective."""
    objectives = _objectives(study)
    keys: list[str] = []
    values: list[list[float]] = []
    for point in (point for point in points if point.accuracy_key not in finished.failures):
        chips = finished.chip_values(point.accuracy_key, images)
        chips = chips[: enough(chips, study.run.chips, study.run.stop, study.measure)]
        if chips:
            known = objectives.of(mean_share(chips, images), costs.get(point.key, {}))
            if known is not None:
                keys.append(point.key)
                values.append(objectives.small(known))
    return [key for key, on_front in zip(keys, front(values), strict=True) if on_front]
