"""Stores of earlier code: results of other numbers are left out and measured anew, and costs are computed anew."""

from __future__ import annotations

import json
import shutil
import sqlite3

import pytest
from small_study import comparable, study

from bitline import Design
from bitline.design import changes, views
from bitline.design.changes import Change
from bitline.study import plan, read_results, stored_rows, sweep
from bitline.study import store as stores
from bitline.study.outdated import outdated
from bitline.study.point import Point, accuracy_key, record_key
from bitline.study.store import Store

FEW = {"data": {"images": 4, "calibration_images": 4}, "run": {"chips": 1, "layer_errors": False}}
DRIFTED = {"cell.device": "sonos-xiao-2022", "cell.time": "1 day"}


def drifting(**others):
    axes = [{"setting": "cell.time", "values": ["0 s", "1 day"]}]
    base = {"base": "differential", "set": {"cell.device": "sonos-xiao-2022"}}
    return study(design=base, axes=axes, **{**FEW, **others})


def change(store, *statements):
    with sqlite3.connect(store) as connection:
        for statement in statements:
            connection.execute(statement)


def as_before_versions(store):
    """As a store was before it had versions of costs, the code of keys and keys with changes."""
    change(
        store,
        "DELETE FROM results WHERE key LIKE '%+%'",
        "UPDATE designs SET accuracy_key = substr(accuracy_key, 1, 24)",
        "DROP TABLE keyed",
        "DROP TABLE cost_versions",
    )


def times(result):
    return [design.settings["cell.time"] for design in result.designs]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    path = tmp_path_factory.mktemp("versions") / "fresh.sqlite"
    sweep(drifting(), path)
    return path


@pytest.fixture
def store(fresh, tmp_path):
    return shutil.copy(fresh, tmp_path / "store.sqlite")


def test_keys_of_designs_that_no_change_applies_to_stay():
    """They are in stores; a key that moves throws days of measurements away."""
    known = {
        "differential": ("8b2ade", "fa679e", "a531a9", "f2c756"),
        "offset": ("98d6a3", "fcc020", "a531a9", "d84a1e"),
        "sonos-a": ("68618f", "fd2550", "a531a9", "0e2651"),
        "sonos-e": ("6f96fc", "50c1f5", "a531a9", "7c68ef"),
    }
    for name, keys in known.items():
        point = Point.of({}, Design.load(name))
        found = (point.key, point.accuracy_key, point.reference_key, point.record_key)
        assert (tuple(key[:6] for key in found), {len(key) for key in found}) == (keys, {24}), name


def test_a_change_is_part_of_the_keys_of_its_designs_alone(monkeypatch):
    fresh, day = Design(), Design().with_settings(DRIFTED)
    ruled = Design().with_settings({"layers": [{"match": "fc", "set": DRIFTED}]})
    assert accuracy_key(day).endswith("+drift-in-log")
    assert accuracy_key(ruled).endswith("+drift-in-log")
    before = Point.of({}, day)
    line = Change("later", "a change", lambda settings: settings["cell.time"] > 0)
    monkeypatch.setattr(changes, "CHANGES", (*changes.CHANGES, line))
    after = Point.of({}, day)
    assert (after.key, after.reference_key) == (before.key, before.reference_key)
    assert (accuracy_key(day), record_key(day)) == (f"{before.accuracy_key}+later", f"{before.record_key}+later")
    assert "+" not in accuracy_key(fresh) + record_key(fresh)


def test_names_of_changes_are_unique_words():
    names = [line.name for line in changes.CHANGES]
    assert len({*names}) == len(names)
    assert not any("+" in name or " " in name for name in names)


def test_results_of_before_a_change_are_left_out_and_measured_anew(store, fresh):
    """They were resumed, and mixed with new ones."""
    as_before_versions(store)
    result = read_results(store)
    assert times(result) == ["0 s"]
    assert any("results of 1 design are left out" in note and "drift between" in note for note in result.notes)
    assert plan(drifting(), store).tasks == 3  # the costs of both, and a chip of the second
    assert sweep(drifting(), store).done == 3
    assert comparable(store).equals(comparable(fresh))
    assert not read_results(store).notes


def test_a_design_that_has_other_settings_by_now_is_left_out(store):
    """Two rows said the same of themselves, the obsolete one first; before the resume there was no other."""
    with Store.reading(store) as kept:
        row = kept.designs()[0]
        design = kept.design(row.key)
    del design["cell"]["resolution"]
    row_of_before = {"key": "old", "accuracy_key": "older", "design": json.dumps(design)}
    with sqlite3.connect(store) as connection:
        connection.execute(
            "INSERT INTO designs SELECT :key, :accuracy_key, reference_key, name, settings, :design, cost FROM designs "
            "LIMIT 1",
            row_of_before,
        )
    result = read_results(store)
    assert times(result) == ["0 s", "1 day"]
    assert any(note.startswith("results of 1 design with earlier code") for note in result.notes)
    change(
        store, "UPDATE facts SET value = '[\"old\"]' WHERE name = 'points'", "DELETE FROM designs WHERE key != 'old'"
    )
    before = read_results(store)
    assert before.designs == ()
    assert any(note.startswith("results of 1 design are left out") for note in before.notes)


def test_a_design_that_is_refused_by_now_is_left_out(store):
    change(store, "UPDATE designs SET design = json_set(design, '$.adc.bits', 99)", "DELETE FROM keyed")
    assert read_results(store).designs == ()


def test_designs_that_the_same_code_entered_are_not_looked_at(store, monkeypatch):
    """100,000 of them would take a minute."""
    monkeypatch.setattr("bitline.study.outdated._change", None)
    with Store.reading(store) as kept:
        assert outdated(kept, kept.designs()) == {}


def test_designs_that_rest_on_files_stay_where_the_files_are_not(store):
    settings = '{"cell": {"device": {"kind": "measurements-fit", "file": "nowhere.csv"}}, "hardware": {"library": "a"}}'
    change(store, f"UPDATE designs SET design = '{settings}' WHERE accuracy_key NOT LIKE '%+%'", "DELETE FROM keyed")
    assert times(read_results(store)) == ["0 s", "1 day"]


def test_costs_of_an_earlier_version_are_told_and_computed_anew(store, fresh, monkeypatch, bitline):
    """A design whose chips were all measured kept its area."""
    expected = comparable(fresh)
    change(store, "UPDATE designs SET cost = json_set(cost, '$.area_mm2', 1.0)")
    for module in (stores, stored_rows):
        monkeypatch.setattr(module, "COSTS_VERSION", changes.COSTS_VERSION + 1)
    result = read_results(store)
    assert [design.cost["area_mm2"] for design in result.designs] == [1.0, 1.0]
    assert not any(design.finished for design in result.designs)
    assert any("costs of 2 designs" in note and "run the study again" in note for note in result.notes)
    assert "costs of 2 designs" in bitline("results", str(store))[2]
    assert sweep(drifting(), store).done == 2
    assert comparable(store).equals(expected)
    assert not read_results(store).notes
    assert sweep(drifting(), store).done == 0


def test_a_change_reaches_the_reference_that_it_changes(monkeypatch):
    line = Change("codes", "a change of codes", lambda settings: settings["inputs.bits"] == 5)
    monkeypatch.setattr(changes, "CHANGES", (line,))
    design = Design().with_settings({"inputs.bits": 5})
    point = Point.of({}, design)
    assert point.accuracy_key == f"{views.key(views.answers(design))}+codes"
    assert point.reference_key.endswith("+codes")
