"""The circuit that adds input slices in analog, with its errors."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bitline import AnalogCore, Design
from bitline.numerics.draws import Draws
from bitline.readout.accumulator import Accumulator


@given(st.integers(1, 8), st.integers(1, 4), st.floats(0, 0.1), st.integers(0, 99))
def test_leaky_accumulators_forget_the_first_slices(slices, bits, leakage, seed):
    ratios = Accumulator(leakage=leakage).ratios(slices, bits, (3,), Draws((seed,)))
    expected = (1 - leakage) ** torch.arange(slices - 1, -1, -1, dtype=torch.float64)
    torch.testing.assert_close(ratios, expected[:, None].expand(-1, 3))


@pytest.mark.parametrize(
    ("magnitude_bits", "together", "kept"),
    [
        (3, 2, [0, 1, 0]),
        (3, 3, [2, 1, 0]),
        (7, 4, [2, 1, 0, 3, 2, 1, 0]),
        (7, 6, [0, 5, 4, 3, 2, 1, 0]),
        (8, 3, [1, 0, 2, 1, 0, 2, 1, 0]),
    ],
)
def test_each_conversion_leaks_for_its_own_steps_only(magnitude_bits, together, kept):
    """An input slice loses charge once for each slice that is added after it before the conversion."""
    leakage = 0.05
    matrix = np.eye(1, dtype=np.float32)
    design = Design().with_settings({
        "inputs": {"bits": magnitude_bits + 1, "accumulation": "mixed", "analog_slices": together,
                   "accumulator": {"leakage": leakage}},
        "adc": "none",
    })  # fmt: skip
    top = 2**magnitude_bits - 1
    calibration = np.array([[-top, top]], dtype=np.float32)
    core = AnalogCore(matrix, design.with_settings({"inputs.range.percentile": 100}), calibration=calibration)
    powers = 2.0 ** np.arange(magnitude_bits)
    np.testing.assert_allclose((core @ powers[None])[0] / powers, (1 - leakage) ** np.array(kept), rtol=1e-6)


@pytest.mark.parametrize("range", ["full", {"kind": "calibrated", "percentile": 100}])
@pytest.mark.parametrize("signed", [False, True])
def test_more_conversions_are_not_worse(range, signed):
    """Each conversion of fewer input slices spans the range of its ADC, whether or not they divide the slices."""
    rng = np.random.default_rng(0)
    matrix, inputs = rng.standard_normal((16, 200)), rng.random((200, 400)) - 0.5 * signed
    design = Design().with_settings({"adc": {"bits": 8, "range": range}, "inputs.accumulation": "mixed"})

    def error(together: int) -> float:
        mixed = design.with_settings({"inputs.analog_slices": together})
        exact = AnalogCore(matrix, mixed.with_settings({"adc": "none"}), calibration=inputs) @ inputs
        return float((AnalogCore(matrix, mixed, calibration=inputs) @ inputs - exact).std())

    errors = [error(together) for together in (1, 2, 3, 4, 6, 7, 8)]
    assert all(fewer < 1.05 * more for fewer, more in itertools.pairwise(errors))
    assert errors[0] < 0.95 * errors[-1]


def test_accumulators_of_limited_resolution_add_noise():
    matrix, inputs = np.eye(4, dtype=np.float32), np.tile(np.linspace(0.1, 1, 4, dtype=np.float32)[:, None], (1, 4000))
    base = Design().with_settings({"adc.bits": 12, "adc.range": "full", "array.rows": 4})
    core = AnalogCore(matrix, base.with_settings({"inputs.accumulator.effective_bits": 8}), calibration=inputs[:, :10])
    unit = 255 * core.calibration.inputs.step  # output of a signal of 1: the largest weight, 1, and the largest input
    spread = (core @ inputs).std(1) / (core.calibration.levels.step[0] * unit)
    np.testing.assert_allclose(spread, math.sqrt((16**2 + 1) / 12), rtol=0.05)
