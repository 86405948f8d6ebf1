"""Row-driven arrays solved at every node: nonlinear cells, and what the noise of a cell does to all columns.

The linear network is factored once. Nonlinear cells differ from it by currents beside them, I(G, V) - g V, which are
found by iteration: the network takes currents to voltages, the curve takes voltages to currents. Each step shrinks the
error about by the product of two small numbers, the share of the voltage that wires take and the share by which cells
are not ohmic. Where it does not, the network is factored again with the slopes of the cells (Newton).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from bitline.arrays.circuit.driven_circuit import DrivenCircuit
from bitline.arrays.circuit.elements import Circuit, Numbers
from bitline.arrays.nodal_lines import ITERATIONS, TOLERANCE, Block, CellCurrent, NodalLines, linearised
from bitline.errors import DesignError

if TYPE_CHECKING:
    from bitline.arrays.row_driven import RowDrivenArray


class Mesh:
    """One array with its word lines and bit lines.

    Args:
        circuit: for inputs that are all 1.
        cells: G/G_max in the circuit's order of cells, (cells,).
        noise: standard deviation of a read of each; None where reads are exact.
        current: what cells draw.
    """

    def __init__(self, circuit: Circuit, cells: Tensor, noise: Tensor | None, current: CellCurrent) -> None:
        self._circuit, self._held, self._current = circuit, cells.double(), current
        self._noise = None if noise is None else noise.double().numpy()
        ones = torch.ones_like(self._held)
        slopes = (current(self._held, ones) - current(self._held, -ones)).numpy() / 2
        self._slopes = np.maximum(slopes, 1e-12)
        self._linear = DrivenCircuit(circuit, self._slopes)
        is_bent = self._given(np.full(len(cells), 0.5)) - self._slopes / 2
        self._is_bent = bool(np.abs(is_bent).max(initial=0) > 1e-15)
        self._weights = None if noise is None or self._is_bent else self._linear.weights()

    def solve(self, inputs: Numbers) -> tuple[Numbers, Numbers]:
        """Output currents and the variances of their noise, (columns,) each."""
        across, outputs = self._linear.solve(inputs, np.zeros(len(self._slopes)))
        if self._is_bent and inputs.any():
            across, outputs = self._bent(inputs, across)
        if self._noise is None:
            return outputs, np.zeros_like(outputs)
        _, slopes, by_conductance = self._tangents(across)
        weights = DrivenCircuit(self._circuit, slopes).weights() if self._weights is None else self._weights
        each = np.square(weights * (self._noise * by_conductance))
        return outputs, each.sum(1)

    def _bent(self, inputs: Numbers, across: Numbers) -> tuple[Numbers, Numbers]:
        """Voltages across cells and outputs, with the cells' own curve."""
        linear, slopes, last = self._linear, self._slopes, np.inf
        for step in range(ITERATIONS):
            found, outputs = linear.solve(inputs, self._given(across) - slopes * across)
            change, across = float(np.abs(found - across).max()), found
            if change <= TOLERANCE:
                return across, outputs
            if step > 0 and change > last / 4:  # too slow
                _, slopes, _ = self._tangents(across)
                linear = DrivenCircuit(self._circuit, slopes)
            last = change
        raise DesignError(
            f"a row-driven array of nonlinear cells did not converge in {ITERATIONS} steps (last change {change:.1e} "
            "of V_read): use wires of less resistance or a smaller read voltage"
        )

    def _given(self, across: Numbers) -> Numbers:
        return self._current(self._held, torch.from_numpy(across)).numpy()

    def _tangents(self, across: Numbers) -> tuple[Numbers, ...]:
        return tuple(values.numpy() for values in linearised(self._current, self._held, torch.from_numpy(across)))


class RowDrivenLines(NodalLines):
    """The bit lines of one block of row-driven cells, those of a line and slice side by side.

    Args:
        meshes: one for each tile, (lines * slices) times.
        block: whose lines they are.
    """

    def __init__(self, meshes: list[list[Mesh]], block: Block) -> None:
        super().__init__(block)
        self._meshes, self._tiles = meshes, [tile if isinstance(tile, slice) else tile.numpy() for tile in block.tiles]
        self._slices, self._columns = block.cells.shape[1], block.cells.shape[-1]

    def of_voltages(self, drive: Tensor) -> tuple[Tensor, Tensor]:
        vectors = drive.shape[-2]
        inputs = drive.double().cpu().expand(self._slices, len(self._tiles), *drive.shape[-2:]).numpy()
        solved = np.zeros((2, vectors, len(self._meshes), self._columns))
        for line, meshes in enumerate(self._meshes):
            for mesh, columns, own in zip(meshes, self._tiles, inputs[line % self._slices], strict=True):
                for vector in range(vectors):
                    solved[0, vector, line, columns], solved[1, vector, line, columns] = mesh.solve(own[vector])
        currents, variances = torch.from_numpy(solved.reshape(2, vectors, -1)).to(drive.device)
        return currents, variances


def row_driven_lines(array: RowDrivenArray, block: Block) -> RowDrivenLines:
    """The bit lines of a block of cells, each line, slice and tile an array."""
    lines, slices, _, _ = block.cells.shape
    together = 2 if array.subtracts_on_the_line else 1
    meshes = [
        [_mesh(array, block, (slice(line, line + together), part), tile) for tile in block.tiles]
        for line in range(0, lines, together)
        for part in range(slices)
    ]
    return RowDrivenLines(meshes, block)


def _mesh(array: RowDrivenArray, block: Block, place: tuple[slice, int], tile: slice | Tensor) -> Mesh:
    """One array: a tile of some lines of a block."""
    grids = block.cells[place][..., tile].double().cpu()
    everywhere = np.ones(grids.shape)
    circuit = array.circuit(everywhere[0], np.ones(grids.shape[1]), *everywhere[1:])
    noise = None if block.noise is None else block.noise[place][..., tile].double().cpu().flatten()
    return Mesh(circuit, grids.flatten(), noise, block.current)
