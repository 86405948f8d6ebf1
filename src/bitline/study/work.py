"""Have the tasks of a study done, and keep every piece as it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bitline.numerics.progress import Progress
from bitline.study.agenda import Agenda
from bitline.study.coverage import FinishedWork
from bitline.study.executors import Executor
from bitline.study.point import Point
from bitline.study.store import NOTES, Store
from bitline.study.study import Study
from bitline.study.task import FLOAT, Task
from bitline.study.workload import Workload

ATTEMPTS = 3
"""How often a task is tried whose worker is lost."""


@contextmanager
def opened(study: Study, path: Path, workload: Workload) -> Iterator[Store]:
    """The store of a study, which remembers the study and the data.

    Args:
        study: what is run now.
        path: SQLite file; made if it is not there.
        workload: network and data of the study.

    Raises:
        StudyError: the store cannot be used.

    Examples:
        >>> from bitline.study.workload import load
        >>> study = Study(name="readout", data={"images": 2, "calibration_images": 2})
        >>> with opened(study, Path("readout.sqlite"), load(study)) as store:
        ...     store.facts()["images"]
        '2'
    """
    with Store.writing(path, workload.facts) as store:
        store.remember("study", study.to_toml())
        store.remember("images", str(len(workload.context.images)))
        store.remember(NOTES, "; ".join(workload.notes))
        yield store


def agenda_of(study: Study, points: tuple[Point, ...], store: Store, images: int) -> Agenda:
    """What is left to do of some designs.

    Args:
        study: says how many chips, and how many images a task has.
        points: the designs.
        store: has what is finished.
        images: number of images to classify.

    Examples:
        >>> study = Study(run={"chips": 2})
        >>> with Store.writing(Path("two-chips.sqlite"), {}) as store:
        ...     agenda_of(study, study.points(), store, images=1000).total  # float, reference, cost and two chips
        5
    """
    return Agenda(points, FinishedWork(store.shards(), store.costs(), store.failures()), images, study.run)


def failures_of(points: Iterable[Point], store: Store) -> tuple[str, ...]:
    """Which designs failed and why, now or earlier; of designs that share their accuracy, the first.

    Args:
        points: the designs.
        store: has what went wrong.

    Examples:
        >>> from bitline.study.task import Outcome, Task
        >>> with Store.writing(Path("failed.sqlite"), {}) as store:
        ...     store.add(Outcome(Task("float", "", "", None, chip=0, start=0, stop=40), error="out of memory"))
        ...     failures_of((), store)
        ('the float network: out of memory',)
    """
    found = store.failures()
    labels = {"": FLOAT}
    for point in points:
        labels.setdefault(point.accuracy_key, point.label())
    return tuple(f"{label}: {found[key]}" for key, label in labels.items() if key in found)


def work(agenda: Agenda, executor: Executor, store: Store, progress: Progress) -> int:
    """Have everything done that is left, and keep what comes of it.

    A task whose worker is lost goes back to the agenda, for another worker, `ATTEMPTS` times in all.

    Args:
        agenda: gives out tasks.
        executor: has them done.
        store: keeps what comes.
        progress: told how many tasks are done.

    Returns:
        How many tasks were done; what went wrong is in the store.

    Raises:
        StudyError: the store cannot be written, or there are no workers.

    Examples:
        >>> from bitline.numerics.progress import silent
        >>> from bitline.study.executors import Inline
        >>> from bitline.study.workload import load
        >>> study = Study(design={"base": "ideal"}, data={"images": 2, "calibration_images": 2}, run={"chips": 1})
        >>> workload = load(study)
        >>> with opened(study, Path("ideal.sqlite"), workload) as store:
        ...     store.add_designs(study.points())
        ...     work(agenda_of(study, study.points(), store, images=2), Inline(workload.context), store, silent)
        4
    """
    last: dict[int, Task] = {}
    attempts: Counter[tuple[object, ...]] = Counter()
    done = 0
    while agenda.left:
        for worker in executor.idle():
            task = agenda.take(last.get(worker))
            if task is None:
                continue  # another worker may know a design that has tasks left
            executor.submit(worker, task)
        finished = executor.wait()
        if finished is None:
            continue
        worker, outcome = finished
        task = outcome.task
        last[worker] = task
        if outcome.retry:
            last.pop(worker)
            place = (task.kind, task.key, task.chip, task.start)
            attempts[place] += 1
            if attempts[place] < ATTEMPTS:
                agenda.again(outcome)
                continue
        store.add(outcome)
        agenda.done(outcome)
        done += not outcome.error
        progress(task.label, agenda.total - agenda.left, agenda.total)
    return done
