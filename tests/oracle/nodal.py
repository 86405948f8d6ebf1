"""Arrays as Kirchhoff's laws at every node, dense, in float64, by Newton's method: for any array and any cell.

Written for clearness alone, and apart from `bitline.arrays`: nodes are rows of a matrix, wires and cells its entries.
Wires without resistance are taken to have 1e-9 of a cell's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bitline.arrays import GateDrivenArray, RowDrivenArray

LEAST = 1e-9
Curve = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Currents of cells from conductances and voltages."""


@dataclass
class Network:
    """Nodes, wires between them, cells, and nodes that are held at a voltage."""

    nodes: int = 0
    wires: list[tuple[int, int, float]] = field(default_factory=list)
    cells: list[tuple[int, int, float]] = field(default_factory=list)
    held: dict[int, float] = field(default_factory=dict)
    outputs: dict[int, list[int]] = field(default_factory=dict)

    def node(self, voltage: float | None = None) -> int:
        self.nodes += 1
        if voltage is not None:
            self.held[self.nodes - 1] = voltage
        return self.nodes - 1

    def wire(self, first: int, second: int, resistance: float) -> None:
        self.wires.append((first, second, 1 / max(resistance, LEAST)))

    def solve(self, curve: Curve) -> np.ndarray:
        """Currents into the grounds of every column."""
        free = np.array([node for node in range(self.nodes) if node not in self.held])
        known = np.array(list(self.held))
        fixed = np.zeros((self.nodes, self.nodes))
        for a, b, g in self.wires:
            fixed[a, a] += g
            fixed[b, b] += g
            fixed[a, b] -= g
            fixed[b, a] -= g
        v = np.zeros(self.nodes)
        v[known] = list(self.held.values())
        a, b = (np.array([cell[end] for cell in self.cells], int) for end in (0, 1))
        G = np.array([cell[2] for cell in self.cells])

        def leaving() -> np.ndarray:
            """Current out of every node through wires and cells."""
            left, current = fixed @ v, curve(G, v[a] - v[b])
            np.add.at(left, a, current)
            np.subtract.at(left, b, current)
            return left

        for _ in range(60):
            left, slope, tangent = leaving(), slope_of(curve, G, v[a] - v[b]), fixed.copy()
            for ends, sign in (((a, a), 1), ((b, b), 1), ((a, b), -1), ((b, a), -1)):
                np.add.at(tangent, ends, sign * slope)
            step = np.linalg.solve(tangent[np.ix_(free, free)], left[free])
            v[free] -= step
            if np.abs(step).max(initial=0) < 1e-7:  # and far smaller after it
                break
        left = leaving()
        return np.array([-sum(left[node] for node in nodes) for _, nodes in sorted(self.outputs.items())])


def slope_of(curve: Curve, G: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Slope against voltage by central differences, exact for curves of third degree but for rounding."""
    h = 1e-3
    steps = (curve(G, v + h) - curve(G, v - h)) / (2 * h), (curve(G, v + 2 * h) - curve(G, v - 2 * h)) / (4 * h)
    return (4 * steps[0] - steps[1]) / 3


def ohmic(G: np.ndarray, v: np.ndarray) -> np.ndarray:
    return G * v


def outputs_of(
    array: GateDrivenArray | RowDrivenArray,
    cells: np.ndarray,
    minus: np.ndarray | None,
    inputs: np.ndarray,
    curve: Curve = ohmic,
) -> np.ndarray:
    """Output currents of an array, (columns,).

    Args:
        cells: G/G_max, (rows, columns), row 0 at the far end of gate-driven lines and at the top of row-driven ones.
        minus: cells to be subtracted on the same lines.
        inputs: V/V_read of the rows; for gate-driven cells 1, 0 or -1.
    """
    network = Network()
    grids = [(cells, 1.0)] if minus is None else [(cells, 1.0), (minus, -1.0)]
    rows, columns = cells.shape
    bits = [[network.node() for _ in range(columns)] for _ in range(rows)]
    bit, terminal = array.bit_line.normalised_segment, array.bit_line.normalised_terminal
    top_is_grounded = array.ground == "both" or (array.ground == "top" and array.kind == "row-driven")
    bottom_is_grounded = array.ground != "top" or array.kind == "gate-driven"
    for j in range(columns):
        for i in range(rows - 1):
            network.wire(bits[i][j], bits[i + 1][j], bit)
        for end, is_grounded in ((0, top_is_grounded), (rows - 1, bottom_is_grounded)):
            if is_grounded:
                network.outputs.setdefault(j, []).append(network.node(0.0))
                network.wire(bits[end][j], network.outputs[j][-1], bit + terminal)
    connect = gate_driven if array.kind == "gate-driven" else row_driven
    connect(network, array, grids, bits, inputs)
    return network.solve(curve)


def gate_driven(network, array, grids, bits, inputs) -> None:
    """Cells that are on, between the bit lines and a source line for each sign of the supply along every column."""
    rows, columns = grids[0][0].shape
    segment, terminal = array.source_line.normalised_segment, array.source_line.normalised_terminal
    fed = {"foot": [rows - 1], "head": [0]}[array.source_feed] if array.ground != "both" else [0, rows - 1]
    for j in range(columns):
        for sign in (1.0, -1.0):
            sources = [network.node() for _ in range(rows)]
            for i in range(rows - 1):
                network.wire(sources[i], sources[i + 1], segment)
            for i in fed:
                network.wire(network.node(sign), sources[i], segment + terminal)
            for grid, polarity in grids:
                for i in np.flatnonzero(inputs * polarity == sign):
                    network.cells.append((sources[i], bits[i][j], grid[i, j]))


def row_driven(network, array, grids, bits, inputs) -> None:
    """All cells, between the bit lines and word lines."""
    rows, columns = grids[0][0].shape
    segment, terminal = array.word_line.normalised_segment, array.word_line.normalised_terminal
    driven = {"left": [0], "right": [columns - 1], "both": [0, columns - 1]}[array.drivers]
    for grid, polarity in grids:
        for i in range(rows):
            words = [network.node() for _ in range(columns)]
            for j in range(columns - 1):
                network.wire(words[j], words[j + 1], segment)
            for j in driven:
                network.wire(network.node(polarity * inputs[i]), words[j], segment + terminal)
            for j in range(columns):
                network.cells.append((words[j], bits[i][j], grid[i, j]))
