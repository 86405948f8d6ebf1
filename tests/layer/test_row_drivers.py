"""Row drivers of finite linearity, with noise and with resistance."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.chain import literal_chain
from oracle.nodal import outputs_of
from strategies import inputs_for

from bitline import AnalogCore, Design
from bitline.arrays import RowDrivenArray, Wire
from bitline.errors import DesignError
from bitline.numerics.draws import Draws
from bitline.quantize import RowDrivers

BASE = {"weights.bits": 5, "inputs.bits": 6, "adc": "none", "cell.on_off_ratio": 20.0, "cell.resolution": 1_000_000}
TILES = {"kind": "row-driven", "word_line": {"segment": 1e-2}, "columns": 2}
SUMS = {"weights.accumulation": "analog", "array.accumulation": "analog"}


@settings(max_examples=10)
@given(
    st.sampled_from(["analog", "digital", "mixed"]),
    st.integers(1, 6),
    st.booleans(),
    st.sampled_from([{"kind": "differential"}, {"kind": "offset"}, {"kind": "offset", "subtraction": "unit-column"}]),
    st.sampled_from(["ohmic", {"kind": "milo-2021", "read_voltage_V": 0.5}]),
    st.sampled_from([{}, {"kind": "row-driven", "word_line": {"segment": 1e-2}}, {"columns": 2}, TILES]),
    st.booleans(),
    st.sampled_from([{}, {**SUMS, "weights.bits_per_cell": 2}]),
)
def test_drivers_equal_the_literal_chain(accumulation, slice_bits, signed, weights, curve, array, adc, sums):
    matrix = np.random.default_rng(0).standard_normal((3, 7))
    inputs = inputs_for(7, 2, slice_bits, signed).astype(np.float64)
    slice_bits = min(slice_bits, 2 if curve != "ohmic" else 6)
    design = (
        Design()
        .with_settings(
            {
                **BASE,
                "weights": {"bits": 5, **weights},
                "inputs.slice_bits": slice_bits,
                "inputs.accumulation": accumulation,
                "inputs.drivers.mismatch": 0.1,
                "cell.current_voltage": curve,
                "array": {"rows": 4, **array},
                **({"adc": {"kind": "uniform", "bits": 12}} if adc else {}),
            }
        )
        .with_settings(sums)
    )
    core = AnalogCore(matrix, design, calibration=inputs)
    expected = literal_chain(matrix, design, inputs, core.calibration, draws=Draws((0, 0, "core")))
    allowed = expected.slack + 5e-6 * expected.magnitude.max() + 1e-9
    assert (np.abs(core @ inputs - expected.outputs) <= allowed).all()
    exact = AnalogCore(matrix, design.with_settings({"inputs.drivers.mismatch": 0}), calibration=inputs) @ inputs
    assert np.abs(exact - expected.outputs).max() > 1e-3 * np.abs(exact).max()


def test_nonlinearity_is_that_of_independent_elements():
    """At code x of 2^a - 1 = N, x elements of N are on: a deviation of m sqrt(x (1 - x / N)) from the straight line."""
    bits, mismatch = 6, 0.02
    weights = RowDrivers(mismatch=mismatch).weights(bits, (1, 4000), Draws((0,)))[:, 0].numpy()
    codes = np.arange(2**bits)
    volts = ((codes[:, None] >> np.arange(bits)) & 1) @ weights
    off = volts - codes[:, None] * volts[-1] / codes[-1]
    expected = mismatch * np.sqrt(codes * (1 - codes / codes[-1]))
    np.testing.assert_allclose(off.std(1), expected, atol=0.05 * expected.max())
    assert off.std(1).max() == pytest.approx(mismatch * 2 ** (bits / 2) / 2, rel=0.1)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"inputs.slice_bits": 3},
        {"adc": {"kind": "uniform", "bits": 16}, "inputs.accumulation": "digital"},
        {"adc": {"kind": "uniform", "bits": 16}, "inputs.accumulation": "mixed", "inputs.analog_slices": 5},
        {"adc": {"kind": "uniform", "bits": 16}, "weights.bits_per_cell": 2, **SUMS},
        {"adc": {"kind": "uniform", "bits": 16}, "weights.bits_per_cell": 3},
        {"array.columns": 2},
    ],
)
def test_noise_of_a_row_is_the_same_for_all_columns_of_an_array(changes):
    """Covariance of the outputs for one input: sigma^2 G^T G for every slice that is applied, and every array."""
    matrix = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
    inputs, calibration = inputs_for(8, 1, 1, False), inputs_for(8, 50, 2, False)
    design = Design().with_settings({**BASE, "array.rows": 5, "inputs.drivers.noise": 0.02, **changes})
    core = AnalogCore(matrix, design, calibration=calibration)
    reads = core @ inputs.repeat(6000, axis=1)
    a = design.inputs.slice_bits
    power = sum((2.0 ** (a * l) * (2**a - 1)) ** 2 for l in range(-(-6 // a)))
    steps, codes = core.layer.step.numpy()[:, None], core.layer.codes.numpy().astype(int)
    b = 4 if design.weights.bits_per_cell == "unsliced" else design.weights.bits_per_cell
    by_slice = [np.sign(codes) * (np.abs(codes) & ((2**b - 1) << k)) * steps for k in range(0, 4, b)]
    tile = np.arange(3) // design.array.columns
    covariance = sum(weights @ weights.T for weights in by_slice) * (tile[:, None] == tile)
    expected = (0.02 * core.calibration.inputs.step) ** 2 * power * covariance
    np.testing.assert_allclose(np.cov(reads), expected, atol=0.08 * np.abs(expected).max())
    parts = AnalogCore(matrix, design, calibration=calibration)
    apart = np.concatenate([parts @ inputs, parts @ inputs.repeat(3, axis=1)], axis=1)
    np.testing.assert_array_equal(apart, reads[:, :4])


@pytest.mark.parametrize(("accumulated", "positions"), [(6, range(6)), (4, [2, 3, 0, 1, 2, 3])])
def test_noise_of_input_slices_counts_what_the_accumulator_makes_of_them(accumulated, positions):
    """Leakage takes a share of every earlier slice of a conversion, and of its noise; capacitors differ from column to
    column. A conversion of fewer slices has the last places of the accumulator.
    """
    matrix = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
    inputs, calibration = inputs_for(8, 1, 1, False), inputs_for(8, 50, 2, False)
    uneven = {"inputs.accumulator": {"leakage": 0.4, "capacitor_mismatch": 0.1}, "inputs.drivers.noise": 0.02}
    mixed = {"inputs.accumulation": "mixed", "inputs.analog_slices": accumulated}
    design = Design().with_settings({**BASE, **uneven, **mixed})
    core = AnalogCore(matrix, design, calibration=calibration)
    reads = core @ inputs.repeat(6000, axis=1)
    ratios = design.inputs.accumulator.ratios(accumulated, 1, (1, 1, 3), Draws((0, 0, "core")).of("accumulator"))
    by_slice = (2.0 ** np.arange(6))[:, None] * ratios.reshape(-1, 3).numpy()[list(positions)]
    weights = core.layer.codes.numpy() * core.layer.step.numpy()[:, None]
    expected = (0.02 * core.calibration.inputs.step) ** 2 * (by_slice.T @ by_slice) * (weights @ weights.T)
    np.testing.assert_allclose(np.cov(reads), expected, atol=0.08 * np.abs(expected).max())
    np.testing.assert_allclose(reads.var(1), np.diag(expected), rtol=0.08)
    even = (0.02 * core.calibration.inputs.step) ** 2 * 1365 * np.square(weights).sum(1)
    assert np.abs(even / np.diag(expected) - 1).max() > 0.2


READS = 20_000
FIVE_SIGMA = 5 * (2 / READS) ** 0.5
"""Of a variance of normal numbers, relative to it."""
FINE = {"kind": "uniform", "bits": 16, "range": "full"}
WIRED = {"kind": "row-driven", "word_line": {"terminal": 1e-9}}


def by_place(design: Design, inputs: np.ndarray, core: AnalogCore) -> np.ndarray:
    """Squares of the voltages of rows, added up over input slices with their weights, in steps of an input code:
    (weight slices, tiles, rows)."""
    a, drivers, layer = design.inputs.slice_bits, design.inputs.drivers, core.layer
    slices, tiles, rows = design.weights.slices, layer.placement.tiles, layer.product.rows
    weights = drivers.weights(a, (slices, 1, rows, tiles), Draws((0, 0, "core")))[:, :, 0].numpy()
    codes, squares = np.rint(inputs[:, 0] / core.calibration.inputs.step).astype(int), 0.0
    for first in range(0, 6, a):
        digits = (codes >> first) & (2**a - 1)
        volts = sum(((digits >> k) & 1)[None, :, None] * weights[k] for k in range(a))
        squares = squares + 4.0**first * np.square(volts)
    return squares.transpose(0, 2, 1)


@pytest.mark.parametrize("noise", [{"kind": "state-independent", "alpha": 0.02}, {"kind": "device"}])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"inputs.slice_bits": 6},
        {"adc": {"kind": "uniform", "bits": 16}, "inputs.slice_bits": 3},
        {"adc": {"kind": "uniform", "bits": 16}, "inputs.accumulation": "digital", "inputs.slice_bits": 2},
        {"adc": {"kind": "uniform", "bits": 16}, "weights.bits_per_cell": 2, **SUMS},
        {"adc": {"kind": "uniform", "bits": 16}, "weights.bits_per_cell": 2, "array.columns": 2},
        {"cell.time": "1 hour", "cell.drift_compensation": "column", "array.columns": 2},
    ],
)
def test_read_noise_is_that_of_the_voltages_that_rows_have(changes, noise):
    """Variance of an output: that of its cells on every row, times the square of the row's voltage on their array."""
    matrix = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
    inputs, calibration = inputs_for(8, 1, 1, False), inputs_for(8, 50, 2, False)
    device = {"cell.device": {"kind": "pcm-nandakumar-2019", "noise_renewed": "read"}, "cell.read_noise": noise}
    design = Design().with_settings({**BASE, **device, "array.rows": 5, "inputs.drivers.mismatch": 0.5, **changes})
    core = AnalogCore(matrix, design, calibration=calibration)
    reads = core @ inputs.repeat(READS, axis=1)
    cells = core.cells()
    variances = cells.noise[:, :, 0].double().square().sum(0).numpy()  # (slices, rows, columns)
    b = 4 if design.weights.bits_per_cell == "unsliced" else design.weights.bits_per_cell
    counted = variances * (4.0 ** (b * np.arange(len(variances))) * (2**b - 1) ** 2)[:, None, None]
    squares = by_place(design, inputs, core)[:, np.arange(3) // design.array.columns]  # (slices, columns, rows)
    gain = 1.0 if cells.drift_gain is None else cells.drift_gain[0].numpy()
    step = core.layer.step.numpy() * core.calibration.inputs.step / (1 - design.cell.window_low)
    expected = np.einsum("skn,snk->n", counted, squares) * (gain * step) ** 2
    np.testing.assert_allclose(reads.var(1), expected, rtol=FIVE_SIGMA)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"adc": FINE, "inputs.accumulation": "mixed", "inputs.analog_slices": 4},
        {"adc": FINE, "inputs.slice_bits": 2, "weights.bits_per_cell": 2, **SUMS},
        {"array": WIRED},
    ],
)
def test_cells_are_read_at_the_voltages_that_noise_leaves_their_rows(changes):
    """Equal cells of a pair cancel but for their read noise: 2 sigma^2 (u^2 + s^2) on every row, with u or without."""
    matrix = np.array([[0.0] * 6, [1.0] * 6], dtype=np.float32)
    inputs = np.array([[1.0], [32 / 63], *[[0.0]] * 4], dtype=np.float32)
    noise = {"cell.read_noise": {"kind": "state-independent", "alpha": 0.02}, "inputs.drivers.noise": 0.6}
    design = Design().with_settings({**BASE, "cell.device": "none", "array.rows": 4, **noise, **changes})
    core = AnalogCore(matrix, design, calibration=inputs)
    count = READS if "array" not in changes else 2_000
    reads = core @ inputs.repeat(count, axis=1)
    a = design.inputs.slice_bits
    digits = [(np.array([63, 32]) >> first) & (2**a - 1) for first in range(0, 6, a)]
    applied = sum(4.0**first * np.square(digit).sum() for first, digit in zip(range(0, 6, a), digits, strict=True))
    noisy = 6 * sum(4.0**first for first in range(0, 6, a)) * (0.6 * (2**a - 1)) ** 2
    b = 4 if design.weights.bits_per_cell == "unsliced" else design.weights.bits_per_cell
    counted = sum(4.0 ** (b * k) for k in range(4 // b)) * (2**b - 1) ** 2
    step = float(core.layer.step[0]) * core.calibration.inputs.step / 0.95
    expected = 2 * 0.02**2 * counted * (applied + noisy) * step**2
    np.testing.assert_allclose(reads[0].var(), expected, rtol=5 * (2 / count) ** 0.5)


def test_reads_at_noisy_voltages_add_up_to_what_a_resistive_array_shows():
    """Against the nodal analysis of one array after the other, each with cells and voltages of its own."""
    matrix, inputs = np.random.default_rng(0).random((2, 3)).astype(np.float32), np.eye(3, 1, dtype=np.float32)
    lines = {"word_line": {"segment": 0.1}, "bit_line": {"segment": 0.05}}
    noise = {"cell.read_noise": {"kind": "state-independent", "alpha": 0.5}, "inputs.drivers.noise": 0.6}
    array = {"kind": "row-driven", "rows": 3, **lines}
    bare = {"cell.device": "none", "inputs.bits": 1, "inputs.signed": False, "weights.kind": "offset"}
    design = Design().with_settings({**BASE, **bare, **noise, "array": array})
    core = AnalogCore(matrix, design, calibration=inputs)
    reads, rng, count = core @ inputs.repeat(6_000, axis=1), np.random.default_rng(1), 6_000
    cells = core.layer.exact().targets[0, 0, 0].double().numpy()
    found = np.empty((count, 2))
    for each in found:
        held, volts = cells + 0.5 * rng.standard_normal(cells.shape), inputs[:, 0] + 0.6 * rng.standard_normal(3)
        each[:] = outputs_of(design.array, held, None, volts, lambda conductance, voltage: conductance * voltage)
    step = core.layer.step.numpy() * core.calibration.inputs.step * design.weights.top_digit / 0.95
    np.testing.assert_allclose(reads.var(1), found.var(0) * step**2, rtol=0.15)


def test_a_driver_with_resistance_is_a_resistor_in_front_of_its_row():
    """A row of cells g on ideal wires with a driver of resistance r sees 1 / (1 + r sum g) of its voltage."""
    cells = np.random.default_rng(0).random((5, 3))
    array = RowDrivenArray(word_line=Wire(terminal=0.2), bit_line=Wire())
    found = array.effective_conductances(torch.from_numpy(cells)[None, None, None], [slice(0, 5)])[0, 0, 0]
    np.testing.assert_allclose(found, cells / (1 + 0.2 * cells.sum(1, keepdims=True)), rtol=1e-12)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"array.kind": "gate-driven", "inputs.drivers.noise": 0.1}, r"inputs\.drivers.*'gate-driven'"),
        ({"cell.current_voltage": "milo-2021", "inputs.drivers.noise": 0.1}, r"inputs\.drivers\.noise.*'milo-2021'"),
        ({"inputs.bits": "float", "inputs.drivers.mismatch": 0.1}, r"inputs\.drivers\.mismatch.*'float'"),
    ],
)
def test_drivers_that_no_array_has_are_refused(settings, words):
    with pytest.raises(DesignError, match=words):
        Design().with_settings(settings)
