"""Stage 4 of the oracle for capacitors: charge is conserved on every line of every array."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from oracle.devices import Cells, resolve
from oracle.layer import Layer


def share_charge(layer: Layer, cells: Cells) -> Cells:
    """Cells as what they add to the voltage of their line, V = sum C w u / (sum C + C_line), in parts of V_dd/n'.

    The n capacitors of a line and its own capacitance p n C are what V_dd C / (n C + p n C) is counted in, which one
    cell of a line without errors gives. Capacitors are those that this chip has drawn.
    """
    array = layer.design.array
    if array.kind != "charge-sharing" or array.mismatch == 0:
        return cells
    shape = cells.conductance.shape
    lines, slices, _, columns = shape
    drawn = layer.draws.normal((lines, slices, 1, *shape[2:]), "capacitors")[:, :, 0].double().numpy()
    capacitors = np.maximum(1 + array.mismatch * drawn, 0)
    counts = np.zeros(shape)
    for part, rows in enumerate(layer.partitions):
        idle = max(array.rows - len(rows), 0) if array.unused == "connected" else 0
        n = len(rows) + idle
        name = layer.draws.of("unused capacitors")
        sums = name.normal((lines, slices, 1, 1, columns), str(part))[:, :, 0, 0].double().numpy()
        unused = np.maximum(idle + array.mismatch * np.sqrt(idle) * sums, 0)  # the sum of so many capacitors
        for line in range(lines):
            for k in range(slices):
                on_line = capacitors[line, k][rows].sum(0) + unused[line, k] + array.parasitic * n
                counts[line, k][rows] = capacitors[line, k][rows] / on_line * (n + array.parasitic * n)
    sigma = None if cells.sigma is None else cells.sigma * counts
    return replace(cells, conductance=resolve(cells.conductance * counts, layer.design), sigma=sigma)
