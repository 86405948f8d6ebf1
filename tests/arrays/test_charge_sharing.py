"""Arrays of capacitors: conservation of charge array by array, unused rows, and the noise of the shared node."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from strategies import designs, inputs_for

from bitline import AnalogCore, Design
from bitline.arrays import ChargeSharingArray
from bitline.errors import DesignError
from bitline.numerics.draws import Draws

BOLTZMANN = 1.380649e-23


@st.composite
def capacitors(draw: st.DrawFn) -> dict[str, object]:
    return {
        "array.kind": "charge-sharing",
        "array.mismatch": draw(st.sampled_from([0.0, 0.01, 0.2])),
        "array.parasitic": draw(st.sampled_from([0.0, 0.3, 2.0])),
        "array.unused": draw(st.sampled_from(["connected", "disconnected"])),
    }


@settings(max_examples=20)
@given(designs(), capacitors(), st.integers(1, 20), st.integers(0, 1000), st.booleans())
def test_a_layer_of_capacitors_equals_the_literal_chain(design, changes, rows, seed, signed):
    design = design.with_settings(changes)
    matrix = np.random.default_rng(seed).standard_normal((4, rows)).astype(np.float32)
    inputs = inputs_for(rows, 3, seed, signed)
    core = AnalogCore(matrix, design, calibration=inputs)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((0, 0, "core")))
    allowed = expected.slack + 2e-5 * expected.magnitude.max() + 1e-6
    assert (np.abs(core @ inputs - expected.outputs) <= allowed).all()


@pytest.mark.parametrize(("rows", "used", "unused"), [(8, 8, "connected"), (8, 5, "connected"), (8, 5, "disconnected")])
def test_a_line_settles_where_charge_is_conserved(rows, used, unused):
    """All cells on: the voltage is sum C / (sum C + free C + C_line)."""
    array = ChargeSharingArray(rows=rows, mismatch=0.05, parasitic=0.5, unused=unused)
    shares = array.shares((1, 1, 1, used, 4000), [slice(0, used)], Draws((1,)))[0, 0, 0].double().numpy()
    on_line = rows if unused == "connected" else used
    share = used / on_line / 1.5
    variance = 0.05**2 * (used * (1 - share) ** 2 + (on_line - used) * share**2)  # to first order
    assert float(shares.sum(0).var()) == pytest.approx(variance, rel=0.08)
    assert float(shares.sum(0).mean()) == pytest.approx(used, rel=2e-3)


def test_each_array_of_a_tall_matrix_shares_its_own_charge():
    """With every cell on and no parasitic, a full line gives V_dd, whatever its capacitors are."""
    array = ChargeSharingArray(rows=4, mismatch=0.1)
    shares = array.shares((2, 3, 1, 12, 5), [slice(0, 4), slice(4, 8), slice(8, 12)], Draws((0,)))
    np.testing.assert_allclose(shares.unflatten(3, (3, 4)).sum(4), 4, rtol=1e-6)


MIXED = {"inputs.accumulation": "mixed", "inputs.analog_slices": 5}
"""Conversions of 3 and of 5 input slices."""


@pytest.mark.parametrize(
    "changes",
    [
        {"adc": "none"},
        {"adc.bits": 14, "adc.calibrated_on": "chip", "weights.subtraction": "digital", "weights.bits_per_cell": 2},
        {
            "adc.bits": 14,
            "adc.calibrated_on": "chip",
            "inputs.accumulation": "digital",
            "inputs.slice_bits": 2,
            "array.partitions": "full",
        },
        {
            "adc.bits": 14,
            "adc.calibrated_on": "chip",
            "weights.bits_per_cell": 2,
            "weights.accumulation": "analog",
            "array.accumulation": "analog",
        },
        {"adc.bits": 14, "adc.calibrated_on": "chip", "inputs.accumulator.leakage": 0.8},
        {"adc.bits": 14, "adc.calibrated_on": "chip", **MIXED},
        {"adc.bits": 14, "adc.calibrated_on": "chip", "inputs.accumulator.leakage": 0.8, **MIXED},
    ],
)
def test_the_noise_of_a_line_is_that_of_its_capacitance(changes):
    """Of matrix and inputs nothing matters: sqrt(k T C_line) / (C V) for each line, slice and array."""
    rows, reads, fF, volts, p = 20, 3000, 0.05, 0.8, 0.4
    matrix = np.random.default_rng(0).standard_normal((6, rows))
    inputs = np.random.default_rng(1).random((rows, 1))
    array = {"kind": "charge-sharing", "rows": 12, "capacitor_fF": fF, "supply_V": volts, "parasitic": p}
    design = Design().with_settings({"array": array, "cell.device": "none", **changes})
    core = AnalogCore(matrix, design, calibration=np.random.default_rng(2).random((rows, 20)))
    noisy = core @ inputs.repeat(reads, axis=1)
    line = np.sqrt(BOLTZMANN * 300 * fF * 1e-15 * 12 * (1 + p)) / (fF * 1e-15 * volts)
    bits = design.inputs.slice_bits
    slices = core.calibration.inputs.magnitude_bits // bits
    slicing = design.inputs.slicing(slices * bits, signed=False)
    places = design.inputs.accumulator.ratios(slicing.accumulated, bits, (), Draws((0,)))
    ratios = [ratio for l in range(slicing.conversions) for ratio in places[-slicing.slices_of(l) :]]
    by_slice = sum(4.0 ** (bits * index) * float(ratios[index]) ** 2 for index in range(slices)) * (2**bits - 1) ** 2
    by_weight = (
        sum(4.0 ** (design.weights.bits_per_cell * k) for k in range(design.weights.slices))
        if (design.weights.slices > 1)
        else 1.0
    )
    variance = 2 * line**2 * 2 * by_slice * by_weight * design.weights.top_digit**2  # arrays, lines
    unit = float(core.layer.step[0]) * core.calibration.inputs.step
    np.testing.assert_allclose(noisy.std(1), np.sqrt(variance) * unit, rtol=0.06)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell.current_voltage": "sinh"}, "capacitors take charge in proportion"),
        ({"cell.device": {"kind": "charge-sharing", "alpha": 0.1}}, "counts the mismatch of capacitors twice"),
    ],
)
def test_what_capacitors_cannot_be_is_refused(settings, message):
    with pytest.raises(DesignError, match=message):
        Design().with_settings({"array.kind": "charge-sharing", **settings})
