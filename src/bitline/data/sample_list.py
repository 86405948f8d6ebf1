"""Inputs that networks take as a list, such as pictures of several sizes for a detector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class SampleList:
    """One tensor for each sample, which a network takes as a list.

    Attributes:
        tensors: of the samples, in any shapes.

    Examples:
        >>> import torch
        >>> pictures = SampleList((torch.ones(3, 4, 4), torch.ones(3, 6, 4)))
        >>> len(pictures), pictures.shape, [tuple(picture.shape) for picture in pictures[1:]]
        (2, (2,), [(3, 6, 4)])
    """

    tensors: tuple[Tensor, ...]

    @property
    def shape(self) -> tuple[int]:
        """The axis of the samples, which is all that they have in common."""
        return (len(self.tensors),)

    def __len__(self) -> int:
        return len(self.tensors)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.tensors)

    def __getitem__(self, places: slice | Tensor) -> SampleList:
        """Some of the samples, by a slice or by their numbers."""
        if isinstance(places, slice):
            return SampleList(self.tensors[places])
        return SampleList(tuple(self.tensors[int(place)] for place in places))

    def each(self, change: Callable[[Tensor], Tensor]) -> SampleList:
        """The same list with changed tensors."""
        return SampleList(tuple(map(change, self.tensors)))


def with_objects(given: Any) -> tuple[SampleList, list[Mapping[str, Any]]] | None:
    """Inputs and targets of a batch whose samples stand in lists, with a mapping for each sample.

    So loaders for detection yield them, with `collate_fn=lambda items: tuple(zip(*items))`.

    Args:
        given: a batch.

    Returns:
        None for any other batch.

    Examples:
        >>> import torch
        >>> pictures, objects = with_objects(((torch.ones(3, 4, 4),), ({"labels": torch.tensor([1])},)))
        >>> len(pictures), objects
        (1, [{'labels': tensor([1])}])
        >>> with_objects((torch.ones(1, 3, 4, 4), torch.tensor([1]))) is None
        True
    """
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        return None
    inputs, targets = given
    if not all(isinstance(part, (tuple, list)) and part for part in (inputs, targets)) or len(inputs) != len(targets):
        return None
    if not all(isinstance(sample, Tensor) and sample.ndim for sample in inputs):
        return None
    return (SampleList(tuple(inputs)), list(targets)) if all(isinstance(each, Mapping) for each in targets) else None
