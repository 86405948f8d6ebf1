"""Stage 5: bit-line currents to digital numbers.

Before it: `arrays` sums currents. After it: the layer scales, adds its bias and hands on.
To add an ADC, write one file and add it to `AnyAdc` in `registry.py`; range policies live in `ranges/`, which has
its own registry.
"""

from bitline.readout._sums import Sums
from bitline.readout._transfer import TransferTable, ideal_edges
from bitline.readout.accumulator import Accumulator
from bitline.readout.adc import Adc, NoAdc, ThermalNoise, UniformAdc, bits_saved
from bitline.readout.architectures import CircuitAdc
from bitline.readout.bit_lines import BitLines, full_precision_bits
from bitline.readout.convert import convert_and_add, convert_columns_and_add, convert_sums_and_add, scale_sums
from bitline.readout.levels import Levels
from bitline.readout.lookup import lookup_and_add
from bitline.readout.ranges import (
    AlignedRange,
    AnyRange,
    BestOutputRange,
    CalibratedRange,
    FullRange,
    GivenRange,
    GuaranteedRange,
    LeastErrorAdcRange,
    RangePolicy,
)
from bitline.readout.registry import AnyAdc

__all__ = [
    "Accumulator",
    "Adc",
    "AlignedRange",
    "AnyAdc",
    "AnyRange",
    "BestOutputRange",
    "BitLines",
    "CalibratedRange",
    "CircuitAdc",
    "FullRange",
    "GivenRange",
    "GuaranteedRange",
    "LeastErrorAdcRange",
    "Levels",
    "NoAdc",
    "RangePolicy",
    "Sums",
    "ThermalNoise",
    "TransferTable",
    "UniformAdc",
    "bits_saved",
    "convert_and_add",
    "convert_columns_and_add",
    "convert_sums_and_add",
    "full_precision_bits",
    "ideal_edges",
    "lookup_and_add",
    "scale_sums",
]
