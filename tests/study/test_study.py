"""Studies: axes, the store, workers, search, tables and what a user can do wrong."""

from __future__ import annotations

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline import Design, evaluate
from bitline.errors import StudyError
from bitline.study import Study, export, plan, read_results, sweep
from bitline.study.agenda import Agenda, Coverage, enough
from bitline.study.axes import Axis, Range, crossed
from bitline.study.pareto import front, ranks
from bitline.study.store import Shard, Store
from bitline.study.study import EarlyStop
from bitline.study.worker import Outcome

IMAGES = 40
SMALL = {
    "name": "small",
    "data": {"images": IMAGES, "calibration_images": 20},
    "design": {"base": "differential", "set": {"cell.device.alpha": 0.05}},
    "axes": [
        {"setting": "adc.bits", "values": [5, 8]},
        {"setting": "hardware.library", "values": ["sonos-40nm", "isaac-32nm"]},
    ],
    "run": {"chips": 2, "shard": 25, "batch": 16},
}


def study(**changes) -> Study:
    return Study(**{**SMALL, **changes})


def comparable(path: Path) -> pd.DataFrame:
    return read_results(path).to_frame().drop(columns="seconds")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A finished store of the small study."""
    path = tmp_path_factory.mktemp("study") / "small.sqlite"
    sweep(study(), path)
    return path


# Axes


def test_axes_are_crossed_zipped_ranged_and_conditional():
    axes = (
        Axis(setting="weights.kind", values=["differential", "offset"]),
        Axis(zip={"array.rows": (72, 144), "adc.bits": (6, 7)}),
        Axis(setting="weights.bits_per_cell", values=[1, 2, 4], when={"weights.kind": "offset"}),
    )
    points = list(crossed(axes, {}))
    assert len(points) == 2 + 2 * 3
    assert {"weights.kind": "differential", "array.rows": 144, "adc.bits": 7} in points
    assert all(("weights.bits_per_cell" in one) == (one["weights.kind"] == "offset") for one in points)
    assert Range(start=1, stop=5, points=5).values() == [1, 2, 3, 4, 5]
    assert Range(start=0.01, stop=1, points=3, scale="log").values() == [0.01, 0.1, 1]
    base = Axis(setting="adc.bits", values=[4], when={"weights.bits": [7, 8]})
    assert list(crossed((base,), {"weights.bits": 8})) == [{"adc.bits": 4}]
    assert list(crossed((base,), {"weights.bits": 6})) == [{}]


def test_designs_that_differ_in_names_only_are_one():
    same = study(design={}, axes=[{"setting": "design", "values": ["differential", "sonos-a"]}])
    assert len(same.points()) == 2
    twice = study(axes=[{"setting": "adc.bits", "values": [8, 8]}])
    assert len(twice.points()) == 1
    hardware = study().points()
    assert len({one.key for one in hardware}) == 4
    assert len({one.accuracy_key for one in hardware}) == 2
    assert len({one.reference_key for one in hardware}) == 1


def test_studies_read_back_from_toml(tmp_path):
    (tmp_path / "chip.toml").write_text(Design(name="chip", adc={"bits": 7}).to_toml(), encoding="utf-8")
    text = """
        [design]
        base = "chip.toml"
        [[axes]]
        setting = "array.rows"
        range = { start = 64, stop = 256, points = 3, scale = "log" }
        [run]
        chips = 4
        stop = { half_width = 0.5 }
    """
    (tmp_path / "mine.toml").write_text(text)
    one = Study.load(tmp_path / "mine.toml")
    assert one.name == "mine"
    assert [point.design.array.rows for point in one.points()] == [64, 128, 256]
    assert one.points()[0].design.adc.bits == 7
    (tmp_path / "again.toml").write_text(one.to_toml(), encoding="utf-8")
    assert Study.load(tmp_path / "again.toml") == one


# What is left to do


@given(
    shards=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=6),
    images=st.integers(1, 70),
    shard=st.integers(1, 40),
)
def test_missing_shards_complete_the_images(shards, images, shard):
    coverage = Coverage()
    for start, length in shards:
        coverage.add(start, start + length, 0)
    for start, stop in coverage.missing(images, shard):
        assert 0 < stop - start <= shard
        coverage.add(start, stop, 1)
    assert coverage.accuracy(images) is not None
    assert coverage.missing(images, shard) == []


@given(values=st.lists(st.floats(0.5, 1), min_size=2, max_size=12), width=st.floats(0.1, 40), seed=st.integers(0, 99))
def test_enough_trials_do_not_depend_on_the_order_of_work(values, width, seed):
    stop = EarlyStop(half_width=width, min_chips=2)
    count = enough(values, len(values), stop)
    assert count is not None
    assert enough(values[:count], len(values), stop) == count
    shards = [Shard("analog", "a", chip, 0, 10, round(10 * one), [], 0.0) for chip, one in enumerate(values)]
    rng = np.random.default_rng(seed)
    shuffled = [shards[index] for index in rng.permutation(len(shards))]
    agenda = Agenda((), shuffled, {}, 10, len(values), 10, stop)
    assert agenda.progress.accuracies("a", 10) == [one.correct / 10 for one in shards]


def test_workers_stay_with_a_design_and_help_others_when_done():
    points = study().points()
    agenda = Agenda(points, (), {}, IMAGES, 2, 20, None)
    first, second = agenda.take(None), agenda.take(None)
    assert first.prepare_key != second.prepare_key
    for _ in range(4):
        following = agenda.take(second.prepare_key or first.prepare_key)
        assert following.prepare_key == (second.prepare_key or first.prepare_key)


def test_a_failed_design_is_given_up_and_others_go_on():
    agenda = Agenda(study().points(), (), {}, IMAGES, 2, 20, None)
    total, failed = agenda.total, 0
    while (task := agenda.take(None)) is not None:
        bad = task.kind != "float" and task.design.adc.bits == 5
        failed += bad
        agenda.done(Outcome(task, error="no" if bad else ""))
    assert agenda.left == 0
    assert failed == 1
    assert total > 10


# Numbers


def test_a_study_gives_the_numbers_of_evaluate(finished, fashion):
    model, dataset = fashion
    chosen = dataset.split(IMAGES, 20)
    result = read_results(finished)
    for one in result.designs:
        design = Design(**one.design)
        expected = evaluate(model, design, chosen.images, chosen.labels, chosen.calibration, chips=2)
        assert one.accuracies == expected.chip_accuracies
        assert one.reference == expected.reference_accuracy
        assert result.float_accuracy == expected.float_accuracy
        assert one.layers == expected.layers
        assert {name: one.cost[name] for name in expected.cost.totals()} == expected.cost.totals()


def test_read_noise_does_not_depend_on_shards(tmp_path):
    noisy = {"base": "differential", "set": {"cell.read_noise": {"kind": "state-independent", "alpha": 0.03}}}
    for shard in (7, 40):
        chosen = study(design=noisy, axes=[], run={"chips": 1, "shard": shard, "batch": 5})
        sweep(chosen, tmp_path / f"{shard}.sqlite")
    assert comparable(tmp_path / "7.sqlite").equals(comparable(tmp_path / "40.sqlite"))


def test_worker_processes_give_the_same_numbers(finished, tmp_path):
    path = tmp_path / "parallel.sqlite"
    summary = sweep(study(), path, workers=2)
    assert summary.failures == ()
    assert comparable(path).equals(comparable(finished))


def test_finished_work_is_not_repeated_and_studies_grow(finished, tmp_path):
    path = tmp_path / "grown.sqlite"
    sweep(study(axes=SMALL["axes"][:1], run={"chips": 1, "shard": 25}), path)
    again = sweep(study(axes=SMALL["axes"][:1], run={"chips": 1, "shard": 10}), path)
    assert again.done == 0
    grown = sweep(study(), path)
    assert grown.done == 2 * 2 + 2  # shards of the second chip of two designs, and costs with the other library
    assert comparable(path).equals(comparable(finished))
    more = study(data={"images": IMAGES + 10, "calibration_images": 20})
    assert sweep(more, path).done == 1 + 1 + 2 * 2  # 10 images of the float network and the reference, of every chip


def test_early_stopping_measures_fewer_chips(tmp_path):
    run = {"chips": 6, "shard": 100, "stop": {"half_width": 99.0, "min_chips": 2}}
    sweep(study(axes=[], run=run), tmp_path / "stop.sqlite")
    (one,) = read_results(tmp_path / "stop.sqlite").designs
    assert len(one.accuracies) == 2
    assert one.finished


def test_a_plan_counts_what_is_left(finished, tmp_path):
    fresh = plan(study(), tmp_path / "none.sqlite")
    assert len(fresh.points) == 4
    assert fresh.tasks == 2 + 2 + 2 + 2 * 2 * 2  # float, reference, costs, chips in two shards
    assert fresh.images == IMAGES * (1 + 1 + 2 * 2)
    assert fresh.seconds > 0
    done = plan(study(), finished)
    assert (done.tasks, done.finished, done.seconds) == (0, 4, 0)


# Whatever happens


SCRIPT = """
import os, signal, sys
from pathlib import Path
from threading import Timer
from bitline.study import Study, sweep

