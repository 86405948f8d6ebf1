"""Stage 2: integer codes to digits on cells and on input wires.

Before it: `quantize` makes the codes. After it: `devices` programs the digits as conductances.
To add a mapping, write one file with a `WeightMapping` and add it to `AnyWeights`.
"""

from typing import Annotated

from pydantic import Field

from bitline.config.part import shorthand
from bitline.encode._mapping import WeightMapping
from bitline.encode.differential import Differential
from bitline.encode.input_slices import input_slices, slice_count
from bitline.encode.offset import Offset
from bitline.encode.two_sided import TwoSided

AnyWeights = Annotated[
    Differential | TwoSided | Offset,
    Field(discriminator="kind"),
    shorthand("kind", default="differential"),
]

__all__ = [
    "AnyWeights",
    "Differential",
    "Offset",
    "TwoSided",
    "WeightMapping",
    "input_slices",
    "slice_count",
]
