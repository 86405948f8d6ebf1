"""Lists, whose entries may be samples or batches, as `list(loader)` has them."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch import nn

from bitline.data.batch import Batch, batch_of
from bitline.data.call import Call
from bitline.data.modes import is_training
from bitline.errors import DataError


def are_batches(entries: list[Any], network: nn.Module) -> bool:
    """Whether the entries of a list are batches; what is in doubt is tried with the first entry.

    Entries in which every input has a target of its own, and those without targets, may be either: ten vectors with ten
    labels, or a sequence of ten that are labelled one by one. They are batches if the network takes a part of an entry,
    but no entry as one sample. If it takes either, entries of other lengths than a loader gives are samples.

    Args:
        entries: of the list.
        network: takes the inputs; left as it is.

    Raises:
        DataError: the network takes them as either.

    Examples:
        >>> images = torch.rand(20, 3, 8, 8)
        >>> are_batches(list(images.split(5)), nn.Conv2d(3, 2, 3)), are_batches(list(images), nn.Conv2d(3, 2, 3))
        (True, False)
        >>> are_batches([(torch.rand(5, 4), torch.zeros(5))], nn.Linear(4, 2))
        Traceback (most recent call last):
        bitline.errors.DataError: entries of the list have 5 rows, which Linear takes as a batch and as one sample: ...
    """
    read: list[Batch] = []
    for entry in entries:
        batch = _read(entry, network)
        if batch is None:
            return False
        read.append(batch)
    sizes = [len(batch) for batch in read]
    if not sizes or sizes[0] < 2:
        return False
    call = read[0].call.for_network(network)
    tried = copy.deepcopy(network).eval() if is_training(network) else network
    if not _takes(tried, call.part(0, 1)):
        return False
    if not _takes(tried, call.each(lambda value: value[None])):
        return True
    if set(sizes[:-1]) - {sizes[0]} or sizes[-1] > sizes[0]:  # a loader's last batch alone is smaller
        return False
    raise DataError(
        f"entries of the list have {sizes[0]} rows, which {type(network).__name__} takes as a batch and as one "
        "sample: give batches as a DataLoader or joined (torch.cat), and samples stacked (torch.stack) or as a data set"
    )


def _read(entry: Any, network: nn.Module) -> Batch | None:
    """An entry as a batch, None where it is none: a vector, or inputs with another number of targets."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # entries without an argument are told of later
            batch = batch_of(entry, network)
    except DataError:
        return None
    return batch if all(value.ndim > 1 for value in batch.call.tensors()) else None


@torch.no_grad()
def _takes(network: nn.Module, call: Call) -> bool:
    try:
        call.on(network)
    except (Exception, SystemExit):  # a user's network can raise anything
        return False
    return True
