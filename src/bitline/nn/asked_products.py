"""Products that a `forward` asks PyTorch for: `functional.linear(x, weight)`, `x @ weight.T`, and convolutions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from bitline.nn.uncompiled import uncompiled

PRODUCTS: Mapping[type[nn.Module], Callable[..., Tensor]] = {
    nn.Linear: functional.linear,
    nn.Conv1d: functional.conv1d,
    nn.Conv2d: functional.conv2d,
    nn.Conv3d: functional.conv3d,
}
"""What layers call to multiply."""
MATRIX_PRODUCTS = (torch.matmul, Tensor.matmul, torch.mm, Tensor.mm)
"""Products that are linear layers where one factor is a weight."""
GROUPED_PRODUCTS = tuple(
    product
    for product in (getattr(functional, "grouped_mm", None), getattr(torch, "_grouped_mm", None))
    if product is not None
)
"""Products of groups of vectors, each with a matrix of its own."""
GROUPED = ("input", "mat2", "offs", "bias", "out_dtype")
"""What they are called with: vectors, matrices (groups, features, outputs), where each group ends, and what is rare."""
SETTINGS: Mapping[str, Any] = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
"""What a convolution is called with after its bias, and what it does without."""

Product = Callable[..., Tensor]
Answer = Callable[[Product, Tensor, Tensor, Tensor | None, Mapping[str, Any]], Tensor]
"""Makes outputs of the product, inputs, weights, bias and settings that it is asked for."""


class AskedProducts(TorchFunctionMode):
    """Answers the products that PyTorch is asked for in its context; within an answer, PyTorch does.

    Args:
        answer: what to do with them.
        is_weight: whether a factor of a matrix product is one, (outputs, features), so that the product is asked for as
            that of a linear layer; others are none.

    Examples:
        >>> with AskedProducts(lambda product, x, weight, bias, settings: 10 * product(x, weight, bias, **settings)):
        ...     functional.linear(torch.ones(1, 2), torch.ones(1, 2))
        tensor([[20.]])
    """

    def __init__(self, answer: Answer, is_weight: Callable[[Tensor], bool] = lambda factor: False) -> None:
        super().__init__()
        self._answer, self._is_weight = answer, is_weight

    @uncompiled  # a compiler has no values of tensors, by whose place weights are found
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in MATRIX_PRODUCTS and not kwargs:
            return self._matrix_product(func, *args)
        if func in GROUPED_PRODUCTS:
            return self._grouped_product(func, args, kwargs or {})
        if func not in PRODUCTS.values():
            return func(*args, **(kwargs or {}))
        names = ("input", "weight", "bias", *SETTINGS)
        given = {**dict(zip(names, args, strict=False)), **(kwargs or {})}
        x, weight, bias = given.pop("input"), given.pop("weight"), given.pop("bias", None)
        return self._answer(func, x, weight, bias, given)

    def _matrix_product(self, func: Any, first: Any, second: Any) -> Any:
        """A product of two factors; with a weight on the right it is turned round, and with one on the left all are."""
        if not (isinstance(first, Tensor) and isinstance(second, Tensor) and min(first.ndim, second.ndim) > 1):
            return func(first, second)
        if second.ndim == 2 and self._is_weight(second.mT):
            return self._answer(functional.linear, first, second.mT, None, {})
        if first.ndim == 2 and self._is_weight(first):
            return self._answer(functional.linear, second.mT, first, None, {}).mT
        return func(first, second)

    def _grouped_product(self, func: Any, args: Any, named: Mapping[str, Any]) -> Any:
        """Vectors, one group after the other, each times a matrix (features, outputs) of its own."""
        given = {**dict(zip(GROUPED, args, strict=False)), **named}
        x, weight, offs = (given.pop(name, None) for name in GROUPED[:3])
        is_plain = isinstance(offs, Tensor) and not any(value is not None for value in given.values())
        if not is_plain or not self._is_weight(weight[0].mT):
            return func(*args, **named)
        ends = offs.tolist()
        groups = zip(range(len(ends)), [0, *ends], ends, strict=False)
        parts = [self._answer(functional.linear, x[a:b], weight[index].mT, None, {}) for index, a, b in groups if b > a]
        return torch.cat([*parts, x.new_zeros(len(x) - ends[-1], weight.shape[2])])


def is_product_of(layer: nn.Module, weight: Tensor, settings: Mapping[str, Any]) -> bool:
    """Whether a product is that of a layer with such weights: of the same shape, steps and padding.

    Args:
        layer: linear or a convolution.
        weight, settings: of the product.

    Examples:
        >>> layer = nn.Conv2d(1, 4, 3, padding=1)
        >>> is_product_of(layer, layer.weight, {"padding": (1, 1)}), is_product_of(layer, layer.weight, {})
        (True, False)
    """
    if not isinstance(weight, Tensor) or weight.shape != layer.weight.shape:
        return False
    if weight.ndim == 2:
        return not settings
    dimensions = weight.ndim - 2
    asked, wanted = (
        [_for_each(values[name], dimensions) for name in SETTINGS] for values in ({**SETTINGS, **settings}, vars(layer))
    )
    return asked == wanted and layer.padding_mode == "zeros"


def _for_each(value: Any, dimensions: int) -> Any:
    """A setting of a convolution for each dimension, as layers have it."""
    if isinstance(value, int):
        return (value,) * dimensions
    return value if isinstance(value, str) else tuple(value)
