"""The circuit of a gate-driven array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bitline.arrays.circuit.elements import Builder, Circuit, Numbers, Places, checked, link
from bitline.arrays.gate_driven import GateDrivenArray
from bitline.arrays.wires import Wire
from bitline.errors import DataError, DesignError


def gate_driven_circuit(
    cells: Numbers,
    bits: Numbers,
    array: GateDrivenArray,
    minus: Numbers | None = None,
) -> Circuit:
    """One array of gate-driven cells with some rows switched on.

    Args:
        cells: G/G_max, (rows, columns), row 0 at the top.
        bits: 1 or -1 where a row is on, with the sign of its supply, 0 where it is off, (rows,).
        array: wires and grounds; cells lie in the order given.
        minus: for interleaved differential cells, those of the opposite supply.

    Raises:
        DesignError: source lines with resistance cannot be shared by supplies of both signs.
        DataError: cells or bits that are not finite, negative cells, bits that are neither, or shapes that do not fit.

    Examples:
        >>> from bitline.arrays.circuit import solve
        >>> cells = np.array([[0.2, 1.0], [0.4, 0.0], [0.8, 0.5]])
        >>> solve(gate_driven_circuit(cells, np.array([1.0, 0.0, 1.0]), GateDrivenArray())).outputs.round(3)
        array([1. , 1.5])
    """
    cells, bits = checked(cells, bits)
    if not np.isin(bits, (-1, 0, 1)).all():
        raise DataError("gate-driven cells are on or off: inputs must be 1, 0 or -1")
    if minus is not None:
        minus, _ = checked(minus, bits)
        if minus.shape != cells.shape:
            raise DataError(f"cells are {cells.shape} and those of the opposite supply {minus.shape}: pair them")
    rows = len(cells)
    builder = Builder()
    bit_nodes = builder.grid(*cells.shape)
    bit = array.bit_line
    builder.connect(bit_nodes[:-1], bit_nodes[1:], link(bit.normalised_segment))
    ends = {"bottom": (rows - 1,), "top": (0,), "both": (rows - 1, 0)}[array.ground]
    exit_wire = link(bit.normalised_segment + bit.normalised_terminal)
    has_both = len(ends) > 1
    outputs = builder.ground(bit_nodes, ends, exit_wire, lambda row: "top" if row == 0 and has_both else "end")
    if array.source_line.is_ideal:
        _connect_to_supplies(builder, cells, minus, bits, bit_nodes)
        return builder.circuit(outputs, bit_nodes)
    if minus is not None or (bits < 0).any():
        raise DesignError(
            "source lines with resistance have one supply: use separate lines and inputs of one sign, or "
            "array.source_line.segment = 0"
        )
    feeds = ends if array.source_feed == "foot" else tuple(rows - 1 - row for row in ends)
    _connect_to_source_lines(builder, cells, bits, bit_nodes, array.source_line, feeds)
    return builder.circuit(outputs, bit_nodes)


def _connect_to_supplies(
    builder: Builder, cells: Numbers, minus: Numbers | None, bits: Numbers, bit_nodes: Places
) -> None:
    """Cells that are on, between ideal supplies of both signs and the bit lines."""
    on = np.flatnonzero(bits)
    index = np.arange(cells.size).reshape(cells.shape)
    for sign in (1.0, -1.0):
        supply = builder.terminal(sign, "supply" if sign > 0 else "supply_minus")
        for grid, polarity in ((cells, 1.0), *(((minus, -1.0),) if minus is not None else ())):
            active = on[bits[on] * polarity == sign]
            nodes = bit_nodes[active]
            builder.connect(np.full_like(nodes, supply), nodes, grid[active], index[active])


def _connect_to_source_lines(
    builder: Builder, cells: Numbers, bits: Numbers, bit_nodes: Places, source: Wire, feeds: Sequence[int]
) -> None:
    """Cells that are on, between source lines with resistance, fed at some rows, and the bit lines."""
    on = np.flatnonzero(bits)
    source_nodes = builder.grid(*cells.shape)
    builder.connect(source_nodes[:-1], source_nodes[1:], link(source.normalised_segment))
    entry = link(source.normalised_segment + source.normalised_terminal)
    for row in feeds:
        for column in range(cells.shape[1]):
            supply = builder.terminal(1.0, f"supply{column}_{row}")
            builder.connect(np.array([supply]), source_nodes[row, column : column + 1], entry)
    builder.connect(source_nodes[on], bit_nodes[on], cells[on], np.arange(cells.size).reshape(cells.shape)[on])
