"""Whatever the workers of a cluster do, every task ends once as long as one lives, and no study waits for ever."""

from __future__ import annotations

from collections import Counter, deque
from random import Random

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from bitline.errors import StudyError
from bitline.numerics.progress import silent
from bitline.study.agenda import Agenda
from bitline.study.coverage import FinishedWork
from bitline.study.point import Point
from bitline.study.remote import PATIENCE_S, SETTLED_S, STARTS, Finished, Lost, Placed, RemoteWorkers, unsaid
from bitline.study.study import Study
from bitline.study.task import Outcome, Task
from bitline.study.work import ATTEMPTS, work

STUDY = Study(axes=[{"setting": "adc.bits", "values": [6, 8]}], run={"chips": 2, "shard": 50})
POINTS: tuple[Point, ...] = STUDY.points()
TASKS = 14  # 100 images in 2 shards: the float network, the reference and 2 x 2 chips; and 2 costs


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Scripted:
    """A cluster on which the n-th thing that a worker is asked for ends as its script says.

    Args:
        scripts: for each worker what becomes of its starts and tasks: 'well', 'ill' (an error of the task), 'dies', or
            'waits' for ever, which only a start does. After the last entry everything goes well.
        clock: moved on while nothing happens.
        chance: decides what happens first.
        deadly: kind of tasks that no worker survives.
    """

    def __init__(self, scripts: list[list[str]], clock: Clock, chance: Random, deadly: str = "") -> None:
        self.chance = chance
        self.deadly = deadly
        self.scripts = [deque(script) for script in scripts]
        self.clock = clock
        self.events: list[Placed | Finished | Lost] = []
        self.starts: Counter[int] = Counter()
        self.placed: set[int] = set()
        self.batches: list[int] = []

    def _fate(self, worker: int) -> str:
        return self.scripts[worker].popleft() if self.scripts[worker] else "well"

    def start(self, worker: int) -> None:
        self.starts[worker] += 1
        self.placed.discard(worker)
        fate = self._fate(worker)
        if fate in ("well", "ill"):
            self.events.append(Placed(worker))
            self.placed.add(worker)
        elif fate == "dies":
            self.events.append(Lost(worker, "it died at the start"))

    def give(self, worker: int, task: Task) -> None:
        assert worker in self.placed, "a task for a worker that has not answered"
        fate = "dies" if task.kind == self.deadly else self._fate(worker)
        self.batches.append(task.batch)
        if fate in ("dies", "killed"):
            self.placed.discard(worker)
            self.events.append(Lost(worker, "its machine is gone", is_killed=fate == "killed"))
        else:
            self.events.append(Finished(worker, Outcome(task, error="an error" if fate == "ill" else "")))

    def event(self, seconds: float):
        if self.events:
            return self.events.pop(self.chance.randrange(len(self.events)))
        self.clock.now += seconds
        return None

    def room(self) -> str:
        return "needs 1 core, and the cluster has none"

    def close(self) -> None:
        self.events.clear()


