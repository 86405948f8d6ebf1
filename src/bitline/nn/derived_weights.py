"""Which tensors of a running network are its weights, or computed from weights alone.

Networks normalise, mask, copy, stack and pick their weights before they multiply with them: a product with the result
is one with the weights. Whatever depends on the inputs is an activation.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils import _pytree

Sources = Mapping[str, int]
"""Numbers of weights, by the name of what holds them."""
CONSTANT: Sources = {}
"""Of values that are no weights and do not depend on the inputs, such as masks."""
MADE_LIKE = frozenset(
    {"new_zeros", "new_ones", "new_empty", "new_empty_strided", "new_full", "lift_fresh"}
    | {"zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"}
)
"""Operations that take the type or the shape of a tensor, not its values, and constants of the source."""
MANY_INPUTS = frozenset({"cat", "stack", "mm", "bmm", "addmm", "baddbmm", "index_put", "scatter"})
"""Operations whose inputs all become part of the result, however large."""
IN_EVERY_MODULE = frozenset(vars(nn.Module()))


class DerivedWeights:
    """Follows weights through the operations of a network.

    Examples:
        >>> import torch
        >>> network = nn.Linear(3, 2)
        >>> weights, mask, inputs = DerivedWeights(network), torch.ones(2, 3), torch.ones(4, 3)
        >>> weights.follow("ones", ((), {}), mask)
        >>> masked, outputs = network.weight * mask, inputs * 2
        >>> weights.follow("mul", ((network.weight, mask), {}), masked)
        >>> weights.follow("mul", ((inputs, 2), {}), outputs)
        >>> weights.among((outputs, masked))
        {'weight': 6}

    Args:
        network: whose parameters and constant matrices are weights, and those of modules in its lists.
    """

    def __init__(self, network: nn.Module) -> None:
        self._known: dict[object, tuple[Any, Sources]] = {}
        self._matrices: set[str] = set()
        self._unnamed = 0
        for _, value in _plain_attributes(network):
            self._learn(value, CONSTANT)
        for name, buffer in network.named_buffers():
            is_matrix = buffer.ndim > 1 and (buffer.is_floating_point() or buffer.is_complex())  # such as a filter bank
            self._matrices |= {name} if is_matrix else set()
            self._learn(buffer, {name: weights_in(buffer)} if is_matrix else CONSTANT)
        for name, parameter in (*_unregistered_parameters(network), *network.named_parameters()):
            self._learn(parameter, {name: weights_in(parameter)})

    def follow(self, operation: str, arguments: Any, result: Any) -> None:
        """Note what an operation made.

        Args:
            operation: its name, the same in place.
            arguments: those by place, and those by name.
            result: tensors, in whatever tuples and lists.
        """
        sources = self._of_result(operation, arguments)
        for value in _pytree.tree_leaves(result):
            if isinstance(value, Tensor):
                if sources is None:
                    self._known.pop(_place(value)[0], None)
                else:
                    self._learn(value, sources)

    def among(self, values: Any) -> dict[str, int]:
        """How many weights tensors hold, by name; of what is computed from parameters and buffers, the parameters."""
        found: dict[str, int] = {}
        for value in _pytree.tree_leaves(values):
            sources = (self._sources(value) if isinstance(value, Tensor) else None) or {}
            learnt = {name: count for name, count in sources.items() if name not in self._matrices}
            found |= learnt or sources
        return found

    def is_activation(self, value: Tensor) -> bool:
        """Whether a tensor depends on the inputs of the network."""
        return self._sources(value) is None

    def _of_result(self, operation: str, arguments: Any) -> Sources | None:
        """Where the result of an operation comes from; None where it depends on the inputs of the network."""
        if operation in MADE_LIKE:
            return CONSTANT
        tensors = [value for value in _pytree.tree_leaves(arguments) if isinstance(value, Tensor)]
        sources = [self._sources(value) for value in tensors]
        if tensors and _picks_matrices(operation, arguments):
            return sources[0]
        whole = max((value.numel() for value in tensors), default=0)
        merged: dict[str, int] = {}
        for value, found in zip(tensors, sources, strict=True):
            if found is None:
                return None
            if value.numel() == whole or operation in MANY_INPUTS:  # others are scales, such as norms of rows
                merged |= found
        return merged

    def _sources(self, value: Tensor) -> Sources | None:
        place, _ = _place(value)
        held, sources = self._known.get(place, (None, None))
        if isinstance(held, weakref.ref) and held() is not value:
            sources = None
        if sources is None and isinstance(value, nn.Parameter):  # that of a closure, for example
            self._unnamed += 1
            sources = {f"parameter {self._unnamed} outside of the network's modules": weights_in(value)}
            self._learn(value, sources)
        return sources

    def _learn(self, value: Tensor, sources: Sources) -> None:
        place, held = _place(value)
        self._known[place] = held, sources


def weights_in(tensor: Tensor) -> int:
    """How many real numbers a tensor holds.

    Examples:
        >>> import torch
        >>> weights_in(torch.ones(2, 3)), weights_in(torch.ones(2, 3, dtype=torch.complex64))
        (6, 12)
    """
    return tensor.numel() * (2 if tensor.is_complex() else 1)


def _place(tensor: Tensor) -> tuple[object, Any]:
    """What is the same for all views of a tensor, and what keeps it from being given to another one."""
    try:
        storage = StorageWeakRef(tensor.untyped_storage())
    except (RuntimeError, NotImplementedError):  # sparse tensors have none
        return ("object", id(tensor)), weakref.ref(tensor)
    return storage.cdata, storage


def _picks_matrices(operation: str, arguments: Any) -> bool:
    """Whether an operation picks whole matrices of a tensor, as mixtures of experts pick those of each token.

    Whichever are picked, they are weights; rows that are picked by the inputs, as of an embedding, are activations.
    """
    if operation == "index":
        indices = [index for index in arguments[0][1] if index is not None]
        axes = sum(1 if index.dtype.itemsize > 1 else index.ndim for index in indices)
        return bool(arguments[0][0].ndim - axes > 1)
    return operation == "index_select" and arguments[0][0].ndim > 2


def _plain_attributes(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Tensors that modules hold without having registered them, with their names, in lists, too."""
    return ((name, value) for name, value in _held(network) if isinstance(value, Tensor))


def _unregistered_parameters(network: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Parameters in plain lists and dictionaries, or of modules there, with their names."""
    for name, value in _held(network):
        if isinstance(value, nn.Parameter):
            yield name, value
        elif isinstance(value, nn.Module):
            yield from ((f"{name}.{own}", parameter) for own, parameter in value.named_parameters())


def _held(network: nn.Module) -> Iterator[tuple[str, Any]]:
    """What modules hold beside what they registered."""
    for path, module in network.named_modules():
        for key, value in vars(module).items():
            if key not in IN_EVERY_MODULE:
                yield from _leaves(f"{path}.{key}" if path else key, value)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What a value holds, numbered where it is a tuple, a list or a dictionary."""
    leaves = _pytree.tree_leaves(value)
    if len(leaves) == 1 and leaves[0] is value:
        yield name, value
    else:
        yield from ((f"{name}.{place}", leaf) for place, leaf in enumerate(leaves))
