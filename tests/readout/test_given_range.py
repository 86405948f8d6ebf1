"""ADC ranges that a design states."""

from __future__ import annotations

import numpy as np
import pytest

from bitline import AnalogCore, Design
from bitline.errors import DesignError
from bitline.readout import BitLines
from bitline.readout.ranges.given import GivenRange

MATRIX = np.random.default_rng(0).standard_normal((4, 24))
INPUTS = np.random.default_rng(1).random((24, 8))


def core(**settings: object) -> AnalogCore:
    return AnalogCore(MATRIX, Design(**settings), calibration=INPUTS)


def test_every_layer_has_the_range_that_its_rule_gives():
    """A published range could not be stated, only calibrated."""
    limits = {"kind": "given", "low": -1.0, "high": 3.0}
    design = Design(layers=[{"match": "conv*", "set": {"adc.range": limits, "adc.bits": 3}}])
    levels = AnalogCore(MATRIX, design.for_layer("conv1"), calibration=INPUTS).calibration.levels
    assert (levels.step, levels.low, levels.high) == ((4 / 7,), (-2,), (5,))
    assert design.for_layer("fc").adc.range.kind == "calibrated"


def test_what_is_outside_a_given_range_clips():
    """Nothing is above the highest level, and nothing moves by more than half a step inside."""
    exact = core(adc="none") @ INPUTS
    wide = core(adc={"bits": 16, "range": {"kind": "given", "high": 24.0}}) @ INPUTS
    narrow = core(adc={"bits": 16, "range": {"kind": "given", "high": 0.1}}) @ INPUTS
    assert np.abs(wide - exact).max() <= 1e-3 * np.abs(exact).max()
    assert np.abs(narrow).max() < 0.5 * np.abs(exact).max()
    np.testing.assert_array_equal(np.sign(narrow), np.sign(exact))


@pytest.mark.parametrize(("signed", "ends"), [(True, (-4, 3)), (False, (0, 7))])
def test_a_range_without_a_low_end_begins_where_signals_do(signed, ends):
    lines = BitLines(rows=9, signed=signed, cell_bits=2, input_bits=1, step=0.5, radix=(1.0,))
    levels = GivenRange(high=3.5).levels(3, lines, None)
    assert (levels.low, levels.high) == ((ends[0],), (ends[1],))
    assert levels.step[0] == pytest.approx(1.0 if signed else 0.5)


@pytest.mark.parametrize(("low", "high"), [(None, 0.0), (None, -1.0), (2.0, 2.0), (3.0, 1.0)])
def test_empty_ranges_are_refused(low, high):
    with pytest.raises(DesignError, match="use a `high` above 0"):
        Design(adc={"range": {"kind": "given", "low": low, "high": high}})


def test_lines_that_are_subtracted_digitally_clip_one_by_one():
    """What a limit of the current of each line does in CrossSim (`Icol_max`)."""
    limits = {"kind": "given", "low": 0.0, "high": 2.0}
    inputs = {"bits": 16, "range": {"kind": "given", "high": 1.0}}
    codes = {"weights": {"bits": 16, "subtraction": "digital"}, "inputs": inputs}
    found = core(adc={"bits": 20, "range": limits}, **codes) @ INPUTS
    plus, minus = (np.maximum(sign * MATRIX / np.abs(MATRIX).max(), 0) @ INPUTS for sign in (1, -1))
    assert (plus > 2).any()
    expected = np.abs(MATRIX).max() * (np.minimum(plus, 2) - np.minimum(minus, 2))
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def test_noisy_conversions_within_limits_are_those_of_aihwkit():
    """Its `IOParameters` by default: 7-bit inputs by vector, a range of 12, noise of 0.06 of a weight."""
    rng = np.random.default_rng(2)
    matrix, inputs = 0.3 * rng.standard_normal((32, 200)), rng.standard_normal((200, 300))
    settings = {
        "weights.bits": "float",
        "inputs": {"range": "per-vector", "bits": 7, "slice_bits": 6},
        "adc": {"bits": 9, "range": {"kind": "given", "low": -12, "high": 12}, "noise_steps": 0.06 / (24 / 511)},
    }
    found = AnalogCore(matrix, Design().with_settings(settings), calibration=inputs) @ inputs
    largest, magnitude = np.abs(matrix).max(), np.abs(inputs).max(0)
    signals = matrix / largest @ (np.rint(inputs / magnitude * 63) / 63) + 0.06 * rng.standard_normal(found.shape)
    theirs = np.clip(np.rint(signals * 510 / 24) * 24 / 510, -12, 12) * magnitude * largest
    errors = [np.std(outputs - matrix @ inputs) / np.std(matrix @ inputs) for outputs in (found, theirs)]
    assert errors[0] == pytest.approx(errors[1], rel=0.02)
