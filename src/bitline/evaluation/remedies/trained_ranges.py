"""Input ranges while a network is trained: as calibrated, or learnt with the weights."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from bitline.config.arguments import check_fields
from bitline.errors import DataError, DesignError
from bitline.nn import AnalogLayer, analog_layers
from bitline.quantize import InputScale, straight_through


class TrainedRanges:
    """Ranges that stay as they are calibrated, and what training asks of all others.

    Examples:
        >>> TrainedRanges().chosen()
        {}
    """

    def step(self, layer: AnalogLayer) -> Tensor:
        """Float value of input code 1 of a layer, through which gradients pass where it is learnt."""
        return torch.tensor(scale_of(layer).step, dtype=torch.float64)

    def reachable(self, layer: AnalogLayer, inputs: Tensor) -> Tensor:
        """Inputs of a layer as its float form sees them, so that gradients end at the range."""
        return layer.design.inputs.range.reachable(inputs, scale_of(layer))

    def learnt(self) -> list[dict[str, Any]]:
        """What an optimiser changes besides the weights, in its words."""
        return []

    def put_on(self, network: nn.Module) -> None:
        """Give the layers of a converted network the ranges of now."""

    def chosen(self) -> dict[str, Mapping[str, Any]]:
        """Settings of each layer that hold what was learnt, by its name."""
        return {}


class InputRanges(ABC):
    """What becomes of input ranges in training; see `CalibratedRanges` and `LearntRanges`."""

    @abstractmethod
    def begin(self, network: nn.Module) -> TrainedRanges:
        """The ranges of a converted network before the first step."""


@dataclass(frozen=True)
class CalibratedRanges(InputRanges):
    """Input ranges are those of calibration, before training and after it.

    Examples:
        >>> CalibratedRanges()
        CalibratedRanges()
    """

    def begin(self, network: nn.Module) -> TrainedRanges:
        return TrainedRanges()


@dataclass(frozen=True)
class LearntRanges(InputRanges):
    """Input ranges are trained with the weights, each from what calibration chose for its layer.

    Gradients are those of the quantisation step with a straight-through estimate for rounding (Esser et al., "Learned
    Step Size Quantization", ICLR 2020; outside the range those of PACT, Choi et al., arXiv 1805.06085, 2018). What is
    learnt is the logarithm of the range, so that steps are relative and ranges stay positive (Jain et al., "Trained
    Quantization Thresholds", MLSys 2020). Rasch et al. (Nature Communications 14, 5282, 2023) learn the input ranges of
    arrays in hardware-aware training. ADC ranges are calibrated again after every epoch. Layers with a range for each
    vector have nothing to learn.

    Attributes:
        learning_rate: of Adam for the logarithm of a range, so that 0.01 is about 1 % a step at most, falling to zero
            like that of the weights.

    Examples:
        >>> LearntRanges(learning_rate=0.02).learning_rate
        0.02
    """

    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        check_fields(self, DataError)
        if not 0 < self.learning_rate < math.inf:
            raise DataError(f"learning_rate of ranges is {self.learning_rate!r}: give a positive number such as 0.01")

    def begin(self, network: nn.Module) -> TrainedRanges:
        """See `InputRanges`.

        Raises:
            DesignError: no layer has a range that is the same for all vectors.
        """
        layers = [layer for layer in analog_layers(network) if not layer.design.inputs.range.is_per_vector]
        if not layers:
            raise DesignError(
                "inputs.range is 'per-vector' in all layers, which leaves no range to learn: leave LearntRanges out, "
                "or use inputs.range = 'percentile'"
            )
        return _Learning({layer.name: _logarithm(scale_of(layer)) for layer in layers}, self.learning_rate)


@dataclass(frozen=True)
class _Learning(TrainedRanges):
    """Ranges in training.

    Attributes:
        logarithms: of the largest input that has a code of its own, by layer name.
        learning_rate: see `LearntRanges`.
    """

    logarithms: Mapping[str, nn.Parameter]
    learning_rate: float

    def step(self, layer: AnalogLayer) -> Tensor:
        if layer.name not in self.logarithms:
            return super().step(layer)
        return self.logarithms[layer.name].exp() / scale_of(layer).high

    def reachable(self, layer: AnalogLayer, inputs: Tensor) -> Tensor:
        if layer.name not in self.logarithms:
            return super().reachable(layer, inputs)
        scale = scale_of(layer)
        return straight_through(inputs, self.step(layer), scale.low, scale.high)

    def learnt(self) -> list[dict[str, Any]]:
        return [{"params": list(self.logarithms.values()), "lr": self.learning_rate}]

    @torch.no_grad()
    def put_on(self, network: nn.Module) -> None:
        for layer in analog_layers(network):
            if layer.name in self.logarithms:
                assert layer.calibration is not None
                scale = replace(layer.calibration.inputs, step=float(self.step(layer)))
                layer.calibrate(replace(layer.calibration, inputs=scale))

    def chosen(self) -> dict[str, Mapping[str, Any]]:
        highs = {name: float(logarithm.detach().exp()) for name, logarithm in self.logarithms.items()}
        return {name: {"inputs.range": {"kind": "given", "high": high}} for name, high in highs.items()}


def scale_of(layer: AnalogLayer) -> InputScale:
    """Quantisation of the inputs of a calibrated layer."""
    assert layer.calibration is not None
    return layer.calibration.inputs


def _logarithm(scale: InputScale) -> nn.Parameter:
    return nn.Parameter(torch.tensor(scale.step * scale.high, dtype=torch.float64).log())