def report(done, total, what):
    if done == int(sys.argv[3]):
        Timer(float(sys.argv[4]), os.kill, [os.getpid(), signal.SIGKILL]).start()  # the process waits for it at its end

sweep(Study.load(sys.argv[1]), Path(sys.argv[2]), report=report)
"""
"""A sweep that is killed a while after so many tasks."""


def killed(folder: Path, path: Path, chosen: Study, tasks: int, seconds: float) -> int:
    (folder / "run.py").write_text(SCRIPT)
    (folder / "study.toml").write_text(chosen.to_toml(), encoding="utf-8")
    command = [folder / "run.py", folder / "study.toml", path, tasks, seconds]
    return subprocess.run([sys.executable, *map(str, command)], capture_output=True).returncode


def count(path: Path) -> int:
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            return connection.execute("SELECT count(*) FROM results").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def test_nothing_finished_is_lost_by_kill_9(finished, tmp_path):
    path = tmp_path / "killed.sqlite"
    chosen = study(run={"chips": 2, "shard": 5, "batch": 16})
    for tasks, seconds in ((1, 0.01), (8, 0.0), (20, 0.003)):
        assert killed(tmp_path, path, chosen, tasks, seconds) == -signal.SIGKILL
        assert count(path) >= tasks
    before = count(path)
    assert sweep(chosen, path).done <= 2 * 8 + 4 * 8 + 2 - before + 2
    assert comparable(path).equals(comparable(finished))


def test_a_killed_worker_is_replaced_and_its_task_done_again(finished, tmp_path):
    path, killed = tmp_path / "worker.sqlite", []

    def report(done: int, total: int, what: str) -> None:
        if not killed and done >= 3:
            children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
            for child in children:
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)
                    killed.append(child)
                    break

    summary = sweep(study(), path, workers=2, report=report)
    assert killed
    assert summary.failures == ()
    assert comparable(path).equals(comparable(finished))


def test_ctrl_c_ends_cleanly_and_keeps_what_is_finished(tmp_path):
    path = tmp_path / "interrupted.sqlite"
    (tmp_path / "study.toml").write_text(study(run={"chips": 50, "shard": 5}).to_toml(), encoding="utf-8")
    command = [sys.executable, "-c", "from bitline.cli.app import main; main()", "sweep", str(tmp_path / "study.toml"),
               "--out", str(path), "--workers", "1"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and count(path) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == 130
    assert output == ""
    assert errors == "bitline: interrupted; what is finished is kept: run it again to go on\n"
    assert count(path) >= 3


def test_a_design_that_runs_out_of_memory_is_named_and_the_others_go_on(tmp_path, monkeypatch):
    from bitline.evaluation.prepared import Prepared

    original = Prepared.of.__func__

    def hungry(cls, model, design, *rest):
        if design.adc.bits == 5:
            raise MemoryError
        return original(cls, model, design, *rest)

    monkeypatch.setattr(Prepared, "of", classmethod(hungry))
    path = tmp_path / "memory.sqlite"
    summary = sweep(study(), path)
    assert len(summary.failures) == 1
    assert "out of memory with adc.bits = 5" in summary.failures[0]
    results = read_results(path)
    assert [one.finished for one in results.designs] == [False, False, True, True]
    assert "out of memory" in results.designs[0].error
    monkeypatch.undo()
    assert sweep(study(), path).failures == ()
    assert all(one.finished and not one.error for one in read_results(path).designs)


def test_a_store_in_use_is_refused_and_readable(finished, tmp_path):
    path = tmp_path / "busy.sqlite"
    with Store.writing(path, {}):
        with pytest.raises(StudyError, match=f"in use by process {os.getpid()}"):
            sweep(study(), path)
        with Store.reading(path) as reader:
            assert reader.shards() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"run": {"chips": 2, "seed": 1}}, "another seed"),
        ({"data": {"images": IMAGES, "calibration_images": 21}}, "another calibration images"),
    ],
)
def test_results_of_other_runs_are_not_mixed(finished, changes, words):
    with pytest.raises(StudyError, match=words):
        sweep(study(**changes), finished)


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path):
    path = tmp_path / "full.sqlite"
    with Store.writing(path, {}) as store:
        store.connection.execute("PRAGMA max_page_count = 12")
        store.remember("study", "x" * 8000)
        with pytest.raises(StudyError, match=r"disk is full.*what is finished is kept"):
            for _ in range(10):
                store.add_designs(study(axes=[{"setting": "adc.bits", "values": list(range(4, 12))}]).points())
        assert store.facts()["study"] == "x" * 8000


def test_files_that_are_no_stores_are_refused(tmp_path):
    path = tmp_path / "text.sqlite"
    path.write_text("this is not a database, and long enough to look at" * 20)
    with pytest.raises(StudyError, match="not a store"):
        read_results(path)
    with pytest.raises(StudyError, match="no store of results"):
        read_results(tmp_path / "none.sqlite")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("axes = 3 [", "not valid TOML"),
        ('[[axes]]\nsetting = "adc.bits"', "has no values"),
        ('[[axes]]\nsetting = "adc.bits"\nvalues = []', "has no values"),
        ("[[axes]]\nvalues = [1]", "give a setting"),
        ('[[axes]]\nzip = { "adc.bits" = [1, 2], "array.rows" = [3] }', "equally many"),
        ('[[axes]]\nsetting = "adc.bits"\nvalues = [1]\n[[axes]]\nsetting = "adc.bits"\nvalues = [2]', "two axes"),
        ('[[axes]]\nsetting = "adc.bit"\nvalues = [1]', "did you mean 'bits'"),
        ('[[axes]]\nsetting = "adc.bits"\nvalues = [0]', "adc.bits = 0"),
        ("[run]\nchip = 3", "did you mean 'chips'"),
        ("[run]\ntrials = 3", "run.trials is called run.chips since bitline 0.2"),
        ('[design]\nbase = "differentail"', "did you mean 'differential'"),
        ("[data]\nimages = -1", "data.images"),
        ('[[axes]]\nsetting = "x"\nrange = { start = 0, stop = 1, points = 3, scale = "log" }', "above 0"),
    ],
)
def test_bad_study_files_get_one_clear_message(tmp_path, text, words):
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(StudyError) as caught:
        Study.load(tmp_path / "bad.toml").points()
    assert words in str(caught.value)


def test_impossible_combinations_are_left_out_on_request():
    axes = [{"setting": "weights.bits_per_cell", "values": [2, 12]}]
    with pytest.raises(StudyError, match="skip_impossible"):
        study(axes=axes).points()
    assert len(study(axes=axes, skip_impossible=True).points()) == 1
    with pytest.raises(StudyError, match="no possible design"):
        study(axes=[{"setting": "weights.bits_per_cell", "values": [12]}], skip_impossible=True).points()


# Tables


def test_tables_hold_designs_chips_and_layers(finished, tmp_path):
    result = read_results(finished)
    frame = result.to_frame()
    assert list(frame["adc.bits"]) == [5, 5, 8, 8]
    assert (frame["energy_uJ"] > 0).all()
    assert len(result.chips_frame()) == 8
    assert len(result.layers_frame()) == 4 * 10
    assert result.settings == ("adc.bits", "hardware.library")
    assert "adc.bits" in result._repr_html_()
    for to in ("csv", "json"):
        export(result, to, tmp_path / f"table.{to}")
    assert len(pd.read_csv(tmp_path / "table.csv")) == 4
    assert json.loads((tmp_path / "table.json").read_text(encoding="utf-8"))["designs"][0]["settings"]["adc.bits"] == 5
    with pytest.raises(StudyError, match="csv, parquet, json"):
        export(result, "xls", tmp_path / "table.xls")


@pytest.mark.needs("pyarrow")
def test_tables_are_kept_as_parquet(finished, tmp_path):
    export(read_results(finished), "parquet", tmp_path / "table.parquet")
    assert list(pd.read_parquet(tmp_path / "table.parquet")["adc.bits"]) == [5, 5, 8, 8]


# Search


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=20))
def test_fronts_hold_what_nothing_dominates(points):
    def dominates(a, b):
        return all(x <= y for x, y in zip(a, b, strict=True)) and a != b

    expected = [not any(dominates(other, one) for other in points) for one in points]
    assert front(points) == expected
    order = ranks(points)
    assert [rank == 0 for rank in order] == expected
    for index, one in enumerate(points):
        better = [order[other] for other, values in enumerate(points) if dominates(values, one)]
        assert order[index] == (max(better) + 1 if better else 0)
    assert front([(math.nan, 0.0), (1.0, 1.0)]) == [False, True]


@pytest.mark.needs("Optuna")
def test_a_search_is_reproducible_and_goes_on(tmp_path):
    from bitline.study import explore

    def chosen(designs: int) -> Study:
        return study(
            axes=[
                {"setting": "adc.bits", "range": {"start": 3, "stop": 9, "points": 7}},
                {"setting": "weights.bits_per_cell", "values": ["unsliced", 1, 2]},
                {"setting": "array.rows", "values": [72, 288, 1152]},
            ],
            run={"chips": 1},
            search={"designs": designs, "population": 4, "survivors": 4, "screening_images": 16,
                    "objectives": ["accuracy", "energy_uJ"]},
        )  # fmt: skip

    found = explore(chosen(12), tmp_path / "a.sqlite")
    assert 0 < len(found.front) <= len(found.survivors) <= 4
    half = explore(chosen(4), tmp_path / "b.sqlite")
    assert half.looked_at <= found.looked_at
    again = explore(chosen(12), tmp_path / "b.sqlite")
    assert again.front == found.front
    result = read_results(tmp_path / "a.sqlite")
    full = [one for one in result.designs if one.accuracies]
    assert {one.key for one in full} == {one.key for one in found.survivors}
    values = [(one.cost["energy_uJ"], -one.mean) for one in full]
    assert {one.key for one, on in zip(full, front(values), strict=True) if on} == set(found.front)
    assert all(one.screened is not None for one in result.designs if not one.accuracies)
    with pytest.raises(StudyError, match="did you mean 'energy_uJ'"):
        explore(study(search={"objectives": ["accuracy", "energy"]}), tmp_path / "c.sqlite")


# Ray


@pytest.fixture
def cluster():
    import ray
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 200_000_000})
    try:
        yield started
    finally:
        ray.shutdown()
        started.shutdown()


@pytest.mark.needs("Ray")
@pytest.mark.filterwarnings("ignore")
def test_a_ray_cluster_that_loses_a_node_loses_no_result(finished, tmp_path, cluster):
    from bitline.study.ray_executor import ray_workers

    lost = cluster.add_node(num_cpus=1, object_store_memory=200_000_000)
    removed = []

    def report(done: int, total: int, what: str) -> None:
        if not removed and done >= 4:
            removed.append(lost)
            cluster.remove_node(lost, allow_graceful=False)
            cluster.add_node(num_cpus=1, object_store_memory=200_000_000)

    path = tmp_path / "ray.sqlite"
    summary = sweep(study(), path, workers=2, launch=ray_workers(cluster.address, 2), report=report)
    assert removed
    assert summary.failures == ()
    assert comparable(path).equals(comparable(finished))


@pytest.mark.needs("Ray")
def test_an_unreachable_cluster_is_said(tmp_path):
    from bitline.study.ray_executor import ray_workers

    with pytest.raises(StudyError, match=r"cannot reach a Ray cluster at 127\.0\.0\.1:1"):
        ray_workers("127.0.0.1:1", 1)
