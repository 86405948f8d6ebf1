"""Arrays of nonlinear cells in ngspice, with I = G V_read sinh(V/V_0) / sinh(V_read/V_0) as a source for each cell."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from circuits import ngspice, random_cells

from bitline import AnalogCore, Design
from bitline.arrays import GateDrivenArray, RowDrivenArray, Wire
from bitline.arrays.circuit import gate_driven_circuit, row_driven_circuit, solve_nonlinear, to_spice
from bitline.arrays.nodal_lines import Block
from bitline.devices.sinh_current import SinhCurrent

V_READ, V_0, G_MAX = 0.3, 0.12, 50e-6
CURVE = SinhCurrent(read_voltage_V=V_READ, scale_V=V_0)
ROWS, COLUMNS = 6, 3
WIRE = Wire(segment=1e-2, terminal=5e-2)
RAMP = np.array([1, 0, 2 / 3, 1 / 3, 1, 1 / 3])
SIGNED = np.array([1, -1 / 3, 0, 2 / 3, -1, 1])
BITS = np.array([1, 0, 1, 1, 0, 1.0])

CASES = {
    "rows": (RowDrivenArray(word_line=WIRE, bit_line=WIRE), RAMP),
    "rows, both ends": (RowDrivenArray(word_line=WIRE, bit_line=WIRE, drivers="both", ground="both"), SIGNED),
    "rows, interleaved": (RowDrivenArray(word_line=WIRE, bit_line=WIRE, lines="interleaved"), SIGNED),
    "gates": (GateDrivenArray(bit_line=WIRE), BITS),
    "gates, fed at the head": (GateDrivenArray(bit_line=WIRE, source_line=WIRE, source_feed="head"), BITS),
    "gates, interleaved": (GateDrivenArray(bit_line=WIRE, lines="interleaved"), BITS),
}


def in_spice(circuit, tmp_path) -> np.ndarray:
    """Currents of the columns in units of G_max V_read."""
    cells = {index for index, cell in enumerate(circuit.cell) if cell >= 0}

    def source(found: re.Match[str]) -> str:
        if int(found["index"]) not in cells:
            return found[0]
        a, b, current = found["a"], found["b"], V_READ / float(found["ohm"]) / math.sinh(V_READ / V_0)
        return f"B{found['index']} {a} {b} I = {current:.15g}*sinh(v({a},{b})/{V_0})"

    text = to_spice(circuit, G_MAX, V_READ)
    text = re.sub(r"^R(?P<index>\d+) (?P<a>n\d+) (?P<b>n\d+) (?P<ohm>\S+)$", source, text, flags=re.MULTILINE)
    assert text.count("sinh") == np.count_nonzero(circuit.conductance[list(cells)])
    ends = [len(nodes) for nodes in circuit.outputs]
    currents = np.split(np.array(ngspice(text, tmp_path)), np.cumsum(ends)[:-1])
    return np.array([column.sum() for column in currents]) / (G_MAX * V_READ)


@pytest.mark.needs("ngspice")
@pytest.mark.parametrize("name", CASES)
def test_nonlinear_cells_draw_the_currents_of_ngspice(name, tmp_path):
    array, drive = CASES[name]
    cells = np.stack([0.2 + 0.8 * random_cells(ROWS, COLUMNS, seed) for seed in (1, 2)])
    make = row_driven_circuit if array.kind == "row-driven" else gate_driven_circuit
    pairs = [(cells[0], cells[1])] if array.subtracts_on_the_line else [(line, None) for line in cells]
    circuits = [make(plus, drive, array, minus) for plus, minus in pairs]
    expected = np.array([in_spice(circuit, tmp_path) for circuit in circuits])
    bent = np.array([solve_nonlinear(circuit, CURVE.current).outputs for circuit in circuits])
    np.testing.assert_allclose(bent, expected, rtol=1e-6)
    held = torch.from_numpy(cells)[:, None]
    lines = array.nodal_lines(Block(held, held, None, CURVE.current, 1, lambda digits: digits, 1))
    found, _ = lines.of_voltages(torch.from_numpy(drive)[None])
    np.testing.assert_allclose(found.numpy().reshape(expected.shape), expected, rtol=1e-6)


@pytest.mark.needs("ngspice")
@pytest.mark.parametrize("kind", ["row-driven", "gate-driven"])
def test_outputs_of_differential_cells_are_those_of_ngspice(kind, tmp_path):
    """A matrix of codes and inputs of two bits: digits are voltages on rows, bits one after the other on gates."""
    rng = np.random.default_rng(0)
    codes, inputs = rng.integers(-7, 8, (COLUMNS, ROWS)), rng.integers(0, 4, ROWS)
    codes[:, 0], inputs[0] = 7, 3
    lines = {"word_line": WIRE, "bit_line": WIRE} if kind == "row-driven" else {"bit_line": WIRE}
    settings = {
        "weights": {"kind": "differential", "bits": 4},
        "inputs": {"bits": 2, "slice_bits": 2 if kind == "row-driven" else 1},
        "cell": {"current_voltage": {"kind": "sinh", "read_voltage_V": V_READ, "scale_V": V_0}, "on_off_ratio": 10},
        "array": {"kind": kind, **lines},
        "adc": "none",
    }
    design = Design(**settings)
    core = AnalogCore(codes.astype(float), design, calibration=np.full(ROWS, 3.0))
    low, make = 0.1, row_driven_circuit if kind == "row-driven" else gate_driven_circuit
    pair = [low + (1 - low) * np.maximum(sign * codes.T, 0) / 7 for sign in (1, -1)]
    drives = [(inputs / 3, 3)] if kind == "row-driven" else [(inputs & 1, 1), (inputs >> 1, 2)]
    expected = 0.0
    for drive, weight in drives:
        plus, minus = (in_spice(make(cells, drive * 1.0, design.array), tmp_path) for cells in pair)
        expected = expected + weight * (plus - minus) * 7 / (1 - low)
    np.testing.assert_allclose(core @ (inputs * 1.0), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())
