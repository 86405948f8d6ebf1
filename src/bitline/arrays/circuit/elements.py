"""Resistors between nodes, and what collects them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bitline.errors import DataError

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Circuit:
    """Resistors between nodes, some nodes held at a voltage.

    Attributes:
        nodes: number of nodes.
        ends: the two nodes of each resistor, (resistors, 2).
        conductance: G/G_max, infinite for a short, (resistors,).
        cell: flat index of the cell that a resistor is, -1 for wires, (resistors,).
        fixed: nodes held at a voltage, (fixed nodes,).
        voltage: V/V_read of these nodes, (fixed nodes,).
        driver: row whose input drives each of these nodes, -1 for grounds and supplies, (fixed nodes,).
        outputs: for each column the fixed nodes whose current is its output.
        shape: numbers of rows and columns of cells.
        line: node of the bit line at each cell, (rows, columns).
        names: names of the fixed nodes, for netlists.

    Examples:
        A cell between two wires of a tenth of its resistance:

        >>> builder = Builder()
        >>> cell = builder.grid(2, 1)
        >>> driver, ground = builder.terminal(1.0, "driver"), builder.terminal(0.0, "ground")
        >>> builder.connect(np.array([driver]), cell[:1, 0], link(0.1))
        >>> builder.connect(cell[:1, 0], cell[1:, 0], np.array(1.0), cell=np.array([0]))
        >>> builder.connect(cell[1:, 0], np.array([ground]), link(0.1))
        >>> circuit = builder.circuit(outputs=[[ground]], line=cell[1:])
        >>> circuit.nodes, circuit.conductance, circuit.cell
        (4, array([10.,  1., 10.]), array([-1,  0, -1]))
    """

    nodes: int
    ends: Places
    conductance: Numbers
    cell: Places
    fixed: Places
    voltage: Numbers
    driver: Places
    outputs: tuple[tuple[int, ...], ...]
    shape: tuple[int, int]
    line: Places
    names: dict[int, str]


def checked_cells(cells: Numbers, inputs: Numbers) -> tuple[Numbers, Numbers]:
    """Cells and inputs of an array as float64.

    Args:
        cells: G/G_max, (rows, columns).
        inputs: one number for each row, (rows,).

    Raises:
        DataError: cells or inputs that are not finite, negative cells, or shapes that do not fit.

    Examples:
        >>> checked_cells([[1, 0], [0, 1]], [1, 1])[1]
        array([1., 1.])
        >>> checked_cells(np.ones((2, 2)), np.ones(3))
        Traceback (most recent call last):
        bitline.errors.DataError: inputs are (3,) for an array of 2 rows: give one for each row
    """
    cells, inputs = np.asarray(cells, dtype=np.float64), np.asarray(inputs, dtype=np.float64)
    if cells.ndim != 2 or cells.size == 0:
        raise DataError(f"cells are {cells.shape}: give a matrix of G/G_max, (rows, columns)")
    if inputs.shape != cells.shape[:1]:
        raise DataError(f"inputs are {inputs.shape} for an array of {cells.shape[0]} rows: give one for each row")
    if not (np.isfinite(cells).all() and np.isfinite(inputs).all()):
        raise DataError("cells or inputs hold NaN or infinite values")
    if (cells < 0).any():
        raise DataError(f"cells hold {cells.min():g}: conductances are 0 or more, in units of G_max")
    return cells, inputs


def refuse_unpaired(cells: Numbers, minus: Numbers) -> None:
    """Refuse cells of the opposite supply that are not as many as the others.

    Raises:
        DataError: their shapes differ.
    """
    if minus.shape != cells.shape:
        raise DataError(f"cells are {cells.shape} and those of the opposite supply {minus.shape}: pair them")


def merged_nodes(circuit: Circuit) -> tuple[int, Places]:
    """Nodes joined by shorts as one: their number, and the joined node of each node.

    Examples:
        >>> builder = Builder()
        >>> nodes = builder.grid(1, 3)[0]
        >>> builder.connect(nodes[:2], nodes[1:], np.array([np.inf, 1.0]))
        >>> _ = builder.terminal(0.0, "ground")
        >>> merged_nodes(builder.circuit(outputs=[], line=nodes[None]))
        (3, array([0, 0, 1, 2]))
    """
    pairs = circuit.ends[np.isinf(circuit.conductance)]
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(circuit.nodes, circuit.nodes))
    count, member = connected_components(joined, directed=False)
    return int(count), member.astype(np.int64)


class Builder:
    """Collects the nodes and resistors of a circuit; see `Circuit` for an example."""

    def __init__(self) -> None:
        self.count = 0
        self.names: dict[int, str] = {}
        self.ends: list[Places] = []
        self.values: list[Numbers] = []
        self.cells: list[Places] = []
        self.held: list[tuple[int, float, int]] = []

    def grid(self, rows: int, columns: int) -> Places:
        """New nodes, (rows, columns)."""
        nodes = self.count + np.arange(rows * columns).reshape(rows, columns)
        self.count += rows * columns
        return nodes

    def terminal(self, voltage: float, name: str, row: int = -1) -> int:
        """A new node that is held at a voltage, V/V_read, by the driver of a row if one is given."""
        node = self.count
        self.count += 1
        self.names[node] = name
        self.held.append((node, voltage, row))
        return node

    def ground(self, nodes: Places, ends: Sequence[int], wire: Numbers, name: Callable[[int], str]) -> list[list[int]]:
        """Connect the ends of all bit lines to virtual grounds.

        Args:
            nodes: nodes of the bit lines, (rows, columns).
            ends: rows whose nodes are connected.
            wire: conductance between such a node and its ground.
            name: names the end at a row.

        Returns:
            The ground nodes of each column.
        """
        outputs: list[list[int]] = [[] for _ in range(nodes.shape[1])]
        for row in ends:
            for column, grounds in enumerate(outputs):
                grounds.append(self.terminal(0.0, f"out{column}_{name(row)}"))
                self.connect(nodes[row, column : column + 1], np.array(grounds[-1:]), wire)
        return outputs

    def connect(self, first: Places, second: Places, conductance: Numbers, cell: Places | None = None) -> None:
        """Add resistors from the first to the second nodes.

        Args:
            first, second: nodes, any shape.
            conductance: G/G_max of each resistor, or of all.
            cell: flat index of the cell that each resistor is; None for wires.
        """
        self.ends.append(np.stack([first.ravel(), second.ravel()], axis=1))
        self.values.append(np.broadcast_to(conductance, first.shape).astype(np.float64).ravel())
        self.cells.append(np.full(first.size, -1) if cell is None else cell.ravel())

    def circuit(self, outputs: list[list[int]], line: Places) -> Circuit:
        """What was collected; `Circuit` describes the arguments."""
        return Circuit(
            self.count,
            np.concatenate(self.ends),
            np.concatenate(self.values),
            np.concatenate(self.cells),
            np.array([node for node, _, _ in self.held]),
            np.array([voltage for _, voltage, _ in self.held]),
            np.array([row for _, _, row in self.held]),
            tuple(map(tuple, outputs)),
            (int(line.shape[0]), int(line.shape[1])),
            line,
            self.names,
        )


def link(resistance: float) -> Numbers:
    """Conductance of a piece of wire, infinite where it has no resistance.

    Examples:
        >>> link(0.1), link(0.0)
        (array(10.), array(inf))
    """
    return np.array(np.inf if resistance == 0 else 1 / resistance)
