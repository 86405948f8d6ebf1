"""The oracle's bit lines with resistance: Kirchhoff's laws at every node of a line, solved as they stand.

Gate-driven cells (Xiao et al. 2022, Fig. 1(c) and section 8): an input bit connects its row's cell to a supply, and the
currents of the cells that are on meet on a bit line. Each sign of the supply reaches the cells of a column through a
source line, which is fed at the foot, at the other end, or wherever the bit line has a virtual ground if it has two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bitline.arrays import GateDrivenArray


@dataclass(frozen=True)
class LineWire:
    """The wire of one bit line, in multiples of 1/G_max.

    Attributes:
        segment: resistance between the cells of neighbouring rows.
        terminal: resistance between the last segment and the virtual ground.
        both_ends: whether there is a virtual ground before the first row, too.
        source_segment, source_terminal: the same resistances of the source lines.
        source_feed: the end at which they are fed, "foot", "head" or "both".
    """

    segment: float
    terminal: float
    both_ends: bool
    source_segment: float = 0.0
    source_terminal: float = 0.0
    source_feed: str = "foot"

    @property
    def is_ideal(self) -> bool:
        return self.segment + self.terminal + self.source_segment + self.source_terminal == 0

    @classmethod
    def of(cls, array: GateDrivenArray) -> LineWire:
        ohms: list[float] = []
        for wire in (array.bit_line, array.source_line):
            unit = 1.0 if wire.G_max_uS is None else wire.G_max_uS * 1e-6  # ohms times G_max
            ohms += [wire.segment * unit, wire.terminal * unit]
        feed = "both" if array.ground == "both" else array.source_feed
        return cls(*ohms[:2], array.ground == "both", *ohms[2:], feed)


def rows_from_the_far_end(targets: np.ndarray, array: GateDrivenArray, positions: int) -> list[int]:
    """Order of a partition's rows along the line, the one next to the virtual ground last.

    Args:
        targets: G/G_max that the cells are meant to hold, (lines, slices, rows, columns).
        positions: kernel positions of an input channel.
    """
    rows = list(range(targets.shape[2]))
    if array.row_order == "heaviest-at-foot":
        totals = np.round(targets.sum(axis=(0, 1, 3)), 4)  # rounding must not decide between equal rows
        return sorted(rows, key=lambda row: totals[row])
    if array.row_order == "position":
        rows.sort(key=lambda row: (row % positions, row // positions))
    return rows[::-1] if array.ground == "top" else rows


def wired_current(plus: np.ndarray, minus: np.ndarray | None, voltages: np.ndarray, wire: LineWire) -> np.ndarray:
    """Currents (columns, batch) of the bit lines of cells `plus` (rows, columns), rows in their order on the line.

    Args:
        minus: cells of opposite supply on the same lines.
        voltages: (rows, batch): -1 or 1 where the rows' cells are on, 0 where they are off.
    """
    currents = np.zeros((plus.shape[1], voltages.shape[1]))
    for column in range(plus.shape[1]):
        opposite = None if minus is None else minus[:, column]
        for sample in range(voltages.shape[1]):
            ideal_sources = wire.source_segment + wire.source_terminal == 0
            solve = line_by_nodal_analysis if ideal_sources else column_by_nodal_analysis
            currents[column, sample] = solve(plus[:, column], opposite, voltages[:, sample], wire)
    return currents


def line_by_nodal_analysis(plus: np.ndarray, minus: np.ndarray | None, voltages: np.ndarray, wire: LineWire) -> float:
    """Current of one bit line into its virtual grounds.

    Node i of the line has the voltage v_i. A cell that is on sends G_i (V_i - v_i) into it, one of opposite supply
    G_i (-V_i - v_i); a segment to node i + 1 takes (v_i - v_i+1) / R away.
    """
    minus = np.zeros_like(plus) if minus is None else minus
    rows = len(plus)
    balance, injected = np.zeros((rows, rows)), np.zeros(rows)
    for i in range(rows):
        if voltages[i] != 0:
            balance[i, i] += plus[i] + minus[i]
            injected[i] = (plus[i] - minus[i]) * voltages[i]
    for i in range(rows - 1):
        balance[i, i] += 1 / wire.segment
        balance[i + 1, i + 1] += 1 / wire.segment
        balance[i, i + 1] -= 1 / wire.segment
        balance[i + 1, i] -= 1 / wire.segment
    end = 1 / (wire.segment + wire.terminal)
    grounded = [rows - 1, 0] if wire.both_ends else [rows - 1]
    for i in grounded:
        balance[i, i] += end
    v = np.linalg.solve(balance, injected)
    return float(sum(v[i] * end for i in grounded))


def column_by_nodal_analysis(plus: np.ndarray, minus: np.ndarray | None, voltages: np.ndarray, wire: LineWire) -> float:
    """Current of one bit line whose cells are on two source lines with resistance.

    Node i of the bit line is number i, that of the plus line n + i, that of the minus line 2 n + i. Wires without
    resistance are taken to have 1e-9.
    """
    minus = np.zeros_like(plus) if minus is None else minus
    rows = len(plus)
    balance, injected = np.zeros((3 * rows, 3 * rows)), np.zeros(3 * rows)

    def connect(first: np.ndarray, second: np.ndarray, conductance: np.ndarray | float) -> None:
        for node in (first, second):
            np.add.at(balance, (node, node), conductance)
        np.subtract.at(balance, (first, second), conductance)
        np.subtract.at(balance, (second, first), conductance)

    row, on = np.arange(rows), voltages != 0
    connect(row, rows + row, on * np.where(voltages > 0, plus, minus))
    connect(row, 2 * rows + row, on * np.where(voltages > 0, minus, plus))
    segments = [max(wire.segment, 1e-9)] + 2 * [max(wire.source_segment, 1e-9)]
    for line, segment in enumerate(segments):
        nodes = line * rows + row
        connect(nodes[:-1], nodes[1:], 1 / segment)
    fed = {"foot": [rows - 1], "head": [0], "both": [rows - 1, 0]}[wire.source_feed]
    for line, potential in ((1, 1.0), (2, -1.0)):
        for i in fed:
            entry = 1 / (segments[line] + wire.source_terminal)
            balance[line * rows + i, line * rows + i] += entry
            injected[line * rows + i] += entry * potential
    end = 1 / (segments[0] + wire.terminal)
    grounded = [rows - 1, 0] if wire.both_ends else [rows - 1]
    for i in grounded:
        balance[i, i] += end
    v = np.linalg.solve(balance, injected)
    return float(sum(v[i] * end for i in grounded))
