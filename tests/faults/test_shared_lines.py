"""Columns took turns with, and were wired to, columns of other arrays than their own (all found by an audit)."""

from __future__ import annotations

import numpy as np
import pytest

from bitline import AnalogCore, Design

UNIT_COLUMNS = {"kind": "offset", "subtraction": "unit-column", "scale": "layer"}
MATRIX = np.random.default_rng(0).normal(size=(21, 40))
INPUTS = np.random.default_rng(1).random((40, 100))


@pytest.mark.parametrize("outputs", [7, 14, 21])
def test_the_offset_of_a_converter_cancels_between_columns_and_their_unit_column(outputs):
    """Arrays of 7 columns and a unit column: from the second on, the converter's offset of 30 steps stayed."""
    ideal = {"kind": "uniform", "bits": 12, "range": "full"}
    late = {**ideal, "kind": "ramp", "comparator_offset_steps": 30.0, "columns_per_adc": 8}
    array, inputs, cell = {"rows": 64, "columns": 8}, {"slice_bits": 8}, {"device": "none"}
    with_offset, without = (
        AnalogCore(
            MATRIX[:outputs],
            Design(weights=UNIT_COLUMNS, array=array, inputs=inputs, cell=cell, adc=adc),
            calibration=INPUTS,
        )
        @ INPUTS
        for adc in (late, ideal)
    )
    assert np.abs((with_offset - without).mean(1)).max() < 0.02


def test_the_wires_of_a_row_are_those_of_one_array():
    """The unit columns of two arrays, and a column of the second, hung on the word lines of the others."""
    array = {"kind": "row-driven", "rows": 64, "columns": 8, "word_line": {"segment": 1e-3}, "bit_line": {"segment": 0}}
    inputs = {"slice_bits": 8, "range": {"kind": "given", "high": 1.0}}
    weights = {**UNIT_COLUMNS, "largest": float(np.abs(MATRIX).max())}
    design = Design(weights=weights, inputs=inputs, array=array, cell={"device": "none"}, adc="none")
    whole = AnalogCore(MATRIX[:14], design, calibration=INPUTS) @ INPUTS
    halves = [AnalogCore(half, design, calibration=INPUTS) @ INPUTS for half in (MATRIX[:7], MATRIX[7:14])]
    np.testing.assert_allclose(
        whole, np.concatenate(halves), rtol=1e-12
    )  # sums of another length are rounded otherwise
