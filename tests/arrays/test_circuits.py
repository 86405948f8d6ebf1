"""ProgrammedArrays as circuits: fast solvers, nodal analysis, badcrossbar and ngspice agree."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from circuits import ngspice, random_cells
from hypothesis import given, settings
from hypothesis import strategies as st

from bitline.arrays import GateDrivenArray, RowDrivenArray, Wire
from bitline.arrays._ladder import line_voltages, plain_ladder
from bitline.arrays._line_wires import LineWires
from bitline.arrays._mesh import effective_conductance
from bitline.arrays.circuit import gate_driven_circuit, row_driven_circuit, solve, solve_nonlinear, to_spice
from bitline.devices.current_voltage import Milo2021, Ohmic
from bitline.errors import DesignError

segments = st.sampled_from([0.0, 1e-5, 1e-2, 0.5])
terminals = st.sampled_from([0.0, 1e-2, 1.0])


@st.composite
def wires(draw):
    return Wire(segment=draw(segments), terminal=draw(terminals))


@st.composite
def row_arrays(draw):
    return RowDrivenArray(
        word_line=draw(wires()),
        bit_line=draw(wires()),
        drivers=draw(st.sampled_from(["left", "right", "both"])),
        ground=draw(st.sampled_from(["bottom", "top", "both"])),
    )


@settings(max_examples=100)
@given(row_arrays(), st.integers(1, 7), st.integers(1, 7), st.integers(0, 1000))
def test_the_mesh_equals_nodal_analysis(array, rows, columns, seed):
    cells = random_cells(rows, columns, seed)
    voltages = np.random.default_rng(seed).uniform(-1, 1, rows)
    effective = effective_conductance(cells, array.row_wire, array.column_wire)
    expected = solve(row_driven_circuit(cells, voltages, array)).outputs
    np.testing.assert_allclose(voltages @ effective, expected, rtol=1e-8, atol=1e-10)


@settings(max_examples=100)
@given(st.data(), st.integers(1, 12), st.integers(1, 4), st.booleans(), st.integers(0, 1000))
def test_the_ladder_equals_nodal_analysis(data, rows, columns, interleaved, seed):
    ground = data.draw(st.sampled_from(["bottom", "both"]))
    array = GateDrivenArray(
        bit_line=data.draw(wires()),
        source_line=Wire() if interleaved or ground == "both" else data.draw(wires()),
        ground=ground,
        lines="interleaved" if interleaved else "separate",
    )
    cells, minus = random_cells(rows, columns, seed), random_cells(rows, columns, seed + 1)
    bits = np.random.default_rng(seed).integers(0, 2, rows).astype(float)
    given_cells, loading = (cells - minus, cells + minus) if interleaved else (cells, cells)
    if array.wires.is_ideal:
        expected = bits @ given_cells
    else:
        drive = torch.from_numpy(bits)[None]
        expected = plain_ladder(drive, torch.from_numpy(given_cells), torch.from_numpy(loading), array.wires)[0].numpy()
    circuit = gate_driven_circuit(cells, bits, array, minus if interleaved else None)
    np.testing.assert_allclose(solve(circuit).outputs, expected, rtol=1e-8, atol=1e-10)


@settings(max_examples=40)
@given(row_arrays(), st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
def test_power_is_what_the_drivers_deliver(array, rows, columns, seed):
    voltages = np.random.default_rng(seed).uniform(0, 1, rows)
    circuit = row_driven_circuit(random_cells(rows, columns, seed), voltages, array)
    solution = solve(circuit)
    ends, current = circuit.ends, np.nan_to_num(solution.current)
    out = np.zeros(circuit.nodes)
    np.add.at(out, ends[:, 0], current)
    np.add.at(out, ends[:, 1], -current)
    effective_conductances = float((out * solution.voltage).sum())
    assert sum(solution.power()) == pytest.approx(effective_conductances, rel=1e-6, abs=1e-9)
    assert min(solution.power()) >= -1e-12


def test_a_source_line_fed_at_the_other_end_spreads_the_drop():
    """At the foot both wires' drops add up for the far cells; fed from the head every cell sees about the same."""
    cells, bits = np.full((60, 1), 0.5), np.ones(60)
    spreads = []
    for end in ("foot", "head"):
        array = GateDrivenArray(bit_line=Wire(segment=1e-3), source_line=Wire(segment=1e-3), source_feed=end)
        voltages = solve(gate_driven_circuit(cells, bits, array)).cell_voltages()
        spreads.append(float(voltages.max() - voltages.min()))
    assert spreads[1] < 0.5 * spreads[0]


