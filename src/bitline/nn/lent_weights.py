"""Weights of layers that other modules multiply with: `functional.linear(x, self.qkv.weight, bias)` calls the layer.

Swin transformers, BEiT and EVA do so, to add a bias of their own, and Mamba, for fused kernels. While such a module
runs, PyTorch is not asked for the product, but the layer is, and what the module's bias is more than the layer's is
added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bitline.data.call import Call
from bitline.nn.asked_products import PRODUCTS, AskedProducts, Product, is_product_of
from bitline.nn.hooks import hooked
from bitline.nn.uncompiled import uncompiled
from bitline.numerics.random_state import keeping_random_state

Lent = tuple[tuple[str, str], ...]
"""Names of modules, and of layers whose weights they multiply with."""


def lent_weights(network: nn.Module, call: Call) -> Lent:
    """Which modules of a network multiply with the weights of layers that nobody calls.

    Args:
        network: in floating point.
        call: inputs that it runs on.

    Examples:
        >>> import torch
        >>> class Shifted(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.layer, self.shift = nn.Linear(3, 2, bias=False), nn.Parameter(torch.ones(2))
        ...     def forward(self, x):
        ...         return nn.functional.linear(x, self.layer.weight, self.shift)
        >>> lent_weights(nn.Sequential(Shifted()), Call((torch.ones(1, 3),), {}))
        (('0', '0.layer'),)
    """
    names = {module: name for name, module in network.named_modules()}
    layers = {_place(layer.weight): layer for layer in names if type(layer) in PRODUCTS}
    running: list[nn.Module] = []
    called: set[nn.Module] = set()
    seen: dict[tuple[nn.Module, nn.Module], None] = {}

    def begin(module: nn.Module, inputs: Any) -> None:
        running.append(module)
        called.add(module)

    def end(*_: Any) -> None:
        running.pop()

    def note(product: Product, x: Tensor, weight: Tensor, bias: Tensor | None, settings: Mapping[str, Any]) -> Tensor:
        layer = layers.get(_place(weight))
        if layer is not None and product is PRODUCTS[type(layer)] and is_product_of(layer, weight, settings):
            seen[running[-1], layer] = None
        return product(x, weight, bias, **settings)

    beginning = hooked(module.register_forward_pre_hook(begin) for module in names)
    ending = hooked(module.register_forward_hook(end, always_call=True) for module in names)
    with (
        torch.no_grad(),
        keeping_random_state(),
        beginning,
        ending,
        AskedProducts(note, lambda factor: _place(factor) in layers),
    ):
        call.on(network)
    return tuple((names[module], names[layer]) for module, layer in seen if layer not in called)


class _Lending:
    """Hooks of a module that let it call the layers whose weights it multiplies with."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        self._layers = tuple(layers)
        self._under_way: list[AskedProducts] = []

    def __getstate__(self) -> dict[str, Any]:
        return {"_layers": self._layers, "_under_way": []}

    @uncompiled
    def begin(self, module: nn.Module, inputs: Any) -> None:
        self._under_way.append(AskedProducts(self._answer, lambda factor: self._layer_of(factor) is not None))
        self._under_way[-1].__enter__()  # type: ignore[no-untyped-call]

    @uncompiled
    def end(self, module: nn.Module, inputs: Any, outputs: Any) -> None:
        if self._under_way:
            self._under_way.pop().__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def _layer_of(self, weight: Tensor) -> nn.Module | None:
        """The layer whose whole weight a factor is; None where it is something else."""
        place = _place(weight)
        return next((layer for layer in self._layers if place == _place(layer.weight)), None)

    def _answer(
        self, product: Product, x: Tensor, weight: Tensor, bias: Tensor | None, settings: Mapping[str, Any]
    ) -> Tensor:
        layer = self._layer_of(weight)
        if layer is None or not is_product_of(layer, weight, settings):
            return product(x, weight, bias, **settings)
        outputs: Tensor = layer(x)
        if bias is layer.bias:
            return outputs
        more = torch.zeros(()) if bias is None else bias
        own: Any = layer.bias
        more = more if own is None else more - own
        return outputs.add(more.reshape(-1, *[1] * (weight.ndim - 2)))


def _place(weight: Any) -> Any:
    """Where and how the values of a weight lie in memory, the same for views of all of them; itself if it has none."""
    if not isinstance(weight, Tensor) or weight.is_meta:
        return weight
    return weight.data_ptr(), tuple(weight.shape), weight.stride()


def lend(network: nn.Module, lent: Lent) -> None:
    """Let modules call the layers whose weights they multiply with, in place, also after these become analog.

    Args:
        network: in floating point.
        lent: names of the modules and the layers.

    Examples:
        >>> class Squared(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.layer = nn.Linear(3, 2)
        ...     def forward(self, x):
        ...         return nn.functional.linear(x, self.layer.weight) ** 2
        >>> network, seen = Squared(), []
        >>> lend(network, (("", "layer"),))
        >>> _ = network.layer.register_forward_hook(lambda *_: seen.append("called"))
        >>> outputs = network(torch.ones(1, 3))
        >>> seen
        ['called']
    """
    modules = dict(network.named_modules())
    by_module: dict[str, list[nn.Module]] = {}
    for module, layer in lent:
        by_module.setdefault(module, []).append(modules[layer])
    for module, layers in by_module.items():
        lending = _Lending(layers)
        modules[module].register_forward_pre_hook(lending.begin)
        modules[module].register_forward_hook(lending.end, always_call=True)
