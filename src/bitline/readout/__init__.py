"""Stage 5: bit-line currents to digital numbers.

Before it: `arrays` sums currents. After it: the layer scales, adds its bias and hands on.
To add an ADC or a range policy, write one file and add it to `AnyAdc` in `registry.py` or `AnyRange` in `ranges.py`.
"""

from bitline.readout._sums import Sums
from bitline.readout._transfer import TransferTable, ideal_edges
from bitline.readout.accumulator import Accumulator
from bitline.readout.adc import Adc, NoAdc, ThermalNoise, UniformAdc
from bitline.readout.aligned import AlignedRange
from bitline.readout.architectures import CircuitAdc
from bitline.readout.bit_lines import BitLines, full_precision_bits
from bitline.readout.convert import convert_and_add, convert_columns_and_add
from bitline.readout.least_error import LeastErrorAdcRange
from bitline.readout.levels import Levels
from bitline.readout.lookup import lookup_and_add
from bitline.readout.ranges import AnyRange, BestOutputRange, CalibratedRange, FullRange, GuaranteedRange
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
    "GuaranteedRange",
    "LeastErrorAdcRange",
    "Levels",
    "NoAdc",
    "Sums",
    "ThermalNoise",
    "TransferTable",
    "UniformAdc",
    "convert_and_add",
    "convert_columns_and_add",
    "full_precision_bits",
    "ideal_edges",
    "lookup_and_add",
]
