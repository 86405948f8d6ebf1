"""Weights of layers that other modules multiply with: `functional.linear(x, self.qkv.weight, bias)` calls the layer.

Swin transformers, BEiT and EVA do so, to add a bias of their own, and Mamba, for fused kernels. While such a module
runs, PyTorch is not asked for the product, but the layer is, and what the module's bias is more than the layer's is
added. Where a module multiplies with a parameter of its own, or with its matrices, as mixtures of experts do, each
matrix becomes a layer first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bitline.data.call import Call
from bitline.nn.asked_products import PRODUCTS, AskedProducts, Product, is_product_of, settings_of
from bitline.nn.derived_weights import DerivedWeights
from bitline.nn.hooks import hooked
from bitline.nn.operations import SeenOperations, memory_of, name_of
from bitline.nn.registry import has_form
from bitline.nn.stacked import (
    STACK,
    TURNED,
    convolution_in_words,
    is_matrix,
    layers_of,
    part_in_words,
    possible_stacks,
)
from bitline.nn.uncompiled import uncompiled
from bitline.numerics.random_state import keeping_random_state

Lent = tuple[tuple[str, str, str], ...]
"""Names of modules, of layers or parameters whose weights they multiply with, and "layer", or how, in words."""

LAYER = "layer"


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
        (('0', '0.layer', 'layer'),)
    """
    names = {module: name for name, module in network.named_modules()}
    layers = {_place(layer.weight): layer for layer in names if type(layer) in PRODUCTS}
    parameters = _Parameters(network)
    running: list[nn.Module] = []
    called: set[nn.Module] = set()
    seen: dict[tuple[nn.Module, nn.Module], None] = {}
    own: dict[tuple[str, str, str], None] = {}

    def begin(module: nn.Module, inputs: Any) -> None:
        running.append(module)
        called.add(module)

    def end(*_: Any) -> None:
        running.pop()

    def note(product: Product, x: Tensor, weight: Tensor, bias: Tensor | None, settings: Mapping[str, Any]) -> Tensor:
        layer = layers.get(_place(weight))
        if layer is not None and product is PRODUCTS[type(layer)] and is_product_of(layer, weight, settings):
            seen[running[-1], layer] = None
        elif layer is None and following.derived.is_activation(x):
            found = parameters.use(product, weight, settings)
            if found is not None:
                own[names[running[-1]], *found] = None
        return product(x, weight, bias, **settings)

    beginning = hooked(module.register_forward_pre_hook(begin) for module in names)
    ending = hooked(module.register_forward_hook(end, always_call=True) for module in names)
    with (
        torch.no_grad(),
        keeping_random_state(),
        beginning,
        ending,
        _Following(network) as following,
        AskedProducts(note, lambda factor: _place(factor) in layers or parameters.matrix(factor) is not None),
    ):
        call.on(network)
    whole = [(names[module], names[layer], LAYER) for module, layer in seen if layer not in called]
    return (*whole, *own)


