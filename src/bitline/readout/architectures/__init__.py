"""ADC architectures with the errors of their circuits; without errors each agrees with the ideal converter."""

from bitline.readout.architectures._circuit import CircuitAdc
from bitline.readout.architectures.flash import FlashAdc
from bitline.readout.architectures.measured import MeasuredAdc
from bitline.readout.architectures.pipeline import CyclicAdc, PipelineAdc
from bitline.readout.architectures.ramp import RampAdc
from bitline.readout.architectures.sar import SarAdc, SplitSarAdc

__all__ = ["CircuitAdc", "CyclicAdc", "FlashAdc", "MeasuredAdc", "PipelineAdc", "RampAdc", "SarAdc", "SplitSarAdc"]
