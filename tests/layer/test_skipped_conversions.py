"""Conversions that are left out where no row has a voltage."""

from __future__ import annotations

import numpy as np

from bitline import AnalogCore, Design


def test_skipped_conversions_are_counted_and_change_nothing_with_ideal_converters():
    rng = np.random.default_rng(0)
    matrix, inputs = rng.standard_normal((5, 12)), np.maximum(rng.standard_normal((12, 40)) - 1.2, 0)
    base = Design().with_settings({"inputs.accumulation": "digital", "array.rows": 4})
    plain = AnalogCore(matrix, base, calibration=inputs)
    skipping = AnalogCore(matrix, base.with_settings({"adc.skip_zero_inputs": True}), calibration=inputs)
    np.testing.assert_allclose(skipping @ inputs, plain @ inputs, rtol=1e-5, atol=1e-5)
    plan = skipping.programmed.plan
    step = skipping.calibration.inputs
    codes = np.clip(np.rint(inputs / step.step), 0, step.high).astype(int)
    digits = (codes[None] >> np.arange(8)[:, None, None]) & 1
    idle = (digits.reshape(8, 3, 4, 40).sum(2) == 0).sum()
    assert 0 < plan.skipped == idle * 5 < plan.converted == plain.programmed.plan.converted == 8 * 3 * 5 * 40
