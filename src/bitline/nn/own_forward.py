"""Layers whose class has a `forward` of its own around the product: causal padding, normalised weights, scaled outputs.

What such a layer multiplies with is found by calling it on random inputs. If that is one product of its kind, with
weights that do not depend on the inputs, these weights lie on the arrays, and the rest of the `forward` is digital.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from bitline.design import Design
from bitline.nn.asked_products import PRODUCTS, AskedProducts, Product, is_product_of
from bitline.nn.convolution import AnalogConv1d, AnalogConv2d, AnalogConv3d
from bitline.nn.layer import AnalogLayer
from bitline.nn.linear import AnalogLinear
from bitline.nn.tracing import keeping_state
from bitline.nn.uncompiled import uncompiled
from bitline.numerics.random_state import keeping_random_state

COMPUTED = "what its own forward makes of its weights"
"""What is part of the weights of a layer that multiplies with others than its own."""


def computes_like(kind: type[nn.Module], float_type: type[nn.Module]) -> bool:
    """Whether modules of a class compute what those of another one do, which it may extend.

    Examples:
        >>> class Doubled(nn.Linear):
        ...     def forward(self, x):
        ...         return 2 * super().forward(x)
        >>> computes_like(nn.Linear, nn.Linear), computes_like(Doubled, nn.Linear)
        (True, False)
    """
    methods = ("forward", "_conv_forward", "__call__", "__getattr__")
    same = all(getattr(kind, name, None) is getattr(float_type, name, None) for name in methods)
    return kind is float_type or (issubclass(kind, float_type) and same)


@dataclass(frozen=True)
class OwnProduct:
    """What a layer multiplies with.

    Attributes:
        weight: of the shape of the layer's own.
        bias: None for none.
        is_computed: whether they are others than the layer's own.
    """

    weight: Tensor
    bias: Tensor | None
    is_computed: bool


def own_product(layer: nn.Module, float_type: type[nn.Module]) -> OwnProduct | None:
    """What a layer with a `forward` of its own multiplies with; None where that is not one product like its type's.

    Args:
        layer: in eval mode; it stays as it is.
        float_type: a class of PyTorch's that it extends.

    Examples:
        >>> class Doubled(nn.Linear):
        ...     def forward(self, x):
        ...         return nn.functional.linear(x, 2 * self.weight)
        >>> layer = Doubled(3, 2, bias=False)
        >>> own_product(layer, nn.Linear).weight.equal(2 * layer.weight)
        True
        >>> class Squared(nn.Linear):
        ...     def forward(self, x):
        ...         return super().forward(super().forward(x))
        >>> own_product(Squared(3, 3), nn.Linear) is None
        True
    """
    own = layer._parameters.get("weight")
    if own is None or own.is_meta or not own.is_floating_point():
        return None
    found: list[OwnProduct] = []

    def note(product: Product, x: Tensor, weight: Tensor, bias: Tensor | None, settings: Mapping[str, Any]) -> Tensor:
        if product is PRODUCTS[float_type] and is_product_of(layer, weight, settings):
            is_computed = weight is not own or bias is not layer._parameters.get("bias")
            found.append(OwnProduct(weight, bias, is_computed))
        return product(x, weight, bias, **settings)

    numbers = torch.Generator().manual_seed(0)
    try:
        with torch.no_grad(), keeping_random_state(), keeping_state(layer), AskedProducts(note):
            for _ in range(2):
                layer.forward(torch.rand(_shape(layer), generator=numbers).to(own))
    except Exception:  # it takes other inputs than its type
        return None
    return found[0] if len(found) == 2 and _are_same(*found) else None


def _shape(layer: nn.Module) -> tuple[int, ...]:
    """The shape of inputs with more than one place for a kernel."""
    if isinstance(layer, nn.Linear):
        return 2, layer.in_features
    sizes = zip(layer.kernel_size, layer.dilation, layer.stride, strict=True)  # type: ignore[arg-type]
    return 2, layer.in_channels, *(1 + dilation * (size - 1) + step for size, dilation, step in sizes)


def _are_same(first: OwnProduct, second: OwnProduct) -> bool:
    """Whether two calls multiplied with the same."""
    if first.bias is None or second.bias is None:
        return first.bias is second.bias and torch.equal(first.weight, second.weight)
    return torch.equal(first.bias, second.bias) and torch.equal(first.weight, second.weight)


class OwnForward(AnalogLayer):
    """A layer whose class computes something around the product, and does so in floating point.

    Examples:
        >>> from bitline import convert
        >>> class Causal(nn.Conv1d):
        ...     def forward(self, x):
        ...         return super().forward(nn.functional.pad(x, (2, 0)))
        >>> analog = convert(nn.Sequential(Causal(1, 4, 3)), "differential", torch.rand(8, 1, 20))
        >>> isinstance(analog[0], OwnForward), isinstance(analog[0], Causal), analog(torch.rand(5, 1, 20)).shape
        (True, True, torch.Size([5, 4, 20]))
    """

    bitline_layer: type[nn.Module]

    @classmethod
    def take_over(cls, layer: nn.Module, design: Design, name: str, folded: str = "") -> Self:
        found = own_product(layer, cls.float_base())
        assert found is not None  # or the layer has another form
        if found.is_computed:
            trained = any(parameter.requires_grad for parameter in layer.parameters(recurse=False))
            for parameter, value in (("weight", found.weight), ("bias", found.bias)):
                computed = None if value is None else nn.Parameter(value.detach().clone(), trained)
                setattr(layer, parameter, computed)
            folded = COMPUTED
        return super().take_over(layer, design, name, folded)

    @classmethod
    def of(cls, layer: nn.Module, design: Design, name: str) -> Self:
        return cls.take_over(copy.deepcopy(layer), design, name)

    @property
    def has_computed_weights(self) -> bool:
        """Whether its weights are what its `forward` made of them, which it goes on making for nothing."""
        return self._folded == COMPUTED

    @classmethod
    def float_base(cls) -> type[nn.Module]:
        """The class of PyTorch's whose product the layer has."""
        return next(kind for kind in cls.__mro__ if kind in PRODUCTS)

    @uncompiled
    def forward(self, *inputs: Any, **named: Any) -> Any:
        on_arrays: Any = super().forward

        def multiply(product: Product, x: Tensor, weight: Tensor, bias: Any, settings: Mapping[str, Any]) -> Tensor:
            if product is PRODUCTS[self.float_base()] and is_product_of(self, weight, settings):
                return on_arrays(x)  # type: ignore[no-any-return]
            return product(x, weight, bias, **settings)

        with AskedProducts(multiply):
            return self.bitline_layer.forward(self, *inputs, **named)


class OwnLinear(OwnForward, AnalogLinear):
    """Linear layers with a `forward` of their own."""


class OwnConv1d(OwnForward, AnalogConv1d):  # type: ignore[misc]
    """Convolutions in one dimension with a `forward` of their own."""


class OwnConv2d(OwnForward, AnalogConv2d):  # type: ignore[misc]
    """Convolutions in two dimensions with a `forward` of their own."""


class OwnConv3d(OwnForward, AnalogConv3d):  # type: ignore[misc]
    """Convolutions in three dimensions with a `forward` of their own."""


OWN_FORMS: Mapping[type[nn.Module], type[OwnForward]] = {
    nn.Linear: OwnLinear,
    nn.Conv1d: OwnConv1d,
    nn.Conv2d: OwnConv2d,
    nn.Conv3d: OwnConv3d,
}
"""Forms of layers with a `forward` of their own."""
