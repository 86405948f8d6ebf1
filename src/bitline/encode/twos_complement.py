"""Two's complement: bit slices, of which the sign bit's counts negatively."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import model_validator
from torch import Tensor

from bitline.encode.single_line import SingleLine
from bitline.numerics.quotient import quotient
from bitline.shapes import Codes, Float


class TwosComplement(SingleLine):
    """One cell for each slice of the lower bits, and one for the sign bit.

    W x = sum_k 2^(k b) W_k x - 2^(bits-1) S x, where W_k are the slices of the lower bits - 1 bits of the two's
    complement and S the sign bits. A digital sum can subtract what a converter gives, but not what a part of a cell
    adds to a current, so the sign bit never shares a cell with other bits. It lies where the top bit of a cell lies: a
    cell of b bits stores it as the digit 2^(b-1), so that its slice, too, counts a power of two. The Memristive
    Boltzmann Machine (Bojnordi and Ipek, HPCA 2016) stores weights like this, one bit a cell.

    Examples:
        The codes 2 = 0b010, 0 and -3 = 0b101, least significant bit first:

        >>> mapping = TwosComplement(bits=3, bits_per_cell=1)
        >>> mapping.digits(torch.tensor([2, 0, -3]))
        tensor([[[0., 0., 1.],
                 [1., 0., 0.],
                 [0., 0., 1.]]])
        >>> mapping.radix
        (1.0, 2.0, -4.0)
    """

    kind: Literal["twos-complement"] = "twos-complement"

    @model_validator(mode="after")
    def _check_bits(self) -> TwosComplement:
        if self.bits == "float":
            raise ValueError(
                f"weights.bits is 'float' and weights.kind is {self.kind!r}, but weights without bits have no "
                "complement: use a number of bits, or weights.kind = 'differential'"
            )
        return self

    def describe(self) -> str:
        return "two's complement"

    @property
    def magnitude_bits(self) -> int:
        return self.code_bits - 1

    @property
    def slices(self) -> int:
        return super().slices + 1

    @property
    def sign_value(self) -> int:
        """What the sign bit of a negative code takes away from its lower bits."""
        return int(2 ** (self.code_bits - 1))

    @property
    def sign_digit(self) -> int:
        """Digit of a cell that stores a sign bit of 1."""
        return int(2 ** (self.cell_bits - 1))

    @property
    def radix(self) -> tuple[float, ...]:
        lower = [float(2 ** (self.cell_bits * index)) for index in range(self.slices - 1)]
        return (*lower, -self.sign_value / self.sign_digit)

    def digits(self, codes: Codes) -> Float[Tensor, "lines slices *codes"]:
        negative = codes < 0
        lower = self.slice_digits(torch.where(negative, codes + self.sign_value, codes))
        signs = quotient(self.sign_digit * negative.to(lower), self.top_digit)
        return torch.cat([lower, signs[None]])[None]
