"""What architectures with table-driven transfer curves have in common."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from bitline.readout.adc import Adc, Sigma


class CircuitAdc(Adc):
    """A converter whose circuit errors make its transfer curve.

    Examples:
        An ideal converter of four bits, all of whose converters have the same offset:

        >>> import torch
        >>> from bitline.numerics.draws import Draws
        >>> from bitline.readout import TransferTable, ideal_edges
        >>> class OffsetAdc(CircuitAdc):
        ...     offset: float = 0.25
        ...
        ...     def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        ...         edges = ideal_edges(self.bits) + self.offset
        ...         return TransferTable.monotonic(edges.expand(arrays, converters, -1))
        >>> OffsetAdc(bits=4).tables(1, 1, Draws((0,))).convert(torch.tensor([[[0.6, 0.8]]]))
        tensor([[[0., 1.]]])
    """

    bits: Annotated[int, Field(ge=2, le=14)] = 8
    """Resolution: 2^bits levels, up to 14 bits, as every converter has a table of its curve."""
    comparator_offset_steps: Sigma = 0.0
    """Standard deviation of a comparator's offset, in steps of the ADC."""

    @model_validator(mode="after")
    def _check_table(self) -> Self:
        kind = self.kind or type(self).__name__
        if self.bits_saved:
            raise ValueError(
                f"adc.bits_saved is {list(self.bits_saved)} and adc.kind is {kind!r}: lower "
                "resolution of some conversions is simulated for adc.kind = 'uniform' only"
            )
        if self.range.is_guaranteed:
            raise ValueError(
                f"adc.kind is {kind!r} and adc.range is 'guaranteed', whose number of levels "
                "differs from layer to layer: use adc.range = 'full' or 'calibrated', or adc.kind = 'uniform'"
            )
        return self
