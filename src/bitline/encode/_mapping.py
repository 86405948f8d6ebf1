"""What every way to put signed weight codes on cells has in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor

from bitline.config.variants import Variant
from bitline.encode.line_signs import LineSigns
from bitline.numerics.quotient import quotient
from bitline.shapes import Codes, Float, StoredCodes

FLOAT_BITS = 24
"""Bits of a code, with its sign, that float32 resolves."""


class WeightMapping(Variant):
    """Signed weight codes as digits of cells, on one or more bit lines for each matrix column.

    A code of `magnitude_bits` bits is cut into slices of `cell_bits` bits, least significant first; the digit d of a
    slice is stored as the fraction d / (2^cell_bits - 1) of the conductance window (Xiao et al. 2022, section 4.1).

    Examples:
        `Differential`, `TwoSided` and `Offset` are such mappings:

        >>> from bitline.encode import Differential
        >>> mapping = Differential(bits=8, bits_per_cell=3)
        >>> mapping.magnitude_bits, mapping.slices, mapping.radix, mapping.top_digit
        (7, 3, (1, 8, 64), 7)
    """

    RENAMED: ClassVar[dict[str, str]] = {"mapping": "kind"}
    CODE_SETTINGS: ClassVar[tuple[str, ...]] = ("bits", "scale", "percentile", "largest")
    """Settings that weight codes follow from."""

    bits: Annotated[int, Field(ge=2, le=24)] | Literal["float"] = 8
    """Bits of a weight code with its sign: -(2^(bits-1)-1) .. 2^(bits-1)-1; 'float' for weights that are not quantised
    further than float32 resolves the largest of them, to 2^-23 of it, on one cell each."""
    scale: Literal["layer", "channel"] = "layer"
    """One scale factor for the whole layer or one for each output channel."""
    percentile: Annotated[float, Field(gt=50, le=100)] = 100.0
    """Largest code at this percentile of |weight|; 100 clips nothing."""
    largest: Annotated[float, Field(gt=0, le=1e30)] | None = None
    """|weight| that gets the largest code, whatever the weights are: larger ones clip, and a larger number leaves
    headroom. If not given, it follows from each layer's weights by `scale` and `percentile`."""
    bits_per_cell: Annotated[int, Field(ge=1)] | Literal["unsliced"] = "unsliced"
    """Weight bits on one cell; 'unsliced' puts all of them on one."""
    accumulation: Literal["digital", "analog"] = "digital"
    """Convert the slices of a weight one by one, and shift and add the codes ('digital'); or add their currents before
    the ADC, each with the weight of its slice (ratios of mirrors or capacitors), and convert the sum ('analog')."""

    lines: ClassVar[int]
    """Bit lines for each matrix column."""
    keeps_all: ClassVar[bool] = True
    """Whether all weights are stored as they are."""

    @model_validator(mode="after")
    def _check_bits_per_cell(self) -> WeightMapping:
        if self.bits == "float" and self.bits_per_cell != "unsliced":
            raise ValueError(
                f"weights.bits is 'float' and weights.bits_per_cell is {self.bits_per_cell}, but weights without bits "
                "cannot be sliced: use weights.bits_per_cell = 'unsliced', or a number of bits"
            )
        if self.largest is not None and (self.scale != "layer" or self.percentile < 100):
            raise ValueError(
                f"weights.largest is {self.largest:g}, so weights.scale = {self.scale!r} and weights.percentile = "
                f"{self.percentile:g} have nothing to choose: leave them out, or weights.largest"
            )
        if self.cell_bits > self.magnitude_bits:
            raise ValueError(
                f"weights.bits_per_cell is {self.bits_per_cell}, but {self.bits}-bit {self.describe()} weights have "
                f"only {self.magnitude_bits} bits to store: use 1 to {self.magnitude_bits}, or 'unsliced'"
            )
        return self

    @property
    def code_bits(self) -> int:
        """Bits of a weight code with its sign."""
        return FLOAT_BITS if self.bits == "float" else self.bits

    @property
    def top_code(self) -> int:
        """Largest weight code."""
        return int(2 ** (self.code_bits - 1) - 1)

    @property
    def follows_codes(self) -> bool:
        """Whether what cells hold follows from their own weight code, whatever else is in their column."""
        return self.keeps_all

    @property
    def coding(self) -> dict[str, Any]:
        """What `quantize.weight_codes` takes besides weights."""
        return {name: getattr(self, name) for name in self.CODE_SETTINGS} | {"bits": self.code_bits}

    def quantises_like(self, other: WeightMapping) -> bool:
        """Whether weights have the same codes in both mappings, wherever these lie on cells."""
        return all(getattr(self, name) == getattr(other, name) for name in self.CODE_SETTINGS)

    def describe(self) -> str:
        """Name of the mapping in messages."""
        raise NotImplementedError

    @property
    def magnitude_bits(self) -> int:
        """Bits that are cut into slices."""
        raise NotImplementedError

    @property
    def readings(self) -> tuple[tuple[float, ...], ...]:
        """(readings, lines): how line currents are added before the ADC, one row for each conversion."""
        raise NotImplementedError

    @property
    def has_whole_readings(self) -> bool:
        """Whether readings are whole numbers where the cells are."""
        return all(weight == round(weight) for lines in self.readings for weight in lines)

    @property
    def reading_signs(self) -> tuple[float, ...]:
        """(readings,): how the converted readings of one slice are added after the ADC."""
        raise NotImplementedError

    @property
    def has_unit_column(self) -> bool:
        """Whether each array has an extra column that stores the code 0 and is subtracted from the others."""
        return False

    def digits(self, codes: Codes) -> Float[Tensor, "lines slices *codes"]:
        """Digits of integer codes as fractions of the conductance window.

        Args:
            codes: integers in a tensor of any shape.

        Returns:
            (lines, slices, *shape of the codes).
        """
        raise NotImplementedError

    def input_sum_factor(self, window_low: float) -> float:
        """The multiple of sum(x) that the recombined readings contain beyond w x, and that is removed digitally.

        Args:
            window_low: G_min / G_max.
        """
        raise NotImplementedError

    def kept(self, codes: StoredCodes, blocks: Sequence[slice]) -> StoredCodes:
        """Weight codes as cells can hold them.

        Args:
            codes: of a layer.
            blocks: rows of each row partition.
        """
        return codes

    def lost_share(self, codes: StoredCodes, blocks: Sequence[slice]) -> float:
        """Share of the squares of all weight codes that is lost in `kept`.

        Args:
            codes: of a layer.
            blocks: rows of each row partition.
        """
        lost = (codes - self.kept(codes, blocks)).double().square().sum()
        return float(lost / codes.double().square().sum().clamp(min=1))

    def line_signs(self, codes: StoredCodes, blocks: Sequence[slice], window_low: float) -> LineSigns | None:
        """How each line counts in the digital sum; None where all of a reading and slice count the same.

        Args:
            codes: of a layer.
            blocks: rows of each row partition.
            window_low: G_min / G_max.
        """
        return None

    def mirrored_digits(self, codes: Codes) -> Float[Tensor, "lines slices *codes"]:
        """`digits` of lines that hold the largest digit less that of the code."""
        return 1 - self.digits(codes)

    def removals(self, window_low: float, partitions: int) -> int:
        """Additions for each output that take multiples of sums of the inputs away.

        Args:
            window_low: G_min / G_max.
            partitions: row partitions of the matrix.
        """
        return int(self.input_sum_factor(window_low) != 0)

    @property
    def filled(self) -> float:
        """Largest sum of the digits of a line, over that of cells that all hold the largest digit."""
        return 1.0

    @property
    def cell_bits(self) -> int:
        """Bits on one cell as a number."""
        return self.magnitude_bits if self.bits_per_cell == "unsliced" else self.bits_per_cell

    @property
    def slices(self) -> int:
        """Number of weight slices: the cells over which a magnitude is spread."""
        return -(-self.magnitude_bits // self.cell_bits)

    @property
    def top_digit(self) -> int:
        """Largest digit of a cell, stored as G_max."""
        return int(2**self.cell_bits - 1)

    @property
    def radix(self) -> tuple[float, ...]:
        """(slices,): weight of each slice in the digital sum."""
        return tuple(int(2 ** (self.cell_bits * index)) for index in range(self.slices))

    @property
    def adds_slices(self) -> bool:
        """Whether the slices of a weight are added before the ADC."""
        return self.accumulation == "analog"

    @property
    def converted_radix(self) -> tuple[float, ...]:
        """Weight in the digital sum of what is converted of a reading: of each slice, or of the sum of all."""
        return self.radix[:1] if self.adds_slices else self.radix

    @property
    def added_radix(self) -> tuple[float, ...]:
        """Weights with which slices are added before one conversion; 1 where each is converted by itself."""
        return self.radix if self.adds_slices else (1.0,)

    @property
    def converted_bits(self) -> int:
        """Weight bits in one conversion, without a sign."""
        return self.magnitude_bits if self.adds_slices else self.cell_bits

    @property
    def largest_digits(self) -> float:
        """Largest magnitude that a conversion sees of one weight, in digits of the least significant slice."""
        return float(2**self.converted_bits - 1)

    @property
    def terms(self) -> int:
        """Terms of the digital sum that one reading of each slice gives."""
        return len(self.converted_radix)

    @property
    def signed_readings(self) -> bool:
        """Whether cells are subtracted before the ADC, so that currents at G_min cancel."""
        return any(min(row) < 0 for row in self.readings)

    @property
    def signed_conversions(self) -> bool:
        """Whether what is converted can be negative with inputs that are not."""
        return self.signed_readings or min(self.added_radix) < 0

    @property
    def reading_bits(self) -> int:
        """Weight bits in one conversion, with the sign where something is subtracted before the ADC."""
        return self.converted_bits + (1 if self.signed_conversions else 0)

    @property
    def reading_step(self) -> float:
        """Smallest difference between what two weights add to a reading, in digits."""
        return 1.0

    def slice_digits(self, magnitude: Codes) -> Float[Tensor, "slices *codes"]:
        """Cut non-negative integers into digits / top_digit.

        Args:
            magnitude: integers in a tensor of any shape.

        Returns:
            (slices, *shape of the magnitude), in its precision, or float32 if it is not floating.
        """
        whole = magnitude.to(torch.int32)
        count = -(-self.magnitude_bits // self.cell_bits)
        digits = [(whole >> (self.cell_bits * index)) & self.top_digit for index in range(count)]
        precision = magnitude.dtype if magnitude.is_floating_point() else torch.float32
        return quotient(torch.stack(digits).to(precision), self.top_digit)
