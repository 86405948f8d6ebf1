"""What analog layers compute in a step of training, and which way gradients take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from bitline.evaluation.remedies.trained_ranges import TrainedRanges, scale_of
from bitline.layer.effective_weights import programmed_weights
from bitline.nn import AnalogLayer
from bitline.nn.layer import Instead
from bitline.quantize import straight_through


class ForwardPass(ABC):
    """What analog layers do with their inputs in a step of training; see `WholeChip` and `ProgrammedWeights`."""

    @abstractmethod
    def of_step(self, ranges: TrainedRanges) -> Instead:
        """What every layer of a network, on the chip of this step, does with its inputs.

        Args:
            ranges: those of the inputs.
        """


@dataclass(frozen=True)
class WholeChip(ForwardPass):
    """The whole signal chain, converters and read noise included; gradients are those of the float layer.

    They reach weights and inputs as if the layer multiplied its float weights (straight-through: Bengio, Leonard and
    Courville, arXiv 1308.3432, 2013), and end where inputs leave the range.

    Examples:
        >>> WholeChip()
        WholeChip()
    """

    def of_step(self, ranges: TrainedRanges) -> Instead:
        def compute(layer: AnalogLayer, inputs: Tensor) -> Tensor:
            with torch.no_grad():
                outputs = layer.compute(inputs)
            return layer.with_gradients(outputs, ranges.reachable(layer, inputs))

        return compute


@dataclass(frozen=True)
class ProgrammedWeights(ForwardPass):
    """Quantised inputs times the weights that the cells of the chip stand for, in floating point.

    Forward and backward pass multiply the programmed weights, with quantisation, programming errors, drift and its
    compensation, and the gradient of these weights goes straight through to the float weights. Read noise and
    converters are left out. (Training with noisy weights: Joshi et al., Nature Communications 11, 2473, 2020.)

    Examples:
        >>> ProgrammedWeights()
        ProgrammedWeights()
    """

    def of_step(self, ranges: TrainedRanges) -> Instead:
        """See `ForwardPass`; the layers raise a DesignError where outputs are no weighted sums of inputs."""
        programmed: dict[str, Tensor] = {}

        def compute(layer: AnalogLayer, inputs: Tensor) -> Tensor:
            if inputs.numel() == 0:
                return layer.float_forward(inputs)
            if layer.name not in programmed:
                programmed[layer.name] = _on_chip(layer)
            return _multiplied(layer, inputs, programmed[layer.name], ranges.step(layer))

        return compute


def _on_chip(layer: AnalogLayer) -> Tensor:
    """Weights of a layer on its chip, (groups, rows, columns), whose gradients are those of the float weights."""
    encoded, product = layer.encoded(), layer.product
    matrix = layer.matrix.reshape(product.groups, -1, product.rows).transpose(1, 2)
    with torch.no_grad():
        arrays = encoded.arrays(layer.cells(), scale_of(layer), layer.chip.draws.of(layer.name))
        weights = programmed_weights(arrays) * encoded.step.double().reshape(product.groups, 1, -1)
    return matrix + (weights.to(matrix.dtype) - matrix).detach()


def _multiplied(layer: AnalogLayer, inputs: Tensor, weights: Tensor, step: Tensor) -> Tensor:
    """Outputs of a layer for inputs that are quantised with a step."""
    scale = scale_of(layer)
    driven = layer.encoded().driven(layer.arrange(inputs).to(weights.dtype), scale)
    values = straight_through(driven.values, step, scale.low, scale.high)
    own = layer.design.inputs.range.is_per_vector
    product = layer.product.apart() if own else layer.product
    whole = product.whole()
    computed = product.apply(values, product.lay_out(weights, whole), whole, None if own else layer.bias)
    return layer.restore(driven.outputs(computed, layer.bias), inputs).to(inputs.dtype)
