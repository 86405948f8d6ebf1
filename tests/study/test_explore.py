"""A search is reproducible, goes on, and finds the front of what it measured."""

from __future__ import annotations

import pytest
from small_study import study

from bitline.errors import StudyError
from bitline.study import Study, explore, read_results, sweep
from bitline.study.pareto import front
from bitline.study.store import FRONT


@pytest.mark.needs("Optuna")
def test_a_search_is_reproducible_and_goes_on(tmp_path):
    def chosen(designs: int) -> Study:
        return study(
            axes=[
                {"setting": "adc.bits", "range": {"start": 3, "stop": 9, "points": 7}},
                {"setting": "weights.bits_per_cell", "values": ["unsliced", 1, 2]},
                {"setting": "array.rows", "values": [72, 288, 1152]},
            ],
            run={"chips": 1},
            data={"images": 24, "calibration_images": 8},
            search={"designs": designs, "population": 4, "survivors": 4, "screening_images": 8,
                    "objectives": ["accuracy", "energy_uJ"]},
        )  # fmt: skip

    found = explore(chosen(12), tmp_path / "a.sqlite")
    assert 0 < len(found.front) <= len(found.survivors) <= 4
    half = explore(chosen(4), tmp_path / "b.sqlite")
    assert half.looked_at <= found.looked_at
    again = explore(chosen(12), tmp_path / "b.sqlite")
    assert again.front == found.front
    result = read_results(tmp_path / "a.sqlite")
    full = [design for design in result.designs if design.chip_values]
    assert {design.key for design in full} == {point.key for point in found.survivors}
    values = [(design.cost["energy_uJ"], -design.mean) for design in full]
    assert {design.key for design, on_front in zip(full, front(values), strict=True) if on_front} == set(found.front)
    assert all(design.screened is not None for design in result.designs if not design.chip_values)
    with pytest.raises(StudyError, match="did you mean 'energy_uJ'"):
        explore(study(search={"objectives": ["accuracy", "energy"]}), tmp_path / "c.sqlite")


@pytest.mark.needs("Optuna")
def test_a_store_is_of_the_run_that_was_last(tmp_path):
    """A sweep after a search was told as a search in its report, as the front was still there."""
    search = {"designs": 4, "population": 2, "screening_images": 8, "objectives": ["accuracy", "energy_uJ"]}
    asked = study(search=search, data={"images": 8, "calibration_images": 8}, run={"chips": 1})
    store = tmp_path / "a.sqlite"
    explore(asked, store)
    assert FRONT in read_results(store).facts
    sweep(asked, store)
    assert FRONT not in read_results(store).facts
    explore(asked, store)
    assert FRONT in read_results(store).facts
