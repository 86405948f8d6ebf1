"""The converters that a design can name: one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bitline._model import shorthand
from bitline.readout.adc import NoAdc, UniformAdc
from bitline.readout.architectures import CyclicAdc, FlashAdc, PipelineAdc, RampAdc, SarAdc, SplitSarAdc

AnyAdc = Annotated[
    UniformAdc | RampAdc | SarAdc | SplitSarAdc | PipelineAdc | CyclicAdc | FlashAdc | NoAdc,
    Field(discriminator="kind"),
    shorthand("kind", default="uniform"),
]
