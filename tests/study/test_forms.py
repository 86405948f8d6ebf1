"""After a study was edited, its results are those of what it is now; what it was is kept and can be told apart."""

from __future__ import annotations

import json
import sqlite3

import pytest
from small_study import study

from bitline.study import Selection, explore, read_results, sweep

FEW = {"images": 4, "calibration_images": 4}


def edited(alpha: float, *bits: int, **changes):
    base = {"base": "differential", "set": {"cell.device.alpha": alpha}}
    axes = [{"setting": "adc.bits", "values": list(bits)}]
    return study(design=base, axes=axes, data=FEW, run={"chips": 1, "layer_errors": False}, **changes)


def settings(result) -> list[dict]:
    return [design.settings for design in result.designs]


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "edited.sqlite"
    sweep(edited(0.03, 5, 7), path)
    sweep(edited(0.3, 5, 6), path)
    return path


def test_results_are_those_of_the_study_as_it_is(store):
    """Results of the [design] before led the table, with the settings of the axes as all that was said of them."""
    result = read_results(store)
    assert settings(result) == [{"adc.bits": 5}, {"adc.bits": 6}]
    assert {design.design["cell"]["device"]["alpha"] for design in result.designs} == {0.3}
    assert any(note.startswith("2 designs of earlier forms of this study") for note in result.notes)
    assert {design.design["cell"]["device"]["alpha"] for design in result.earlier} == {0.03}


def test_designs_of_earlier_forms_are_told_apart(store):
    every = read_results(store).with_earlier()
    pairs = [(bits, alpha) for alpha, both in ((0.3, (5, 6)), (0.03, (5, 7))) for bits in both]
    assert settings(every) == [{"adc.bits": bits, "cell.device.alpha": alpha} for bits, alpha in pairs]
    assert not any("earlier forms" in note for note in every.notes)
    assert every.with_earlier() is every
    assert len(Selection(where=("cell.device.alpha < 0.1",)).of(every)) == 2


def test_a_study_that_is_edited_back_has_its_results_again(store):
    assert sweep(edited(0.03, 7), store).done == 0
    assert sorted(design["adc.bits"] for design in settings(read_results(store))) == [5, 7]


def test_other_axes_of_the_same_design_are_shown_together(tmp_path):
    path = tmp_path / "grown.sqlite"
    sweep(edited(0.03, 5), path)
    sweep(edited(0.03, 7), path)
    assert settings(read_results(path)) == [{"adc.bits": 7}, {"adc.bits": 5}]
    assert read_results(path).earlier == ()


def test_studies_that_share_a_store_hide_nothing(tmp_path):
    path = tmp_path / "shared.sqlite"
    for chosen in (edited(0.03, 5), edited(0.3, 5)):
        sweep(chosen, path, points=chosen.points())
    result = read_results(path)
    assert len(result.with_earlier().designs) == 2
    assert settings(result) == [{"adc.bits": 5}], "a second row would say the same of itself"


def test_stores_of_before_show_what_can_be_told_apart(store):
    with sqlite3.connect(store) as connection:
        connection.execute("DROP TABLE forms")
    result = read_results(store)
    assert sorted(design["adc.bits"] for design in settings(result)) == [5, 6, 7]
    assert len(result.earlier) == 1


@pytest.mark.needs("Optuna")
def test_a_search_of_an_edited_study_shows_what_it_looked_at(store):
    explore(edited(0.1, 5, 6, search={"designs": 4, "population": 4, "screening_images": 4}), store)
    result = read_results(store)
    assert {design.design["cell"]["device"]["alpha"] for design in result.designs} == {0.1}
    assert len(result.earlier) == 4


def test_the_command_line_shows_earlier_forms_on_request(bitline, store):
    status, output, errors = bitline("results", str(store), "--json")
    assert (status, len(json.loads(output)["designs"])) == (0, 2), errors
    assert "--earlier" in errors
    status, output, errors = bitline("results", str(store), "--json", "--earlier")
    found = json.loads(output)["designs"]
    assert {design["cell.device.alpha"] for design in found} == {0.03, 0.3}
    assert "--earlier" not in errors
