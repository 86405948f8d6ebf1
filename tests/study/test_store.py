"""Stores: one process writes, results of different runs are not mixed, and what is no store is refused."""

from __future__ import annotations

import json
import os
import platform
import sqlite3

import numpy as np
import pytest
from small_study import IMAGES, study

from bitline.errors import StudyError
from bitline.study import plan, read_results, sweep
from bitline.study.lock import is_held, locked
from bitline.study.schema import RESULTS_VERSION
from bitline.study.store import Store
from bitline.study.task import Outcome, Task
from bitline.study.values import pack


def test_a_store_in_use_is_refused_and_readable(finished, tmp_path):
    path = tmp_path / "busy.sqlite"
    with Store.writing(path, {}):
        with pytest.raises(StudyError, match=f"in use by process {os.getpid()}"):
            sweep(study(), path)
        with Store.reading(path) as reader:
            assert reader.shards() == []


@pytest.mark.parametrize(
    ("owner", "held"),
    [
        (f"process {os.getpid()} on {platform.node()}", True),
        (f"process 999999999 on {platform.node()}", False),
        (f"process 30000000000 on {platform.node()}", False),
        (f"process 999999999 on {platform.node()}.elsewhere", True),
        ("", True),
    ],
    ids=["this process", "none", "impossible", "on another machine", "not said"],
)
def test_a_lock_says_whether_its_holder_lives(tmp_path, owner, held):
    """A process number that no system has was a traceback in the studio."""
    path = tmp_path / "store.sqlite"
    path.with_name("store.sqlite.lock").write_text(f" {owner}")
    assert is_held(path) == held
    (tmp_path / "link.sqlite").symlink_to(path)
    assert is_held(tmp_path / "link.sqlite") == held


def test_a_store_is_held_while_it_is_written_to(tmp_path):
    path = tmp_path / "store.sqlite"
    assert not is_held(path)
    with locked(path):
        assert is_held(path)
    assert not is_held(path)


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
        pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
        store.connection.execute(f"PRAGMA max_page_count = {pages + 4}")
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
    with pytest.raises(StudyError, match="it is a folder"):
        read_results(tmp_path)


