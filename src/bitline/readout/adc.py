"""What all analog-to-digital converters have in common, and the ideal one."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from bitline.config.part import Part
from bitline.config.variants import Variant
from bitline.numerics.constants import BOLTZMANN_J_PER_K
from bitline.numerics.draws import Draws
from bitline.readout._transfer import TransferTable
from bitline.readout.ranges import AnyRange, CalibratedRange, RangePolicy

Sigma = Annotated[float, Field(ge=0, le=1e6)]


class NoAdc(Variant):
    """Readout with unlimited resolution: what the cells alone do to the result.

    It has what every ADC has, as constants: nothing to calibrate, no noise, no bits to save.

    Examples:
        >>> NoAdc().converts, NoAdc().noise
        (False, 0.0)
    """

    kind: Literal["none"] = "none"

    converts: ClassVar[bool] = False
    bits: ClassVar[int] = 0
    range: ClassVar[RangePolicy] = RangePolicy()
    ranges_per: ClassVar[tuple[str, ...]] = ()
    centred: ClassVar[bool] = False
    calibrated_on: ClassVar[str] = "ideal"
    skip_zero_inputs: ClassVar[bool] = False
    bits_saved: ClassVar[tuple[int, ...]] = ()
    columns_per_adc: ClassVar[int] = 1
    rate_MS_per_s: ClassVar[float | None] = None
    noise: ClassVar[float] = 0.0
    is_ideal: ClassVar[bool] = True
    approximations: ClassVar[tuple[str, ...]] = ()

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        """There are none."""
        raise NotImplementedError("adc.kind is 'none': there are no converters")


class ThermalNoise(Part):
    """Noise of sampling on capacitors, kT/C, referred to the input of the ADC.

    Examples:
        >>> round(ThermalNoise(capacitance_fF=10.0).sigma(bits=8), 3)
        0.165
    """

    capacitance_fF: Annotated[float, Field(gt=0)] | None = None
    """Capacitor of integrator, accumulator or sampler; no noise if not given."""
    full_scale_V: Annotated[float, Field(gt=0)] = 1.0
    """Voltage on it over the whole range of the ADC."""
    samples: Annotated[int, Field(ge=1)] = 1
    """Independent samples in one conversion: the cycles of a switched-capacitor accumulator, for example."""
    temperature_K: Annotated[float, Field(gt=0)] = 300.0
    """Temperature."""

    def sigma(self, bits: int) -> float:
        """Standard deviation in steps of an ADC of so many bits."""
        if self.capacitance_fF is None:
            return 0.0
        volts = math.sqrt(self.samples * BOLTZMANN_J_PER_K * self.temperature_K / (self.capacitance_fF * 1e-15))
        return float(volts * 2**bits / self.full_scale_V)


class Adc(Variant):
    """A converter of uniform levels, perhaps with errors of its circuit.

    Examples:
        >>> round(Adc(bits=8, noise_steps=0.3, thermal_noise={"capacitance_fF": 10.0}).noise, 3)
        0.342
    """

    converts: ClassVar[bool] = True
    """Whether signals are turned into codes at all; `NoAdc` has the same attributes and does not."""

    bits: Annotated[int, Field(ge=1, le=32)] = 8
    """Resolution: 2^bits levels."""
    range: AnyRange = CalibratedRange()
    """Where the levels lie: 'calibrated', 'least-error', 'best-output', 'aligned', 'full', 'guaranteed' or 'given'."""
    ranges_per: tuple[Literal["input-slice", "partition", "column"], ...] = ()
    """Ranges of their own, besides for each layer and weight slice, for each 'input-slice' (where their conversions are
    added digitally), each row 'partition', each 'column' (a gain and offset stage for every column). Those that
    showed fewer than 999 signals during calibration have the range of their layer."""
    centred: bool = False
    """Subtract what each column gives on average before its conversion, and add it digitally."""
    calibrated_on: Literal["ideal", "chip"] = "ideal"
    """Whose signals ranges are calibrated on: those of exact cells on lines without resistance ('ideal'), which a
    designer knows before there is a chip, or those of a chip with all errors of its cells, its wires and its read
    noise ('chip'). It is a chip of its own, none of those that are evaluated; all of them get its ranges."""
    skip_zero_inputs: bool = False
    """Leave conversions out where all inputs of an array are 0 (an OR over the row drivers): they count as 0, also
    where the range leaves 0 out."""
    bits_saved: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """Bits that conversions of low-order input bits do without, least significant conversion first: (3, 2, 1) saves six
    bit decisions of every product with digital accumulation. Steps are 2^s times as large, and codes those within the
    same range: ceil(low / 2^s) to floor(high / 2^s)."""
    noise_steps: Sigma = 0.0
    """Input-referred noise of every conversion, rms, in steps of the ADC."""
    thermal_noise: ThermalNoise = ThermalNoise()
    """kT/C noise, in addition."""
    columns_per_adc: Annotated[int, Field(ge=1)] = 1
    """Neighbouring columns of an array that take turns on one converter."""
    rate_MS_per_s: Annotated[float, Field(gt=0)] | None = None
    """Conversions per second of one converter, in millions, for models of time and energy; not set if not given."""

    @property
    def noise(self) -> float:
        """Standard deviation of all noise, in steps."""
        return math.hypot(self.noise_steps, self.thermal_noise.sigma(self.bits))

    @property
    def is_ideal(self) -> bool:
        """Whether every converter has the ideal transfer curve."""
        return True

    @property
    def approximations(self) -> tuple[str, ...]:
        """What a reader of results should know of its curves, one sentence each."""
        return ()

    def tables(self, arrays: int, converters: int, draws: Draws) -> TransferTable:
        """Transfer curves of the converters of one chip and layer.

        Args:
            arrays: arrays of the layer, once for each reading; what converters share they share within one.
            converters: of each array.
            draws: random numbers of this chip and layer.
        """
        raise NotImplementedError


def bits_saved(adc: Adc | NoAdc, conversions: int) -> tuple[int, ...]:
    """Bits that each conversion of a signal does without, the least significant first.

    A conversion that has all input bits saves none.

    Args:
        adc: the converter.
        conversions: of one signal.

    Examples:
        >>> bits_saved(Adc(bits_saved=[3, 2]), conversions=4), bits_saved(Adc(bits_saved=[3]), conversions=1)
        ((3, 2, 0, 0), (0,))
    """
    return (*adc.bits_saved, *[0] * conversions)[:conversions] if conversions > 1 else (0,)


class UniformAdc(Adc):
    """Uniform levels, round to nearest, clip at the ends.

    Examples:
        >>> adc = UniformAdc(bits=6, range="full")
        >>> adc.range.kind, adc.is_ideal
        ('full', True)
    """

    kind: Literal["uniform"] = "uniform"
