"""What users have as samples: tensors, mappings, data sets and loaders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor, nn

from bitline.config.users_code import failure
from bitline.data.batch import batch_of, stacked_samples, with_labels
from bitline.data.call import usable
from bitline.data.dataset import Dataset
from bitline.data.lists import are_batches
from bitline.data.loaded_samples import LoadedSamples, Runs, has_numbers
from bitline.data.sample_list import with_objects
from bitline.data.stored_images import StoredImages
from bitline.data.stored_samples import Samples, StoredSamples, placed
from bitline.errors import BitlineError, DataError
from bitline.numerics.text import type_in_words

__all__ = ["LoadedSamples", "Samples", "StoredSamples", "samples_of"]


def samples_of(data: Any, labels: Any, network: nn.Module) -> Samples:
    """What a user gave, as samples of a network.

    Args:
        data: inputs as a tensor, an array or `StoredImages`, (samples, ...); a tuple (inputs, targets); a mapping by
            the names of the network's arguments, targets under 'labels'; a `Dataset` of bitline or of PyTorch; a
            `DataLoader` or another iterable of batches, each a tensor, a tuple or a mapping; a list of samples, or of
            batches where the network leaves no doubt, see `are_batches`; `Samples`; of pictures of several sizes a list
            of tensors, where each has a mapping as target.
        labels: targets of inputs that come without them; None where the data has them, or there are none.
        network: takes the inputs.

    Raises:
        DataError: the data is something else, has other numbers of inputs and of targets, holds NaN or infinite
            values, or labels are given twice.

    Examples:
        >>> import torch
        >>> network = nn.Linear(4, 2)
        >>> len(samples_of({"input": torch.rand(3, 4), "labels": torch.tensor([0, 1, 1])}, None, network))
        3
        >>> samples_of(7, None, network)
        Traceback (most recent call last):
        bitline.errors.DataError: the data is an int: give a tensor or array, a tuple (inputs, targets), a mapping, ...
    """
    if isinstance(data, Samples):
        return data.beside(network)
    if isinstance(data, Dataset):
        data, labels = data.stored, data.labels if labels is None else labels
    if isinstance(data, list) and labels is None and are_batches(data, network):
        return LoadedSamples.of(data, network)
    is_whole = isinstance(data, (Tensor, StoredImages, tuple, Mapping)) or hasattr(data, "__array__")
    is_whole = is_whole or (isinstance(data, list) and stacked_samples(data) is not None)
    if is_whole or with_objects((data, labels)) is not None:
        whole = with_labels(data, labels, network) if _is_apart(data, labels) else batch_of(data, network)
        call = usable(whole.call, network, "inputs", DataError)
        return StoredSamples(placed(call, network), whole.targets)
    if isinstance(data, (str, bytes)) or not (isinstance(data, Iterable) or hasattr(data, "__getitem__")):
        raise DataError(
            f"the data is {type_in_words(data)}: give a tensor or array, a tuple (inputs, targets), a mapping, a "
            "data set or a DataLoader"
        )
    if labels is not None:
        raise DataError(
            f"the data is {type_in_words(data)}, and labels are given apart: they go with a tensor, an array, a "
            "tuple or a mapping; batches of a loader and items of a data set have their own"
        )
    try:
        return LoadedSamples.of(Runs(data) if has_numbers(data) else data, network)
    except BitlineError:
        raise
    except Exception as error:  # whatever a user's data raises
        raise DataError(f"the data fails with {failure(error)}") from error


def _is_apart(data: Any, labels: Any) -> bool:
    """Whether the whole data is inputs, and labels, if any, come apart."""
    return labels is not None or not isinstance(data, (tuple, Mapping))
