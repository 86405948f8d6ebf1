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
