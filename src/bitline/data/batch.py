"""Samples as users have them, as the arguments of a network and the targets that belong to them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.config.messages import nearest
from bitline.data.call import Call, accepted_keywords, possible_arguments, tell_left_out, tensor_of_numbers
from bitline.data.collate import LABELS, TARGETS
from bitline.data.decoder_inputs import with_decoder_inputs
from bitline.data.refused_arguments import name_of_argument, no_tensor
from bitline.data.sample_list import with_objects
from bitline.data.stored_images import StoredImages
from bitline.errors import DataError
from bitline.numerics.text import type_in_words


@dataclass(frozen=True)
class Batch:
    """Inputs of a network and their targets.

    Attributes:
        call: the inputs, as arguments of the network.
        targets: of the samples, a tensor or a sequence; None where there are none.

    Examples:
        >>> batch = batch_of((torch.rand(3, 4), torch.tensor([0, 1, 1])), nn.Linear(4, 2))
        >>> batch.part(1, 3).targets, len(batch)
        (tensor([1, 1]), 3)
    """

    call: Call
    targets: Any = None

    def __len__(self) -> int:
        return self.call.samples

    def part(self, start: int, stop: int) -> Batch:
        """Some of the samples."""
        return Batch(self.call.part(start, stop), None if self.targets is None else self.targets[start:stop])


def copied(value: Any) -> Any:
    """Targets with tensors and arrays of their own, for code of a user's that may work in place.

    Examples:
        >>> labels = torch.tensor([1, 2])
        >>> copied({"labels": [labels]})["labels"][0].zero_(), labels
        (tensor([0, 0]), tensor([1, 2]))
    """
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {name: copied(part) for name, part in value.items()}
    return type(value)(map(copied, value)) if type(value) in (list, tuple) else value


def batch_of(given: Any, network: nn.Module) -> Batch:
    """A batch of a user's.

    Args:
        given: inputs alone; a tuple or list of inputs, the last entry of two or more the targets; a mapping by the
            names of the network's arguments, with targets under 'labels'; or lists of inputs and of mappings, one for
            each sample, as loaders for detection have them. Inputs of a tuple may be a mapping.
        network: takes the inputs.

    Raises:
        DataError: it is something else, or its parts have other numbers of samples.

    Examples:
        >>> batch_of({"input": torch.rand(3, 4), "labels": [0, 1, 1]}, nn.Linear(4, 2)).targets
        [0, 1, 1]
        >>> batch_of("pictures", nn.Linear(4, 2))
        Traceback (most recent call last):
        bitline.errors.DataError: samples are tensors or arrays, tuples (inputs, targets), or mappings by the ...
    """
    if isinstance(given, Mapping):
        return _checked(*_of_mapping(given, network), network)
    listed = with_objects(given)
    if listed is not None:
        return Batch(Call((listed[0],), {}), listed[1])
    if isinstance(given, (tuple, list)) and given:
        inputs, targets = (list(given[:-1]), given[-1]) if len(given) > 1 else (list(given), None)
        if len(inputs) == 1 and isinstance(inputs[0], Mapping):
            return _of_mapping_and(inputs[0], targets, network)
        if len(inputs) == 1 and isinstance(inputs[0], (tuple, list)):
            inputs = list(inputs[0])
        return _checked(_of_several(inputs, network), targets, network)
    return _checked(Call((_input(given),), {}), None, network)


def with_labels(given: Any, labels: Any, network: nn.Module) -> Batch:
    """Inputs and labels that a user gave apart.

    Args:
        given: inputs: a tensor or an array, a list of samples of one shape, a tuple of several inputs, or a mapping.
        labels: of every sample.
        network: takes the inputs.

    Raises:
        DataError: as for `batch_of`.

    Examples:
        >>> with_labels([torch.ones(4), torch.zeros(4)], [1, 0], nn.Linear(4, 2)).call.tensors()[0].shape
        torch.Size([2, 4])
    """
    listed = with_objects((given, labels))
    if listed is not None and not (isinstance(given, list) and stacked_samples(given) is not None):
        return Batch(Call((listed[0],), {}), listed[1])
    if isinstance(given, Mapping):
        return _of_mapping_and(given, labels, network)
    if isinstance(given, tuple):
        return _checked(_of_several(given, network), labels, network)
    stacked = stacked_samples(given) if isinstance(given, list) else None
    return _checked(Call((_input(given) if stacked is None else stacked,), {}), labels, network)


def stacked_samples(samples: list[Any]) -> Tensor | None:
    """A list of samples of one shape as one tensor; None for anything else.

    Examples:
        >>> stacked_samples([torch.ones(2), torch.zeros(2)])
        tensor([[1., 1.],
                [0., 0.]])
    """
    tensors = [tensor_of_numbers(sample) for sample in samples]
    found = [tensor for tensor in tensors if tensor is not None]
    if not found or len(found) < len(tensors) or len({(tensor.shape, tensor.dtype) for tensor in found}) > 1:
        return None
    return torch.stack(found)


def _of_mapping(given: Mapping[Any, Any], network: nn.Module) -> tuple[Call, Any]:
    named = {str(name): value for name, value in given.items()}
    accepted = accepted_keywords(network, named)
    key = next((name for name in LABELS if name in named), None)
    key = key or next((name for name in TARGETS if name in named and name not in accepted), None)
    keywords = {name: _input(value, name) for name, value in accepted.items() if name != key and value is not None}
    if not keywords:
        takes = [*inspect.signature(network.forward).parameters]
        others = [name for name in named if name != key] or ["anything"]
        remedy = nearest(others[0], takes) if takes else ": it takes nothing"
        labels = f"; targets go under {LABELS[0]!r}" if key is None else ""
        raise DataError(f"the network has no argument called {', '.join(others)}{remedy}{labels}")
    tell_left_out(network, left_out(named, accepted), accepted)
    return Call((), keywords), None if key is None else named[key]


def _of_mapping_and(given: Mapping[Any, Any], targets: Any, network: nn.Module) -> Batch:
    """A mapping whose targets are apart, if it has none.

    Raises:
        DataError: it has some, too.
    """
    call, inner = _of_mapping(given, network)
    if inner is not None and targets is not None:
        raise DataError("labels are given twice, in the mapping and apart: leave one of them out")
    return _checked(call, inner if targets is None else targets, network)


def left_out(named: Mapping[str, Any], accepted: Mapping[str, Any]) -> list[str]:
    """Entries of a mapping that are neither targets nor arguments of the network.

    Examples:
        >>> left_out({"input": 1, "labels": 2, "idx": 3}, accepted={"input": 1})
        ['idx']
    """
    return [name for name in named if name not in accepted and name not in (*LABELS, *TARGETS)]


def _of_several(inputs: Sequence[Any], network: nn.Module) -> Call:
    """Several inputs by place."""
    if len(inputs) > possible_arguments(network):
        raise DataError(
            f"{type(network).__name__} takes {possible_arguments(network)} inputs, and there are {len(inputs)} before "
            "the targets: give (inputs, targets), or a mapping by the names of its arguments"
        )
    names = [name_of_argument(place, network) if len(inputs) > 1 else "" for place in range(len(inputs))]
    return Call(tuple(map(_input, inputs, names)), {}).with_names(network)


def _input(value: Any, argument: str = "") -> Any:
    if isinstance(value, StoredImages):
        return value
    tensor = tensor_of_numbers(value)
    if tensor is None and isinstance(value, list):
        tensor = _listed(value)
    if tensor is None and argument:
        raise DataError(no_tensor(argument, value))
    if tensor is None or tensor.ndim == 0:
        raise DataError(
            "samples are tensors or arrays, tuples (inputs, targets), or mappings by the names of the network's "
            f"arguments, not {type_in_words(value)}"
        )
    return tensor


def _listed(value: list[Any]) -> Tensor | None:
    """Lists of numbers, as tokenizers return them."""
    try:
        return torch.as_tensor(value)
    except (ValueError, TypeError, RuntimeError):
        return stacked_samples(value)


def _table(targets: list[Any]) -> Tensor | None:
    """Lists of numbers, all of one length, as tokenizers return them: one for each sample; None for others."""
    rows = [row for row in targets if isinstance(row, list)]
    lengths = {len(row) for row in rows}
    if len(rows) < len(targets) or len(lengths) != 1:
        return None
    whole = all(isinstance(value, (int, float)) for row in rows for value in row)
    return torch.tensor(targets) if whole else None


def _checked(call: Call, targets: Any, network: nn.Module) -> Batch:
    values = [value for value in (*call.arguments, *call.keywords.values())]
    counts = [len(value) for value in values if value.shape]
    samples = counts[0]
    if targets is not None:
        array = _table(targets) if isinstance(targets, list) else tensor_of_numbers(targets)
        targets = targets if array is None else array
        if isinstance(targets, (set, frozenset)):
            raise DataError("the labels are a set, which has no order: give a list or array of them")
        if isinstance(targets, Mapping):
            raise DataError(
                f"the labels are {type_in_words(targets)} of {', '.join(map(str, targets))}: give a tensor or a list "
                "with one label for each sample, such as a list of these mappings"
            )
        if not hasattr(targets, "__len__") or getattr(targets, "shape", (1,)) == ():
            raise DataError(
                f"{samples} samples and a single label: give one label for each sample; where data yields single "
                "samples, give a DataLoader that makes batches of them (batch_size=64)"
            )
        count = len(targets)
        if count != samples or count == 0:
            raise DataError(f"{samples} samples and {count} labels: give one label for each of one or more samples")
    return Batch(with_decoder_inputs(call, targets, network), targets)
