"""When a pass through a network begins and ends, and what its samples are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from bitline.nn.guards import is_recomputing
from bitline.nn.read_numbers import read_numbers_of
from bitline.nn.samples_axis import Pass, Shape
from bitline.nn.uncompiled import uncompiled


class _Passes:
    """Hooks of a network that tell its layers of every pass."""

    def __init__(self) -> None:
        self._axis = 0
        self._current: Pass | None = None

    @uncompiled
    def begin(self, network: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        shapes = list(shapes_of((*arguments, *keywords.values())))
        if shapes and not is_recomputing() and not torch._C._get_tracing_state():  # layers refuse to be traced
            self._current = Pass(shapes, self._axis)
            for numbers in read_numbers_of(network):
                numbers.begin(self._current)

    @uncompiled
    def end(self, network: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        current, self._current = self._current, None
        if current is not None:
            self._axis = current.axis
        for numbers in read_numbers_of(network):
            numbers.end()


def number_passes(network: nn.Module) -> None:
    """Tell the layers of a network when a pass begins and ends.

    Examples:
        >>> from bitline import convert
        >>> network = convert(nn.Linear(3, 2), "differential", torch.rand(8, 3))  # which does so
        >>> outputs = network(torch.ones(5, 3))
        >>> network.reads
        5
    """
    passes = _Passes()
    network.register_forward_pre_hook(passes.begin, with_kwargs=True)
    network.register_forward_hook(passes.end, always_call=True)


def shapes_of(values: tuple[Any, ...]) -> Iterator[Shape]:
    """Shapes of inputs that have axes; of packed sequences and of lists, as of pictures of many sizes, (samples,)."""
    for value in values:
        if isinstance(value, PackedSequence):
            yield (int(value.batch_sizes[0]),)
        elif isinstance(value, list) and value and all(isinstance(sample, Tensor) for sample in value):
            yield (len(value),)
        elif isinstance(value, Mapping):
            yield from shapes_of(tuple(value.values()))
        elif isinstance(value, Tensor) and value.is_nested:
            yield (value.size(0),)  # layers refuse them
        elif isinstance(value, Tensor) and value.ndim:
            yield tuple(value.shape)
