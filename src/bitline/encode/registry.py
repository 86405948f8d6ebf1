"""The mappings that a design can name: one line each."""

from __future__ import annotations

from typing import Annotated

from bitline.config.variants import Variants
from bitline.encode.differential import Differential
from bitline.encode.offset import Offset
from bitline.encode.ones_complement import OnesComplement
from bitline.encode.polarised import Polarised
from bitline.encode.two_sided import TwoSided
from bitline.encode.twos_complement import TwosComplement

AnyWeights = Annotated[
    Differential | TwoSided | Offset | TwosComplement | OnesComplement | Polarised,
    Variants(default="differential"),
]
