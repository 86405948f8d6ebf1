"""Layers of several matrices: each matrix becomes a layer of its own, and the rest is computed digitally.

After that, the parts are layers like any others: rules find them by their names, calibration, chips, costs and errors
treat each of them apart, and one that a rule keeps digital stays in floating point.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from operator import attrgetter
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from bitline.layer.sample_numbers import in_steps
from bitline.nn.layer import AnalogLayer
from bitline.nn.samples_axis import Pass

Pieces = Mapping[str, tuple[str, ...]]
"""Parameters of a float layer, and the parameters of parts that each of them is cut into, one below the other."""


class CompositeLayer(nn.Module):
    """A float layer of several matrices, each of them a linear layer: a subclass of the layer that it was.

    Parameters belong to the parts: those of one matrix are the float layer's own, those of several matrices are cut.
    `load_state_dict` also takes the parameters of the float layer, and reading one of them by its name gives it.

    Examples:
        >>> from bitline import convert
        >>> attention = nn.MultiheadAttention(4, 2, batch_first=True)
        >>> class Attend(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.attention = attention
        ...     def forward(self, x):
        ...         return self.attention(x, x, x)[0]
        >>> analog = convert(Attend(), "differential", torch.rand(8, 3, 4))
        >>> isinstance(analog.attention, CompositeLayer), isinstance(analog.attention, nn.MultiheadAttention)
        (True, True)
        >>> analog.attention.q
        AnalogLinear('attention.q', rows=4, outputs=4, groups=1)

    Attributes:
        name: in messages.
    """

    name: str
    float_type: ClassVar[type[nn.Module]]
    _pieces: Pieces

    @classmethod
    def take_apart(cls, layer: nn.Module, name: str) -> Self:
        """Turn a float layer into one with a part for each matrix, in place; the parts are still in floating point.

        Args:
            layer: of the class that this one extends.
            name: what the layer is called.
        """
        layer.__class__ = cls
        assert isinstance(layer, cls)
        layer.name = name
        pieces, others = layer.pieces(), list(layer._modules)
        for parameter, places in pieces.items():
            layer._cut(parameter, places)
        layer._modules.update({part: layer._modules.pop(part) for part in others})  # after those of the pieces
        layer._pieces = pieces
        return layer

    @abstractmethod
    def pieces(self) -> Pieces:
        """What becomes of the float layer's parameters: weights, each (outputs, rows), before biases."""

    def _cut(self, parameter: str, places: tuple[str, ...]) -> None:
        """Give a parameter to the parts."""
        whole = getattr(self, parameter)
        delattr(self, parameter)
        if len(places) == 1:
            values = [whole]
        else:
            values = [nn.Parameter(value.detach().clone(), whole.requires_grad) for value in whole.chunk(len(places))]
        for place, value in zip(places, values, strict=True):
            part, _, kind = place.rpartition(".")
            if kind == "weight":
                linear = nn.Linear(value.shape[1], value.shape[0], bias=False, device="meta")
                self.add_module(part, linear.train(self.training))
            setattr(self.get_submodule(part), kind, value)

    def current_pass(self) -> Pass | None:
        """The pass through the network that is under way, for `recognise`; None without one, or an analog part."""
        numbers = (part.numbers for part in self.children() if isinstance(part, AnalogLayer))
        return next((each.current for each in numbers), None)

    def __getattr__(self, name: str) -> Any:
        places = vars(self).get("_pieces", {}).get(name)
        if places is None:
            return super().__getattr__(name)
        values = [attrgetter(place)(self) for place in places]
        return values[0] if len(values) == 1 else torch.cat(values)

    @contextmanager
    def settled_parts(self) -> Iterator[None]:
        """Promise that nothing changes the parts for a while: they look at their weights once, not at each step."""
        with ExitStack() as stack:
            for part in self.children():
                if isinstance(part, AnalogLayer) and part.asks_its_chip:
                    stack.enter_context(part.settled())
            yield

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *arguments: Any) -> None:
        for parameter, places in self._pieces.items():
            whole = state_dict.pop(f"{prefix}{parameter}", None)
            if whole is not None:
                values = zip(places, whole.chunk(len(places)), strict=True)
                state_dict.update({f"{prefix}{place}": value for place, value in values})
        super()._load_from_state_dict(state_dict, prefix, *arguments)


def by_sample(layer: nn.Module, inputs: Tensor) -> Tensor:
    """Outputs of a layer, analog or not, for inputs whose first axis has the samples.

    Examples:
        >>> by_sample(nn.Linear(3, 2), torch.ones(5, 7, 3)).shape
        torch.Size([5, 7, 2])
    """
    current = layer.numbers.current if isinstance(layer, AnalogLayer) else None
    with nullcontext() if current is None else current.sorted_by_sample():
        return layer(inputs)  # type: ignore[no-any-return]


class SteppedReads:
    """Products of one layer for the samples of a batch in the steps of a sequence, each read a new one.

    Args:
        layer: analog or not.
        samples: of the batch.

    Examples:
        >>> reads = SteppedReads(nn.Linear(3, 2), samples=5)
        >>> reads.outputs(torch.ones(5, 3), torch.arange(5), 7).shape
        torch.Size([5, 2])
    """

    def __init__(self, layer: nn.Module, samples: int) -> None:
        self._layer = layer
        self._first, self._step = layer.numbers.take_steps(samples) if isinstance(layer, AnalogLayer) else (0, 0)

    @property
    def take_many(self) -> bool:
        """Whether reads of many steps may be made together: not while somebody looks at them one by one."""
        return not isinstance(self._layer, AnalogLayer) or self._layer.asks_its_chip

    def outputs(self, inputs: Tensor, samples: Tensor, steps: Tensor | int) -> Tensor:
        """The layer's outputs.

        Args:
            inputs: (reads, features).
            samples: place in the batch of each.
            steps: of the sequence; one for all, or that of each.
        """
        if not isinstance(self._layer, AnalogLayer):
            return self._layer(inputs)  # type: ignore[no-any-return]
        with self._layer.numbers.given(in_steps(self._first + samples, self._step + steps)):
            return self._layer(inputs)  # type: ignore[no-any-return]
