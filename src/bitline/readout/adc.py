"""Analog-to-digital converters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bitline._model import Part, shorthand
from bitline.readout.ranges import AnyRange, CalibratedRange


class NoAdc(Part):
    """Readout with unlimited resolution: what the cells alone do to the result."""

    kind: Literal["none"] = "none"


class UniformAdc(Part):
    """Uniform levels, round to nearest, clip at the ends."""

    kind: Literal["uniform"] = "uniform"
    bits: Annotated[int, Field(ge=1, le=32)] = 8
    """Resolution: 2^bits levels."""
    range: AnyRange = CalibratedRange()
    """Where the levels lie: 'calibrated', 'full' or 'guaranteed'."""


AnyAdc = Annotated[UniformAdc | NoAdc, Field(discriminator="kind"), shorthand("kind", default="uniform")]
