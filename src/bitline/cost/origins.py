"""Which analog layers the tensors of a network are computed from, found while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from torch.utils._pytree import tree_leaves


@dataclass(frozen=True)
class Origin:
    """What a value is computed from.

    Attributes:
        nearest: analog layers, without another analog layer between.
        calls: how many calls of each analog layer, one of them needing the result of the other, come before it.

    Examples:
        >>> first = Origin().after("fc")
        >>> first.after("fc")
        Origin(nearest=frozenset({'fc'}), calls={'fc': 2})
        >>> first.and_of(Origin().after("conv"))
        Origin(nearest=frozenset({...}), calls={'fc': 1, 'conv': 1})
    """

    nearest: frozenset[str] = frozenset()
    calls: Mapping[str, int] = field(default_factory=dict)

    def after(self, layer: str) -> Origin:
        """The origin of what an analog layer makes of such a value."""
        return Origin(frozenset({layer}), {**self.calls, layer: self.calls.get(layer, 0) + 1})

    def and_of(self, other: Origin) -> Origin:
        """The origin of what is computed from both."""
        calls = {name: max(self.calls.get(name, 0), count) for name, count in other.calls.items()}
        return Origin(self.nearest | other.nearest, {**self.calls, **calls})


NOWHERE = Origin()
"""Of what no analog layer had a part in."""


class Origins:
    """Origins of the tensors that a network computes, told of one operation after another.

    Tensors are kept, so that no other gets the place in memory of one that is known. What is written into a part of a
    tensor, such as a cache of keys, counts for whoever reads any part of it from then on; so does a number that leaves
    the tensors, such as the token chosen last, for the calls of all layers after it. Whether something holds, asked by
    an `if`, does not count.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[Tensor, Origin]] = {}
        self._written: dict[int, tuple[Tensor, Origin]] = {}
        self._numbers = NOWHERE

    def of(self, values: Any) -> Origin:
        """The origin of what is computed from tensors, in whatever tuples, lists and dictionaries they are."""
        found = {id(origin): origin for value in tree_leaves(values) for origin in self._of(value)}
        merged = NOWHERE
        for origin in found.values():
            merged = merged.and_of(origin) if merged is not NOWHERE else origin
        return merged

    def _of(self, value: Any) -> Iterator[Origin]:
        if isinstance(value, Tensor):
            if id(value) in self._known:
                yield self._known[id(value)][1]
            if _memory(value) in self._written:
                yield self._written[_memory(value)][1]

    def of_call(self, values: Any) -> Origin:
        """The same for the inputs of a layer: it also waits for numbers that have left the tensors."""
        numbers = Origin(frozenset(), self._numbers.calls)
        return self.of(values).and_of(numbers) if numbers.calls else self.of(values)

    def mark(self, values: Any, origin: Origin) -> None:
        """Say where tensors come from."""
        self._known.update({id(value): (value, origin) for value in tree_leaves(values) if isinstance(value, Tensor)})

    def follow(self, operation: Any, arguments: Any, result: Any) -> None:
        """Note what an operation of PyTorch has made of its arguments."""
        origin = self.of(arguments)
        self.mark(result, origin)
        if operation._schema.is_mutable:
            written = [value for value in tree_leaves(result) if isinstance(value, Tensor) and _memory(value)]
            self._written.update({_memory(value): (value, origin.and_of(self.of(value))) for value in written})
        if isinstance(result, (int, float)) and not isinstance(result, bool):
            self._numbers = self._numbers.and_of(origin)


def _memory(value: Tensor) -> int:
    """Which memory a tensor lies in, the same for all of its views; 0 where that is not known."""
    try:
        return int(value.untyped_storage()._cdata)
    except (NotImplementedError, RuntimeError):  # sparse tensors, for example
        return 0
