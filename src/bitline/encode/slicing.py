"""How the bits of an input code are shared out over slices and conversions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.encode.input_slices import byte_slices, input_slices, slice_count


@dataclass(frozen=True)
class InputSlicing:
    """Input codes cut into slices that drive the rows one after another, and what one conversion sees of them.

    Slices are shared out from the most significant one, `accumulated` to a conversion; the first, least significant
    conversion has those that are left. An accumulator halves what it holds with every bit that follows (see
    `readout.Accumulator`), so a conversion of fewer slices reads them at the places of the last slices of the others,
    where the range of the ADC is used, and its codes count a power of two less in the digital sum.

    Where inputs of both signs take turns, all conversions of the positive ones come first, then those of the magnitudes
    of the negative ones, whose codes are subtracted.

    Examples:
        >>> slicing = InputSlicing(magnitude_bits=8, slice_bits=2, accumulated=3)
        >>> slicing.slices, slicing.conversions, slicing.top
        (4, 2, 63)
        >>> [slicing.slices_of(conversion) for conversion in range(2)]
        [1, 3]
        >>> InputSlicing(magnitude_bits=7, slice_bits=7, accumulated=1, polarities=2).conversions
        2

    Attributes:
        magnitude_bits: bits of |code|.
        slice_bits: bits applied to a row at once.
        accumulated: slices that are added in analog before a conversion.
        polarities: 2 where positive and negative inputs take turns, so that no digit is negative; 1 where they are
            applied together, or none is negative.
    """

    magnitude_bits: int
    slice_bits: int
    accumulated: int
    polarities: int = 1

    @property
    def slices(self) -> int:
        """Input slices of one product, for each polarity."""
        return slice_count(self.magnitude_bits, self.slice_bits)

    @property
    def conversions(self) -> int:
        """Conversions of one signal for one product, whose codes are added digitally."""
        return self.polarities * self.places

    @property
    def places(self) -> int:
        """Conversions of each polarity: places of their codes in the digital sum."""
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
        return self.places * self.accumulated - self.slices

    def slices_of(self, conversion: int) -> int:
        """Input slices that a conversion sees, counted from the least significant of the positive inputs."""
        return self.accumulated - (self.empty_slices if conversion % self.places == 0 else 0)

    def conversion_inputs(self, codes: Tensor) -> Iterator[Tensor]:
        """What each conversion sees of input codes, the least significant first, all in the same memory.

        Examples:
            >>> import torch
            >>> slicing = InputSlicing(magnitude_bits=3, slice_bits=1, accumulated=2)
            >>> [digits.item() for digits in slicing.conversion_inputs(torch.tensor(0b101))]
            [2, 2]
            >>> [slicing.radix(conversion) for conversion in range(2)]
            [0.5, 2.0]
            >>> slicing = InputSlicing(magnitude_bits=3, slice_bits=3, accumulated=1, polarities=2)
            >>> [digits.tolist() for digits in slicing.conversion_inputs(torch.tensor([5.0, -3.0]))]
            [[5.0, 0.0], [0.0, 3.0]]
            >>> [slicing.radix(conversion) for conversion in range(2)]
            [1.0, -1.0]
        """
        for inputs in (codes,) if self.polarities == 1 else (codes.clamp(min=0), codes.neg().clamp_(min=0)):
            if self.places == 1:
                yield inputs
            else:
                yield from input_slices(inputs, self.magnitude_bits, self.conversion_bits, self._empty_bits)

    def conversion_bytes(self, codes: Tensor, zero: int) -> Iterator[Tensor]:
        """`conversion_inputs` of codes in bytes, `zero` for code 0."""
        for inputs in (codes,) if self.polarities == 1 else _bytes_of_polarities(codes, zero):
            if self.places == 1:
                yield inputs
            else:
                yield from byte_slices(inputs, zero, self.magnitude_bits, self.conversion_bits, self._empty_bits)

    def radix(self, conversion: int) -> float:
        """Weight of a conversion in the digital sum, counted as for `slices_of`."""
        sign = 1 if conversion < self.places else -1
        return sign * 2.0 ** (self.conversion_bits * (conversion % self.places) - self._empty_bits)

    @property
    def _empty_bits(self) -> int:
        return self.slice_bits * self.empty_slices


def _bytes_of_polarities(codes: Tensor, zero: int) -> tuple[Tensor, Tensor]:
    """Codes in bytes without those below 0, and the magnitudes of those.

    Examples:
        >>> [part.tolist() for part in _bytes_of_polarities(torch.tensor([130, 128, 125], dtype=torch.uint8), zero=128)]
        [[130, 128, 128], [128, 128, 131]]
    """
    mirrored = (2 * zero - codes.to(torch.int16)).clamp_(min=zero)
    return codes.clamp(min=zero), mirrored.to(torch.uint8)
