"""Flash converters."""

from __future__ import annotations

from typing import Literal

from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable
from bitline.readout.adc import Sigma
from bitline.readout.architectures._circuit import CircuitAdc


class FlashAdc(CircuitAdc):
    """A comparator for every edge, with references from a resistor ladder.

    Each comparator has its own offset; the ladder's resistors have relative errors, and its ends are exact. The number
    of comparators that are on is the code, so bubbles do not matter.

    Examples:
        >>> FlashAdc(bits=2, resistor_mismatch=0.1).tables(arrays=1, converters=1, draws=Draws((0, 0, "adc"))).edges
        tensor([[[0.4018, 1.5066, 2.5582]]])
    """

    kind: Literal["flash"] = "flash"
    resistor_mismatch: Sigma = 0.0
    """Standard deviation of a ladder resistor, relative."""

    @property
    def is_ideal(self) -> bool:
        return self.resistor_mismatch == self.comparator_offset_steps == 0

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        count = 2**self.bits - 1
        resistors = 1 + self.resistor_mismatch * draws.normal((arrays, converters, count + 1), "ladder").double()
        taps = resistors[..., :-1].cumsum(-1) * ((count + 1) / resistors.sum(-1, keepdim=True))
        offsets = self.comparator_offset_steps * draws.normal((arrays, converters, count), "comparators")
        return TransferTable.monotonic((taps - 0.5 + offsets).sort(-1).values)
