"""Have the tasks of a study done, and keep every piece as it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bitline.numerics.garbage import without_collection
from bitline.numerics.progress import Progress
from bitline.study.agenda import Agenda
from bitline.study.coverage import FinishedWork
from bitline.study.executors import Executor
from bitline.study.point import Point
from bitline.study.processes import refuse_in_workers
from bitline.study.store import NOTES, Store
from bitline.study.study import Study
from bitline.study.task import FLOAT, Outcome, Task
from bitline.study.workload import Workload

FEW = 400
"""Designs of which a store is asked one by one; of more, it is read whole."""

KEEP_EVERY = 0.5
"""Computing time (s, of all workers together) from which on finished tasks are kept: at most so much is done again
after a process was killed."""

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
        StudyError: the store cannot be used, or a worker runs the script that started it.

    Examples:
        >>> from bitline.study.workload import load
        >>> study = Study(name="readout", data={"images": 2, "calibration_images": 2})
        >>> with opened(study, Path("readout.sqlite"), load(study)) as store:
        ...     store.facts()["images"]
        '2'
    """
    refuse_in_workers()
    with Store.writing(path, workload.facts) as store:
        store.remember("study", study.described().to_toml())
        store.remember("images", str(len(workload.context.images)))
        store.remember(NOTES, "; ".join(workload.notes))
        yield store


def agenda_of(
    study: Study, points: tuple[Point, ...], store: Store, images: int, compared: int | None = None
) -> Agenda:
    """What is left to do of some designs.

    Args:
        study: says how many chips, and how many images a task has.
        points: the designs.
        store: has what is finished.
        images: number of images to classify.
        compared: as for `Agenda`.

    Examples:
        >>> study = Study(run={"chips": 2})
        >>> with Store.writing(Path("two-chips.sqlite"), {}) as store:
        ...     agenda_of(study, study.points(), store, images=1000).total  # float, reference, cost and two chips
        5
    """
    keys, measure = None, study.measure
    if len(points) <= FEW:
        keys = {"", *(key for point in points for key in (point.accuracy_key, point.reference_key))}
    with without_collection():
        layers = store.compared(keys) if study.run.layer_errors else None
        finished = FinishedWork(store.shards(keys, measure), store.costed(), store.failures(), measure, layers)
    return Agenda(points, finished, images, study.run, compared)


def failures_of(points: Iterable[Point], store: Store) -> tuple[str, ...]:
    """Which designs failed and why, now or earlier; of designs that share their accuracy, the first.

    Args:
        points: the designs.
        store: has what went wrong.

    Examples:
        >>> from bitline.study.task import Outcome, Task
        >>> with Store.writing(Path("failed.sqlite"), {}) as store:
        ...     store.add(Outcome(Task.of_float(0, 40), error="out of memory"))
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

    Finished tasks are kept together, half a second of computing at a time, so that very short ones do not wait for the
    disk. A task whose worker is lost goes back to the agenda, for another worker, `ATTEMPTS` times in all.

    Args:
        agenda: gives out tasks.
        executor: has them done.
        store: keeps what comes.
        progress: told how many tasks are done.

    Returns:
        How many tasks were done; what went wrong is in the store.

    Raises:
        StudyError: the store cannot be written, or there are no workers.
        DataError: the measure has no value for the float network.

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
    done, worker = 0, 0
    with closing(_Basket(store, progress)) as basket:
        while agenda.left:
            _give_out(agenda, executor, last, worker)
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
            outcome = agenda.done(outcome)
            done += not outcome.error
            basket.put(outcome, agenda.total - agenda.left, agenda.total)
            if outcome.batch and not outcome.error:
                store.note_batch(task.subject, outcome.batch, agenda.run.batch)
    return done


def _give_out(agenda: Agenda, executor: Executor, last: dict[int, Task], first: int) -> None:
    """Give every idle worker a task, as long as there are some; who has just done one goes on with its chip."""
    for worker in sorted(executor.idle(), key=lambda idle: idle != first):
        task = agenda.take(last.get(worker))
        if task is not None:  # or else another worker may know a design that has tasks left
            executor.submit(worker, task)


class _Basket:
    """Finished tasks that the store does not have yet; their number is told when it has them."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self.store, self.progress = store, progress
        self.waiting: list[tuple[Outcome, int, int]] = []

    def put(self, outcome: Outcome, done: int, total: int) -> None:
        """Add what came of a task; the store gets everything together once it is worth a write."""
        self.waiting.append((outcome, done, total))
        if outcome.error or outcome.records or sum(waits.seconds for waits, *_ in self.waiting) >= KEEP_EVERY:
            self.close()

    def close(self) -> None:
        """Give the store what waits."""
        waiting, self.waiting = self.waiting, []
        if waiting:
            self.store.add(*(outcome for outcome, *_ in waiting))
        for outcome, done, total in waiting:
            self.progress(outcome.task.label, done, total)
