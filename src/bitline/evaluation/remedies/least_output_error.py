"""Settings of layers chosen one by one, each for the least error of the layer's outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bitline.design import Design, LayerRule
from bitline.design.views import reference
from bitline.evaluation.remedies.layer_settings import settings_with
from bitline.layer.chip import Chip
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer
from bitline.nn import AnalogLayer, analog_layers, computing, conversion_of, convert


@dataclass(frozen=True)
class Trial:
    """Chips that settings are tried on.

    Examples:
        >>> Trial(chips=2, seed=0).of_seed()
        [Chip(seed=0, number=-1, time_s=None), Chip(seed=0, number=-2, time_s=None)]

    Attributes:
        chips: over which errors are averaged; others than those of evaluations with the same seed.
        seed: of the chips.
    """

    chips: int
    seed: int

    def of_seed(self) -> list[Chip]:
        """The chips."""
        return [Chip(self.seed, -1 - chip) for chip in range(self.chips)]


@torch.no_grad()
def with_least_output_error(
    model: nn.Module, design: Design, images: Tensor, setting: str, choices: Sequence[Any], trial: Trial
) -> Design:
    """Choose a setting for every layer.

    Args:
        model: float network.
        design: the accelerator.
        images: normalised calibration images.
        setting: dotted name.
        choices: its values.
        trial: chips that they are tried on.

    Returns:
        The design with a rule for each layer whose best value is not the design's own.

    Examples:
        >>> network, images = nn.Linear(9, 3), torch.rand(8, 9)
        >>> with_least_output_error(network, Design(), images, "weights.bits", [3, 8], Trial(1, 0)).layers
        ()
    """
    network = convert(model, design, images, seed=trial.seed)
    exact = convert(model, reference(design), conversion_of(network).calibration, seed=trial.seed)
    inputs = _inputs(exact, images)
    rules = []
    for layer in analog_layers(network):
        errors = [_error(layer, setting, choice, inputs[layer.name], trial) for choice in choices]
        best = choices[errors.index(min(errors))]
        if layer.design.with_settings({setting: best}) != layer.design:
            rules.append(LayerRule(match=(layer.name,), set=settings_with(design, layer.name, {setting: best})))
    return design.model_copy(update={"layers": (*rules, *design.layers)})


def _error(layer: AnalogLayer, setting: str, choice: Any, inputs: Tensor, trial: Trial) -> float:
    """Squared error of a layer's outputs over all chips."""
    encoded = layer.on(layer.design.with_settings({setting: choice})).encoded()
    calibration, exact = calibrate_layer(encoded, inputs), _float_outputs(layer, inputs)
    programmed = (ProgrammedLayer(encoded, calibration, chip) for chip in trial.of_seed())
    return math.fsum(float((chip.multiply(inputs) - exact).square().sum()) for chip in programmed)


def _inputs(network: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """What the layers of a converted network multiply when it sees these images."""
    seen: dict[str, Tensor] = {}

    def note(layer: AnalogLayer, inputs: Tensor) -> Tensor:
        arranged, earlier = layer.arranged(inputs), seen.get(layer.name)
        together = earlier is not None and earlier.shape[1:] == arranged.shape[1:]
        seen[layer.name] = torch.cat([earlier, arranged]) if earlier is not None and together else arranged
        return layer.compute(inputs)

    with computing(network, note):
        network(images)
    return seen


def _float_outputs(layer: AnalogLayer, inputs: Tensor) -> Tensor:
    """Outputs of the layer's product in floating point."""
    product = layer.product
    matrix = layer.matrix.reshape(product.groups, -1, product.rows).transpose(1, 2)
    return product.apply(inputs, product.lay_out(matrix, product.whole()), product.whole(), layer.bias)
