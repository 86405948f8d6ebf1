"""Run a study: find what is missing in its store, and have it done."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bitline.config.arguments import checked
from bitline.config.counts import whole_number
from bitline.errors import StudyError
from bitline.numerics.progress import Progress, silent
from bitline.numerics.summary import counted
from bitline.numerics.text import number
from bitline.study.executors import Launch, local
from bitline.study.forms import form_of
from bitline.study.point import Point
from bitline.study.possible import Possible, possible
from bitline.study.store import FRONT, LEFT_OUT, Store
from bitline.study.study import Study
from bitline.study.work import agenda_of, failures_of, opened, work
from bitline.study.workload import Workload, load


@dataclass(frozen=True)
class Summary:
    """What a run of a study did.

    Attributes:
        points: designs of the study.
        done: number of tasks that were done now.
        failures: which designs failed and why, now or in an earlier run.
        seconds: time it took.
        note: what is to be said of impossible combinations, which are left out, and of axes that no design has.

    Examples:
        >>> Summary(points=(), done=12, failures=(), seconds=30.0)
        Summary(done=12, failures=(), seconds=30.0)
    """

    points: tuple[Point, ...] = field(repr=False)
    done: int
    failures: tuple[str, ...]
    seconds: float
    note: str = field(default="", repr=False)

    def __str__(self) -> str:
        title = (
            f"{counted(len(self.points), 'design')}, {counted(self.done, 'task')} done in {number(self.seconds, 3)} s"
        )
        notes = [f"note: {self.note}"] if self.note else []
        return "\n".join([title, *notes, *(f"failed: {failure}" for failure in self.failures)])


@checked(StudyError)
def sweep(
    study: Study,
    store: str | Path,
    *,
    workers: int = 1,
    threads: int | None = None,
    launch: Launch | None = None,
    progress: Progress = silent,
    points: tuple[Point, ...] | None = None,
) -> Summary:
    """Evaluate all designs of a study; what the store has is not computed again.

    Interrupt it at any time, also with kill -9: run it again and it goes on. A design that fails does not stop the
    others; it is tried again only after `forget_failures`, or with other code of the user's classes.

    Args:
        study: what to do.
        store: SQLite file with the results; made if it is not there.
        workers: processes on this machine; with one, this process does the work.
        threads: of each worker; an equal share of the cores where it is None and there are several workers.
        launch: starts other workers instead.
        progress: told what was done last, and how many tasks are done.
        points: designs to evaluate instead of those of the study's axes.

    Raises:
        StudyError: an impossible study, or a store that cannot be used.
        NetworkError: the network or its weights cannot be used.
        DataError: the images or their labels cannot be used, or the measure has no value for the float network.

    Examples:
        >>> study = Study(design={"base": "ideal"}, data={"images": 2, "calibration_images": 2},
        ...               run={"chips": 1, "layer_errors": False})
        >>> sweep(study, Path("ideal.sqlite")).done  # the float network, the reference, a chip and the cost
        4
        >>> sweep(study, Path("ideal.sqlite")).done
        0
    """
    began = time.perf_counter()
    workers = whole_number("workers", workers, 1, StudyError)
    study, store = Study.of(study), Path(store)
    found, form = (possible(study), form_of(study)) if points is None else (Possible(points, {}), "")
    points = found.points
    workload = load(study, workers, threads)
    with _begun(study, store, workload, found) as kept:
        if form:
            kept.mark(points, form)
        agenda = agenda_of(study, points, kept, len(workload.context.images))
        done = 0
        if agenda.total:
            with closing((launch or local(workers))(workload.beside(kept.path))) as executor:
                done = work(agenda, executor, kept, progress)
        progress("", agenda.total, agenda.total)
        failures = failures_of(points, kept)
    return Summary(points, done, failures, time.perf_counter() - began, found.note)


def enter(study: Study, store: Path, points: tuple[Point, ...]) -> Summary:
    """Write the designs of a study into its store, and measure nothing.

    Args:
        study: what would be done.
        store: SQLite file with the results; made if it is not there.
        points: the designs.

    Raises:
        StudyError: a store that cannot be used.
        NetworkError: the network or its weights cannot be used.
        DataError: the images or their labels cannot be used.

    Examples:
        >>> study = Study(design={"base": "ideal"}, data={"images": 2, "calibration_images": 2})
        >>> enter(study, Path("entered.sqlite"), study.points()).done
        0
    """
    began = time.perf_counter()
    with _begun(study, store, load(study), Possible(points, {})) as kept:
        failures = failures_of(points, kept)
    return Summary(points, 0, failures, time.perf_counter() - began)


@contextmanager
def _begun(study: Study, store: Path, workload: Workload, found: Possible) -> Iterator[Store]:
    """The store of a study, with its designs."""
    with opened(study, store, workload) as kept:
        kept.remember("points", json.dumps([point.key for point in found.points]))
        kept.remember(LEFT_OUT, found.note)
        kept.forget(FRONT)  # of an earlier search
        kept.add_designs(found.points)
        yield kept
