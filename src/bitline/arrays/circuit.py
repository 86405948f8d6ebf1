"""Arrays as circuits of resistors, solved by nodal analysis: every voltage and current of one array.

For array-level studies and as an independent check of the fast solvers. Resistances and conductances are relative to
G_max, voltages to V_read.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu
from torch import Tensor

from bitline.arrays.gate_driven import GateDrivenArray
from bitline.arrays.row_driven import RowDrivenArray
from bitline.errors import DesignError

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]

Curve = Callable[[Tensor, Tensor], Tensor]

BYTES_PER_NODE = 2000
"""Memory of the sparse factors, measured on square meshes of up to 10^6 nodes."""


@dataclass(frozen=True)
class Circuit:
    """Resistors between nodes, some nodes held at a voltage.

    Attributes:
        nodes: number of nodes.
        ends: (resistors, 2) nodes.
        conductance: (resistors,) G/G_max; infinite for a short.
        cell: (resistors,) flat index of the cell, -1 for wires.
        fixed: (fixed nodes,) nodes held at a voltage.
        voltage: (fixed nodes,) V/V_read.
        outputs: (columns,) of lists of fixed nodes whose current is the column's output.
        shape: rows and columns of cells.
        line: (rows, columns) node of the bit line at each cell.
        names: of some nodes, for netlists.
    """

    nodes: int
    ends: Places
    conductance: Numbers
    cell: Places
    fixed: Places
    voltage: Numbers
    outputs: tuple[tuple[int, ...], ...]
    shape: tuple[int, int]
    line: Places
    names: dict[int, str]


@dataclass(frozen=True)
class Solution:
    """A solved circuit.

    Attributes:
        circuit: what was solved.
        voltage: (nodes,) V/V_read.
        current: (resistors,) from the first to the second end, in units of G_max V_read; NaN for shorts.
        outputs: (columns,) currents into the virtual grounds.
    """

    circuit: Circuit
    voltage: Numbers
    current: Numbers
    outputs: Numbers

    @property
    def across(self) -> Numbers:
        """Voltage across every resistor."""
        ends = self.circuit.ends
        return self.voltage[ends[:, 0]] - self.voltage[ends[:, 1]]

    def cell_voltages(self) -> Numbers:
        """Voltage across every cell, (rows, columns); zero for cells that are off."""
        return self._on_cells(self.across)

    def cell_currents(self) -> Numbers:
        """Current of every cell, (rows, columns)."""
        return self._on_cells(self.current)

    def line_voltages(self) -> Numbers:
        """Voltage of the bit line at every cell, (rows, columns)."""
        return self.voltage[self.circuit.line]

    def power(self) -> tuple[float, float]:
        """Power in cells and in wires, in units of G_max V_read^2."""
        each = np.nan_to_num(self.across * self.current)
        cells = self.circuit.cell >= 0
        return float(each[cells].sum()), float(each[~cells].sum())

    def _on_cells(self, values: Numbers) -> Numbers:
        result = np.zeros(int(np.prod(self.circuit.shape)))
        cells = self.circuit.cell >= 0
        np.add.at(result, self.circuit.cell[cells], values[cells])
        return result.reshape(self.circuit.shape)


def solve(circuit: Circuit) -> Solution:
    """Solve Kirchhoff's laws by a sparse direct solution, in float64.

    Raises:
        DesignError: a part of the circuit is connected to no driver and no ground, or it does not fit into memory.
    """
    return _solve(circuit, np.zeros(len(circuit.conductance)))


def solve_nonlinear(circuit: Circuit, curve: Curve, tolerance: float = 1e-10, iterations: int = 50) -> Solution:
    """Solve with cells whose current is not proportional to their voltage, by Newton's method.

    Args:
        circuit: cells have their conductances at small voltages.
        curve: currents of cells from their conductances and voltages, differentiable.
        tolerance: largest change of a voltage in the last step, in units of V_read.
        iterations: at most.

    Raises:
        DesignError: no convergence, or see `solve`.
    """
    cells = circuit.cell >= 0
    conductance = torch.from_numpy(circuit.conductance[cells].copy())
    solution = solve(circuit)
    change = np.inf
    for _ in range(iterations):
        across = torch.from_numpy(solution.across[cells].copy()).requires_grad_()
        current = curve(conductance, across)
        (slope,) = torch.autograd.grad(current.sum(), across)
        slopes, surplus = circuit.conductance.copy(), np.zeros(len(cells))
        slopes[cells] = slope.numpy()
        surplus[cells] = (current - slope * across).detach().numpy()
        better = _solve(replace(circuit, conductance=slopes), surplus)
        change = float(np.abs(better.voltage - solution.voltage).max())
        solution = better
        if change < tolerance:
            return replace(solution, circuit=circuit)
    raise DesignError(
        f"the nonlinear array did not converge in {iterations} Newton steps (last change {change:.1e} of V_read): "
        "use a smaller read voltage"
    )


def _solve(circuit: Circuit, surplus: Numbers) -> Solution:
    """Solve with a current source beside each resistor, from its first to its second end."""
    _refuse_size(circuit)
    shorts = np.isinf(circuit.conductance)
    count, member = merged_nodes(circuit)
    held = np.zeros(count, dtype=bool)
    held[member[circuit.fixed]] = True
    potential = np.zeros(count)
    potential[member[circuit.fixed]] = circuit.voltage
    live = ~shorts & (circuit.conductance != 0)
    laplacian = _laplacian(member[circuit.ends[live]], circuit.conductance[live], count)
    _refuse_islands(laplacian, held, circuit)
    injected = np.zeros(count)
    np.add.at(injected, member[circuit.ends[:, 0]], -surplus)
    np.add.at(injected, member[circuit.ends[:, 1]], surplus)
    free = ~held
    if free.any():
        known = laplacian[free][:, held] @ potential[held]
        factors = splu(laplacian[free][:, free].tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        potential[free] = factors.solve(injected[free] - known)
    voltage = potential[member]
    across = voltage[circuit.ends[:, 0]] - voltage[circuit.ends[:, 1]]
    current = np.where(shorts, np.nan, np.where(shorts, 0.0, circuit.conductance) * across + surplus)
    return Solution(circuit, voltage, current, _outputs(circuit, current, member))


def to_spice(circuit: Circuit, G_max_S: float, V_read_V: float, title: str = "array") -> str:
    """The circuit as a netlist for ngspice that prints the output currents in ampere.

    Args:
        circuit: ohmic cells.
        G_max_S: conductance of a cell at G_max, in siemens.
        V_read_V: read voltage, in volt.
    """
    _, member = merged_nodes(circuit)
    lines = [f"* {title}: {circuit.shape[0]} rows, {circuit.shape[1]} columns"]
    used: dict[int, str] = {}
    for node, voltage in zip(circuit.fixed, circuit.voltage, strict=True):
        place = int(member[node])
        if place not in used:
            used[place] = circuit.names[int(node)]
            lines.append(f"V_{used[place]} n{place} 0 DC {voltage * V_read_V:.12g}")
    for index, ((first, second), conductance) in enumerate(zip(circuit.ends, circuit.conductance, strict=True)):
        a, b = member[first], member[second]
        if a != b and conductance > 0 and np.isfinite(conductance):
            lines.append(f"R{index} n{a} n{b} {1 / (conductance * G_max_S):.12g}")
    probes = [f"i(v_{used[int(member[node])]})" for nodes in circuit.outputs for node in nodes]
    lines += [".options reltol=1e-12 abstol=1e-30 vntol=1e-15 numdgt=12", ".control", "set numdgt=14", "op"]
    lines += [f"print {probe}" for probe in probes]
    return "\n".join([*lines, ".endc", ".end", ""])


def merged_nodes(circuit: Circuit) -> tuple[int, Places]:
    """Nodes joined by shorts as one: their number, and the joined node of each node."""
    pairs = circuit.ends[np.isinf(circuit.conductance)]
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(circuit.nodes, circuit.nodes))
    count, member = connected_components(joined, directed=False)
    return int(count), member.astype(np.int64)


def _laplacian(ends: Places, conductance: Numbers, nodes: int):  # type: ignore[no-untyped-def]
    a, b = ends.T
    rows = np.concatenate([a, b, a, b])
    columns = np.concatenate([a, b, b, a])
    values = np.concatenate([conductance, conductance, -conductance, -conductance])
    return coo_matrix((values, (rows, columns)), shape=(nodes, nodes)).tocsr()


def _refuse_islands(laplacian, held: NDArray[np.bool_], circuit: Circuit) -> None:  # type: ignore[no-untyped-def]
    count, part = connected_components(laplacian, directed=False)
    grounded = np.zeros(count, dtype=bool)
    grounded[part[held]] = True
    if not grounded.all():
        lost = int((~grounded[part]).sum())
        raise DesignError(
            f"{lost} nodes of the {circuit.shape[0]} x {circuit.shape[1]} array are connected to no driver and no "
            "ground: give their wires a terminal"
        )


def _refuse_size(circuit: Circuit) -> None:
    needed = circuit.nodes * BYTES_PER_NODE
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > free:
        raise DesignError(
            f"solving a {circuit.shape[0]} x {circuit.shape[1]} array takes about {needed / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free: use fewer rows or columns (array.rows, array.columns)"
        )


def _outputs(circuit: Circuit, current: Numbers, member: Places) -> Numbers:
    """Current into the ground nodes of each column: what flows into each joined node from resistors."""
    into = np.zeros(member.max() + 1)
    flows = np.nan_to_num(current)
    np.add.at(into, member[circuit.ends[:, 1]], flows)
    np.add.at(into, member[circuit.ends[:, 0]], -flows)
    return np.array([sum(into[place] for place in {int(member[node]) for node in nodes}) for nodes in circuit.outputs])


class _Builder:
    """Collects nodes and resistors."""

    def __init__(self) -> None:
        self.count = 0
        self.names: dict[int, str] = {}
        self.ends: list[Places] = []
        self.values: list[Numbers] = []
        self.cells: list[Places] = []
        self.held: list[tuple[int, float]] = []

    def grid(self, rows: int, columns: int) -> Places:
        nodes = self.count + np.arange(rows * columns).reshape(rows, columns)
        self.count += rows * columns
        return nodes

    def terminal(self, voltage: float, name: str) -> int:
        node = self.count
        self.count += 1
        self.names[node] = name
        self.held.append((node, voltage))
        return node

    def connect(self, first: Places, second: Places, conductance: Numbers, cell: Places | None = None) -> None:
        self.ends.append(np.stack([first.ravel(), second.ravel()], axis=1))
        self.values.append(np.broadcast_to(conductance, first.shape).astype(np.float64).ravel())
        self.cells.append(np.full(first.size, -1) if cell is None else cell.ravel())

    def circuit(self, outputs: list[list[int]], line: Places) -> Circuit:
        return Circuit(
            self.count,
            np.concatenate(self.ends),
            np.concatenate(self.values),
            np.concatenate(self.cells),
            np.array([node for node, _ in self.held]),
            np.array([voltage for _, voltage in self.held]),
            tuple(tuple(one) for one in outputs),
            (int(line.shape[0]), int(line.shape[1])),
            line,
            self.names,
        )


def _link(resistance: float) -> Numbers:
    return np.array(np.inf if resistance == 0 else 1 / resistance)


def gate_driven_circuit(
    cells: Numbers,
    bits: Numbers,
    array: GateDrivenArray,
    minus: Numbers | None = None,
) -> Circuit:
    """One array of gate-driven cells with some rows switched on.

    Args:
        cells: G/G_max, (rows, columns), row 0 at the top.
        bits: (rows,) 1 or -1 where the row is on, with the sign of its supply, 0 where it is off.
        array: wires and grounds; cells lie in the order given.
        minus: for interleaved differential cells, those of the opposite supply.

    Raises:
        DesignError: source lines with resistance cannot be shared by supplies of both signs.
    """
    rows, columns = cells.shape
    builder = _Builder()
    bit_nodes = builder.grid(rows, columns)
    bit, source = array.bit_line, array.source_line
    builder.connect(bit_nodes[:-1], bit_nodes[1:], _link(bit.normalised_segment))
    outputs: list[list[int]] = [[] for _ in range(columns)]
    ends = {"bottom": (rows - 1,), "top": (0,), "both": (rows - 1, 0)}[array.ground]
    exit_wire = _link(bit.normalised_segment + bit.normalised_terminal)
    for row in ends:
        for column in range(columns):
            ground = builder.terminal(0.0, f"out{column}_{'top' if row == 0 and len(ends) > 1 else 'end'}")
            builder.connect(bit_nodes[row, column : column + 1], np.array([ground]), exit_wire)
            outputs[column].append(ground)
    on = np.flatnonzero(bits)
    index = np.arange(rows * columns).reshape(rows, columns)
    if source.is_ideal:
        for sign in (1.0, -1.0):
            supply = builder.terminal(sign, "supply" if sign > 0 else "supply_minus")
            for grid, polarity in ((cells, 1.0), *(((minus, -1.0),) if minus is not None else ())):
                active = on[bits[on] * polarity == sign]
                nodes = bit_nodes[active]
                builder.connect(np.full_like(nodes, supply), nodes, grid[active], index[active])
        return builder.circuit(outputs, bit_nodes)
    if minus is not None or (bits < 0).any():
        raise DesignError(
            "source lines with resistance have one supply: use separate lines and inputs of one sign, or "
            "array.source_line.segment = 0"
        )
    source_nodes = builder.grid(rows, columns)
    builder.connect(source_nodes[:-1], source_nodes[1:], _link(source.normalised_segment))
    feeds = ends if array.source_feed == "foot" else tuple(rows - 1 - row for row in ends)
    entry = _link(source.normalised_segment + source.normalised_terminal)
    for row in feeds:
        for column in range(columns):
            supply = builder.terminal(1.0, f"supply{column}_{row}")
            builder.connect(np.array([supply]), source_nodes[row, column : column + 1], entry)
    builder.connect(source_nodes[on], bit_nodes[on], cells[on], index[on])
    return builder.circuit(outputs, bit_nodes)


def row_driven_circuit(cells: Numbers, voltages: Numbers, array: RowDrivenArray) -> Circuit:
    """One array of cells between word lines and bit lines.

    Args:
        cells: G/G_max, (rows, columns).
        voltages: (rows,) V/V_read of the drivers.
        array: wires, drivers and grounds.
    """
    rows, columns = cells.shape
    builder = _Builder()
    word_nodes, bit_nodes = builder.grid(rows, columns), builder.grid(rows, columns)
    word, bit = array.word_line, array.bit_line
    builder.connect(word_nodes[:, :-1], word_nodes[:, 1:], _link(word.normalised_segment))
    builder.connect(bit_nodes[:-1], bit_nodes[1:], _link(bit.normalised_segment))
    builder.connect(word_nodes, bit_nodes, cells, np.arange(rows * columns).reshape(rows, columns))
    entry = _link(word.normalised_segment + word.normalised_terminal)
    for column in {"left": (0,), "right": (columns - 1,), "both": (0, columns - 1)}[array.drivers]:
        for row in range(rows):
            driver = builder.terminal(float(voltages[row]), f"in{row}_{column}")
            builder.connect(np.array([driver]), word_nodes[row, column : column + 1], entry)
    outputs: list[list[int]] = [[] for _ in range(columns)]
    leave = _link(bit.normalised_segment + bit.normalised_terminal)
    for row in {"bottom": (rows - 1,), "top": (0,), "both": (rows - 1, 0)}[array.ground]:
        for column in range(columns):
            ground = builder.terminal(0.0, f"out{column}_{row}")
            builder.connect(bit_nodes[row, column : column + 1], np.array([ground]), leave)
            outputs[column].append(ground)
    return builder.circuit(outputs, bit_nodes)
