"""What costs time is done once: calibrations by study, chips by worker."""

from __future__ import annotations

from small_study import comparable, study

from bitline.study import sweep, worker
from bitline.study.agenda import Agenda
from bitline.study.coverage import FinishedWork
from bitline.study.sections import Run
from bitline.study.task import Outcome

ROWS_AND_BITS = [
    {"setting": "adc.bits", "values": [5, 8]},
    {"setting": "array.rows", "values": [72, 144]},
]


def test_calibration_images_are_seen_once_whatever_the_order_of_axes(tmp_path, monkeypatch):
    """The same 20 designs needed 4 or 20 calibrations, and a later run all of them again."""
    seen = []
    original = worker.record
    monkeypatch.setattr(worker, "record", lambda *given: seen.append(given[1]) or original(*given))
    path = tmp_path / "bits-first.sqlite"
    run = {"chips": 1, "layer_errors": False}
    sweep(study(axes=ROWS_AND_BITS, run=run), path)
    assert len(seen) == 2
    more = [{"setting": "adc.bits", "values": [5, 6, 8]}, ROWS_AND_BITS[1]]
    assert sweep(study(axes=more, run=run), path).done == 4
    assert len(seen) == 2
    fresh = tmp_path / "at-once.sqlite"
    sweep(study(axes=more, run=run), fresh)
    assert comparable(path).equals(comparable(fresh))


def test_a_chip_is_one_workers_and_help_comes_where_it_pays():
    """One design with 4 chips had 12 layers programmed by one worker and 94 by ten."""
    points = study(axes=[]).points()
    agenda = Agenda(points, FinishedWork(costs={points[0].key: 0}), 80, Run(chips=4, shard=10))
    given = [agenda.take(None) for _ in range(10)]
    chips = [task.chip for task in given if task is not None and task.kind == "analog"]
    assert sorted(chips) == [0, 1, 2, 3]
    assert sum(task is None for task in given) == 10 - 4 - 2  # the float network and the reference have one each
    first = next(task for task in given if task is not None and task.kind == "analog")
    agenda.done(Outcome(first, correct=9, seconds=1.1, setup=1.0))
    following = agenda.take(first)
    assert (following.chip, following.start) == (first.chip, 10)
    assert agenda.take(None) is None  # 7 pieces of 0.1 s are less than a preparation
    agenda.done(Outcome(following, correct=9, seconds=5.0, setup=0.0))
    assert agenda.take(None).kind == "analog"


def test_nobody_begins_a_design_whose_record_is_being_made():
    points = study(axes=[{"setting": "adc.bits", "values": [5, 6, 7]}]).points()
    agenda = Agenda(points, FinishedWork(failures={"": "no"}), 40, Run(chips=2, shard=40))
    making = agenda.take(None)
    assert making.kind == "cost"
    assert agenda.take(None) is None
    agenda.done(Outcome(making))
    assert agenda.take(None).prepare_key != agenda.take(making).prepare_key
