"""Products of an ONNX graph with constant weights, as layers of PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shape = Sequence[int | None] | None
"""Of a value, as far as it is known."""

CONVOLUTIONS: dict[int, Callable[..., nn.Module]] = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}
TRANSPOSED: dict[int, Callable[..., nn.Module]] = {3: nn.ConvTranspose1d, 4: nn.ConvTranspose2d, 5: nn.ConvTranspose3d}
ZEROS: dict[int, Callable[..., nn.Module]] = {3: nn.ConstantPad1d, 4: nn.ConstantPad2d, 5: nn.ConstantPad3d}
"""Classes of layers by the dimensions of their weights."""


@dataclass(frozen=True)
class Product:
    """A node that multiplies by constant weights.

    Attributes:
        kind: its operator.
        attributes: those that the file says.
        weight, bias: its constants; the bias may be None.
        shape: of its input.
    """

    kind: str
    attributes: Mapping[str, Any]
    weight: NDArray[Any]
    bias: NDArray[Any] | None
    shape: Shape = None

    def numbers(self, name: str, default: int) -> tuple[int, ...]:
        """An attribute that has a number for each spatial dimension."""
        return tuple(self.attributes.get(name, [default] * (self.weight.ndim - 2)))

    @property
    def pads(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Zeros before and after the image in each spatial dimension, where the file says how many."""
        dimensions = self.weight.ndim - 2
        both = tuple(self.attributes.get("pads", [0] * 2 * dimensions))
        return both[:dimensions], both[dimensions:]


def layer_of(product: Product) -> nn.Module | None:
    """The layer that computes a product; None where PyTorch has no such layer.

    Examples:
        >>> layer_of(Product("Conv", {"pads": [1, 1, 1, 1]}, np.ones((8, 3, 3, 3), np.float32), None))
        Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
    """
    make = LAYERS.get(product.kind)
    return None if make is None else make(product)


def _convolution(product: Product) -> nn.Module | None:
    kind, pads = CONVOLUTIONS.get(product.weight.ndim), _pads(product)
    if kind is None or pads is None:
        return None
    before, after = pads
    groups, kernel = product.attributes.get("group", 1), product.weight.shape[2:]
    options = {"stride": product.numbers("strides", 1), "dilation": product.numbers("dilations", 1), "groups": groups}
    even = before == after
    channels = product.weight.shape[1] * groups, product.weight.shape[0]
    layer = kind(*channels, kernel, padding=before if even else 0, bias=product.bias is not None, **options)
    weighted = _with(layer, product.weight, product.bias)
    if even:
        return weighted
    sides = [side for pair in zip(reversed(before), reversed(after), strict=True) for side in pair]
    return nn.Sequential(ZEROS[product.weight.ndim](tuple(sides), 0.0), weighted)


def _pads(product: Product) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Zeros before and after the image in each dimension; None where they depend on a size that is not known."""
    mode = product.attributes.get("auto_pad", b"NOTSET").decode()
    if mode == "NOTSET":
        return product.pads
    if mode == "VALID":
        return (0,) * (product.weight.ndim - 2), (0,) * (product.weight.ndim - 2)
    before, after = [], []
    sizes = product.shape[2:] if product.shape is not None else [None] * (product.weight.ndim - 2)
    steps = product.numbers("strides", 1), product.numbers("dilations", 1)
    for size, kernel, stride, dilation in zip(sizes, product.weight.shape[2:], *steps, strict=True):
        reach = dilation * (kernel - 1) + 1
        if stride == 1:
            missing = reach - 1
        elif size is None:
            return None
        else:
            missing = max((-(-size // stride) - 1) * stride + reach - size, 0)
        small, large = missing // 2, missing - missing // 2
        before.append(small if mode == "SAME_UPPER" else large)
        after.append(large if mode == "SAME_UPPER" else small)
    return tuple(before), tuple(after)


def _transposed(product: Product) -> nn.Module | None:
    kind = TRANSPOSED.get(product.weight.ndim)
    before, after = product.pads
    by_shape = (
        product.attributes.get("output_shape", None) or product.attributes.get("auto_pad", b"NOTSET") != b"NOTSET"
    )
    if kind is None or before != after or by_shape:
        return None
    groups = product.attributes.get("group", 1)
    layer = kind(
        product.weight.shape[0],
        product.weight.shape[1] * groups,
        product.weight.shape[2:],
        stride=product.numbers("strides", 1),
        padding=before,
        output_padding=product.numbers("output_padding", 0),
        dilation=product.numbers("dilations", 1),
        groups=groups,
        bias=product.bias is not None,
    )
    return _with(layer, product.weight, product.bias)


def _matrix(product: Product) -> nn.Module | None:
    return _linear(product.weight.T, product.bias) if product.weight.ndim == 2 else None


def _gemm(product: Product) -> nn.Module | None:
    if product.attributes.get("transA", 0):
        return None
    weight = product.weight if product.attributes.get("transB", 0) else product.weight.T
    bias = None if product.bias is None else product.attributes.get("beta", 1.0) * product.bias
    return _linear(product.attributes.get("alpha", 1.0) * weight, bias)


def _linear(weight: NDArray[Any], bias: NDArray[Any] | None) -> nn.Module | None:
    """A fully connected layer with weights (outputs, inputs); None where the bias differs from sample to sample."""
    outputs, inputs = weight.shape
    if bias is not None and bias.shape not in ((), (1,), (outputs,), (1, 1), (1, outputs)):
        return None
    values = None if bias is None else np.broadcast_to(bias.reshape(-1), (outputs,))
    return _with(nn.Linear(inputs, outputs, bias=bias is not None), weight, values)


def _with(layer: nn.Module, weight: NDArray[Any], bias: NDArray[Any] | None) -> nn.Module:
    """A layer with these weights, as they are in the file."""
    layer.weight = nn.Parameter(torch.from_numpy(np.array(weight)))
    if bias is not None:
        layer.bias = nn.Parameter(torch.from_numpy(np.array(bias).astype(weight.dtype)))
    return layer


LAYERS: dict[str, Callable[[Product], nn.Module | None]] = {
    "Conv": _convolution,
    "ConvTranspose": _transposed,
    "MatMul": _matrix,
    "Gemm": _gemm,
}
"""How each operator with weights becomes a layer."""