OLD = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (id INTEGER PRIMARY KEY, began TEXT NOT NULL, versions TEXT NOT NULL, hardware TEXT NOT NULL);
CREATE TABLE designs (
    key TEXT PRIMARY KEY, accuracy_key TEXT NOT NULL, digital_key TEXT NOT NULL, name TEXT NOT NULL,
    settings TEXT NOT NULL, design TEXT NOT NULL, cost TEXT
);
CREATE TABLE results (
    kind TEXT NOT NULL, key TEXT NOT NULL, trial INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    correct INTEGER NOT NULL, layers TEXT, seconds REAL NOT NULL, worker TEXT NOT NULL, session INTEGER NOT NULL,
    finished TEXT NOT NULL, PRIMARY KEY (kind, key, trial, start, stop)
);
INSERT INTO facts VALUES ('results version', '1'), ('seed', '0'), ('study', '[run]
trials = 2'), ('images', '40');
INSERT INTO sessions VALUES (1, '2026-01-01T00:00:00Z', '{"bitline": "0.1.0", "torch": "2.13.0"}', '{}');
INSERT INTO results VALUES ('float', '', 0, 0, 40, 36, NULL, 1.0, 'host:1', 1, '2026-01-01T00:00:00Z');
"""
"""A store as bitline 0.1 made it: other columns, and results that are computed differently now."""


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(OLD)
    connection.close()
    return path


@pytest.mark.parametrize("use", [read_results, lambda path: sweep(study(), path), lambda path: plan(study(), path)])
def test_a_store_of_bitline_0_1_is_refused_with_a_remedy_and_left_as_it_is(old, use):
    before = old.read_bytes()
    with pytest.raises(StudyError) as caught:
        use(old)
    message = str(caught.value)
    assert str(old) in message
    versions = f"results of version 1, written by bitline 0.1.0, and this bitline computes version {RESULTS_VERSION}"
    assert versions in message
    assert "give another --out or delete the store" in message
    assert "no such column" not in message
    assert old.read_bytes() == before


def test_a_store_of_a_later_bitline_is_refused(finished, tmp_path):
    path = tmp_path / "later.sqlite"
    with Store.writing(path, {}) as store:
        store.remember("results version", "99")
        store.connection.execute("UPDATE sessions SET versions = ?", (json.dumps({"bitline": "9.0"}),))
    with pytest.raises(StudyError, match=r"version 99, written by bitline 9\.0.*to read it, use bitline 9\.0"):
        read_results(path)


def test_other_databases_and_empty_stores_are_refused(tmp_path):
    other = tmp_path / "music.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    for use in (read_results, lambda path: sweep(study(), path)):
        with pytest.raises(StudyError, match="not a store of results, but another SQLite database"):
            use(other)
    with sqlite3.connect(other) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(StudyError, match="is empty: run the study first"):
        read_results(tmp_path / "empty.sqlite")


def test_a_store_keeps_which_images_were_right(tmp_path):
    right = np.arange(10) % 3 == 0
    with Store.writing(tmp_path / "s.sqlite", {"seed": "0"}) as store:
        for chip, start, stop in [(0, 0, 4), (0, 4, 10), (1, 0, 10), (2, 0, 4), (3, 0, 10), (0, 4, 12)]:
            task = Task("analog", "a1", "a1", None, chip, start, stop)
            part = np.resize(right, 12)[start:stop] != (chip == 1)
            store.add(Outcome(task, correct=int(part.sum()), values=pack(part)))
        found = store.values("analog", "a1", images=10)
    assert [values.tolist() for values in found] == [right.tolist(), (~right).tolist()]  # chip 2 is not finished


def test_chips_are_cut_to_the_images_that_they_share(tmp_path):
    def shared(*reached):
        path = tmp_path / f"{reached}.sqlite"
        with Store.writing(path, {}) as store:
            for chip, stop in enumerate(reached):
                store.add(Outcome(Task("analog", "a", "a", None, chip, 0, stop), stop, values=pack(np.ones(stop))))
            return [len(values) for values in store.values("analog", "a", images=10)]

    assert shared(10, 4) == [10]  # ten answers, not eight
    assert shared(10, 6) == [6, 6]
    assert shared(4, 10) == [4, 4]
    assert shared(12, 6) == []  # the first chip is known on more images than ten, and on no fewer


@pytest.mark.parametrize("damage", [b"", b"nothing", pack(np.ones(3)), pack(np.ones(5)), "text", None, 3])
def test_damaged_values_of_images_are_refused(tmp_path, damage):
    with Store.writing(tmp_path / "s.sqlite", {"seed": "0"}) as store:
        store.add(Outcome(Task.of_float(0, 4), correct=3, values=pack(np.ones(4))))
        store.connection.execute("PRAGMA ignore_check_constraints = 1")
        if damage is None:
            store.connection.execute("UPDATE results SET start = 4")
        else:
            store.connection.execute("UPDATE results SET each_image = ?", (damage,))
        with pytest.raises(StudyError, match="is damaged: row 1 of its table 'results'"):
            store.values("float", "", images=4)


def test_results_tell_what_devices_extrapolate(tmp_path):
    """`evaluate` said so, and sweeps over the time did not."""
    settings = {"device": {"kind": "pcm-joshi-2020", "extrapolate": True}}
    cells = {"base": "differential", "set": {f"cell.{name}": value for name, value in settings.items()}}
    path = tmp_path / "later.sqlite"
    sought = study(design=cells, axes=[{"setting": "cell.time", "values": ["1 hour", "1 year"]}])
    with Store.writing(path, {"images": "1"}) as store:
        store.remember("study", sought.to_toml())
        for point in sought.points():
            store.add_designs((point,))
    told = [note for note in read_results(path).notes if "extrapolated" in note]
    assert len(told) == 1 and "1 year" in told[0]
