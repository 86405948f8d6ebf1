"""Ramp converters."""

from __future__ import annotations

from typing import Literal

from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable
from bitline.readout.adc import Sigma
from bitline.readout.architectures._circuit import CircuitAdc


class RampAdc(CircuitAdc):
    """A staircase shared by all columns of an array, and a comparator for each converter that stops a counter.

    The staircase comes from a DAC of 2^bits equal capacitors switched one after the other, with relative errors; its
    ends are exact. All converters of an array see the same errors of the ramp, but each has its own offset (Spear et
    al., IEEE JXCDC 2023, for the kinds of errors).

    Examples:
        >>> RampAdc(bits=2, capacitor_mismatch=0.1).tables(arrays=1, converters=1, draws=Draws((0, 0, "adc"))).edges
        tensor([[[0.4118, 1.3842, 2.4103]]])
    """

    kind: Literal["ramp"] = "ramp"
    capacitor_mismatch: Sigma = 0.0
    """Standard deviation of a unit capacitor, relative."""

    @property
    def is_ideal(self) -> bool:
        return self.capacitor_mismatch == self.comparator_offset_steps == 0

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        count = 2**self.bits - 1
        capacitors = 1 + self.capacitor_mismatch * draws.normal((arrays, 1, count + 1), "ramp").double()
        steps = capacitors[..., :-1].cumsum(-1) * ((count + 1) / capacitors.sum(-1, keepdim=True))
        offsets = self.comparator_offset_steps * draws.normal((arrays, converters, 1), "comparators")
        return TransferTable.monotonic(steps - 0.5 + offsets)
