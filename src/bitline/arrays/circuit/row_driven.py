"""The circuit of a row-driven array."""

from __future__ import annotations

import numpy as np

from bitline.arrays.circuit.elements import Builder, Circuit, Numbers, checked, link
from bitline.arrays.row_driven import RowDrivenArray


def row_driven_circuit(cells: Numbers, voltages: Numbers, array: RowDrivenArray) -> Circuit:
    """One array of cells between word lines and bit lines.

    Args:
        cells: G/G_max, (rows, columns).
        voltages: V/V_read of the drivers, (rows,).
        array: wires, drivers and grounds.

    Raises:
        DataError: cells or voltages that are not finite, negative cells, or shapes that do not fit.

    Examples:
        >>> from bitline.arrays.circuit import solve
        >>> cells = np.array([[0.2, 1.0], [0.4, 0.0]])
        >>> solve(row_driven_circuit(cells, np.array([1.0, 0.5]), RowDrivenArray())).outputs.round(3)
        array([0.4, 1. ])
    """
    cells, voltages = checked(cells, voltages)
    rows, columns = cells.shape
    builder = Builder()
    word_nodes, bit_nodes = builder.grid(rows, columns), builder.grid(rows, columns)
    word, bit = array.word_line, array.bit_line
    builder.connect(word_nodes[:, :-1], word_nodes[:, 1:], link(word.normalised_segment))
    builder.connect(bit_nodes[:-1], bit_nodes[1:], link(bit.normalised_segment))
    builder.connect(word_nodes, bit_nodes, cells, np.arange(rows * columns).reshape(rows, columns))
    entry = link(word.normalised_segment + word.normalised_terminal)
    for column in {"left": (0,), "right": (columns - 1,), "both": (0, columns - 1)}[array.drivers]:
        for row in range(rows):
            driver = builder.terminal(float(voltages[row]), f"in{row}_{column}")
            builder.connect(np.array([driver]), word_nodes[row, column : column + 1], entry)
    ends = {"bottom": (rows - 1,), "top": (0,), "both": (rows - 1, 0)}[array.ground]
    exit_wire = link(bit.normalised_segment + bit.normalised_terminal)
    return builder.circuit(builder.ground(bit_nodes, ends, exit_wire, str), bit_nodes)
