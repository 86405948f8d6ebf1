"""Signals that a ReLU right after a layer turns to 0."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from bitline.layer.arrays import LayerArrays

IDLE = (
    "adc.range.relu_aware is true, but in no layer is an output one conversion, whose signal says what a ReLU turns to "
    "0: ranges are as with false; it takes lines that are subtracted before the ADC, slices of weights and of inputs "
    "that are added before it, inputs of both signs that are applied together, and layers that lie on one array or "
    "arrays that are added before it"
)


def has_single_conversions(arrays: LayerArrays) -> bool:
    """Whether outputs are multiples of single signals, biases left aside.

    Examples:
        >>> import torch
        >>> from bitline import Design
        >>> from bitline.arrays import MatrixProduct
        >>> from bitline.layer.encoded import EncodedLayer
        >>> from bitline.quantize import InputScale
        >>> scale, weight = InputScale(step=1.0, magnitude_bits=8, signed=False), torch.ones(2, 3)
        >>> for kind in ("differential", "offset"):
        ...     design = Design().with_settings({"weights.kind": kind})
        ...     layer = EncodedLayer.of(weight, None, design, MatrixProduct(3), "fc")
        ...     print(kind, has_single_conversions(layer.bare_arrays(scale)))
        differential True
        offset False
    """
    single = arrays.code_factors().numel() == arrays.partition.parts == arrays.slicing.conversions == 1
    one_sign = arrays.line_signs is None and arrays.design.weights.keeps_all
    return single and one_sign and not arrays.placement.unit_columns and not arrays.input_sum_factor


def relu_floor(arrays: LayerArrays) -> Tensor | None:
    """Signals below which a ReLU makes the output 0, (groups, 1, 1, 1, columns, 1); None where outputs are no
    multiples of single signals."""
    if not has_single_conversions(arrays):
        return None
    factor = arrays.column_factors() * arrays.digits_per_G_max * arrays.slicing.top
    bias = factor.new_zeros(factor.shape) if arrays.bias is None else arrays.bias.double().reshape(factor.shape)
    return (-bias / factor).reshape(arrays.product.groups, 1, 1, 1, -1, 1)


def idle_awareness(layers: Iterable[LayerArrays]) -> tuple[str, ...]:
    """A sentence where `adc.range.relu_aware` is set and no layer can use it.

    Args:
        layers: of a network.
    """
    aware = [layer for layer in layers if layer.design.adc.range.is_relu_aware]
    return (IDLE,) if aware and not any(has_single_conversions(layer) for layer in aware) else ()
