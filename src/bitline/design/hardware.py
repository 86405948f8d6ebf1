"""What a design's network is built of and how it is laid out: the choices that only cost depends on."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from bitline.config.part import Part
from bitline.config.variants import Variant, Variants


class NoDuplication(Variant):
    """Every matrix is stored once."""

    kind: Literal["none"] = "none"


class BalancedDuplication(Variant):
    """Copies of the layers that take longest, so that the slowest one is as fast as the arrays allow.

    Early convolutions slide over large images; copies of their matrices work on several positions at once (Shafiee et
    al., ISCA 2016, section 6, for the idea). Products that need each other's results, as those of the hidden state of a
    recurrent layer, are formed one after another: with `pipelined`, their copies work on different images.
    """

    kind: Literal["balanced"] = "balanced"
    extra_arrays: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """Arrays for copies, as a multiple of those that hold every matrix once."""


AnyDuplication = Annotated[NoDuplication | BalancedDuplication, Variants(default="balanced")]


class Hardware(Part):
    """Circuits and their arrangement; accuracy does not depend on them."""

    library: str = "sonos-40nm"
    """Component library: a name ('bitline libraries') or a .toml file, relative to the design file or the
    current folder."""
    duplication: AnyDuplication = NoDuplication()
    """Copies of layers: 'none' or 'balanced'."""
    pipelined: bool = True
    """Work on several images at once, each in another layer, or in another copy of a layer whose copies cannot share
    an image; otherwise on one image after the other."""
    adc_bits: Annotated[int, Field(ge=1, le=32)] | None = None
    """Resolution of the converters as built, where it differs from adc.bits: ISAAC's flipped columns save a bit."""
    node_nm: Annotated[float, Field(ge=3, le=250)] | None = None
    """Technology node that the library is carried to by constant-field scaling; its own if not given."""
    supply_V: Annotated[float, Field(gt=0)] | None = None
    """Supply of the logic at that node; what is usual there if not given."""
    numbers: dict[str, Any] = Field(default_factory=dict)
    """Numbers of the library in the place of its own, after scaling: `library.cells.G_max_uS=20` sets
    `hardware.numbers.cells.G_max_uS`."""

    def __hash__(self) -> int:
        values = {**self.__dict__, "numbers": json.dumps(self.numbers, sort_keys=True, default=str)}
        return hash(tuple(values.values()))
