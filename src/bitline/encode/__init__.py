"""Stage 2: integer codes to digits on cells and on input wires.

Before it: `quantize` makes the codes. After it: `devices` programs the digits as conductances.
To add a mapping, write one file with a `WeightMapping` and add it to `AnyWeights` in `registry.py`.
"""

from bitline.encode._mapping import FLOAT_BITS, WeightMapping
from bitline.encode.differential import Differential
from bitline.encode.input_slices import input_slices, slice_count
from bitline.encode.line_signs import LineSigns
from bitline.encode.offset import Offset
from bitline.encode.ones_complement import OnesComplement
from bitline.encode.polarised import Polarised
from bitline.encode.registry import AnyWeights
from bitline.encode.slicing import InputSlicing
from bitline.encode.two_sided import TwoSided
from bitline.encode.twos_complement import TwosComplement

__all__ = [
    "FLOAT_BITS",
    "AnyWeights",
    "Differential",
    "InputSlicing",
    "LineSigns",
    "Offset",
    "OnesComplement",
    "Polarised",
    "TwoSided",
    "TwosComplement",
    "WeightMapping",
    "input_slices",
    "slice_count",
]