badcrossbar_cases = [(1e-3, 1e-3, 5, 7), (0.1, 0.01, 8, 3), (0.5, 0.5, 6, 6)]


@pytest.mark.needs("badcrossbar")
@pytest.mark.parametrize(("word", "bit", "rows", "columns"), badcrossbar_cases)
def test_row_driven_arrays_equal_badcrossbar(word, bit, rows, columns):
    with warnings.catch_warnings(record=True):  # it shows its own about what it does not find for plots
        import badcrossbar
    cells = random_cells(rows, columns, 3)
    voltages = np.random.default_rng(0).uniform(0.1, 1, (rows, 1))
    solution = badcrossbar.compute(voltages, 1 / cells, r_i_word_line=word, r_i_bit_line=bit)
    effective = effective_conductance(cells, LineWires(word).reversed(), LineWires(bit))
    np.testing.assert_allclose(voltages[:, 0] @ effective, np.ravel(solution.currents.output), rtol=1e-6)


SPICE = {
    "row-driven": lambda cells, bits: row_driven_circuit(
        cells, bits, RowDrivenArray(word_line=Wire(segment=1e-2), bit_line=Wire(segment=2e-2, terminal=0.1))
    ),
    "row-driven, both ends": lambda cells, bits: row_driven_circuit(
        cells,
        bits,
        RowDrivenArray(word_line=Wire(segment=1e-2), bit_line=Wire(segment=2e-2), drivers="both", ground="both"),
    ),
    "gate-driven": lambda cells, bits: gate_driven_circuit(
        cells, bits, GateDrivenArray(bit_line=Wire(segment=1e-2, terminal=0.2))
    ),
    "interleaved": lambda cells, bits: gate_driven_circuit(
        cells, bits, GateDrivenArray(bit_line=Wire(segment=1e-2), lines="interleaved"), minus=cells[::-1]
    ),
    "source line": lambda cells, bits: gate_driven_circuit(
        cells,
        bits,
        GateDrivenArray(bit_line=Wire(segment=1e-2), source_line=Wire(segment=2e-2), source_feed="head"),
    ),
}


@pytest.mark.needs("ngspice")
@pytest.mark.parametrize("topology", SPICE)
def test_netlists_run_in_ngspice_with_the_same_currents(topology, tmp_path):
    cells = random_cells(9, 4, 1)
    bits = np.array([1, 0, 1, 1, 0, 0, 1, 1, 1.0])
    circuit = SPICE[topology](cells, bits)
    currents = ngspice(to_spice(circuit, G_max_S=50e-6, V_read_V=0.2), tmp_path)
    grounds = [len(nodes) for nodes in circuit.outputs]
    assert len(currents) == sum(grounds)
    columns = [sum(currents[i * n : (i + 1) * n]) for i, n in enumerate(grounds)]
    np.testing.assert_allclose(np.array(columns) / (50e-6 * 0.2), solve(circuit).outputs, rtol=1e-6)


def test_ohmic_cells_need_no_newton():
    circuit = row_driven_circuit(random_cells(5, 4, 0), np.ones(5), RowDrivenArray())
    np.testing.assert_allclose(solve_nonlinear(circuit, Ohmic().current).outputs, solve(circuit).outputs, rtol=1e-9)


