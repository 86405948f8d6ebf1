"""Stage 1: a float network to integer codes.

After it: `encode` cuts the codes into digits of cells and of word-line inputs.
"""

from bitline.quantize.input_ranges import AnyInputRange, InputScale, LeastErrorRange, PercentileRange
from bitline.quantize.inputs import input_codes
from bitline.quantize.weights import weight_codes

__all__ = [
    "AnyInputRange",
    "InputScale",
    "LeastErrorRange",
    "PercentileRange",
    "input_codes",
    "weight_codes",
]
