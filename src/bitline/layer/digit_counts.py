"""What the slices of input codes count in evaluations of the arrays that see some of their digits, or bits of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.encode import InputSlicing
from bitline.layer.excitation import Drive
from bitline.shapes import Table


@dataclass(frozen=True)
class DigitCounts:
    """Sums over the input slices l of what counts of each digit, times 2^(a l), for every input code.

    Examples:
        Of code 6 = 0b0110 in two slices of two bits, the digit 1 stands in the upper one, and counts 4:

        >>> counts = DigitCounts(InputSlicing(4, slice_bits=2, accumulated=2), 2, 4, torch.zeros(1))
        >>> counts.of_digit(1, sign=1).inputs(torch.tensor([[6.0, -6.0]]))
        tensor([[4., 0.]])

    Attributes:
        slicing: of the codes.
        slices: how many are seen together.
        magnitude_bits: of the codes.
        like: a tensor of the precision and on the device of the result.
    """

    slicing: InputSlicing
    slices: int
    magnitude_bits: int
    like: Tensor

    def of_digit(self, digit: int, sign: int, power: int = 1) -> Drive:
        """How much a digit counts, at one sign of the read voltage.

        Args:
            digit: more than 0.
            sign: of the codes that drive rows at this voltage; where polarities take turns, codes of both signs do, and
                those below 0 are subtracted.
            power: 2 for variances.
        """
        table = self._table(lambda digits: digits == digit, power)
        if self.slicing.polarities > 1:
            return Drive(_odd(table) if power == 1 else table)
        top = len(table) // 2
        table[torch.arange(-top, top + 1) * sign <= 0] = 0.0
        return Drive(table)

    def of_bit(self, bit: int) -> Drive:
        """How much one bit of all digits counts, with the sign of the code."""
        return Drive(_odd(self._table(lambda digits: (digits >> bit) & 1)))

    def of_bits(self, bit: int, other: int) -> Drive:
        """How much digits count in which two bits are on, in variances."""
        return Drive(self._table(lambda digits: (digits >> bit) & (digits >> other) & 1, power=2))

    def of_squares(self) -> Drive:
        """The squares of all digits, in variances."""
        return Drive(self._table(lambda digits: digits * digits, power=2))

    def _table(self, count: Callable[[Tensor], Tensor], power: int = 1) -> Table:
        """Sum over slices of count(digits) 2^(a l power) for every code -top .. top."""
        bits = self.slicing.slice_bits
        top = 2 ** min(bits * self.slices, self.magnitude_bits) - 1
        magnitudes = torch.arange(-top, top + 1).abs()
        total = torch.zeros(len(magnitudes), dtype=torch.float64)
        for index in range(self.slices):
            digits = (magnitudes >> (bits * index)) & (2**bits - 1)
            total += count(digits).double() * 2.0 ** (bits * index * power)
        return total.to(self.like)


def _odd(table: Table) -> Table:
    """What codes -top .. top count, of a table that leaves out their sign."""
    return torch.cat([-table[: len(table) // 2], table[len(table) // 2 :]])
