"""How activations drive the word lines: the inputs of a Design."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bitline.config.part import Part
from bitline.encode import FLOAT_BITS, InputSlicing, slice_count
from bitline.numerics.histogram import Histogram
from bitline.numerics.summary import counted
from bitline.quantize import AnyInputRange, InputScale, PercentileRange, RowDrivers
from bitline.readout import Accumulator


class Inputs(Part):
    """How activations drive the word lines.

    Examples:
        >>> Inputs(bits=8, slice_bits=2).slicing(magnitude_bits=8, signed=False).slices
        4
    """

    bits: Annotated[int, Field(ge=1, le=24)] | Literal["float"] = 8
    """Bits of an input code; one of them is the sign where a layer's inputs can be negative (sign-magnitude). 'float'
    for voltages that are not quantised further than float32 resolves the largest of them, applied at once."""
    slice_bits: Annotated[int, Field(ge=1, le=16)] = 1
    """Input bits applied to a row at once (resolution of the row driver), no more than the magnitude has: 3 of 4-bit
    codes with a sign."""
    accumulation: Literal["analog", "digital", "mixed"] = "analog"
    """Add input slices in analog (one conversion per product), digitally (one conversion per input slice), or mixed:
    `analog_slices` of them in analog, then the conversions digitally."""
    analog_slices: Annotated[int, Field(ge=1, le=16)] = 2
    """Input slices that one conversion sees where accumulation is 'mixed', counted from the most significant one; the
    first conversion, of the least significant slices, sees those that are left."""
    accumulator: Accumulator = Accumulator()
    """The circuit that adds input slices in analog."""
    drivers: RowDrivers = RowDrivers()
    """The circuits that turn digits into the voltages of the rows."""
    range: AnyInputRange = PercentileRange()
    """How the calibration images set the largest input: 'percentile' or 'least-error'; or that of each vector:
    'per-vector'."""
    signed: Literal["auto"] | bool = "auto"
    """Whether input codes have a sign: true, false (negative inputs count as 0), or 'auto': in the layers whose
    calibration inputs hold a negative number."""
    polarities: Literal["together", "separate"] = "together"
    """How negative inputs are applied: 'together' with positive ones, rows at the opposite voltage; or 'separate',
    in a second pass after the positive ones, at the same voltage and with conversions of its own, whose codes are
    subtracted digitally. That takes two conversions for one, and voltages of one sign."""

    @model_validator(mode="after")
    def _check_slices(self) -> Self:
        if self.bits == "float" and (self.slice_bits, self.accumulation) != (1, "analog"):
            raise ValueError(
                f"inputs.bits is 'float', inputs.slice_bits is {self.slice_bits} and inputs.accumulation is "
                f"{self.accumulation!r}, but inputs without bits are applied at once and cannot be sliced: leave the "
                "other two out, or use a number of bits"
            )
        if self.bits != "float" and self.slice_bits > self.bits:
            raise ValueError(
                f"inputs.slice_bits is {self.slice_bits}, but inputs have only {counted(self.bits, 'bit')}: use 1 to "
                f"{self.bits}"
            )
        return self

    @model_validator(mode="after")
    def _check_sign(self) -> Self:
        if self.signed is True and self.bits == 1:
            raise ValueError(
                "inputs.signed is true and inputs.bits is 1, which leaves nothing beside the sign: use inputs.bits = 2 "
                "or more, or inputs.signed = false"
            )
        return self

    def without_errors(self) -> Inputs:
        """The same inputs with exact drivers and accumulators."""
        return self.model_copy(update={"drivers": RowDrivers(), "accumulator": Accumulator()})

    @property
    def code_bits(self) -> int:
        """Bits of an input code."""
        return FLOAT_BITS if self.bits == "float" else self.bits

    @property
    def applied_bits(self) -> int:
        """Input bits that are applied to a row at once."""
        return FLOAT_BITS if self.bits == "float" else self.slice_bits

    @property
    def largest_magnitude_bits(self) -> int:
        """Bits of |code| of the inputs that have most: those without a sign, unless all have one."""
        return self.code_bits - (self.signed is True)

    def scale(self, seen: Histogram, name: str = "a layer") -> InputScale:
        """Quantisation of a layer's inputs.

        Args:
            seen: inputs of the layer on the calibration images.
            name: what a message calls the layer.

        Raises:
            DesignError: inputs below 0, and no bit for the sign.

        Examples:
            >>> seen = Histogram()
            >>> Inputs(range={"kind": "given", "high": 127.0}, signed=True).scale(seen)
            InputScale(step=1.0, magnitude_bits=7, signed=True)
        """
        return self.range.scale(seen, self.code_bits, name, None if self.signed == "auto" else self.signed)

    def slicing(self, magnitude_bits: int, signed: bool) -> InputSlicing:
        """How input codes with so many bits of magnitude are applied and converted.

        Args:
            magnitude_bits: of |code|.
            signed: whether codes have a sign.
        """
        slice_bits = min(self.applied_bits, magnitude_bits)
        slices = slice_count(magnitude_bits, slice_bits)
        together = {"analog": slices, "digital": 1, "mixed": self.analog_slices}[self.accumulation]
        polarities = 2 if signed and self.polarities == "separate" else 1
        return InputSlicing(magnitude_bits, slice_bits, min(slices, together), polarities)
