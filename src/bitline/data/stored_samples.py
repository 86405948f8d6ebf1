"""Samples: what a network is shown, with what it should say, batch by batch and always the same.

Everything that looks at data (calibration, measures, layer errors, costs) takes `Samples`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from torch import Tensor, nn

from bitline.data.batch import Batch
from bitline.data.call import Call
from bitline.data.sample_list import SampleList
from bitline.data.stored_images import StoredImages
from bitline.numerics.digest import data_digest, digestible


class Samples(ABC):
    """Inputs of a network with their targets, batch by batch and always the same."""

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def batches(self, size: int) -> Iterator[Batch]:
        """All samples, at most `size` at once.

        Raises:
            DataError: they cannot be read, or are not what they were when they were first read.
        """

    @abstractmethod
    def part(self, start: int, stop: int | None) -> Samples:
        """Some of the samples, from number `start` to the one before `stop`."""

    @abstractmethod
    def digest(self) -> str:
        """What tells these samples from others, 16 hexadecimal digits."""

    @abstractmethod
    def beside(self, network: nn.Module) -> Samples:
        """The same samples, on the device and in the precision of a network."""

    def first(self, count: int) -> Batch:
        """The first samples, `count` of them at most, as one batch."""
        return next(self.part(0, count).batches(count))


@dataclass(frozen=True)
class StoredSamples(Samples):
    """Samples in memory, or images that are read where they are used.

    Attributes:
        inputs: arguments of the network for all samples, tensors or `StoredImages`.
        targets: of all samples; None where there are none.

    Examples:
        >>> import torch
        >>> samples = StoredSamples(Call((torch.rand(5, 4),), {}), torch.tensor([0, 1, 1, 0, 1]))
        >>> [len(batch) for batch in samples.batches(2)], samples.part(3, 5).targets
        ([2, 2, 1], tensor([0, 1]))
    """

    inputs: Call
    targets: Any = None

    def __len__(self) -> int:
        return len(self._first)

    @property
    def _first(self) -> Any:
        return next(iter((*self.inputs.arguments, *self.inputs.keywords.values())))

    def batches(self, size: int) -> Iterator[Batch]:
        for start in range(0, len(self), size):
            part = self.part(start, start + size)
            yield Batch(part.inputs.changed(_read), part.targets)

    def part(self, start: int, stop: int | None) -> StoredSamples:
        count = len(self)

        def some(value: Any) -> Any:
            return value[start:stop] if value.shape and len(value) == count else value

        return StoredSamples(self.inputs.changed(some), None if self.targets is None else self.targets[start:stop])

    def picked(self, places: Tensor) -> Batch:
        """The samples with these numbers, in this order, as one batch."""
        found = self.at(places)
        return Batch(found.inputs.changed(_read), found.targets)

    def at(self, places: Tensor) -> StoredSamples:
        """The samples with these numbers, in this order."""
        count = len(self)

        def some(value: Any) -> Any:
            return value[places] if value.shape and len(value) == count else value

        targets = self.targets
        if targets is not None:
            targets = targets[places] if isinstance(targets, Tensor) else [targets[int(place)] for place in places]
        return StoredSamples(self.inputs.changed(some), targets)

    def beside(self, network: nn.Module) -> StoredSamples:
        return StoredSamples(placed(self.inputs, network), self.targets)

    def digest(self) -> str:
        parts = [*self.inputs.arguments]
        for name, value in sorted(self.inputs.keywords.items()):
            parts += [name, value]
        whole = (tuple(part) if isinstance(part, SampleList) else (part,) for part in parts)
        return data_digest(*chain.from_iterable(whole), *digestible(self.targets))


def placed(call: Call, network: nn.Module) -> Call:
    """Inputs on the device and in the precision of a network; stored images give their batches there."""
    placed = call.for_network(network)
    return placed.changed(lambda value: value.beside(network) if isinstance(value, StoredImages) else value)


def _read(value: Any) -> Any:
    """Inputs of a batch; stored images are read without another copy."""
    return next(iter(value.split(len(value)))) if isinstance(value, StoredImages) and len(value) else value
