"""Products that a `forward` asks PyTorch for: `functional.linear(x, weight)`, `x @ weight.T`, and convolutions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from bitline.nn.for_a_while import replaced
from bitline.nn.uncompiled import uncompiled
from bitline.nn.weight_products import READINGS

PRODUCTS: Mapping[type[nn.Module], Callable[..., Tensor]] = {
    nn.Linear: functional.linear,
    nn.Conv1d: functional.conv1d,
    nn.Conv2d: functional.conv2d,
    nn.Conv3d: functional.conv3d,
}
"""What layers call to multiply."""
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
        >>> import torch
        >>> with AskedProducts(lambda product, x, weight, bias, settings: 10 * product(x, weight, bias, **settings)):
        ...     functional.linear(torch.ones(1, 2), torch.ones(1, 2))
        tensor([[20.]])
    """

    def __init__(self, answer: Answer, is_weight: Callable[[Tensor], bool] = lambda factor: False) -> None:
        super().__init__()
        self._answer, self._is_weight = answer, is_weight

    @uncompiled  # a compiler has no values of tensors, by whose place weights are found
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in READINGS:
            found = READINGS[func].result(self._linear, self._is_weight, args, kwargs or {})
            return func(*args, **(kwargs or {})) if found is None else found
        if func is functional.multi_head_attention_forward:
            with self, replaced(vars(functional), "has_torch_function", _has_no_other):
                return func(*args, **(kwargs or {}))
        if func not in PRODUCTS.values():
            return func(*args, **(kwargs or {}))
        names = ("input", "weight", "bias", *SETTINGS)
        given = {**dict(zip(names, args, strict=False)), **(kwargs or {})}
        x, weight, bias = given.pop("input"), given.pop("weight"), given.pop("bias", None)
        return self._answer(func, x, weight, bias, given)

    def _linear(self, x: Tensor, weight: Tensor) -> Tensor:
        return self._answer(functional.linear, x, weight, None, {})


def _has_no_other(*_: object) -> bool:
    """That of PyTorch would ask for the whole of attention again, and not for its products."""
    return False


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
    asked, wanted = (settings_of(values, weight.ndim - 2) for values in (settings, vars(layer)))
    return asked == wanted and layer.padding_mode == "zeros"


def settings_of(given: Mapping[str, Any], dimensions: int) -> dict[str, Any]:
    """The settings of a convolution as layers have them, for each dimension.

    Examples:
        >>> settings_of({"stride": 2, "padding": "same"}, dimensions=2)
        {'stride': (2, 2), 'padding': 'same', 'dilation': (1, 1), 'groups': 1}
    """
    whole = {name: given.get(name, default) for name, default in SETTINGS.items()}
    return {name: value if name == "groups" else _for_each(value, dimensions) for name, value in whole.items()}


def _for_each(value: Any, dimensions: int) -> Any:
    """A setting of a convolution for each dimension, as layers have it."""
    if isinstance(value, str):
        return value
    values = (value,) if isinstance(value, int) else tuple(value)
    return values * dimensions if len(values) == 1 else values
