"""Noise drawn once for each output has the distribution of noise drawn for each cell and read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from scipy import stats
from strategies import designs, inputs_for

from bitline import AnalogCore, Design
from bitline.numerics.draws import Draws

READS = 1500
SUMS = {"weights.accumulation": "analog", "array.accumulation": "analog"}
MILO = {"kind": "milo-2021", "read_voltage_V": 0.5}
UNITS = {"kind": "offset", "subtraction": "unit-column"}
LEAKS = {"inputs.accumulator.leakage": 1e-6}
UNEVEN = {"leakage": 0.2, "capacitor_mismatch": 0.1}


@pytest.mark.parametrize(
    "changes",
    [
        {"adc": "none"},
        {"adc": "none", "inputs.slice_bits": 3, "cell.read_noise": {"kind": "state-proportional", "alpha": 0.1}},
        {"adc": "none", "weights": {"kind": "offset", "subtraction": "unit-column", "bits_per_cell": 2}},
        {"adc": "none", "inputs.slice_bits": 3, "cell.current_voltage": {"kind": "milo-2021", "read_voltage_V": 0.5}},
        {"adc.bits": 12, "array.rows": 8},
        {"adc.bits": 12, "weights.subtraction": "digital", "weights.bits_per_cell": 3},
        {"adc.bits": 12, "inputs.accumulation": "digital", "inputs.slice_bits": 2, "weights.bits_per_cell": 4},
        {"adc.bits": 14, "inputs.accumulation": "mixed", "inputs.analog_slices": 3},
        {"adc.bits": 14, "weights": {"kind": "offset", "subtraction": "unit-column"}, "array.columns": 4},
        {"adc.bits": 14, "weights.bits_per_cell": 2, "array.rows": 8, **SUMS},
        {"adc.bits": 14, "weights.bits_per_cell": 4, "array.rows": 8, "inputs.accumulator": UNEVEN},
        {"adc.bits": 14, "weights": {"kind": "twos-complement", "bits_per_cell": 3}, "array.rows": 8, **SUMS},
        {"adc": "none", "cell.current_voltage": MILO, "weights.bits_per_cell": 4, "array.rows": 12, **SUMS},
        {"adc": "none", "inputs.slice_bits": 3, "inputs.drivers.mismatch": 0.5},
        {"adc.bits": 14, "inputs.slice_bits": 2, "inputs.accumulator": UNEVEN, "inputs.drivers.mismatch": 0.5},
        {"adc.bits": 14, "weights": UNITS, "array.columns": 4, "inputs.drivers.mismatch": 0.5},
    ],
    ids=lambda changes: "-".join(f"{key.split('.')[-1]}" for key in changes),
)
def test_output_noise_equals_noise_of_single_cells(changes):
    """Mean, covariance and distribution of the outputs for one input, read many times."""
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((5, 20)).astype(np.float32)
    signed = "unit-column" not in str(changes)
    inputs = inputs_for(20, 1, 2, signed)
    noise = {"cell.read_noise": {"kind": "state-independent", "alpha": 0.02}}
    design = Design().with_settings({"weights.bits": 8, "cell.on_off_ratio": 20.0, **noise, **changes})
    core = AnalogCore(matrix, design, calibration=inputs_for(20, 50, 3, signed))
    repeated = inputs.repeat(READS, axis=1)
    fast = core @ repeated
    literal = literal_chain(
        matrix, design, repeated, core.calibration, draws=Draws((0, 0, "core")), reads=np.random.default_rng(5)
    ).outputs
    error = literal.std(axis=1) / np.sqrt(READS)
    assert (np.abs(fast.mean(1) - literal.mean(1)) < 6 * np.sqrt(2) * error + 1e-6).all()
    covariance = [np.cov(one) for one in (fast, literal)]
    scale = np.sqrt(np.outer(np.diag(covariance[1]), np.diag(covariance[1])))
    assert np.abs(covariance[0] - covariance[1]).max() < 6 * np.sqrt(2 / READS) * scale.max() * np.sqrt(2)
    np.testing.assert_allclose(fast.std(1), literal.std(1), rtol=6 * np.sqrt(1 / READS))
    for one, other in zip(fast, literal, strict=True):
        assert stats.ks_2samp(one, other).pvalue > 1e-5


@pytest.mark.parametrize("changes", [{}, {"inputs.slice_bits": 3}, {"inputs.accumulation": "analog", **LEAKS}])
def test_slices_of_long_codes_have_the_noise_of_their_digits(changes):
    """Codes of more than 16 bits, whose squares are rounded only where they are applied at once."""
    bits, alpha, reads = 18, 0.05, 20_000
    noise = {"cell.device": "none", "cell.read_noise": {"kind": "state-independent", "alpha": alpha}}
    inputs = {"inputs.bits": bits, "inputs.signed": False, "inputs.accumulation": "digital"}
    given = {"inputs.range": {"kind": "given", "high": 1.0}, "adc": {"kind": "uniform", "bits": 16, "range": "full"}}
    core = AnalogCore(
        [[1.0, 1.0]], Design().with_settings({**noise, **inputs, **given, **changes}), calibration=[1.0, 0.0]
    )
    code, a = 0b101101011011010111, core.layer.design.inputs.slice_bits
    found = core @ np.repeat([[code / (2**bits - 1)], [0.0]], reads, axis=1)
    power = sum(((code >> first) & (2**a - 1)) ** 2 * 4.0**first for first in range(0, bits, a))
    expected = 2 * alpha**2 * power / (2**bits - 1) ** 2
    np.testing.assert_allclose(found.var(), expected, rtol=5 * (2 / reads) ** 0.5)


@settings(max_examples=40)
@given(designs(), st.integers(0, 1000), st.booleans())
def test_noise_of_nothing_changes_nothing(design, seed, signed):
    matrix = np.random.default_rng(seed).standard_normal((4, 12)).astype(np.float32)
    inputs = inputs_for(12, 4, seed, signed)
    quiet = design.with_settings({"cell.read_noise": {"kind": "state-independent", "alpha": 1e-12}})
    plain, noisy = (AnalogCore(matrix, one, calibration=inputs) @ inputs for one in (design, quiet))
    np.testing.assert_allclose(plain, noisy, rtol=1e-5, atol=1e-5 * np.abs(plain).max() + 1e-9)


@pytest.mark.parametrize("settings", [{}, {"inputs.accumulation": "digital"}, {"adc": "none"}])
def test_noise_does_not_depend_on_batches(settings):
    matrix = np.random.default_rng(0).standard_normal((4, 12)).astype(np.float32)
    inputs = inputs_for(12, 10, 0, False)
    design = Design().with_settings({"cell.read_noise": {"kind": "state-independent", "alpha": 0.05}, **settings})
    make = lambda: AnalogCore(matrix, design, calibration=inputs)  # noqa: E731
    at_once = make() @ inputs
    core = make()
    in_parts = np.concatenate([core @ inputs[:, :3], core @ inputs[:, 3:]], axis=1)
    np.testing.assert_allclose(at_once, in_parts, rtol=1e-5, atol=1e-6)
    assert not np.allclose(at_once, core @ inputs)  # another read, other noise
