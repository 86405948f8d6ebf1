"""Slices of a weight and arrays below each other that are added before the ADC."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import inputs_for

from bitline import AnalogCore, Design
from bitline.errors import GuaranteeWarning
from bitline.layer.effective_weights import programmed_weights

ONE_CELL = {"differential": 7, "two-sided": 7, "offset": 8, "polarised": 7}
"""Mappings whose bits can all lie on one cell, and how many that are."""
SUMS = {"weights.accumulation": "analog", "array.accumulation": "analog"}


def core_of(settings: dict, matrix: np.ndarray, inputs: np.ndarray) -> AnalogCore:
    return AnalogCore(matrix, Design().with_settings(settings), calibration=inputs)


@settings(max_examples=40)
@given(
    st.sampled_from(list(ONE_CELL)),
    st.integers(1, 6),
    st.sampled_from(["calibrated", "aligned", "full", {"kind": "given", "high": 3.0}]),
    st.sampled_from(["analog", "digital"]),
    st.booleans(),
    st.integers(0, 1000),
)
@pytest.mark.filterwarnings("ignore::bitline.errors.ApproximationWarning")
def test_slices_that_are_added_are_one_cell_with_all_bits(kind, bits, policy, accumulation, signed, seed):
    """The same codes of the same converters, wherever exact cells that can be switched off hold the bits."""
    matrix = np.random.default_rng(seed).standard_normal((4, 30)).astype(np.float32)
    inputs = inputs_for(30, 8, seed, signed)
    unsliced = {"weights.kind": kind, "adc.range": policy, "adc.bits": 6, "cell.on_off_ratio": math.inf}
    unsliced |= {"inputs.accumulation": accumulation, "array.rows": 16, "weights.bits_per_cell": "unsliced"}
    sliced = {**unsliced, "weights.bits_per_cell": bits, "weights.accumulation": "analog"}
    unit = (2 ** ONE_CELL[kind] - 1) / (2**bits - 1)  # of one cell in units of the least significant slice
    if isinstance(policy, dict):
        sliced["adc.range"] = {"kind": "given", "high": 3.0 * unit}
    one, several = core_of(unsliced, matrix, inputs), core_of(sliced, matrix, inputs)
    levels = [core.calibration.levels for core in (one, several)]
    assert (levels[0].low, levels[0].high) == (levels[1].low, levels[1].high)
    seen = policy == "calibrated"  # in a histogram, whose bins are not the same
    assert levels[1].step[0] == pytest.approx(levels[0].step[0] * unit, rel=1e-3 if seen else 1e-12)
    if not seen:
        np.testing.assert_allclose(several @ inputs, one @ inputs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["differential", "two-sided", "offset", "twos-complement", "ones-complement"])
@pytest.mark.parametrize("policy", ["calibrated", "full", "guaranteed", "best-output"])
def test_arrays_that_are_added_are_one_array_with_all_rows(kind, policy):
    matrix = np.random.default_rng(1).standard_normal((5, 50))
    inputs = inputs_for(50, 30, 2, True).astype(np.float64)
    base = {"weights.kind": kind, "weights.bits_per_cell": 3, "adc.range": policy, "adc.bits": 7}
    base["adc.bits"] = 21 if policy == "guaranteed" else 7
    tall = core_of({**base, "array.rows": 50}, matrix, inputs)
    added = core_of({**base, "array.rows": 16, "array.accumulation": "analog"}, matrix, inputs)
    assert added.calibration.levels == tall.calibration.levels
    np.testing.assert_array_equal(added @ inputs, tall @ inputs)


@pytest.mark.parametrize(
    ("kind", "bits"), [("differential", 23), ("offset", 23), ("twos-complement", 23), ("polarised", 22)]
)
def test_a_guarantee_takes_all_bits_of_a_weight(kind, bits):
    """Eq. 2 with the bits of all slices: 8 and 8 bits, 128 rows; the sign counts where something is subtracted."""
    settings = {"weights.kind": kind, "weights.bits_per_cell": 2, "weights.accumulation": "analog", "array.rows": 128}
    design = Design().with_settings({**settings, "adc": "none"})
    assert design.full_precision_bits == bits
    guaranteed = design.with_settings({"adc": {"kind": "uniform", "bits": bits, "range": "guaranteed"}})
    assert guaranteed.guaranteed_bits == bits


def test_a_guarantee_keeps_every_output_and_says_where_more_rows_are_added():
    rng = np.random.default_rng(0)
    matrix = rng.integers(-7, 8, (4, 40)).astype(float)
    matrix[0, 0] = 7
    inputs = rng.integers(0, 8, (40, 20)).astype(float)
    inputs[0, 0] = 7
    settings = {"weights.bits": 4, "weights.bits_per_cell": 1, "inputs.bits": 3, "inputs.range.percentile": 100, **SUMS}
    settings |= {"array.rows": 16, "cell.on_off_ratio": math.inf, "adc.range": "guaranteed"}
    with pytest.warns(GuaranteeWarning, match=r"40 rows whose currents are added.*use adc\.bits = 12"):
        core_of({**settings, "adc.bits": 11}, matrix, inputs)
    exact = core_of({**settings, "adc.bits": 12}, matrix, inputs)
    np.testing.assert_allclose(exact @ inputs, matrix @ inputs, atol=1e-9)


def test_a_converter_sees_one_signal_for_each_output():
    matrix, inputs = np.random.default_rng(0).standard_normal((6, 40)), inputs_for(40, 5, 1, False).astype(float)
    counts = {}
    for name, changes in {"none": {}, "slices": {"weights.accumulation": "analog"}, "both": SUMS}.items():
        core = core_of({"weights.bits_per_cell": 2, "array.rows": 10, "adc.kind": "flash", **changes}, matrix, inputs)
        core @ inputs
        counts[name] = core.programmed.plan.converted
    assert counts == {"none": 6 * 5 * 16, "slices": 6 * 5 * 4, "both": 6 * 5}


def test_cells_stand_for_the_same_weights_whatever_is_added():
    """Training with programmed weights, and designs without ADCs."""
    matrix, inputs = np.random.default_rng(0).standard_normal((6, 40)), inputs_for(40, 5, 1, False).astype(float)
    base = {"weights.bits_per_cell": 2, "array.rows": 10, "cell.device": {"kind": "state-proportional", "alpha": 0.1}}
    found = []
    for changes in ({}, SUMS):
        core = core_of({**base, **changes, "adc": "none"}, matrix, inputs)
        found.append((programmed_weights(core.layer.arrays(core.cells(), core.calibration.inputs)), core @ inputs))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-9, atol=1e-9)
