"""Items of a data set made into batches, lists of numbers among them.

PyTorch's own way to do this takes a list for several values, each of which has a batch of its own: of sentences that
are lists of tokens it makes one tensor for each place, with samples on the wrong axis.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.data.call import possible_arguments
from bitline.errors import DataError

LABELS = ("labels", "label", "label_ids")
"""Entries of a mapping that are targets."""
TARGETS = ("targets", "target", "y")
"""Entries of a mapping that are targets where the network has no argument of this name."""


def collated(items: Sequence[Any]) -> Any:
    """A batch of items of a data set.

    Args:
        items: of one shape, as `with_tensors` gives them, or as a data set does.

    Examples:
        >>> collated([{"input_ids": [1, 2, 3]}, {"input_ids": [4, 5, 6]}])
        {'input_ids': tensor([[1, 2, 3],
                [4, 5, 6]])}
    """
    return _collated(list(map(with_tensors, items)))


def _collated(values: list[Any]) -> Any:
    from torch.utils.data import default_collate

    first = values[0]
    if isinstance(first, Mapping):
        return {name: _part([value[name] for value in values], name in (*LABELS, *TARGETS)) for name in first}
    if isinstance(first, tuple):
        parts = [list(part) for part in zip(*values, strict=True)]
        return [*map(_collated, parts[:-1]), _part(parts[-1], has_object(first))]
    return values if isinstance(first, list) else default_collate(values)


def _part(values: list[Any], is_target: bool) -> Any:
    """A part of all items: targets that are mappings, such as boxes and their labels, stay a list of them."""
    return values if is_target and isinstance(values[0], Mapping) else _collated(values)


def has_object(item: Any) -> bool:
    """Whether an item of a data set is inputs and a target that is a mapping, such as boxes and their labels.

    Examples:
        >>> has_object((torch.ones(3, 4, 4), {"boxes": torch.ones(2, 4)})), has_object((torch.ones(3, 4, 4), 1))
        (True, False)
    """
    return isinstance(item, tuple) and len(item) > 1 and isinstance(item[-1], Mapping)


def with_tensors(item: Any) -> Any:
    """An item of a data set whose lists of numbers are tensors, those of lists, too, where all are of one length.

    Lists of texts, such as words, stay as they are.

    Examples:
        >>> with_tensors(([[1, 2], [3, 4]], 0))
        (tensor([[1, 2],
                [3, 4]]), 0)
    """
    if isinstance(item, Mapping):
        return {name: _with_tensors(value) for name, value in item.items()}
    if isinstance(item, (tuple, list)) and not _are_numbers(item):
        return tuple(map(_with_tensors, item))
    return _with_tensors(item)


def _with_tensors(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_tensors(part) for name, part in value.items()}
    found = _tensor(value) if isinstance(value, list) else None
    if found is not None or _are_texts(value):
        return value if found is None else found
    return tuple(map(_with_tensors, value)) if isinstance(value, (tuple, list)) else value


def _tensor(value: list[Any]) -> Tensor | None:
    """A list of numbers, or of such lists, as a tensor; None for others."""
    if _are_numbers(value):
        return torch.tensor(value)
    parts = [_tensor(part) if isinstance(part, list) else None for part in value]
    found = [part for part in parts if part is not None]
    if not found or len(found) < len(parts) or len({part.shape for part in found}) > 1:
        return None
    return torch.tensor(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(part, str) for part in value)


def _are_numbers(value: Sequence[Any]) -> bool:
    is_list = isinstance(value, list) and len(value) > 0
    return is_list and all(isinstance(part, (int, float, np.number, np.bool_)) for part in value)


@dataclass(frozen=True)
class Turned:
    """Batches of a loader that collates as PyTorch does, with samples first where it had lists of numbers.

    Attributes:
        loader: a `DataLoader`.
        network: takes the batches.

    Examples:
        >>> from torch.utils.data import DataLoader
        >>> loader = DataLoader([{"input": [1, 2, 3]}, {"input": [4, 5, 6]}], batch_size=2)
        >>> next(iter(Turned(loader, nn.Identity())))
        {'input': tensor([[1, 2, 3],
                [4, 5, 6]])}
    """

    loader: Iterable[Any]
    network: nn.Module

    def __iter__(self) -> Iterator[Any]:
        for batch in self.loader:
            if isinstance(batch, Mapping):
                yield {name: _turned(value) for name, value in batch.items()}
            elif isinstance(batch, (tuple, list)) and len(batch) > 1:
                yield [*map(self._inputs, batch[:-1]), _turned(batch[-1])]
            else:
                yield batch

    def _inputs(self, value: Any) -> Any:
        """Inputs of a tuple: several may be a list of tensors, too, if the network takes as many."""
        if isinstance(value, Mapping):
            return {name: _turned(part) for name, part in value.items()}
        several = isinstance(value, (tuple, list)) and 1 < len(value) <= possible_arguments(self.network)
        return value if several else _turned(value)


def rightly_collated(source: Any, network: nn.Module) -> Any:
    """A source of batches; a `DataLoader` that collates as PyTorch does, with samples first in all of them.

    Examples:
        >>> batches = [torch.ones(2, 3)]
        >>> rightly_collated(batches, nn.Identity()) is batches
        True
    """
    from torch.utils.data import default_collate

    return Turned(source, network) if getattr(source, "collate_fn", None) is default_collate else source


def refuse_lists_of_batches(batch: Any) -> None:
    """Refuse a mapping that has lists of tensors of several numbers, of which nobody knows which axis has the samples.

    Raises:
        DataError: it has one.

    Examples:
        >>> refuse_lists_of_batches({"input_ids": [torch.ones(4), torch.ones(4)]})
        Traceback (most recent call last):
        bitline.errors.DataError: 'input_ids' of a batch is a list of 2 lists or tensors of ...
    """
    for name, value in batch.items() if isinstance(batch, Mapping) else ():
        if isinstance(value, list) and isinstance(_turned(value), Tensor):
            raise DataError(
                f"{name!r} of a batch is a list of {len(value)} lists or tensors of numbers of several samples, one "
                "for each place, as PyTorch makes them of lists: give tensors in the data set (of Hugging Face's: "
                "set_format('torch')), or a collate_fn that stacks samples"
            )


def _are_tensors(value: Any) -> bool:
    """Whether a value is a list of tensors of one shape that have axes."""
    if not isinstance(value, list) or not value or not all(isinstance(part, Tensor) and part.ndim for part in value):
        return False
    return len({part.shape for part in value}) == 1


def _turned(value: Any) -> Any:
    """A list of tensors or texts, one for each place of the lists that were samples, with samples first."""
    if not isinstance(value, list):
        return value
    if value and all(isinstance(part, tuple) and _are_texts(list(part)) for part in value):
        return list(map(list, zip(*value, strict=True)))
    parts = list(map(_turned, value))
    return torch.stack(parts, 1) if _are_tensors(parts) else value
