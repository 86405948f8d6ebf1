"""The converters that a design can name: one line each."""

from __future__ import annotations

from typing import Annotated

from bitline.config.variants import Variants
from bitline.readout.adc import NoAdc, UniformAdc
from bitline.readout.architectures import CyclicAdc, FlashAdc, MeasuredAdc, PipelineAdc, RampAdc, SarAdc, SplitSarAdc
from bitline.readout.imported import ImportedAdc

AnyAdc = Annotated[
    UniformAdc
    | RampAdc
    | SarAdc
    | SplitSarAdc
    | PipelineAdc
    | CyclicAdc
    | FlashAdc
    | MeasuredAdc
    | NoAdc
    | ImportedAdc,
    Variants(default="uniform"),
]
