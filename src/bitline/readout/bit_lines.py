"""What the readout must know about the bit lines it converts."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class BitLines:
    """The signals of one layer, in units of G_max times the read voltage.

    Where slices of a weight are added before the ADC, that of a cell of the least significant slice, which counts 1.

    Attributes:
        rows: number of rows that add to one conversion.
        signed: whether a signal can be negative.
        cell_bits: weight bits in one conversion: those of a cell, or of all slices that are added before the ADC, plus
            one where cells are subtracted before it.
        input_bits: input bits in one conversion.
        step: smallest difference between two ideal outputs.
        radix: weight of each converted weight slice in the digital sum, (slices,).
        reach: largest ideal output of a row: 1, or 1 - G_min where two cells are subtracted before the ADC, and less
            where no input code drives a row fully; more where weight slices are added.
        filled: largest sum of the digits of a line, over that of cells that all hold the largest one.
        largest: largest mean of G / G_max of a line's cells, or of the sum of slices.

    Examples:
        >>> lines = BitLines(rows=144, signed=True, cell_bits=8, input_bits=8, step=1 / (127 * 255), radix=(1,))
        >>> lines.low, lines.high, lines.needed_bits, round(lines.full_precision_bits, 2)
        (-144.0, 144.0, 24, 23.17)
    """

    rows: int
    signed: bool
    cell_bits: int
    input_bits: int
    step: float
    radix: tuple[float, ...]
    reach: float = 1.0
    filled: float = 1.0
    largest: float = 1.0

    @property
    def low(self) -> float:
        """Smallest signal that is counted with: the largest with the other sign, or 0."""
        return -self.high if self.signed else 0.0

    @property
    def high(self) -> float:
        """Largest signal a line can carry: every cell that may be at G_max is, every input at its largest.

        Of lines that are subtracted it is that of one of them, as the largest output of CrossSim is. Their difference
        reaches rows * reach, less by the currents at G_min, which cancel.
        """
        return self.rows * self.largest

    @property
    def ideal_codes(self) -> tuple[int, int]:
        """Smallest and largest output of an ideal array, in steps."""
        high = math.ceil(self.rows * self.reach / self.step - 0.5)
        return (-high if self.signed else 0), high

    @property
    def needed_bits(self) -> int:
        """Bits that give every output of an ideal array a level of its own."""
        low, high = self.ideal_codes
        return (high - low).bit_length()

    @property
    def full_precision_bits(self) -> float:
        """Bits of the full precision guarantee for this layer."""
        return full_precision_bits(self.cell_bits, self.input_bits, self.rows) + math.log2(self.filled)


def full_precision_bits(cell_bits: int, input_bits: int, rows: int) -> float:
    """B_out of the full precision guarantee (Xiao et al. 2022, Eq. 2).

    Args:
        cell_bits: B_W, weight bits on a cell; the sign counts for differential cells subtracted before the ADC.
        input_bits: B_in, input bits in one conversion.
        rows: N, number of rows that add to one conversion.

    Examples:
        >>> full_precision_bits(cell_bits=2, input_bits=1, rows=128)
        9.0
    """
    one_bit = cell_bits == 1 or input_bits == 1
    return cell_bits + input_bits + math.log2(rows) - (1 if one_bit else 0)