def possible_matrices(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Parameters that are matrices or kernels, and their names, of modules that are no layers with an analog form.

    Examples:
        >>> [name for name, _ in possible_matrices(nn.Sequential(nn.Linear(2, 3), nn.Embedding(5, 2)))]
        ['1.weight']
    """
    for name, module in network.named_modules():
        own = [*module.named_parameters(prefix=name, recurse=False)]
        if any(is_matrix(parameter) for _, parameter in own) and not has_form(module):
            yield from ((own_name, parameter) for own_name, parameter in own if is_matrix(parameter))


class _Parameters:
    """Parameters that may be weights of layers, found by their place in memory."""

    def __init__(self, network: nn.Module) -> None:
        self._kernels: dict[Any, str] = {}
        self._matrices: dict[Any, tuple[str, str]] = {}
        self._memory: dict[Any, list[tuple[str, Tensor]]] = {}
        for name, parameter in {**dict(possible_stacks(network)), **dict(possible_matrices(network))}.items():
            values = parameter.detach()
            self._kernels[_place(values)] = name
            if values.ndim == 2 and isinstance(_place(values), tuple):
                self._memory.setdefault(memory_of(values), []).append((name, values))
            for matrix in values if values.ndim == 3 else [values] if values.ndim == 2 else []:
                self._matrices |= {_place(matrix): (name, STACK), _place(matrix.mT): (name, TURNED)}

    def matrix(self, factor: Tensor) -> tuple[str, str] | None:
        """The parameter of which a factor of a matrix product is all, one matrix or a part, and how, in words."""
        found = self._matrices.get(_place(factor))
        if found is not None or not isinstance(_place(factor), tuple):
            return found
        parts = ((name, part_in_words(values, factor)) for name, values in self._memory.get(memory_of(factor), []))
        return next(((name, part) for name, part in parts if part is not None), None)

    def use(self, product: Product, weight: Tensor, settings: Mapping[str, Any]) -> tuple[str, str] | None:
        """The parameter that a product is asked for with, and how it multiplies, in words."""
        if product is functional.linear:
            return self.matrix(weight)
        name = self._kernels.get(_place(weight))
        return None if name is None else (name, convolution_in_words(settings_of(settings, weight.ndim - 2)))


class _Following(SeenOperations):
    """Sees what is computed from weights alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.derived = DerivedWeights(network)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.derived.follow(name_of(func), (args, kwargs), result)
        return result


class _Lending:
    """Hooks of a module that let it call the layers whose weights it multiplies with."""

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        self._layers = tuple(layers)
        self._under_way: list[AskedProducts] = []
        self._by_place: dict[Any, list[nn.Module]] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"_layers": self._layers, "_under_way": [], "_by_place": {}}

    @uncompiled
    def begin(self, module: nn.Module, inputs: Any) -> None:
        self._by_place = {}
        for layer in self._layers:
            self._by_place.setdefault(_place(layer.weight), []).append(layer)
        self._under_way.append(AskedProducts(self._answer, lambda factor: _place(factor) in self._by_place))
        self._under_way[-1].__enter__()  # type: ignore[no-untyped-call]

    @uncompiled
    def end(self, module: nn.Module, inputs: Any, outputs: Any) -> None:
        if self._under_way:
            self._under_way.pop().__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def _answer(
        self, product: Product, x: Tensor, weight: Tensor, bias: Tensor | None, settings: Mapping[str, Any]
    ) -> Tensor:
        layers = self._by_place.get(_place(weight), ())
        layer = next((each for each in layers if is_product_of(each, weight, settings)), None)
        if layer is None:
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
    try:
        return weight.data_ptr(), tuple(weight.shape), weight.stride()
    except (RuntimeError, NotImplementedError):  # sparse tensors, and those of torch.func
        return weight


def lend(network: nn.Module, lent: Lent) -> None:
    """Let modules call the layers whose weights they multiply with, in place, also after these become analog.

    Args:
        network: in floating point.
        lent: names of the modules, and of the layers or parameters.

    Examples:
        >>> class Squared(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.layer = nn.Linear(3, 2)
        ...     def forward(self, x):
        ...         return nn.functional.linear(x, self.layer.weight) ** 2
        >>> network, seen = Squared(), []
        >>> lend(network, (("", "layer", "layer"),))
        >>> _ = network.layer.register_forward_hook(lambda *_: seen.append("called"))
        >>> outputs = network(torch.ones(1, 3))
        >>> seen
        ['called']
    """
    modules = dict(network.named_modules())
    by_module: dict[str, list[nn.Module]] = {}
    for module, name, how in lent:
        owner, _, parameter = name.rpartition(".")
        found = [modules[name]] if how == LAYER else layers_of(modules[owner], parameter, how)
        by_module.setdefault(module, []).extend(found)
    for module, layers in by_module.items():
        lending = _Lending(layers)
        modules[module].register_forward_pre_hook(lending.begin)
        modules[module].register_forward_hook(lending.end, always_call=True)
