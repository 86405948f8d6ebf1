"""Bit lines solved at every node: for nonlinear cells, and for what noise of a cell does to the outputs.

Where cells are ohmic and reads exact, the solvers of `_ladder`, `_two_wires` and `_mesh` give the same outputs faster.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.arrays._ladder import InputWindows
from bitline.shapes import BlockTensor, Float

__all__ = ["Block", "CellCurrent", "InputWindows", "LineSignals", "NodalLines", "linearised"]

CellCurrent = Callable[[Tensor, Tensor], Tensor]
"""Currents of cells in units of G_max V_read from G/G_max and V/V_read, elementwise and differentiable."""
TOLERANCE = 1e-10
"""Largest change of a cell's voltage in the last step of an iteration, in units of V_read."""
ITERATIONS = 50
"""Largest number of steps."""


@dataclass(frozen=True)
class Block:
    """The cells of one group and row partition, how they are driven and how they are read.

    Attributes:
        cells: programmed G/G_max, (lines, slices, rows, columns).
        targets: G/G_max that the cells were meant to have, same shape.
        noise: standard deviation of G/G_max of a read, same shape; None where reads are exact.
        current: what cells draw.
        slice_bits: input bits applied to a row at once.
        voltages: V/V_read of rows from their digits, (vectors, rows), or (slices, tiles, vectors, rows) where those of
            each array have errors of their own.
        positions: kernel positions of an input channel.
        tiles: which columns lie on each array, in their order there; all of them on one if not given.
    """

    cells: BlockTensor
    targets: BlockTensor
    noise: BlockTensor | None
    current: CellCurrent
    slice_bits: int
    voltages: Callable[[Tensor], Tensor]
    positions: int
    tiles: tuple[slice | Tensor, ...] = (slice(None),)


@dataclass(frozen=True)
class LineSignals:
    """What lines show.

    Attributes:
        currents: in units of G_max V_read and of the smallest digit, (batch, lines, positions).
        variances: of their noise, same shape; zero where reads are exact.
    """

    currents: Float[Tensor, "batch solved positions"]
    variances: Float[Tensor, "batch solved positions"]


class NodalLines(ABC):
    """The bit lines of one block, solved for one vector of row voltages after the other.

    Args:
        block: whose lines they are.
    """

    def __init__(self, block: Block) -> None:
        self._slice_bits, self._voltages = block.slice_bits, block.voltages

    @abstractmethod
    def of_voltages(self, drive: Float[Tensor, "*arrays vectors rows"]) -> tuple[Tensor, Tensor]:
        """Currents of the lines for row voltages, and the variances of their noise, (vectors, lines) each, float64.

        Args:
            drive: V/V_read of every row, the same for all arrays of the block or (slices, tiles, vectors, rows); for
                gate-driven cells 1, 0 or -1, the same for all.
        """

    def solve(self, elements: Float[Tensor, "batch elements"], windows: InputWindows, bits: int) -> LineSignals:
        """Currents of input codes, slice by slice, each by its place value.

        Args:
            elements: input codes, (batch, elements).
            windows: which element each row reads at each position.
            bits: bits of the largest |code|.
        """
        codes = elements[:, windows.base[:, None] + windows.offset].flatten(0, 1)
        vectors, back = torch.unique(codes, dim=0, return_inverse=True)
        magnitude, sign = vectors.abs().long(), vectors.sign().double()
        top = 2**self._slice_bits - 1
        total: tuple[Tensor, ...] = ()
        for first in range(0, bits, self._slice_bits):
            digits = ((magnitude >> first) & top) * sign
            currents, variances = self.of_voltages(self._voltages(digits))
            weight = float(top * 2**first)
            parts = (currents * weight, variances * weight**2)
            total = tuple(a + b for a, b in zip(total, parts, strict=True)) if total else parts
        currents, variances = (
            values[back].reshape(len(elements), len(windows.base), -1).transpose(1, 2) for values in total
        )
        return LineSignals(currents, variances)


def linearised(current: CellCurrent, conductance: Tensor, voltage: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Currents of cells, and their slopes against voltage and against conductance, float64.

    Examples:
        >>> one = torch.ones(1, dtype=torch.float64)
        >>> [float(value) for value in linearised(lambda g, v: g * v**2, 3 * one, 2 * one)]
        [12.0, 12.0, 4.0]
    """
    with torch.enable_grad():
        g, v = conductance.detach().double().requires_grad_(), voltage.detach().double().requires_grad_()
        given = current(g, v)
        by_voltage, by_conductance = torch.autograd.grad(given.sum(), (v, g))
    return given.detach(), by_voltage, by_conductance
