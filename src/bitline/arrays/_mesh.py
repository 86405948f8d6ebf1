"""Row-driven arrays with resistive wires on rows and columns: what the columns deliver for each row voltage.

The network is linear, so an array is solved once. Walk it row by row towards the virtual grounds and keep the Norton
equivalent of the part walked so far, as in `_ladder`, but of all columns together: the currents J V that it delivers
into short circuits for row voltages V, and its conductance matrix Y. A row of cells g with the wire that drives it
adds, by eliminating the nodes w of the wire, (T + D) w = D u + d V with D = diag(g),

    Y += D - D (T + D)^-1 D,        a new column of J:  D (T + D)^-1 d.

A segment of all columns' wires, each of resistance r, turns Y into (1 + r Y)^-1 Y and J into (1 + r Y)^-1 J. All
matrices are symmetric and positive definite. It takes about 2 M^2 N^2 + 4 M N^3 / 3 operations for M rows and N columns
and M N numbers of memory, with rows and columns exchanged (the network is reciprocal) where there are more columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bitline.arrays._line_wires import OPEN, LineWires

Matrix = NDArray[np.float64]


def effective_conductance(cells: Matrix, rows: LineWires, columns: LineWires, minus: Matrix | None = None) -> Matrix:
    """Current of each column for unit voltage on each row, other rows at zero.

    Args:
        cells: G/G_max, (rows, columns).
        rows: wires with the drivers at their ends, from the head on.
        columns: wires with the virtual grounds at their ends.
        minus: cells on the same columns whose rows, with wires of their own, are driven with the opposite voltages.

    Returns:
        (rows, columns), in units of G_max; the cells themselves, or their differences, on ideal wires.
    """
    grids = [np.asarray(held, dtype=np.float64) for held in (cells, minus) if held is not None]
    if rows.is_ideal and columns.is_ideal:
        return grids[0] if minus is None else grids[0] - grids[1]
    if minus is None and grids[0].shape[1] > grids[0].shape[0]:
        return effective_conductance(grids[0].T, columns, rows).T
    if columns.is_ideal:
        own = [np.stack([_row(row, rows)[1] for row in grid]) for grid in grids]
        return own[0] if minus is None else own[0] - own[1]
    total = np.zeros_like(grids[0])
    if columns.foot != OPEN:
        total += _delivered(grids, rows, columns)
    if columns.head != OPEN:
        total += _delivered([grid[::-1] for grid in grids], rows, columns.reversed())[::-1]
    return total


def _delivered(grids: list[Matrix], rows: LineWires, columns: LineWires) -> Matrix:
    """Currents into the grounds at the end of the columns alone, of cells and of those driven the other way."""
    height, width = grids[0].shape
    conductance = np.eye(width) * columns.at_head
    currents = np.zeros((width, height))
    for index in range(height):
        for grid, sign in zip(grids, (1.0, -1.0), strict=False):
            more, given = _row(grid[index], rows)
            conductance = conductance + more
            currents[:, index] += sign * given
        wire = columns.segment + (columns.foot if index == height - 1 else 0.0)
        known = currents[:, : index + 1]
        divided = _divide(conductance, np.concatenate([conductance, known], axis=1), wire)
        conductance = (divided[:, :width] + divided[:, :width].T) / 2
        currents[:, : index + 1] = divided[:, width:]
    return currents.T


def _divide(conductance: Matrix, values: Matrix, wire: float) -> Matrix:
    """(1 + wire Y)^-1 values."""
    if wire == 0:
        return values
    from scipy.linalg import cho_factor, cho_solve  # here, for the start-up of what does not need it

    factor = cho_factor(np.eye(len(conductance)) + wire * conductance, lower=True, overwrite_a=True, check_finite=False)
    solved: Matrix = cho_solve(factor, values, overwrite_b=True, check_finite=False)
    return solved


def _row(cells: Matrix, wire: LineWires) -> tuple[Matrix, Matrix]:
    """Conductance matrix that a row adds to the columns, and the currents it gives them for unit voltage."""
    if wire.is_ideal:
        return np.diag(cells), cells
    from scipy.linalg import solveh_banded  # here, for the start-up of what does not need it

    width = len(cells)
    if wire.segment == 0 or width == 1:
        # all cells of the row share one node
        outside = wire.at_head + wire.at_foot
        total = outside + cells.sum()
        return np.diag(cells) - np.outer(cells, cells) / total, cells * (outside / total)
    link = 1 / wire.segment
    driven = np.zeros(width)
    driven[0] += wire.at_head
    driven[-1] += wire.at_foot
    banded = np.zeros((2, width))
    banded[0, 1:] = -link
    banded[1] = cells + driven
    banded[1, 1:] += link
    banded[1, :-1] += link
    solved = solveh_banded(banded, np.concatenate([np.diag(cells), driven[:, None]], axis=1), check_finite=False)
    return np.diag(cells) - cells[:, None] * solved[:, :width], cells * solved[:, width]
