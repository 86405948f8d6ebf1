"""The circuit that adds input slices in analog, with its errors."""

from __future__ import annotations

import math

import numpy as np
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


def test_accumulators_of_limited_resolution_add_noise():
    matrix, inputs = np.eye(4, dtype=np.float32), np.tile(np.linspace(0.1, 1, 4, dtype=np.float32)[:, None], (1, 4000))
    base = Design().with_settings({"adc.bits": 12, "adc.range": "full", "array.rows": 4})
    core = AnalogCore(matrix, base.with_settings({"inputs.accumulator.effective_bits": 8}), calibration=inputs[:, :10])
    unit = 255 * core.calibration.inputs.step  # output of a signal of 1: the largest weight, 1, and the largest input
    spread = (core @ inputs).std(1) / (core.calibration.levels.step[0] * unit)
    np.testing.assert_allclose(spread, math.sqrt((16**2 + 1) / 12), rtol=0.05)
