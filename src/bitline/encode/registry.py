"""The mappings that a design can name: one line each."""

from __future__ import annotations

from typing import Annotated

from bitline.config.variants import Variants
from bitline.encode.differential import Differential
from bitline.encode.offset import Offset
from bitline.encode.two_sided import TwoSided

AnyWeights = Annotated[
    Differential | TwoSided | Offset,
    Variants(default="differential"),
]
