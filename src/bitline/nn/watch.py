"""What a converted network does outside of its analog layers, seen operation by operation."""

from __future__ import annotations

from collections import Counter
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree

from bitline.nn.contexts import analog_layers
from bitline.nn.derived_weights import MADE_LIKE, DerivedWeights
from bitline.nn.layer import AnalogLayer
from bitline.nn.operations import SeenOperations, memory_of, name_of
from bitline.nn.own_forward import OwnForward
from bitline.nn.own_layers import agreeing_with_matrix
from bitline.nn.products import Product, product_of

HARMLESS = MADE_LIKE | {"embedding", "_embedding_bag", "index_select"}
"""Operations that pick rows of a matrix, or take its type and shape: no products."""


class Watch(SeenOperations):
    """Sees every operation: which compute with a layer's weights outside the layer, and which are products."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.outside: dict[str, str] = {}
        self.products: set[str] = set()
        self.inside = 0
        self.owners = {
            memory_of(layer.weight): layer.name for layer in analog_layers(network) if not _is_computed(layer)
        }
        self.weights: dict[str, int] = {}
        self.derived = DerivedWeights(network)

    def compute(self, layer: AnalogLayer, inputs: Tensor) -> Tensor:
        """A layer in floating point, noted as called."""
        self.calls[layer.name] += 1
        self.inside += 1
        try:
            return agreeing_with_matrix(layer, inputs, layer.float_forward(inputs))
        finally:
            self.inside -= 1

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not self.inside:
            name = func.overloadpacket.__name__
            product = product_of(func, args)
            if product is not None:
                self.products.add(name)
                factors = _pytree.tree_leaves(product.multiplied(args))
                self.weights |= self.derived.among([value for value in factors if _is_factor(value, product)])
            self.derived.follow(name_of(func), (args, kwargs), result)
            for value in _pytree.tree_leaves((args, kwargs)):
                owner = self.owners.get(memory_of(value)) if isinstance(value, Tensor) else None
                if owner is not None and name not in HARMLESS and not _is_view(result, value):
                    self.outside.setdefault(owner, name)
        return result


def _is_computed(layer: AnalogLayer) -> bool:
    return isinstance(layer, OwnForward) and layer.has_computed_weights


def _is_factor(value: Any, product: Product) -> bool:
    return isinstance(value, Tensor) and (value.ndim > 1 or product.of_vectors)


def _is_view(result: Any, value: Tensor) -> bool:
    """Whether a result, or each of several, lies where a tensor does."""
    made = _pytree.tree_leaves(result)
    return all(isinstance(each, Tensor) and memory_of(each) == memory_of(value) for each in made)
