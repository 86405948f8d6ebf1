"""One's complement: bit slices, and a negative code has all of its bits inverted."""

from __future__ import annotations

from typing import Literal

from bitline.encode.twos_complement import TwosComplement


class OnesComplement(TwosComplement):
    """Two's complement cells, but the sign bit counts -(2^(bits-1) - 1).

    W x = sum_k 2^(k b) W_k x - 2^(bits-1) S x + S x, where W_k are the slices of the lower bits - 1 bits, all inverted
    in negative codes, and S the sign bits. What the sign bits give is subtracted with its place value and added once
    more, which takes one addition more than two's complement. With one bit a cell, what cells at G_min add to the sum
    cancels. Genov and Cauwenberghs (IEEE TCAS-II 48(10), 2001) store matrices
    like this, one bit a cell.

    Examples:
        The codes 2 = 0b010, 0 and -3 = 0b100, least significant bit first:

        >>> import torch
        >>> mapping = OnesComplement(bits=3, bits_per_cell=1)
        >>> mapping.digits(torch.tensor([2, 0, -3]))
        tensor([[[0., 0., 0.],
                 [1., 0., 0.],
                 [0., 0., 1.]]])
        >>> mapping.radix, mapping.input_sum_factor(window_low=0.1)
        ((1.0, 2.0, -3.0), 0.0)
    """

    kind: Literal["ones-complement"] = "ones-complement"  # type: ignore[assignment]

    def describe(self) -> str:
        return "one's complement"

    @property
    def sign_value(self) -> int:
        return int(2 ** (self.code_bits - 1) - 1)

    @property
    def terms(self) -> int:
        return super().terms if self.adds_slices else self.slices + 1
