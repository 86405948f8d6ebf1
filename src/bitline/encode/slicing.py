"""How the bits of an input code are shared out over slices and conversions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from bitline.encode.input_slices import byte_slices, input_slices, slice_count


@dataclass(frozen=True)
class InputSlicing:
    """Input codes cut into slices that drive the rows one after another, and what one conversion sees of them.

    Examples:
        >>> slicing = InputSlicing(magnitude_bits=8, slice_bits=2, accumulated=3)
        >>> slicing.slices, slicing.conversions, slicing.top
        (4, 2, 63)

    Attributes:
        magnitude_bits: bits of |code|.
        slice_bits: bits applied to a row at once.
        accumulated: slices that are added in analog before a conversion.
    """

    magnitude_bits: int
    slice_bits: int
    accumulated: int

    @property
    def slices(self) -> int:
        """Input slices of one product."""
        return slice_count(self.magnitude_bits, self.slice_bits)

    @property
    def conversions(self) -> int:
        """Conversions of one signal for one product, whose codes are added digitally."""
        return -(-self.slices // self.accumulated)

    @property
    def conversion_bits(self) -> int:
        """Input bits that one conversion sees."""
        return self.slice_bits * self.accumulated

    @property
    def top(self) -> int:
        """Input code or digit that drives a row at the full read voltage in one conversion."""
        return int(2**self.conversion_bits - 1)

    def conversion_inputs(self, codes: Tensor) -> Iterator[Tensor]:
        """What each conversion sees of input codes, the least significant first, all in the same memory."""
        if self.conversions == 1:
            return iter((codes,))
        return input_slices(codes, self.magnitude_bits, self.conversion_bits)

    def conversion_bytes(self, codes: Tensor, zero: int) -> Iterator[Tensor]:
        """`conversion_inputs` of codes in bytes, `zero` for code 0."""
        if self.conversions == 1:
            return iter((codes,))
        return byte_slices(codes, zero, self.magnitude_bits, self.conversion_bits)

    def radix(self, conversion: int) -> float:
        """Weight of a conversion in the digital sum, counted from the least significant."""
        return float(2 ** (self.conversion_bits * conversion))
