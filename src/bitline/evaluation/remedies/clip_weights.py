"""Weight ranges chosen for least error on the design at hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bitline.design import Design, LayerRule
from bitline.design.views import reference
from bitline.layer.chip import Chip
from bitline.layer.matrix import ProgrammedLayer, calibrate_layer
from bitline.nn import AnalogLayer, analog_layers, computing, conversion_of, convert

PERCENTILES = (100.0, 99.99, 99.95, 99.9, 99.8, 99.5, 99.0, 98.0)


@torch.no_grad()
def clip_weights(
    model: nn.Module,
    design: Design,
    images: Tensor,
    *,
    percentiles: Sequence[float] = PERCENTILES,
    chips: int = 3,
    seed: int = 0,
) -> Design:
    """Choose the weight percentile of every layer that gives the least error of its outputs.

    Clipping a few large weights lets all others use more of the cells' range: errors that do not grow with the
    conductance then weigh less, at the price of wrong large weights.

    Args:
        model: float network.
        design: the accelerator.
        images: normalised calibration images.
        percentiles: percentages of the weights inside the range to choose from.
        chips: chips over which the error is averaged; others than those of evaluations with the same seed.
        seed: seed of the chips.

    Returns:
        The design with a rule for each layer whose best percentile is not the design's own.

    Examples:
        The one large weight takes most of the range of the cells, and its input is always 0:

        >>> layer = nn.Linear(20, 50, bias=False)
        >>> _ = nn.init.uniform_(layer.weight, -1, 1, generator=torch.Generator().manual_seed(0))
        >>> images = torch.rand(8, 20, generator=torch.Generator().manual_seed(0))
        >>> layer.weight.data[0, 0], images[:, 0] = 30.0, 0.0
        >>> design = Design().with_settings({"cell.device": {"kind": "state-independent", "alpha": 0.03}})
        >>> clip_weights(layer, design, images, percentiles=(100.0, 99.0)).layers[0].set
        {'weights.percentile': 99.0}
    """
    network = convert(model, design, images, seed=seed)
    inputs = _inputs(convert(model, reference(design), conversion_of(network).calibration, seed=seed), images)
    rules = []
    for layer in analog_layers(network):
        own, x = layer.design, inputs[layer.name]
        exact = _float_outputs(layer, x)
        errors: dict[float, float] = {}
        for percentile in percentiles:
            encoded = layer.on(own.with_settings({"weights.percentile": percentile})).encoded()
            calibration = calibrate_layer(encoded, x)
            on_chips = [ProgrammedLayer(encoded, calibration, Chip(seed, -1 - chip)) for chip in range(chips)]
            errors[percentile] = math.fsum(
                float((programmed.multiply(x) - exact).square().sum()) for programmed in on_chips
            )
        best = min(errors, key=lambda percentile: errors[percentile])
        if best != own.weights.percentile:
            rules.append(_rule(design, layer.name, best))
    return design.model_copy(update={"layers": (*rules, *design.layers)})


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


def _rule(design: Design, name: str, percentile: float) -> LayerRule:
    """A rule for one layer that keeps what the design's own rule for it says."""
    before = design.rule_for(name)
    settings = {} if before is None else before.set
    return LayerRule(match=(name,), set={**settings, "weights.percentile": percentile})
