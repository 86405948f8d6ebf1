"""Energy, time and area of analog-to-digital converters by architecture.

To add an architecture, write a class here and add it to `AnyConverter` in `architectures.py`; `kind` is the name of the
readout's converter.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bitline.config.part import Part
from bitline.cost.quantity import AnyQuantity, AnyRate, AnyShare


class Converter(Part):
    """A converter as a circuit. Energies are of one conversion."""

    def energy_pJ(self, bits: int) -> float:
        """Energy of one conversion.

        Args:
            bits: resolution.
        """
        raise NotImplementedError

    def time_ns(self, bits: int) -> float:
        """Time of one conversion at the circuit's own rate."""
        raise NotImplementedError

    def area_um2(self, bits: int) -> float:
        """Area of one converter."""
        raise NotImplementedError


class RampConverter(Converter):
    """A comparator and a counter for each converter, one ramp for all: time and energy double with every bit."""

    kind: Literal["ramp"] = "ramp"
    bits: Annotated[int, Field(ge=1, le=32)]
    """Resolution of the numbers below."""
    clock_GHz: AnyRate
    """Levels of the ramp per nanosecond."""
    conversion_pJ: AnyQuantity
    """Energy of a conversion with `bits` bits."""
    area: AnyQuantity
    """Area with `bits` bits in um^2; comparator and counter grow with the number of bits."""

    def energy_pJ(self, bits: int) -> float:
        return float(self.conversion_pJ.value * 2.0 ** (bits - self.bits))

    def time_ns(self, bits: int) -> float:
        return float(2**bits / self.clock_GHz.value)

    def area_um2(self, bits: int) -> float:
        return self.area.value * bits / self.bits


class SarConverter(Converter):
    """Successive approximation: comparator and logic work once for each bit, the capacitor array doubles with each."""

    kind: Literal["sar", "split-sar"] = "sar"
    bits: Annotated[int, Field(ge=1, le=32)]
    """Resolution of the numbers below."""
    rate_MS_per_s: AnyRate
    """Conversions per microsecond with `bits` bits."""
    conversion_pJ: AnyQuantity
    """Energy of a conversion with `bits` bits."""
    capacitor_share: AnyShare
    """Share of the capacitor array in energy and area with `bits` bits."""
    area: AnyQuantity
    """Area with `bits` bits in um^2."""

    def _scale(self, bits: int) -> float:
        share = self.capacitor_share.value
        return float((1 - share) * bits / self.bits + share * 2.0 ** (bits - self.bits))

    def energy_pJ(self, bits: int) -> float:
        return self.conversion_pJ.value * self._scale(bits)

    def time_ns(self, bits: int) -> float:
        return 1e3 / self.rate_MS_per_s.value * bits / self.bits

    def area_um2(self, bits: int) -> float:
        return self.area.value * self._scale(bits)


class FlashConverter(Converter):
    """2^bits - 1 comparators that decide at once."""

    kind: Literal["flash"] = "flash"
    rate_MS_per_s: AnyRate
    """Conversions per microsecond."""
    comparator_pJ: AnyQuantity
    """Energy of one decision of one comparator, its share of encoder and references included."""
    comparator_area: AnyQuantity
    """Area of one comparator in um^2, its share of encoder and references included."""

    def energy_pJ(self, bits: int) -> float:
        return float(self.comparator_pJ.value * (2**bits - 1))

    def time_ns(self, bits: int) -> float:
        return 1e3 / self.rate_MS_per_s.value

    def area_um2(self, bits: int) -> float:
        return float(self.comparator_area.value * (2**bits - 1))


class PipelineConverter(Converter):
    """A stage for each bit, a conversion in every clock cycle."""

    kind: Literal["pipeline"] = "pipeline"
    rate_MS_per_s: AnyRate
    """Conversions per microsecond."""
    stage_pJ: AnyQuantity
    """Energy of a stage."""
    stage_area: AnyQuantity
    """Area of a stage in um^2."""

    def energy_pJ(self, bits: int) -> float:
        return self.stage_pJ.value * bits

    def time_ns(self, bits: int) -> float:
        return 1e3 / self.rate_MS_per_s.value

    def area_um2(self, bits: int) -> float:
        return self.stage_area.value * bits


class CyclicConverter(Converter):
    """One stage that takes a clock cycle for each bit."""

    kind: Literal["cyclic"] = "cyclic"
    clock_GHz: AnyRate
    """Bits per nanosecond."""
    stage_pJ: AnyQuantity
    """Energy of a cycle."""
    stage_area: AnyQuantity
    """Area in um^2."""
    more_cycles: Annotated[int, Field(ge=0)] = 0
    """Cycles before the first bit, such as those that sample and reset."""

    def energy_pJ(self, bits: int) -> float:
        return self.stage_pJ.value * (bits + self.more_cycles)

    def time_ns(self, bits: int) -> float:
        return (bits + self.more_cycles) / self.clock_GHz.value

    def area_um2(self, bits: int) -> float:
        return self.stage_area.value
