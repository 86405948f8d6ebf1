"""Samples that a loader or a data set yields, every time anew."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, zip_longest
from typing import Any

from torch import Tensor, nn

from bitline.data.batch import Batch, batch_of
from bitline.data.call import usable
from bitline.data.collate import collated, has_object, refuse_lists_of_batches, rightly_collated, with_tensors
from bitline.data.sample_list import SampleList
from bitline.data.stored_samples import Samples
from bitline.errors import DataError
from bitline.numerics.digest import content_of, data_digest, digestible

RUN = 64
"""Samples of a data set that are read at once."""


@dataclass(frozen=True)
class LoadedSamples(Samples):
    """Samples that a loader or a data set yields, every time anew.

    They are read once when this is made, to count and to check them, and later compared with what they were.

    Attributes:
        source: yields batches.
        read: makes a `Batch` of what the source yields.
        seen: for each batch of the source, its number of samples and a digest.
        start, stop: which samples are meant.

    Examples:
        >>> import torch
        >>> loader = [(torch.rand(2, 4), torch.tensor([0, 1])), (torch.rand(1, 4), torch.tensor([1]))]
        >>> samples = LoadedSamples.of(loader, nn.Linear(4, 2))
        >>> len(samples), [len(batch) for batch in samples.part(1, 3).batches(8)]
        (3, [1, 1])
    """

    source: Iterable[Any]
    read: Callable[[Any], Batch]
    seen: tuple[tuple[int, int], ...]
    start: int = 0
    stop: int = 0

    @classmethod
    def of(cls, source: Iterable[Any], network: nn.Module) -> LoadedSamples:
        """What a source yields, as inputs of a network.

        Raises:
            DataError: it yields nothing, or something that is no batch; inputs are NaN or infinite.
        """
        source = list(source) if iter(source) is source else source  # what can be read only once is kept
        source, read = rightly_collated(source, network), _Reader(network)
        seen = []
        for given in source:
            batch = read(given)
            usable(batch.call, network, "inputs", DataError)
            seen.append((len(batch), _digest(batch)))
        count = sum(size for size, _ in seen)
        if not count:
            raise DataError("the data yields no sample: give one or more")
        return cls(source, read, tuple(seen), 0, count)

    def __len__(self) -> int:
        return self.stop - self.start

    def batches(self, size: int) -> Iterator[Batch]:
        place = 0
        for number, (given, known) in enumerate(zip_longest(self.source, self.seen)):
            if known is not None and (place >= self.stop or place + known[0] <= self.start):
                place += known[0]
                if place - known[0] >= self.stop:
                    return
                continue
            if given is None or known is None:
                raise DataError(_changed(number))
            batch = self.read(given)
            if (len(batch), _digest(batch)) != known:
                raise DataError(_changed(number))
            first, last = max(self.start - place, 0), min(self.stop - place, len(batch))
            for start in range(first, last, size):
                yield batch.part(start, min(start + size, last))
            place += len(batch)

    def part(self, start: int, stop: int | None) -> LoadedSamples:
        begin = min(self.start + start, self.stop)
        return replace(self, start=begin, stop=self.stop if stop is None else min(self.start + stop, self.stop))

    def beside(self, network: nn.Module) -> LoadedSamples:
        return replace(self, read=_Reader(network))

    def digest(self) -> str:
        return data_digest(f"{self.seen} {self.start} {self.stop}")


@dataclass(frozen=True)
class _Reader:
    """Makes batches of what a source yields, in the precision and on the device of a network."""

    network: nn.Module = field(repr=False)

    def __call__(self, given: Any) -> Batch:
        refuse_lists_of_batches(given)
        batch = batch_of(given, self.network)
        return Batch(batch.call.for_network(self.network), batch.targets)


@dataclass(frozen=True)
class Runs:
    """Batches of a data set with numbered items: those that stand together and have the same shapes."""

    dataset: Any

    def __iter__(self) -> Iterator[Any]:
        waiting: list[Any] = []
        shape: Any = None
        for number in range(len(self.dataset)):
            try:
                item = with_tensors(self.dataset[number])
            except IndexError:
                raise DataError(
                    f"the data set has no sample {number}, and says that it has {len(self.dataset)}"
                ) from None
            if waiting and (item_shape(item) != shape or len(waiting) == RUN):
                yield collated(waiting)
                waiting = []
            waiting, shape = [*waiting, item], item_shape(item)
        if waiting:
            yield collated(waiting)


def _digest(batch: Batch) -> int:
    """A number that tells batches apart."""
    code = 0
    values = *batch.call.arguments, *batch.call.keywords.values(), batch.targets
    for value in chain.from_iterable(digestible(list(v) if isinstance(v, SampleList) else v) for v in values):
        if isinstance(value, Tensor):
            code = zlib.crc32(content_of(value), zlib.crc32(str(tuple(value.shape)).encode(), code))
        else:
            code = zlib.crc32(str(value).encode(errors="replace"), code)
    return code


def has_numbers(data: Any) -> bool:
    """Whether a data set has numbered items: not one that is only read from first to last.

    Examples:
        >>> has_numbers([1, 2]), has_numbers(iter([1, 2]))
        (True, False)
    """
    from torch.utils.data import IterableDataset

    return hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, IterableDataset)


def item_shape(item: Any) -> Any:
    """What items have in common that can stand in one batch.

    Examples:
        >>> from torch import ones
        >>> item_shape((ones(2, 3), 1))
        [((2, 3), 'torch.float32'), ((), "<class 'int'>")]
    """
    if isinstance(item, Mapping):
        return {str(name): item_shape(value) for name, value in item.items()}
    if isinstance(item, tuple):
        return [item_shape(value) for value in (item[:-1] if has_object(item) else item)]
    return tuple(getattr(item, "shape", ())), str(getattr(item, "dtype", type(item)))


def _changed(number: int) -> str:
    return (
        f"the data is not the same when it is read again, from batch {number} on: give a DataLoader with "
        "shuffle=False, and a data set that draws nothing at random"
    )