class Kept:
    """What a store is given."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def add(self, *outcomes: Outcome) -> None:
        self.outcomes += outcomes


def place(task: Task) -> tuple[object, ...]:
    return task.kind, task.key, task.chip, task.start


def run(scripts: list[list[str]], say=unsaid, chance=None, deadly="") -> tuple[Kept, Scripted, int, tuple[str, ...]]:
    clock, kept = Clock(), Kept()
    cluster = Scripted(scripts, clock, chance or Random(0), deadly)
    executor = RemoteWorkers(cluster, len(scripts), say, clock)
    agenda = Agenda(POINTS, FinishedWork(), images=100, run=STUDY.run)
    done = work(agenda, executor, kept, silent)
    assert agenda.left == 0
    return kept, cluster, done, tuple(outcome.error for outcome in kept.outcomes if outcome.error)


fates = st.lists(st.sampled_from(["well", "well", "dies", "waits"]), max_size=8)


@given(st.lists(fates, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_every_task_ends_exactly_once_or_nobody_is_there(scripts, chance):
    try:
        kept, cluster, done, failures = run(scripts, chance=chance)
    except StudyError as error:
        event("no worker")
        assert "no worker" in str(error)
        return
    places = [place(outcome.task) for outcome in kept.outcomes]
    twice = {kind for (kind, *_), times in Counter(places).items() if times > 1}
    assert twice <= ({"reference"} if failures else set())  # where the design that began it has failed
    assert done + len(failures) == len(places)
    assert all("was lost" in failure for failure in failures)
    if not failures:
        assert len(places) == TASKS
    deaths = sum(script.count("dies") for script in scripts)
    assert sum(cluster.starts.values()) <= len(scripts) + deaths


@given(st.lists(fates, max_size=4), st.randoms(use_true_random=False))
def test_one_worker_that_lives_is_enough(scripts, chance):
    scripts.insert(chance.randint(0, len(scripts)), [])
    kept, _, done, failures = run(scripts, chance=chance)
    assert done + len(failures) == len(kept.outcomes)
    lost = sum(script.count("dies") for script in scripts)
    if lost < ATTEMPTS:
        assert (done, failures) == (TASKS, ())


def test_a_worker_without_a_place_holds_no_task():
    _, cluster, done, failures = run([["waits"], [], ["waits"], ["waits"]])
    assert (done, failures) == (TASKS, ())
    assert cluster.placed == {1}


def test_the_tasks_of_lost_workers_go_to_those_that_remain():
    scripts = [[], ["well", "well", "dies", "waits"], ["well", "dies", "waits"]]
    assert run(scripts)[2:] == (TASKS, ())


def test_a_worker_that_dies_before_it_answers_is_given_up_after_some_starts():
    _, cluster, done, _ = run([["dies"] * 20, []])
    assert done == TASKS
    assert cluster.starts[0] == STARTS


def test_an_error_of_a_task_is_the_failure_of_its_design_only():
    _, _, done, failures = run([["well", "ill"]])
    assert failures == ("an error",)
    assert done == TASKS - 2  # the float network has two tasks


def test_a_task_that_kills_its_workers_is_given_up_and_the_study_goes_on():
    _, cluster, done, failures = run([[]], deadly="float")
    assert failures == ("its worker was lost: its machine is gone",)
    assert 1 + ATTEMPTS <= cluster.starts[0] <= 2 * ATTEMPTS  # two tasks are of the float network
    assert done == TASKS - 2


def test_the_task_of_a_killed_worker_is_tried_with_fewer_images_at_once():
    _, cluster, done, failures = run([["well", "killed", "well", "killed"]])
    assert failures == () and done == TASKS
    assert [batch for batch in cluster.batches if batch] == [16, 16]  # two tasks, of the study's 64 images at once


def test_workers_that_cannot_start_end_the_study_with_the_reason():
    with pytest.raises(StudyError, match="no worker can start on the cluster: it died at the start"):
        run([["dies"] * STARTS] * 2)


@pytest.mark.parametrize(
    "scripts", [[["waits"], ["waits"]], [["waits"], ["dies"] * STARTS], [["well", "dies", "waits"]]]
)
def test_a_study_without_any_worker_ends_after_a_stated_time(scripts):
    said: list[str] = []
    with pytest.raises(StudyError, match=f"no worker has had a place on the cluster for {PATIENCE_S / 60:.0f} minutes"):
        run(scripts, said.append)
    assert any("start or wait for a place: each needs 1 core, and the cluster has none" in message for message in said)


def test_how_many_workers_run_is_said_once_it_has_settled():
    clock, said = Clock(), []
    cluster = Scripted([["waits"], ["waits"], []], clock, Random(0))
    executor = RemoteWorkers(cluster, 3, said.append, clock)
    assert executor.wait() is None
    clock.now += SETTLED_S
    executor.submit(2, Task.of_float(0, 1))
    executor.wait()
    executor.submit(2, Task.of_float(0, 1))
    executor.wait()
    assert said == ["1 of 3 workers run; 2 start or wait for a place: each needs 1 core, and the cluster has none"]
