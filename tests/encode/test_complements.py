"""Two's and one's complement give the product of whole numbers, and count what their circuits do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline import AnalogCore, Design
from bitline.cost import core_cost, unit_costs
from bitline.encode import OnesComplement, TwosComplement
from bitline.errors import DesignError

EXACT = {"cell.device": "none", "cell.on_off_ratio": math.inf, "inputs.range.percentile": 100}
ADCS = {
    "none": {"adc": "none"},
    "guaranteed": {"inputs.accumulation": "digital", "adc.bits": 16, "adc.range": "guaranteed"},
}


@settings(max_examples=6)
@given(
    st.sampled_from(["twos-complement", "ones-complement"]),
    st.data(),
    st.sampled_from(sorted(ADCS)),
    st.sampled_from([np.float32, np.float64]),
    st.booleans(),
)
def test_exact_cells_give_the_product_of_whole_numbers(kind, data, adc, precision, signed):
    bits = data.draw(st.integers(2, 9))
    bits_per_cell = data.draw(st.integers(1, bits - 1))
    weights = {"weights.kind": kind, "weights.bits": bits, "weights.bits_per_cell": bits_per_cell}
    design = Design().with_settings({**weights, **EXACT, **ADCS[adc], "array.rows": 7, "inputs.slice_bits": 2})
    rng, top = np.random.default_rng(data.draw(st.integers(0, 99))), 2 ** (bits - 1) - 1
    matrix = rng.integers(-top, top + 1, (3, 20)).astype(precision)
    largest = 127 if signed else 255
    inputs = rng.integers(-largest if signed else 0, largest + 1, (20, 4)).astype(precision)
    matrix[0, 0], inputs[0, 0] = top, largest
    outputs = AnalogCore(matrix, design, calibration=inputs) @ inputs
    np.testing.assert_allclose(outputs, matrix @ inputs, rtol=1e-6, atol=2e-7 * (np.abs(matrix) @ np.abs(inputs)).max())


def test_the_background_of_cells_with_one_bit_cancels_in_ones_complement_only():
    assert OnesComplement(bits_per_cell=1).input_sum_factor(0.1) == 0
    assert TwosComplement(bits_per_cell=1).input_sum_factor(0.1) == pytest.approx(-0.1 / 0.9)


@pytest.mark.parametrize("kind", ["twos-complement", "ones-complement"])
def test_weights_without_bits_have_no_complement(kind):
    with pytest.raises(DesignError, match="no complement: use a number of bits"):
        Design().with_settings({"weights.kind": kind, "weights.bits": "float"})


def test_costs_count_one_cell_and_one_conversion_for_each_bit():
    """As many cells and conversions as offset weights of as many bits, and no sum of the inputs."""
    sliced = {"weights.bits_per_cell": 1, "inputs.accumulation": "digital", "cell.on_off_ratio": math.inf}
    offset, twos, ones = (
        core_cost(Design().with_settings({"weights.kind": kind, **sliced}))
        for kind in ("offset", "twos-complement", "ones-complement")
    )
    for part in ("ADCs", "cells", "row drivers"):
        assert twos.energies_pJ[part] == ones.energies_pJ[part] == offset.energies_pJ[part]
    assert twos.areas_mm2["cells"] == ones.areas_mm2["cells"] == offset.areas_mm2["cells"]
    additions = {name: cost.energies_pJ["adders"] for name, cost in (("two", twos), ("one", ones))}
    assert additions["one"] / additions["two"] == pytest.approx(8 / 7)  # 8 slices, and the sign bits once more
    assert unit_costs(Design().with_settings({"weights.kind": "ones-complement", **sliced}))[0].energy_pJ > 0
