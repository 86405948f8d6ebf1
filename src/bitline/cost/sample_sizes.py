"""How long or large the samples are that a cost is gathered from, and which of them it holds for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import Tensor

from bitline.data.call import Call
from bitline.data.sample_list import SampleList

Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Of the inputs of a sample, by the names of the network's arguments; those given by place have none."""


@dataclass(frozen=True)
class SampleSizes:
    """Sizes of samples.

    Attributes:
        shapes: of the inputs of the first sample, which costs are those of.
        others: of the first sample that has other ones; empty where all are alike.
        positions: of the first sample, with its padding; 0 where no mask says what padding is.
        real: positions of the first sample that are no padding.
        is_padded: whether any sample has padding.

    Examples:
        >>> import torch
        >>> call = Call((), {"input_ids": torch.ones(2, 5), "attention_mask": torch.tensor([[1] * 5, [1, 1, 1, 0, 0]])})
        >>> SampleSizes.of([call]).notes[0][:76]
        'samples are padded: energy and latency are those of the first one, of 5 posi'
    """

    shapes: Shapes = ()
    others: Shapes = ()
    positions: int = 0
    real: int = 0
    is_padded: bool = False

    @classmethod
    def of(cls, calls: Iterable[Call]) -> SampleSizes:
        """Sizes of the samples of some batches."""
        calls = tuple(calls)
        shapes = [found for call in calls for found in dict.fromkeys(_shapes(call))]
        masks = [real for call in calls if (real := call.real) is not None]
        return cls(
            shapes=shapes[0],
            others=next((found for found in shapes if found != shapes[0]), ()),
            positions=masks[0].shape[1] if masks else 0,
            real=int(masks[0][0].sum()) if masks else 0,
            is_padded=not all(bool(real.all()) for real in masks),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know who reads a cost of such samples."""
        if self.others:
            pairs = zip(self.shapes, self.others, strict=False)
            (name, shape), (_, other) = next((pair for pair in pairs if pair[0] != pair[1]), (self.shapes[0], ("", ())))
            padded = ", padding included" * self.is_padded
            return (
                f"samples differ in size: energy and latency are those of the first one, with {name or 'inputs'} of "
                f"shape {shape}{padded}; another one has {other}",
            )
        if self.is_padded:
            return (
                f"samples are padded: energy and latency are those of the first one, of {self.positions} positions, "
                f"{self.real} of them real; padding costs what they cost unless the network itself leaves it out",
            )
        return ()


def _shapes(call: Call) -> Iterator[Shapes]:
    """Shapes of the inputs of each sample, without the axis of the samples."""
    named = [*(("", value) for value in call.arguments), *call.keywords.items()]
    if not any(isinstance(value, SampleList) for _, value in named):
        yield tuple((name, _shape(value, call)) for name, value in named if isinstance(value, Tensor))
        return
    for sample in range(call.samples):
        own = ((name, value.tensors[sample] if isinstance(value, SampleList) else value) for name, value in named)
        yield tuple((name, tuple(value.shape)) for name, value in own if isinstance(value, Tensor))


def _shape(value: Tensor, call: Call) -> tuple[int, ...]:
    """Shape of what a sample has of an input; of all of it where samples share it."""
    along = (axis for axis in (call.axis, 0) if value.shape[axis : axis + 1] == (call.samples,))
    axis = next(along, None)
    return tuple(value.shape) if axis is None else (*value.shape[:axis], *value.shape[axis + 1 :])
