"""The circuit of a gate-driven array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bitline.arrays.circuit.elements import Builder, Circuit, Numbers, Places, checked_cells, link, refuse_unpaired
from bitline.arrays.gate_driven import GateDrivenArray
from bitline.arrays.wires import Wire
from bitline.errors import DataError


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
        DataError: cells or bits that are not finite, negative cells, bits that are neither, or shapes that do not fit.

    Examples:
        >>> from bitline.arrays.circuit import solve
        >>> cells = np.array([[0.2, 1.0], [0.4, 0.0], [0.8, 0.5]])
        >>> solve(gate_driven_circuit(cells, np.array([1.0, 0.0, 1.0]), GateDrivenArray())).outputs.round(3)
        array([1. , 1.5])
    """
    cells, bits = checked_cells(cells, bits)
    if not np.isin(bits, (-1, 0, 1)).all():
        raise DataError("gate-driven cells are on or off: inputs must be 1, 0 or -1")
    if minus is not None:
        minus, _ = checked_cells(minus, bits)
        refuse_unpaired(cells, minus)
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
        _connect_to_supplies(builder, _by_supply(cells, minus, bits), bit_nodes)
        return builder.circuit(outputs, bit_nodes)
    feeds = ends if array.source_feed == "foot" else tuple(rows - 1 - row for row in ends)
    _connect_to_source_lines(builder, _by_supply(cells, minus, bits), bit_nodes, array.source_line, feeds)
    return builder.circuit(outputs, bit_nodes)


def _by_supply(cells: Numbers, minus: Numbers | None, bits: Numbers) -> dict[float, list[tuple[Places, Numbers]]]:
    """For each sign of the supply the rows whose cells it feeds, and all cells of such a row's kind."""
    found: dict[float, list[tuple[Places, Numbers]]] = {}
    for sign in (1.0, -1.0):
        grids = ((cells, 1.0), *(((minus, -1.0),) if minus is not None else ()))
        found[sign] = [(np.flatnonzero(bits * polarity == sign), grid) for grid, polarity in grids]
    return found


def _connect_to_supplies(builder: Builder, fed: dict[float, list[tuple[Places, Numbers]]], bit_nodes: Places) -> None:
    """Cells that are on, between ideal supplies of both signs and the bit lines."""
    index = np.arange(bit_nodes.size).reshape(bit_nodes.shape)
    for sign, groups in fed.items():
        supply = builder.terminal(sign, "supply" if sign > 0 else "supply_minus")
        for rows, grid in groups:
            nodes = bit_nodes[rows]
            builder.connect(np.full_like(nodes, supply), nodes, grid[rows], index[rows])


def _connect_to_source_lines(
    builder: Builder,
    fed: dict[float, list[tuple[Places, Numbers]]],
    bit_nodes: Places,
    source: Wire,
    feeds: Sequence[int],
) -> None:
    """Cells that are on, between source lines with resistance, fed at some rows, and the bit lines."""
    index = np.arange(bit_nodes.size).reshape(bit_nodes.shape)
    entry = link(source.normalised_segment + source.normalised_terminal)
    for sign, groups in fed.items():
        if sign < 0 and not any(rows.size for rows, _ in groups):
            continue  # nothing needs the second line
        source_nodes = builder.grid(*bit_nodes.shape)
        builder.connect(source_nodes[:-1], source_nodes[1:], link(source.normalised_segment))
        for row in feeds:
            for column in range(bit_nodes.shape[1]):
                supply = builder.terminal(sign, f"supply{'' if sign > 0 else '_minus'}{column}_{row}")
                builder.connect(np.array([supply]), source_nodes[row, column : column + 1], entry)
        for rows, grid in groups:
            builder.connect(source_nodes[rows], bit_nodes[rows], grid[rows], index[rows])
