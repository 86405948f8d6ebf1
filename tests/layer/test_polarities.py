"""Positive and negative inputs that are applied one after the other."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import inputs_for

from bitline import AnalogCore, Design

MATRIX = np.random.default_rng(0).standard_normal((6, 40)).astype(np.float32)
INPUTS = inputs_for(40, 200, 1, signed=True)
OFFSET = {"weights.kind": "offset", "cell.device": {"kind": "state-proportional", "alpha": 0.05}}


def cores(settings, inputs=INPUTS, **arguments):
    """The same layer, its inputs applied together and separately."""
    designs = [Design().with_settings({**settings, "inputs.polarities": how}) for how in ("together", "separate")]
    return [AnalogCore(MATRIX, design, calibration=inputs, **arguments) for design in designs]


@pytest.mark.parametrize("accumulation", ["analog", "digital"])
def test_each_conversion_is_of_one_polarity(accumulation):
    _, core = cores({**OFFSET, "inputs.accumulation": accumulation, "adc.range": "full", "adc.bits": 6})
    _, levels = core.calibration.inputs, core.calibration.levels
    assert core.calibration.inputs.signed
    assert levels.low == (0,)  # offset cells and voltages of one sign: no current is negative
    positive, negative = (core @ np.maximum(sign * INPUTS, 0) for sign in (1, -1))
    np.testing.assert_allclose(core @ INPUTS, positive - negative, rtol=0, atol=1e-4 * np.abs(positive).max())


def test_a_sign_no_longer_takes_half_of_the_levels():
    together, separate = cores({**OFFSET, "adc.range": "full", "adc.bits": 8})
    exact = MATRIX @ INPUTS
    errors = [np.abs(core @ INPUTS - exact).mean() for core in (together, separate)]
    assert together.calibration.levels.step[0] == pytest.approx(2 * separate.calibration.levels.step[0], rel=0.01)
    assert errors[1] < 0.9 * errors[0]


def test_without_converters_it_makes_no_difference():
    together, separate = cores({**OFFSET, "adc": "none"})
    np.testing.assert_array_equal(together @ INPUTS, separate @ INPUTS)


def test_inputs_without_a_sign_are_applied_once():
    together, separate = cores(OFFSET, inputs=np.abs(INPUTS))
    np.testing.assert_array_equal(together @ np.abs(INPUTS), separate @ np.abs(INPUTS))
    assert together.programmed.plan.converted == separate.programmed.plan.converted


def test_every_signal_is_converted_twice():
    together, separate = cores(OFFSET)
    for core in (together, separate):
        core @ INPUTS
    assert separate.programmed.plan.converted == 2 * together.programmed.plan.converted


def test_reads_of_both_polarities_have_as_much_noise_as_one_read_of_all_rows():
    noisy = {
        **OFFSET,
        "cell.read_noise": {"kind": "state-proportional", "alpha": 0.3},
        "adc.bits": 14,
        "adc.range": "full",
    }
    many = np.repeat(INPUTS[:, :1], 4000, axis=1)
    spread = [(core @ many).std(1) for core in cores(noisy, seed=3)]
    np.testing.assert_allclose(spread[1], spread[0], rtol=0.08)


def test_a_rectifying_cell_sees_one_sign_of_the_voltage():
    curve = {"kind": "own_parts:Rectifying"}
    settings = {"adc": "none", "cell.current_voltage": curve, "weights.kind": "differential"}
    together, separate = cores(settings)
    ohmic = AnalogCore(MATRIX, Design().with_settings({"adc": "none"}), calibration=INPUTS) @ INPUTS
    np.testing.assert_allclose(separate @ INPUTS, ohmic, rtol=0, atol=1e-4 * np.abs(ohmic).max())
    assert np.abs(together @ INPUTS - ohmic).max() > 0.1 * np.abs(ohmic).max()
