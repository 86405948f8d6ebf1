"""The policies for the range of a layer's inputs that a design can name: one line each."""

from __future__ import annotations

from typing import Annotated

from bitline.config.variants import Variants
from bitline.quantize.given_range import GivenInputRange
from bitline.quantize.input_ranges import LeastErrorRange, PercentileRange
from bitline.quantize.vector_range import VectorRange

AnyInputRange = Annotated[
    PercentileRange | LeastErrorRange | VectorRange | GivenInputRange,
    Variants(default="percentile"),
]
