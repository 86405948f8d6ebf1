"""The converters that a design can name: one line each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Tag

from bitline.config.part import IMPORTED, kind, shorthand
from bitline.readout.adc import NoAdc, UniformAdc
from bitline.readout.architectures import CyclicAdc, FlashAdc, PipelineAdc, RampAdc, SarAdc, SplitSarAdc
from bitline.readout.imported import ImportedAdc

AnyAdc = Annotated[
    Annotated[UniformAdc, Tag("uniform")]
    | Annotated[RampAdc, Tag("ramp")]
    | Annotated[SarAdc, Tag("sar")]
    | Annotated[SplitSarAdc, Tag("split-sar")]
    | Annotated[PipelineAdc, Tag("pipeline")]
    | Annotated[CyclicAdc, Tag("cyclic")]
    | Annotated[FlashAdc, Tag("flash")]
    | Annotated[NoAdc, Tag("none")]
    | Annotated[ImportedAdc, Tag(IMPORTED)],
    Discriminator(kind),
    shorthand("kind", default="uniform"),
]
