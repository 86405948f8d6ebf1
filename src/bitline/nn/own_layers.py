"""Whether the parts of an analog layer that a user wrote fit together: its matrix and its computation in floats."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from bitline.errors import ConversionError
from bitline.nn.layer import AnalogLayer
from bitline.nn.same_outputs import difference


def agreeing_with_matrix(layer: AnalogLayer, inputs: Tensor, outputs: Tensor) -> Tensor:
    """The outputs of a layer in floats, where its matrix, which lies on the arrays, gives the same.

    Nothing is multiplied for layers of bitline's.

    Args:
        layer: of bitline's or a user's class.
        inputs: of the layer.
        outputs: of its `float_forward`.

    Raises:
        ConversionError: the matrix gives something else; names the class, and what differs.

    Examples:
        >>> import torch
        >>> from bitline.design import Design
        >>> from bitline.nn import AnalogLinear
        >>> layer = AnalogLinear.of(torch.nn.Linear(3, 2), Design(), "fc")
        >>> agreeing_with_matrix(layer, torch.ones(1, 3), layer.float_forward(torch.ones(1, 3))).shape
        torch.Size([1, 2])
    """
    own = next(_analog_classes_elsewhere(layer), None)
    if own is not None:
        _refuse_another_product(layer, own.__name__, inputs, outputs)
    return outputs


def _refuse_another_product(layer: AnalogLayer, name: str, inputs: Tensor, outputs: Tensor) -> None:
    product, matrix = layer.product, layer.matrix.detach()
    shape = (layer.outputs, product.rows)
    if tuple(matrix.shape) != shape:
        raise ConversionError(
            f"layer {layer.name!r}: {name}.matrix is {tuple(matrix.shape)}, but the layer has {shape[0]} outputs and "
            f"{shape[1]} rows: return (outputs, rows), or override `outputs` and `product`, too"
        )
    found = difference((outputs,), (_multiplied(layer, matrix, inputs).to(outputs.dtype),))
    if found:
        raise ConversionError(
            f"layer {layer.name!r}: {name}.matrix does not give what {name}.float_forward computes ({found}), and "
            "it is the matrix that lies on the arrays: override both, and `arrange`, `restore` or `bias` as needed"
        )


def _multiplied(layer: AnalogLayer, matrix: Tensor, inputs: Tensor) -> Tensor:
    """Outputs of the layer with its matrix in floating point, on the way that its chip takes."""
    product, arranged = layer.product, layer.arranged(inputs)
    by_group = matrix.to(arranged).reshape(product.groups, -1, product.rows).transpose(1, 2)
    bias = None if layer.bias is None else layer.bias.detach().to(arranged)
    whole = product.whole()
    return layer.restore(product.apply(arranged, product.lay_out(by_group, whole), whole, bias), inputs)


def _analog_classes_elsewhere(layer: AnalogLayer) -> Iterator[type]:
    """Classes of the layer that derive from `AnalogLayer` and are not bitline's."""
    package = __name__.partition(".")[0]
    return (
        kind
        for kind in type(layer).__mro__
        if issubclass(kind, AnalogLayer) and kind.__module__.partition(".")[0] != package
    )
