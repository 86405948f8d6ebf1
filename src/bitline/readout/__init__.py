"""Stage 5: bit-line currents to digital numbers.

Before it: `arrays` sums currents. After it: the layer scales, adds its bias and hands on.
To add an ADC or a range policy, write one file and add it to `AnyAdc` or `AnyRange`.
"""

from bitline.readout.adc import AnyAdc, NoAdc, UniformAdc
from bitline.readout.bit_lines import BitLines, full_precision_bits
from bitline.readout.convert import convert_and_add
from bitline.readout.levels import Levels
from bitline.readout.ranges import AnyRange, CalibratedRange, FullRange, GuaranteedRange

__all__ = [
    "AnyAdc",
    "AnyRange",
    "BitLines",
    "CalibratedRange",
    "FullRange",
    "GuaranteedRange",
    "Levels",
    "NoAdc",
    "UniformAdc",
    "convert_and_add",
    "full_precision_bits",
]