def test_nonlinear_cells_obey_kirchhoff():
    cells = np.random.default_rng(0).uniform(0.25, 1, (8, 5))
    array = RowDrivenArray(word_line=Wire(segment=1e-3), bit_line=Wire(segment=1e-3))
    curve = Milo2021(read_voltage_V=0.5)
    circuit = row_driven_circuit(cells, np.ones(8), array)
    solution = solve_nonlinear(circuit, curve.current)
    expected = curve.current(torch.from_numpy(cells), torch.from_numpy(solution.cell_voltages())).numpy()
    np.testing.assert_allclose(solution.cell_currents(), expected, rtol=1e-7)
    np.testing.assert_allclose(solution.outputs, solution.cell_currents().sum(0), rtol=1e-8)
    assert np.abs(solution.outputs - solve(circuit).outputs).max() > 1e-3


def test_islands_and_giants_are_refused():
    circuit = row_driven_circuit(np.zeros((3, 2)), np.ones(3), RowDrivenArray())
    solve(circuit)  # wires alone connect every node
    loose = gate_driven_circuit(np.ones((3, 2)), np.ones(3), GateDrivenArray())
    cut = type(loose)(
        **{
            **vars(loose),
            "conductance": np.where(loose.cell >= 0, loose.conductance, 0.0),
            "fixed": loose.fixed[:1],
            "voltage": loose.voltage[:1],
        }
    )
    with pytest.raises(DesignError, match="connected to no driver"):
        solve(cut)
    giant = type(loose)(**{**vars(loose), "nodes": 10**12})
    with pytest.raises(DesignError, match=r"GB of memory.*fewer rows"):
        solve(giant)


@settings(max_examples=40)
@given(wires(), st.sampled_from(["bottom", "both"]), st.integers(1, 12), st.integers(0, 1000))
def test_line_voltages_follow_from_the_currents(wire, ground, rows, seed):
    array = GateDrivenArray(bit_line=wire, ground=ground)
    cells = random_cells(rows, 2, seed)
    solution = solve(gate_driven_circuit(cells, np.ones(rows), array))
    voltages = line_voltages(torch.from_numpy(solution.cell_currents()), array.wires).numpy()
    np.testing.assert_allclose(voltages, 1 - solution.cell_voltages(), rtol=1e-7, atol=1e-9)


def test_predistorted_cells_deliver_the_ideal_current_at_their_activity():
    cells = torch.from_numpy(random_cells(100, 5, 0) * 0.4)
    array = GateDrivenArray(bit_line=Wire(segment=1e-4), predistortion=1.0)
    aimed = array.predistorted(cells[None, None, None], [slice(0, 100)], 1, Ohmic().current)[0, 0, 0]
    assert bool((aimed >= cells).all())
    outputs = plain_ladder(torch.ones(1, 100), aimed, aimed, array.wires)[0]
    torch.testing.assert_close(outputs, cells.sum(0), rtol=1e-6, atol=1e-9)


def test_wires_of_which_nothing_is_said_have_a_hundred_thousandth_of_a_cell_s_resistance():
    """A source line is then ideal."""
    rows, columns = RowDrivenArray(), GateDrivenArray()
    assert rows.word_line == rows.bit_line == columns.bit_line == Wire(segment=1e-5)
    assert columns.source_line.is_ideal


def test_only_supplies_that_feed_a_cell_get_source_lines():
    """Each source line has a node at each cell, and one for its supply; bit lines have a ground in place of it."""
    array = GateDrivenArray(source_line=Wire(segment=1e-5))
    for bits, lines in (([1.0, 0.0, 1.0], 1), ([1.0, 0.0, -1.0], 2)):
        assert gate_driven_circuit(random_cells(3, 2, 0), np.array(bits), array).nodes == 2 * (1 + lines) * (3 + 1)
