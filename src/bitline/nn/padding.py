"""Padding in the inputs of a network: what belongs to no sample, and tells nothing of its signals.

Only the inputs say what is padding. Inside a network positions may be transposed, flattened, walked step by step or
halved, so nothing is read from shapes: two passes of the float network, with two contents of the padding, show which
vectors of a layer padding reaches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bitline.data.call import Call, beside
from bitline.nn.contexts import analog_layers, computing
from bitline.nn.layer import AnalogLayer
from bitline.nn.read_numbers import keeping_numbers
from bitline.numerics.random_state import keeping_random_state


@dataclass(frozen=True)
class Reached:
    """Where padding reaches a layer, at one of its calls.

    Attributes:
        inputs: of its input vectors, all axes of the inputs but that of channels, bool.
        outputs: of its output vectors, likewise.
    """

    inputs: Tensor
    outputs: Tensor


Marks = Mapping[str, tuple[Reached, ...]]
"""By layer, of its calls in one pass; layers whose vectors all count are missing."""

_marks: ContextVar[dict[str, deque[Reached]]] = ContextVar("padding", default={})  # noqa: B039  (never changed)


@contextmanager
def padding_of(marks: Marks) -> Iterator[None]:
    """Let `real_inputs` and `real_outputs` know, for one pass of a network, what is padding.

    Args:
        marks: see `padding_in`.
    """
    before = _marks.set({name: deque(calls) for name, calls in marks.items()})
    try:
        yield
    finally:
        _marks.reset(before)


@torch.no_grad()
def padding_in(call: Call, network: nn.Module) -> Marks:
    """Which vectors of a network's layers are padding.

    Those that padding reaches. Where it reaches all vectors of every padded sample, as behind a mean over positions
    that forgets the mask, they are signals like others: all count, or those that stand at real positions where the
    shape is that of the network's inputs.

    Args:
        call: a batch; an argument such as `attention_mask` says what is padding.
        network: converted.

    Examples:
        >>> from bitline import convert
        >>> class Transposed(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.fc = nn.Linear(2, 3)
        ...     def forward(self, x, attention_mask=None):
        ...         return self.fc(x.transpose(0, 1))
        >>> inputs = {"x": torch.rand(2, 3, 2), "attention_mask": torch.tensor([[1, 1, 1], [1, 0, 0]])}
        >>> padding_in(Call((), inputs), convert(Transposed(), "differential", inputs))["fc"][0].inputs
        tensor([[False, False],
                [False,  True],
                [False,  True]])
    """
    real = call.real
    if real is None or bool(real.all()):
        return {}
    as_given = _projections(call, network)
    with_other = _projections(with_other_padding(call, real), network)
    padded = int((~real).any(1).sum())
    marks = {}
    for name, calls in as_given.items():
        others = with_other[name]
        if _shapes(calls) != _shapes(others):
            continue  # an expert, say, which other tokens reach: nothing tells which of them are padding
        found = tuple(map(_reached, calls, others))
        vectors, reached = (sum(int(count(each.inputs)) for each in found) for count in (torch.numel, torch.sum))
        if reached * len(real) < padded * vectors:
            marks[name] = tuple(Reached(_whole(each.inputs, ~real), _whole(each.outputs, ~real)) for each in found)
        elif all(each.inputs.shape[:2] == real.shape for each in found):
            marks[name] = tuple(Reached(_spread(~real, each.inputs), _spread(~real, each.outputs)) for each in found)
    return {name: found for name, found in marks.items() if any(bool(each.inputs.any()) for each in found)}


def real_inputs(layer: AnalogLayer, inputs: Tensor) -> list[Tensor]:
    """The parts of a layer's inputs that are no padding, each an input of the layer.

    Args:
        layer: at its call; windows of a convolution over one axis are those within the real positions of a sample.
        inputs: of the layer.

    Examples:
        >>> from bitline import analog_layers, convert
        >>> layer = next(analog_layers(convert(nn.Linear(2, 2), "differential", torch.ones(1, 2))))
        >>> mark = torch.tensor([[False, False, True]])
        >>> with padding_of({layer.name: (Reached(mark, mark),)}):
        ...     [part.shape for part in real_inputs(layer, torch.ones(1, 3, 2))]
        [torch.Size([2, 2])]
    """
    reached = _next(layer)
    if not inputs.numel():  # of an expert that no token is sent to
        return []
    if reached is None or reached.inputs.shape != _vectors(layer, inputs).shape[:-1]:  # experts may get others now
        return [inputs]
    real = ~reached.inputs
    if not layer.product.kernel:
        return [inputs[real]] if bool(real.any()) else []
    return _cropped(layer, inputs, real) if len(layer.product.kernel) == 1 else [inputs]


def real_outputs(layer: AnalogLayer, *outputs: Tensor) -> tuple[Tensor, ...]:
    """Outputs of a layer at one of its calls without those of padding, (vectors, outputs) where there is any."""
    reached, vectors = _next(layer), tuple(_vectors(layer, each) for each in outputs)
    if reached is None or any(reached.outputs.shape != each.shape[:-1] for each in vectors):
        return outputs
    return tuple(each[~reached.outputs] for each in vectors)


def channel_axis(layer: AnalogLayer) -> int:
    """Axis of the channels of a layer's inputs and outputs, counted from the end.

    Examples:
        >>> from bitline import analog_layers, convert
        >>> network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2))
        >>> [channel_axis(layer) for layer in analog_layers(convert(network, "differential", torch.rand(1, 1, 4, 4)))]
        [-3, -1]
    """
    return -1 - len(layer.product.kernel)


def _vectors(layer: AnalogLayer, values: Tensor) -> Tensor:
    """Inputs or outputs of a layer with their channels last."""
    return values.movedim(channel_axis(layer), -1)


def _next(layer: AnalogLayer) -> Reached | None:
    calls = _marks.get().get(layer.name)
    return calls.popleft() if calls else None


def _cropped(layer: AnalogLayer, inputs: Tensor, real: Tensor) -> list[Tensor]:
    """Each sample from its first to its last real position, where a window fits."""
    parts = []
    samples = inputs if inputs.ndim == 3 else inputs[None]
    for sample, positions in zip(samples, real.reshape(len(samples), -1), strict=True):
        places = positions.nonzero()
        if len(places) and int(places[-1] - places[0]) + 1 >= layer.product.kernel[0]:
            parts.append(sample[None, :, int(places[0]) : int(places[-1]) + 1])
    return parts


def _projections(call: Call, network: nn.Module) -> dict[str, list[tuple[Tensor, Tensor]]]:
    """One number for every input and output vector of all layers, by layer and call."""
    found: dict[str, list[tuple[Tensor, Tensor]]] = {layer.name: [] for layer in analog_layers(network)}

    def see(layer: AnalogLayer, x: Tensor) -> Tensor:
        outputs = layer.float_forward(x)
        axis = channel_axis(layer)
        found[layer.name].append((_projected(x, axis), _projected(outputs, axis)))
        return outputs

    with computing(network, see), keeping_numbers(network), keeping_random_state():
        call.on(network)
    return found


def _shapes(calls: list[tuple[Tensor, Tensor]]) -> list[tuple[torch.Size, torch.Size]]:
    return [(inputs.shape, outputs.shape) for inputs, outputs in calls]


def _projected(values: Tensor, axis: int) -> Tensor:
    vectors = values.detach().movedim(axis, -1)
    direction = torch.randn(vectors.shape[-1], generator=torch.Generator().manual_seed(0))
    return vectors @ direction.to(vectors)


def _reached(given: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> Reached:
    return Reached(*(~(left == right) for left, right in zip(given, other, strict=True)))


def _whole(reached: Tensor, padding: Tensor) -> Tensor:
    """All vectors at positions of padding, where those that it reaches show how positions are arranged.

    Some may hold the same for both contents, such as zeros behind a ReLU.
    """
    for arranged in (padding, padding.T, padding.flatten(), padding.T.flatten()):
        if reached.shape[: arranged.ndim] == arranged.shape:
            whole = _spread(arranged, reached)
            if bool((whole | ~reached).all()):
                return whole
    return reached


def _spread(padding: Tensor, like: Tensor) -> Tensor:
    """Marks of positions, with the further axes and on the device of others."""
    return beside(padding, like).expand_as(like)


def with_other_padding(call: Call, real: Tensor) -> Call:
    """The same samples, with what real positions hold in the place of padding.

    Args:
        call: a batch.
        real: where its inputs are no padding, (samples, positions), bool.

    Examples:
        >>> with_other_padding(Call((torch.tensor([[3, 4, 0]]),), {}), torch.tensor([[True, True, False]])).arguments
        (tensor([[3, 4, 3]]),)
    """

    def other(values: Tensor) -> Tensor:
        if values.shape[:2] != real.shape or (call.mask is not None and values is call.mask[1]):
            return values
        inside = real.to(values.device)
        held = values[inside]
        if not len(held):
            return values
        first = held[0]
        others = held[(held != first).reshape(len(held), -1).any(1)]
        second = others[0] if len(others) else first
        stays = beside(inside, values)
        return torch.where(stays, values, torch.where(values == first, second, first))

    return call.each(other)
