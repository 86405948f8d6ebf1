"""What a study asks for later is measured later, with the numbers of a study that asked for it at once."""

from __future__ import annotations

import sqlite3

import pytest
from small_study import comparable, study

from bitline.study import explore, plan, read_results, sweep

SKIPPING = {"base": "differential", "set": {"inputs.accumulation": "digital", "adc.skip_zero_inputs": True}}


def few(images: int = 8, **run):
    return study(axes=[], data={"images": images, "calibration_images": 8}, run={"chips": 2, **run})


@pytest.mark.parametrize(
    ("before", "now", "tasks"),
    [
        (few(layer_errors=False), few(), 2),
        (few(compared_chips=1), few(compared_chips=2), 1),
        (few(images=4), few(), 2 + 2 + 2),  # float network, reference, and chips, and the layers of these
        (few(), few(images=4), 2 + 2),  # chips whose first images are classified anew bring their layers along
    ],
)
def test_layer_errors_that_are_missing_are_measured(tmp_path, before, now, tasks):
    """They stayed those of the first run: of 4 images 31.58 dB where 20 have 28.24, of one chip, or none at all."""
    path, fresh = tmp_path / "grown.sqlite", tmp_path / "fresh.sqlite"
    sweep(before, path)
    assert plan(now, path).tasks == sweep(now, path).done == tasks
    sweep(now, fresh)
    assert read_results(path).layers_frame().equals(read_results(fresh).layers_frame())
    assert len(read_results(path).layers_frame())
    assert comparable(path).equals(comparable(fresh))
    assert sweep(now, path).done == 0


def test_layer_errors_of_fewer_chips_are_those_of_the_study(tmp_path):
    sweep(few(), tmp_path / "a.sqlite")
    sweep(few(compared_chips=1), tmp_path / "a.sqlite")
    assert set(read_results(tmp_path / "a.sqlite").layers_frame()["chips"]) == {1}


def test_costs_that_depend_on_images_are_those_of_the_images(tmp_path):
    """Energy stayed at 4.1716 uJ, of one image, where a study of 64 images has 4.2552."""
    path, fresh = tmp_path / "grown.sqlite", tmp_path / "fresh.sqlite"
    one, more = (
        study(design=SKIPPING, axes=[], data={"images": images, "calibration_images": 8}, run={"chips": 1})
        for images in (1, 6)
    )
    sweep(one, path)
    before = read_results(path).designs[0].cost["energy_uJ"]
    sweep(more, path)
    sweep(more, fresh)
    assert read_results(path).designs[0].cost["energy_uJ"] != before
    assert comparable(path).equals(comparable(fresh))
    assert sweep(more, path).done == 0


def test_stores_of_before_are_not_computed_anew(tmp_path):
    """They do not say on how many images a cost rests; most rest on none."""
    path = tmp_path / "old.sqlite"
    sweep(few(), path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE cost_images")
    assert plan(few(), path).tasks == 0
    assert sweep(few(), path).done == 0


AXES = [{"setting": "adc.bits", "values": [3, 5, 7]}, {"setting": "array.rows", "values": [72, 288]}]


@pytest.mark.needs("Optuna")
@pytest.mark.parametrize("screening", ["signal-to-error", "accuracy"])
def test_a_search_does_not_depend_on_what_the_store_has(tmp_path, screening):
    """Designs that were swept before without layer errors were ranked by 0.875 among decibels, or on 20 images."""
    search = {"designs": 8, "population": 4, "survivors": 3, "screening_images": 4, "screening": screening}
    run = {"chips": 1, "shard": 8, "layer_errors": False}
    chosen = study(axes=AXES, data={"images": 12, "calibration_images": 8}, run=run, search=search)
    fresh = explore(chosen, tmp_path / "fresh.sqlite")
    path = tmp_path / "swept.sqlite"
    sweep(chosen.model_copy(update={"axes": chosen.axes[:1], "run": chosen.run.model_copy(update={"chips": 3})}), path)
    after = explore(chosen, path)
    assert (after.survivors, after.front) == (fresh.survivors, fresh.front)
    found = {design.key: design for design in read_results(path).designs}
    for design in read_results(tmp_path / "fresh.sqlite").designs:
        assert (found[design.key].chip_values, found[design.key].cost) == (design.chip_values, design.cost)
        if design.chip_values:
            assert tuple(found[design.key].layers) == tuple(design.layers)
