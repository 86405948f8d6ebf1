"""Stage 2: integer codes to digits on cells and on input wires.

Before it: `quantize` makes the codes. After it: `devices` programs the digits as conductances.
To add a mapping, write one file with a `WeightMapping` and add it to `AnyWeights` in `registry.py`.
"""

from bitline.encode._mapping import FLOAT_BITS, WeightMapping
from bitline.encode.differential import Differential
from bitline.encode.input_slices import input_slices, slice_count
from bitline.encode.offset import Offset
from bitline.encode.registry import AnyWeights
from bitline.encode.slicing import InputSlicing
from bitline.encode.two_sided import TwoSided

__all__ = [
    "FLOAT_BITS",
    "AnyWeights",
    "Differential",
    "InputSlicing",
    "Offset",
    "TwoSided",
    "WeightMapping",
    "input_slices",
    "slice_count",
]
