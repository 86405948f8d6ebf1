"""Lines of any array with any cell against dense nodal analysis, and their noise against its finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from circuits import random_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.nodal import ohmic, outputs_of

from bitline.arrays import GateDrivenArray, RowDrivenArray, Wire
from bitline.arrays.nodal_lines import Block, InputWindows
from bitline.devices.current_voltage import Milo2021, Ohmic

CLOSE = 1e-6
"""Of the largest output: twice what wires of 1e-9 in place of none cost the oracle."""


@st.composite
def arrays(draw: st.DrawFn) -> GateDrivenArray | RowDrivenArray:
    """Arrays with wires of every kind, feed, ground and interleaving."""
    segment, terminal = st.sampled_from([0.0, 1e-4, 1e-3, 1e-2]), st.sampled_from([0.0, 1e-3, 3e-2])
    wires = [Wire(segment=draw(segment), terminal=draw(terminal)) for _ in range(2)]
    common = {"ground": draw(st.sampled_from(["bottom", "top", "both"]))}
    common["lines"] = draw(st.sampled_from(["separate", "interleaved"]))
    if draw(st.booleans()):
        feed = draw(st.sampled_from(["foot", "head"]))
        array = GateDrivenArray(bit_line=wires[0], source_line=wires[1], source_feed=feed, **common)
    else:
        drivers = draw(st.sampled_from(["left", "right", "both"]))
        array = RowDrivenArray(bit_line=wires[0], word_line=wires[1], drivers=drivers, columns=3, **common)
    return array if array.has_wires else array.model_copy(update={"bit_line": Wire(segment=1e-3)})


CURVES = {"ohmic": Ohmic(), "0.2 V": Milo2021(read_voltage_V=0.2), "0.5 V": Milo2021(read_voltage_V=0.5)}


def in_numpy(curve):
    if curve.is_linear:
        return ohmic
    return lambda G, v: curve.current(torch.from_numpy(G), torch.from_numpy(v)).numpy()


def by_nodes(array, cells, codes, slice_bits, bits, curve):
    """Outputs of input codes, slice by slice, (lines, columns); lines of (lines, rows, columns)."""
    if array.kind == "gate-driven":
        order = [*range(cells.shape[1])][::-1] if array.ground == "top" else [*range(cells.shape[1])]
        cells, codes = cells[:, order], codes[order]
    pairs = [(cells[0], cells[1])] if array.subtracts_on_the_line else [(line, None) for line in cells]
    top, total = 2**slice_bits - 1, 0.0
    for first in range(0, bits, slice_bits):
        voltages = ((np.abs(codes) >> first) & top) * np.sign(codes) / top
        total = total + 2**first * top * np.array([outputs_of(array, *pair, voltages, curve) for pair in pairs])
    return total


def lines_of(array, cells, noise, curve, slice_bits, tiles=(slice(None),)):
    both = [None if each is None else torch.from_numpy(each)[:, None] for each in (cells, noise)]
    voltages = lambda digits: digits / (2**slice_bits - 1)  # noqa: E731
    return array.nodal_lines(Block(both[0], both[0], both[1], curve.current, slice_bits, voltages, 1, tiles))


@settings(max_examples=40)
@given(arrays(), st.sampled_from(list(CURVES)), st.integers(1, 7), st.integers(1, 3), st.booleans(), st.integers(0, 99))
def test_lines_are_those_of_nodal_analysis(array, name, rows, slice_bits, signed, seed):
    curve, columns, bits = CURVES[name], 4, 3
    slice_bits = 1 if array.kind == "gate-driven" else slice_bits
    cells = np.stack([0.25 + 0.75 * random_cells(rows, columns, seed + line) for line in range(2)])
    codes = np.random.default_rng(seed).integers(-7 if signed else 0, 8, (2, rows))
    tiles = (torch.tensor([0, 1, 3]), torch.tensor([2])) if array.kind == "row-driven" else (slice(None),)
    lines = lines_of(array, cells, None, curve, slice_bits, tiles)
    found = lines.solve(torch.from_numpy(codes).double(), InputWindows(torch.arange(rows), torch.zeros(1).long()), bits)
    for sample, vector in enumerate(codes):
        expected = np.empty((1 if array.subtracts_on_the_line else 2, columns))
        for tile in [[0, 1, 3], [2]] if len(tiles) > 1 else [[0, 1, 2, 3]]:
            expected[:, tile] = by_nodes(array, cells[:, :, tile], vector, slice_bits, bits, in_numpy(curve))
        scale = np.abs(expected).max() + 1e-3
        np.testing.assert_allclose(found.currents[sample, :, 0], expected.ravel(), rtol=0, atol=CLOSE * scale)
    assert not found.variances.any()


@settings(max_examples=15)
@given(arrays(), st.sampled_from(list(CURVES)), st.booleans(), st.integers(0, 99))
def test_noise_is_that_of_finite_differences(array, name, signed, seed):
    """Read noise on wires had the variance of ideal lines."""
    curve, rows, columns, bits, delta = CURVES[name], 3, 2, 2, 1e-4
    array = array.model_copy(update={"columns": columns})
    slice_bits = 1 if array.kind == "gate-driven" else 2
    cells = np.stack([0.3 + 0.6 * random_cells(rows, columns, seed + line) for line in range(2)])
    noise = 0.05 * cells
    codes = np.random.default_rng(seed).integers(-3 if signed else 0, 4, rows)
    places = InputWindows(torch.arange(rows), torch.zeros(1).long())
    found = lines_of(array, cells, noise, curve, slice_bits).solve(torch.from_numpy(codes[None]).double(), places, bits)
    variance = 0.0
    for first in range(0, bits, slice_bits):
        digits = ((np.abs(codes) >> first) & (2**slice_bits - 1)) * np.sign(codes)
        for place in np.ndindex(cells.shape):
            moved = [cells.copy(), cells.copy()]
            moved[0][place] += delta
            moved[1][place] -= delta
            up, down = (by_nodes(array, each, digits, slice_bits, slice_bits, in_numpy(curve)) for each in moved)
            variance = variance + (2**first * (up - down) / (2 * delta) * noise[place]) ** 2
    np.testing.assert_allclose(
        found.variances[0, :, 0], variance.ravel(), rtol=1e-4, atol=1e-5 * np.abs(variance).max() + 1e-12
    )


@pytest.mark.parametrize("kind", ["gate-driven", "row-driven"])
def test_a_vector_does_not_depend_on_the_others(kind):
    array = {"gate-driven": GateDrivenArray, "row-driven": RowDrivenArray}[kind](bit_line=Wire(segment=1e-3))
    cells = np.random.default_rng(0).random((1, 12, 3))
    lines = lines_of(array, cells, 0.1 * cells, Milo2021(read_voltage_V=0.5), 1)
    codes = torch.from_numpy(np.random.default_rng(1).integers(-1, 2, (5, 12))).double()
    places = InputWindows(torch.arange(12), torch.zeros(1).long())
    together = lines.solve(codes, places, 1)
    for index in range(5):
        alone = lines.solve(codes[index : index + 1], places, 1)
        assert torch.equal(alone.currents[0], together.currents[index])
        assert torch.equal(alone.variances[0], together.variances[index])
