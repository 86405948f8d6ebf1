"""Stage 4 of the oracle: row partitions, and the currents of bit lines read cell by cell."""

from __future__ import annotations

import numpy as np
from oracle.devices import Cells
from oracle.layer import Layer
from oracle.nodal import outputs_of
from oracle.wires import LineWire, rows_from_the_far_end, wired_current

from bitline.devices import Cell


def bit_lines(
    layer: Layer, cells: Cells, k: int, rows: list[int], voltages: list[np.ndarray]
) -> list[list[np.ndarray]]:
    """What reaches the accumulators of weight slice k, (columns, batch) for each [reading][input slice].

    Args:
        rows: of the partition.
        voltages: of the rows of all arrays, for every input slice.
    """
    u = [each[k][:, rows] for each in voltages]
    array = layer.design.array
    if array.has_wires and (array.kind == "row-driven" or cells.sigma is not None or not is_ohmic(layer)):
        return nodal_lines(layer, cells, k, rows, u)
    wire = LineWire.of(array) if array.kind == "gate-driven" else LineWire(0.0, 0.0, False)
    if wire.is_ideal:
        lines = [[line_current(layer, cells, (line, k), rows, each) for each in u] for line in range(len(cells.target))]
    else:
        order = rows_from_the_far_end(cells.target[:, :, rows], array, layer.positions)
        held = cells.conductance[:, k][:, rows][:, order]
        if array.lines == "interleaved":
            return [[wired_current(held[0], held[1], each[0][order], wire) for each in u]]
        lines = [[wired_current(line, None, each[0][order], wire) for each in u] for line in held]
    return [
        [sum(sign * line[index] for sign, line in zip(signs, lines, strict=True)) for index in range(len(u))]
        for _, signs in layer.readings
    ]


def is_ohmic(layer: Layer) -> bool:
    return layer.design.cell.current_voltage.kind == "ohmic"


def nodal_lines(layer: Layer, cells: Cells, k: int, rows: list[int], u: list[np.ndarray]) -> list[list[np.ndarray]]:
    """`bit_lines` of any array with any cell and with noise, all of whose nodes are solved for every read."""
    array, cell = layer.design.array, layer.design.cell
    order = list(range(len(rows)))
    if array.kind == "gate-driven":
        order = rows_from_the_far_end(cells.target[:, :, rows], array, layer.positions)
    held = cells.conductance[:, k][:, rows][:, order]

    def read(voltages: np.ndarray) -> np.ndarray:
        """Currents of the lines, (lines, columns), for the rows of each tile, (tiles, rows)."""
        grids = held
        if cells.sigma is not None:
            sigma = cells.sigma[:, k][:, rows][:, order]
            grids = held + sigma * layer.reads.standard_normal(held.shape)
        pairs = [(grids[0], grids[1])] if array.lines == "interleaved" else [(line, None) for line in grids]
        currents = np.empty((len(pairs), layer.columns))
        for line, (plus, minus) in enumerate(pairs):
            for tile, own in zip(layer.tiles, voltages, strict=True):
                opposite = None if minus is None else minus[:, tile]
                currents[line, tile] = outputs_of(
                    array, plus[:, tile], opposite, own, lambda G, v: cell_current(G, v, cell)
                )
        return currents

    lines = [np.stack([read(each[:, order, sample]) for sample in range(each.shape[2])], -1) for each in u]
    mixed = [((1,), (1,))] if array.lines == "interleaved" else layer.readings
    return [[sum(sign * line for sign, line in zip(signs, each, strict=True)) for each in lines] for _, signs in mixed]


def line_current(layer: Layer, cells: Cells, place: tuple[int, int], rows: list[int], u: np.ndarray) -> np.ndarray:
    """I_j = sum_i I(G_ij, u_i) (Fig. 1(a)), (columns, batch), with a new read of all cells for every input.

    Args:
        place: line and weight slice.
        rows: of the partition.
        u: voltages of these rows, (tiles, rows, batch).
    """
    currents = np.zeros((layer.columns, u.shape[2]))
    for sample in range(u.shape[2]):
        read = cells.conductance[place][rows]
        if cells.sigma is not None:
            read = read + cells.sigma[place][rows] * layer.reads.standard_normal(read.shape)
            read = np.maximum(read, 0) if layer.design.cell.read_noise.clip == "zero" else read
        for tile, voltages in zip(layer.tiles, u[:, :, sample], strict=True):
            currents[tile, sample] = cell_currents(read[:, tile], voltages, layer.design.cell)
    return currents


def cell_currents(G: np.ndarray, u: np.ndarray, cell: Cell) -> np.ndarray:
    """Sum over rows of the currents of cells (rows, columns) at voltages (rows,).

    I = G V, or I = G V + N2 V^2 + N3 V^3 with N2 and N3 polynomials in log10(G / S) (Milo et al., IEEE IRPS 2021).
    """
    return sum(cell_current(conductances, voltage, cell) for conductances, voltage in zip(G, u, strict=True))


def cell_current(G: np.ndarray, u: np.ndarray | float, cell: Cell) -> np.ndarray:
    """Currents of cells at voltages u, each its own or all the same."""
    curve = cell.current_voltage
    if curve.kind == "ohmic":
        return G * u
    if curve.kind == "sinh":
        top = curve.read_voltage_V / curve.scale_V
        return G * np.sinh(u * top) / np.sinh(top)
    if curve.kind.endswith(":Saturating"):
        return G * np.tanh(2.0 * u) / np.tanh(2.0)
    assert curve.kind == "milo-2021", f"the literal chain leaves {curve.kind} cells out"
    largest_S, read_V = curve.G_max_uS * 1e-6, curve.read_voltage_V
    log = np.log10(np.clip(G * largest_S, *curve.measured_S))
    N2, N3 = (np.polynomial.polynomial.polyval(log, coefficients) for coefficients in (curve.N2, curve.N3))
    volts = u * read_V
    return G * u + (N2 * volts**2 + N3 * volts**3) / (largest_S * read_V)
