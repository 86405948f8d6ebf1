"""Results as arrays with a dimension for each setting."""

from __future__ import annotations

import numpy as np
import pytest

from bitline.study import DesignResult, Study, StudyResult

pytestmark = pytest.mark.needs("xarray")


def result_of(*settings):
    designs = tuple(
        DesignResult(
            f"{index}", "", chosen, {}, images=100, chip_values=(0.8, 0.8 + index / 100), cost={"energy_uJ": index}
        )
        for index, chosen in enumerate(settings)
    )
    return StudyResult(Study(name="arrays"), {}, (), designs, 0.92)


def test_a_grid_has_a_dimension_for_each_setting():
    grid = [{"adc.bits": bits, "array.rows": rows} for bits in (5, 8) for rows in (144, 1152)]
    found = result_of(*grid).to_xarray()
    assert dict(found.sizes) == {"adc.bits": 2, "array.rows": 2, "chip": 2}
    one = found.sel({"adc.bits": 8, "array.rows": 144})
    assert (float(one.energy_uJ), one.chip_accuracy.values.round(6).tolist()) == (2.0, [0.8, 0.82])
    assert np.isclose(float(one.accuracy), 0.81) and found.attrs == {"study": "arrays"}


def test_designs_that_are_no_grid_stand_one_after_another():
    """Of two designs that differ in what no axis sets neither may be lost; an axis with a condition leaves gaps."""
    found = result_of({"adc.bits": 5}, {"adc.bits": 8}, {"adc.bits": 5}).to_xarray()
    assert found.sizes["design"] == 3
    assert found["adc.bits"].values.tolist() == [5, 8, 5]
    gaps = result_of(
        {"weights.kind": "differential"}, {"weights.kind": "offset", "weights.bits_per_cell": 2}
    ).to_xarray()
    assert int(gaps.energy_uJ.notnull().sum()) == 2
    assert result_of({"adc.bits": 5}).to_xarray().sizes["design"] == 1
