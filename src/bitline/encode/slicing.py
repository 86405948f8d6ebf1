"""How the bits of an input code are shared out over slices and conversions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from bitline.encode.input_slices import byte_slices, input_slices, slice_count


@dataclass(frozen=True)
class InputSlicing:
    """Input codes cut into slices that drive the rows one after another, and what one conversion sees of them.

    Slices are shared out from the most significant one, `accumulated` to a conversion; the first, least significant
    conversion has those that are left. An accumulator halves what it holds with every bit that follows (see
    `readout.Accumulator`), so a conversion of fewer slices reads them at the places of the last slices of the others,
    where the range of the ADC is used, and its codes count a power of two less in the digital sum.

    Examples:
        >>> slicing = InputSlicing(magnitude_bits=8, slice_bits=2, accumulated=3)
        >>> slicing.slices, slicing.conversions, slicing.top
        (4, 2, 63)
        >>> [slicing.slices_of(conversion) for conversion in range(2)]
        [1, 3]

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

    @property
    def empty_slices(self) -> int:
        """How many slices fewer than the others the least significant conversion sees."""
        return self.conversions * self.accumulated - self.slices

    def slices_of(self, conversion: int) -> int:
        """Input slices that a conversion sees, counted from the least significant."""
        return self.accumulated - (self.empty_slices if conversion == 0 else 0)

    def conversion_inputs(self, codes: Tensor) -> Iterator[Tensor]:
        """What each conversion sees of input codes, the least significant first, all in the same memory.

        Examples:
            >>> import torch
            >>> slicing = InputSlicing(magnitude_bits=3, slice_bits=1, accumulated=2)
            >>> [digits.item() for digits in slicing.conversion_inputs(torch.tensor(0b101))]
            [2, 2]
            >>> [slicing.radix(conversion) for conversion in range(2)]
            [0.5, 2.0]
        """
        if self.conversions == 1:
            return iter((codes,))
        return input_slices(codes, self.magnitude_bits, self.conversion_bits, self._empty_bits)

    def conversion_bytes(self, codes: Tensor, zero: int) -> Iterator[Tensor]:
        """`conversion_inputs` of codes in bytes, `zero` for code 0."""
        if self.conversions == 1:
            return iter((codes,))
        return byte_slices(codes, zero, self.magnitude_bits, self.conversion_bits, self._empty_bits)

    def radix(self, conversion: int) -> float:
        """Weight of a conversion in the digital sum, counted from the least significant."""
        return 2.0 ** (self.conversion_bits * conversion - self._empty_bits)

    @property
    def _empty_bits(self) -> int:
        return self.slice_bits * self.empty_slices
