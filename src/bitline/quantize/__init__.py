"""Stage 1: a float network to integer codes.

After it: `encode` cuts the codes into digits of cells and of word-line inputs.
To add an input range policy, write one file and add it to `AnyInputRange` in `registry.py`.
"""

from bitline.quantize.input_ranges import InputScale, LeastErrorRange, PercentileRange, magnitude_bits_of
from bitline.quantize.inputs import input_bytes, input_codes
from bitline.quantize.registry import AnyInputRange
from bitline.quantize.row_drivers import RowDrivers
from bitline.quantize.straight_through import straight_through
from bitline.quantize.vector_range import VectorRange
from bitline.quantize.weights import weight_codes

__all__ = [
    "AnyInputRange",
    "InputScale",
    "LeastErrorRange",
    "PercentileRange",
    "RowDrivers",
    "VectorRange",
    "input_bytes",
    "input_codes",
    "magnitude_bits_of",
    "straight_through",
    "weight_codes",
]
