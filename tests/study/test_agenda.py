"""What is left to do, and who does it."""

from __future__ import annotations

from small_study import IMAGES, study

from bitline.study.agenda import Agenda
from bitline.study.coverage import FinishedWork
from bitline.study.sections import Run
from bitline.study.task import Outcome


def test_workers_stay_with_a_design_and_help_others_when_done():
    points = study().points()
    agenda = Agenda(points, FinishedWork(), IMAGES, Run(chips=2, shard=20))
    first, second = agenda.take(None), agenda.take(None)
    assert first.prepare_key != second.prepare_key
    last = second if second.prepare_key else first
    for _ in range(4):
        following = agenda.take(last)
        assert following.prepare_key == last.prepare_key
        last = following


def test_a_failed_design_is_given_up_and_others_go_on():
    agenda = Agenda(study().points(), FinishedWork(), IMAGES, Run(chips=2, shard=20))
    total, failed = agenda.total, 0
    while (task := agenda.take(None)) is not None:
        bad = task.kind != "float" and task.design.adc.bits == 5
        failed += bad
        agenda.done(Outcome(task, error="no" if bad else ""))
    assert agenda.left == 0
    assert failed == 1
    assert total > 10


def test_the_reference_of_a_failed_design_falls_to_another_one():
    points = study().points()
    agenda = Agenda(points, FinishedWork(), IMAGES, Run(chips=2, shard=20))
    done = []
    while (task := agenda.take(None)) is not None:
        bad = task.kind != "float" and task.prepare_key == points[0].accuracy_key
        done += [] if bad else [task.kind]
        agenda.done(Outcome(task, error="no" if bad else ""))
    assert done.count("reference") == IMAGES // 20
    assert agenda.left == 0


def test_designs_that_failed_earlier_have_no_tasks():
    points = study().points()
    failed = FinishedWork(failures={"": "no", points[0].accuracy_key: "no"})
    agenda = Agenda(points, failed, IMAGES, Run(chips=2, shard=20))
    tasks = [task for group in agenda.groups.values() for task in group.tasks]
    assert {task.prepare_key for task in tasks} == {point.accuracy_key for point in points} - failed.failures.keys()
    assert sum(task.kind == "reference" for task in tasks) == IMAGES // 20
