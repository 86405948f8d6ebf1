"""Source lines with resistance: every solver against the nodal analysis of whole arrays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from circuits import random_cells
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline import AnalogCore, Design
from bitline.arrays import GateDrivenArray, Wire
from bitline.arrays._ladder import InputWindows
from bitline.arrays._predistortion import conductances_carrying
from bitline.arrays._two_wires import plain_two_wire_products, two_wire_products
from bitline.arrays.circuit import gate_driven_circuit, solve
from bitline.devices.current_voltage import Milo2021, Ohmic
from bitline.devices.sinh_current import SinhCurrent
from bitline.errors import DesignError
from bitline.evaluation.ir_drop import ideal_outputs, ir_drop

segments = st.sampled_from([0.0, 1e-5, 1e-4, 1e-2, 0.5, 20.0])
terminals = st.sampled_from([0.0, 1e-3, 1.0])


@st.composite
def arrays(draw):
    source = draw(segments)
    return GateDrivenArray(
        bit_line=Wire(segment=draw(segments), terminal=draw(terminals)),
        source_line=Wire(segment=source, terminal=draw(terminals) if source else 0.1),
        source_feed=draw(st.sampled_from(["foot", "head"])),
        ground=draw(st.sampled_from(["bottom", "top", "both"])),
        lines=draw(st.sampled_from(["separate", "interleaved"])),
    )


def by_nodal_analysis(array: GateDrivenArray, cells: np.ndarray, codes: np.ndarray, bits: int) -> np.ndarray:
    """Sum over bits k of 2^k times solved currents, (lines, slices, columns), of (lines, slices, rows, columns)."""
    interleaved = array.lines == "interleaved"
    total = np.zeros((1 if interleaved else len(cells), cells.shape[1], cells.shape[3]))
    for line, part in np.ndindex(total.shape[:2]):
        for bit in range(bits):
            on = (np.abs(codes) >> bit & 1) * np.sign(codes).astype(float)
            opposite = cells[1, part] if interleaved else None
            total[line, part] += 2**bit * solve(gate_driven_circuit(cells[line, part], on, array, opposite)).outputs
    return total


@settings(max_examples=60)
@given(arrays(), st.integers(1, 14), st.integers(1, 3), st.integers(1, 2), st.booleans(), st.integers(0, 10_000))
def test_lines_of_every_feed_and_ground_obey_kirchhoff(array, rows, columns, slices, signed, seed):
    rng, bits = np.random.default_rng(seed), 3
    cells = np.stack(
        [[random_cells(rows, columns, seed + 7 * line + part) for part in range(slices)] for line in range(2)]
    )
    codes = rng.integers(-7 if signed else 0, 8, (2, rows))
    tensor = torch.from_numpy(cells)
    lines = array.bit_lines(tensor, tensor, 1)
    found = lines.currents(
        torch.from_numpy(codes).double(), torch.arange(rows), torch.zeros(1, dtype=torch.int64), bits
    )
    single = array.bit_lines(tensor.float(), tensor.float(), 1)
    rounded = single.currents(
        torch.from_numpy(codes).float(), torch.arange(rows), torch.zeros(1, dtype=torch.int64), bits
    )
    for sample, vector in enumerate(codes):
        expected = by_nodal_analysis(array, cells, vector, bits).ravel()
        scale = np.abs(expected).max(initial=1e-6)
        np.testing.assert_allclose(found[sample, :, 0], expected, rtol=1e-7, atol=1e-8 * scale)
        np.testing.assert_allclose(rounded[sample, :, 0], expected, rtol=1e-5, atol=2e-5 * scale)


@settings(max_examples=30)
@given(arrays(), st.integers(1, 30), st.integers(1, 40), st.integers(1, 9), st.integers(0, 1000))
def test_the_kernel_equals_the_readable_walk(array, rows, lines, bits, seed):
    rng = np.random.default_rng(seed)
    plus, minus = (torch.from_numpy(random_cells(rows, lines, seed + line)) for line in range(2))
    codes = torch.tensor(rng.integers(-(2**bits) + 1, 2**bits, (2, rows + 5))).double()
    windows = InputWindows(torch.tensor(rng.permutation(rows)), torch.tensor([0, 5]))
    expected = plain_two_wire_products(codes, windows, plus, minus, array.column_wires, bits)
    result = two_wire_products(codes, windows, plus, minus, array.column_wires, bits)
    torch.testing.assert_close(result, expected, rtol=1e-8, atol=1e-9 * float(expected.abs().max() + 1e-9))


def test_outputs_do_not_depend_on_the_batch():
    """Samples with negative inputs are solved apart from the others."""
    array = GateDrivenArray(bit_line=Wire(segment=1e-3), source_line=Wire(segment=1e-3))
    cells = torch.from_numpy(random_cells(30, 4, 0)).float()[None, None]
    codes = torch.from_numpy(np.random.default_rng(0).integers(-15, 16, (6, 30))).float()
    codes[::2] = codes[::2].abs()
    lines, places = array.bit_lines(cells, cells, 1), (torch.arange(30), torch.zeros(1, dtype=torch.int64), 4)
    apart = torch.cat([lines.currents(codes[i : i + 1], *places) for i in range(6)])
    assert torch.equal(lines.currents(codes, *places), apart)


@pytest.mark.parametrize("segment", [1e-5, 1e-4])
@pytest.mark.parametrize("rows", [64, 288])
def test_wires_of_one_sign_that_act_as_one_are_one(rows, segment):
    """A source line fed at the foot carries the currents of the bit line."""
    cells = torch.from_numpy(random_cells(rows, 3, 1))[None, None]
    codes = torch.from_numpy(np.random.default_rng(0).integers(0, 16, (3, rows))).double()
    array = GateDrivenArray(bit_line=Wire(segment=segment), source_line=Wire(segment=2 * segment))
    lines, places = array.bit_lines(cells, cells, 1), (torch.arange(rows), torch.zeros(1, dtype=torch.int64))
    apart = two_wire_products(codes, InputWindows(*places), lines.plus, lines.minus, lines.wires, 4)
    torch.testing.assert_close(lines.currents(codes, *places, 4), apart, rtol=1e-10, atol=0)


def test_a_core_feels_where_its_source_lines_are_fed():
    """A core gave the same outputs wherever its source lines were fed."""
    matrix = np.random.default_rng(0).standard_normal((4, 64))
    inputs = np.abs(np.random.default_rng(1).standard_normal((64, 2)))
    wires = {"kind": "gate-driven", "bit_line": {"segment": 1e-4}, "source_line": {"segment": 1e-4}}
    results = [
        AnalogCore(matrix, Design().with_settings({"array": {**wires, "source_feed": end}}), calibration=inputs)
        @ inputs
        for end in ("foot", "head")
    ]
    assert np.abs(results[0] - results[1]).max() > 1e-4 * np.abs(results[0]).max()


@pytest.mark.parametrize("lines", ["separate", "interleaved"])
@pytest.mark.parametrize("ground", ["bottom", "top", "both"])
@pytest.mark.parametrize("end", ["foot", "head"])
def test_predistorted_cells_deliver_the_ideal_current(end, ground, lines):
    """Predistortion took a source line fed at the head as one fed at the foot."""
    wires = {"bit_line": Wire(segment=1e-4, terminal=1e-3), "source_line": Wire(segment=2e-4, terminal=2e-3)}
    array = GateDrivenArray(**wires, source_feed=end, ground=ground, lines=lines, predistortion=1.0)
    wanted = torch.from_numpy(np.stack([random_cells(40, 3, seed) for seed in range(2)]))[:, None] * 0.3
    aimed = array.predistorted(wanted[:, :, None], [slice(0, 40)], 1, Ohmic().current)[:, :, 0]
    cells = aimed.numpy()
    found = by_nodal_analysis(array, cells, np.ones(40, dtype=int), 1)
    ideal = wanted.sum(2).numpy()
    expected = ideal[:1] - ideal[1:] if lines == "interleaved" else ideal
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("lines", ["separate", "interleaved"])
@pytest.mark.parametrize("ground", ["bottom", "top", "both"])
@pytest.mark.parametrize("curve", [SinhCurrent(read_voltage_V=0.4, scale_V=0.15), Milo2021(read_voltage_V=0.5)])
def test_predistorted_cells_that_are_not_ohmic_deliver_the_ideal_current(curve, ground, lines):
    """They were programmed as ohmic ones, and gave a tenth too little, or a twentieth too much."""
    wires = {"bit_line": Wire(segment=1e-3, terminal=1e-3), "source_line": Wire(segment=5e-4)}
    array = GateDrivenArray(**wires, ground=ground, lines=lines, predistortion=1.0)
    wanted = 0.1 + 0.3 * torch.from_numpy(np.stack([random_cells(24, 3, seed) for seed in range(2)]))
    aimed = array.predistorted(wanted[:, None, None], [slice(0, 24)], 1, curve.current)[:, 0, 0]
    order, on = array.rows_from_the_top(aimed[:, None], 1), np.ones(24)
    cells, plain = aimed[:, order].numpy(), wanted[:, order].numpy()
    both = (cells[1], plain[1]) if lines == "interleaved" else (None, None)
    expected = ideal_outputs(plain[0], on, both[1], curve)
    lost = ir_drop(plain[0], on, array, both[1], curve).outputs - expected
    assert np.abs(lost).max() > 0.01 * np.abs(expected).max()
    np.testing.assert_allclose(ir_drop(cells[0], on, array, both[0], curve).outputs, expected, rtol=1e-7, atol=1e-7)


def test_conductances_that_no_step_leads_to_are_refused():
    """Newton's method jumps from one side of the root of a square root to the other."""
    half, volts = torch.tensor([0.5]).double(), torch.tensor([0.9]).double()
    with pytest.raises(DesignError, match=r"array\.predistortion found no conductances"):
        conductances_carrying(0 * half, volts, half, lambda g, v: (g - 0.3).sign() * (g - 0.3).abs().sqrt() * v)
