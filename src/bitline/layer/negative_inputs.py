"""Inputs below 0 of a layer whose codes have no sign, because its calibration inputs were not negative."""

from __future__ import annotations

from dataclasses import replace

import torch

from bitline.layer.encoded import EncodedLayer
from bitline.quantize import InputScale
from bitline.shapes import LayerInputs


@torch.no_grad()
def negative_inputs(layer: EncodedLayer, scale: InputScale, inputs: LayerInputs) -> str | None:
    """What counts as 0 without having been asked to; None where nothing does, by half a step.

    Args:
        layer: weight codes, design and shape.
        scale: quantisation of its inputs.
        inputs: float inputs (batch, channels, *space).

    Examples:
        >>> from bitline.arrays import MatrixProduct
        >>> from bitline.design import Design
        >>> layer = EncodedLayer.of(torch.eye(2), None, Design(), MatrixProduct(2), "fc")
        >>> unsigned = InputScale(step=0.1, magnitude_bits=8, signed=False)
        >>> negative_inputs(layer, unsigned, torch.tensor([[1.0, -0.5]]))
        "layer 'fc' counts inputs below 0, down to -0.5, as 0: no calibration input was negative; calibrate with ..."
        >>> negative_inputs(layer, unsigned, torch.tensor([[1.0, -0.01]])) is None
        True
    """
    if scale.signed or layer.design.inputs.signed != "auto" or not inputs.numel():
        return None
    lowest = float(inputs.amin())
    with_sign = replace(scale, signed=True)
    if not lowest < 0 or not float(layer.driven(inputs, with_sign).values.amin()) < -scale.step / 2:
        return None
    return (
        f"layer {layer.name!r} counts inputs below 0, down to {lowest:.3g}, as 0: no calibration input was negative; "
        "calibrate with inputs like these, or set inputs.signed = true (or false, if 0 is meant)"
    )
