"""Samples: what a network is shown, with what it should say, batch by batch and always the same.

Everything that looks at data (calibration, measures, layer errors, costs) takes `Samples`; users have tensors,
mappings, data sets and loaders, and `samples_of` makes samples of them.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor, nn

from bitline.config.messages import first_line
from bitline.data.batch import Batch, batch_of, stacked_samples, with_labels
from bitline.data.call import Call
from bitline.data.dataset import Dataset
from bitline.data.stored_images import StoredImages
from bitline.errors import BitlineError, DataError
from bitline.numerics.digest import data_digest

RUN = 64
"""Samples of a data set that are read at once."""


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
        >>> samples = samples_of(torch.rand(5, 4), torch.tensor([0, 1, 1, 0, 1]), nn.Linear(4, 2))
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
            yield Batch(_each(part.inputs, _read), part.targets).without_padding

    def part(self, start: int, stop: int | None) -> StoredSamples:
        count = len(self)

        def some(value: Any) -> Any:
            return value[start:stop] if value.shape and len(value) == count else value

        return StoredSamples(_each(self.inputs, some), None if self.targets is None else self.targets[start:stop])

    def beside(self, network: nn.Module) -> StoredSamples:
        return StoredSamples(_placed(self.inputs, network), self.targets)

    def digest(self) -> str:
        parts = [*self.inputs.arguments]
        for name, value in sorted(self.inputs.keywords.items()):
            parts += [name, value]
        parts.append(self.targets if isinstance(self.targets, Tensor) else repr(self.targets))
        return data_digest(*parts)


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
        read = _Reader(network)
        seen = []
        for given in source:
            batch = read(given)
            check_finite(batch.call)
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
                yield batch.part(start, min(start + size, last)).without_padding
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
        batch = batch_of(given, self.network)
        return Batch(batch.call.for_network(self.network), batch.targets)


@dataclass(frozen=True)
class _Runs:
    """Batches of a data set with numbered items: those that stand together and have the same shapes."""

    dataset: Any

    def __iter__(self) -> Iterator[Any]:
        from torch.utils.data import default_collate

        waiting: list[Any] = []
        shape: Any = None
        for number in range(len(self.dataset)):
            try:
                item = _with_tensors(self.dataset[number])
            except IndexError:
                raise DataError(
                    f"the data set has no sample {number}, and says that it has {len(self.dataset)}"
                ) from None
            if waiting and (_shape(item) != shape or len(waiting) == RUN):
                yield default_collate(waiting)
                waiting = []
            waiting, shape = [*waiting, item], _shape(item)
        if waiting:
            yield default_collate(waiting)


def samples_of(data: Any, labels: Any, network: nn.Module) -> Samples:
    """What a user gave, as samples of a network.

    Args:
        data: inputs as a tensor, an array or `StoredImages`, (samples, ...); a tuple (inputs, targets); a mapping by
            the names of the network's arguments, targets under 'labels'; a `Dataset` of bitline or of PyTorch; a
            `DataLoader` or another iterable of batches, each a tensor, a tuple or a mapping; or `Samples`.
        labels: targets of inputs that come without them; None where the data has them, or there are none.
        network: takes the inputs.

    Raises:
        DataError: the data is something else, has other numbers of inputs and of targets, holds NaN or infinite
            values, or labels are given twice.

    Examples:
        >>> network = nn.Linear(4, 2)
        >>> len(samples_of({"input": torch.rand(3, 4), "labels": torch.tensor([0, 1, 1])}, None, network))
        3
        >>> samples_of(7, None, network)
        Traceback (most recent call last):
        bitline.errors.DataError: the data is a int: give a tensor or array, a tuple (inputs, targets), a mapping, a ...
    """
    if isinstance(data, Samples):
        return data.beside(network)
    if isinstance(data, Dataset):
        data, labels = data.stored, data.labels if labels is None else labels
    is_whole = isinstance(data, (Tensor, StoredImages, tuple, Mapping)) or hasattr(data, "__array__")
    if is_whole or (isinstance(data, list) and stacked_samples(data) is not None):
        whole = with_labels(data, labels, network) if _is_apart(data, labels) else batch_of(data, network)
        check_finite(whole.call)
        return StoredSamples(_placed(whole.call, network), whole.targets)
    if isinstance(data, (str, bytes)) or not (isinstance(data, Iterable) or hasattr(data, "__getitem__")):
        raise DataError(
            f"the data is a {type(data).__name__}: give a tensor or array, a tuple (inputs, targets), a mapping, a "
            "data set or a DataLoader"
        )
    if labels is not None:
        raise DataError(
            f"the data is a {type(data).__name__}, and labels are given apart: they go with a tensor, an array, a "
            "tuple or a mapping; batches of a loader and items of a data set have their own"
        )
    is_numbered = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    try:
        return LoadedSamples.of(_Runs(data) if is_numbered else data, network)
    except BitlineError:
        raise
    except Exception as error:  # whatever a user's data raises
        raise DataError(f"the data fails with {type(error).__name__}: {first_line(error)}") from error


def check_finite(call: Call) -> None:
    """Refuse inputs that are NaN or infinite.

    Raises:
        DataError: some are.

    Examples:
        >>> check_finite(Call((torch.tensor([1.0]),), {}))
    """
    for tensor in call.tensors():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise DataError("the images hold NaN or infinite values: check how they are loaded and normalised")


def _is_apart(data: Any, labels: Any) -> bool:
    """Whether the whole data is inputs, and labels, if any, come apart."""
    return labels is not None or not isinstance(data, (tuple, Mapping))


def _placed(call: Call, network: nn.Module) -> Call:
    return _each(
        call.for_network(network), lambda value: value.beside(network) if isinstance(value, StoredImages) else value
    )


def _each(call: Call, change: Callable[[Any], Any]) -> Call:
    return Call(tuple(map(change, call.arguments)), {name: change(value) for name, value in call.keywords.items()})


def _read(value: Any) -> Tensor:
    return value.tensor() if isinstance(value, StoredImages) else value


def _digest(batch: Batch) -> int:
    """A number that tells batches apart."""
    code = 0
    for value in (*batch.call.arguments, *batch.call.keywords.values(), batch.targets):
        if isinstance(value, Tensor):
            content = value.detach().cpu().contiguous()
            content = content.float() if content.dtype == torch.bfloat16 else content
            code = zlib.crc32(content.numpy().tobytes(), zlib.crc32(str(tuple(value.shape)).encode(), code))
        else:
            code = zlib.crc32(repr(value).encode(errors="replace"), code)
    return code


def _with_tensors(item: Any) -> Any:
    """An item whose lists of numbers are tensors, as batches of lists would be transposed."""
    if isinstance(item, Mapping):
        return {name: _with_tensors(value) for name, value in item.items()}
    if isinstance(item, (tuple, list)):
        if item and all(isinstance(value, (int, float)) for value in item) and isinstance(item, list):
            return torch.tensor(item)
        return tuple(map(_with_tensors, item))
    return item


def _shape(item: Any) -> Any:
    """What items have in common that can stand in one batch."""
    if isinstance(item, Mapping):
        return {str(name): _shape(value) for name, value in item.items()}
    if isinstance(item, tuple):
        return [_shape(value) for value in item]
    return tuple(getattr(item, "shape", ())), str(getattr(item, "dtype", type(item)))


def _changed(number: int) -> str:
    return (
        f"the data is not the same when it is read again, from batch {number} on: give a DataLoader with "
        "shuffle=False, and a data set that draws nothing at random"
    )
