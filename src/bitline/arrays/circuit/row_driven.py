"""The circuit of a row-driven array."""

from __future__ import annotations

import numpy as np

from bitline.arrays.circuit.elements import Builder, Circuit, Numbers, Places, checked_cells, link, refuse_unpaired
from bitline.arrays.row_driven import RowDrivenArray


def row_driven_circuit(
    cells: Numbers, voltages: Numbers, array: RowDrivenArray, minus: Numbers | None = None
) -> Circuit:
    """One array of cells between word lines and bit lines.

    Args:
        cells: G/G_max, (rows, columns).
        voltages: V/V_read of the drivers, (rows,).
        array: wires, drivers and grounds.
        minus: for interleaved differential cells, those of the word lines that are driven with the opposite voltages.

    Raises:
        DataError: cells or voltages that are not finite, negative cells, or shapes that do not fit.

    Examples:
        >>> from bitline.arrays.circuit import solve
        >>> cells = np.array([[0.2, 1.0], [0.4, 0.0]])
        >>> solve(row_driven_circuit(cells, np.array([1.0, 0.5]), RowDrivenArray())).outputs.round(3)
        array([0.4, 1. ])
    """
    cells, voltages = checked_cells(cells, voltages)
    rows, columns = cells.shape
    if minus is not None:
        minus, _ = checked_cells(minus, voltages)
        refuse_unpaired(cells, minus)
    builder = Builder()
    bit_nodes, bit = builder.grid(rows, columns), array.bit_line
    builder.connect(bit_nodes[:-1], bit_nodes[1:], link(bit.normalised_segment))
    _connect_to_word_lines(builder, cells, bit_nodes, voltages, array, "in")
    if minus is not None:
        _connect_to_word_lines(builder, minus, bit_nodes, -voltages, array, "minus")
    ends = {"bottom": (rows - 1,), "top": (0,), "both": (rows - 1, 0)}[array.ground]
    exit_wire = link(bit.normalised_segment + bit.normalised_terminal)
    return builder.circuit(builder.ground(bit_nodes, ends, exit_wire, str), bit_nodes)


def _connect_to_word_lines(
    builder: Builder, cells: Numbers, bit_nodes: Places, voltages: Numbers, array: RowDrivenArray, name: str
) -> None:
    """Cells, in the order of rows and columns, between word lines of their own and the bit lines."""
    rows, columns = cells.shape
    word, word_nodes = array.word_line, builder.grid(rows, columns)
    builder.connect(word_nodes[:, :-1], word_nodes[:, 1:], link(word.normalised_segment))
    builder.connect(word_nodes, bit_nodes, cells, np.arange(rows * columns).reshape(rows, columns))
    entry = link(word.normalised_segment + word.normalised_terminal)
    for column in {"left": (0,), "right": (columns - 1,), "both": (0, columns - 1)}[array.drivers]:
        for row in range(rows):
            driver = builder.terminal(float(voltages[row]), f"{name}{row}_{column}", row)
            builder.connect(np.array([driver]), word_nodes[row, column : column + 1], entry)
