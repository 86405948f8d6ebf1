"""Inputs of a network as users have them: tensors, arrays, lists of samples, several inputs, loaders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.config.users_code import failure
from bitline.data.batch import left_out, stacked_samples
from bitline.data.call import (
    Call,
    accepted_keywords,
    possible_arguments,
    required_arguments,
    tell_left_out,
    tensor_of_numbers,
    usable,
)
from bitline.data.collate import LABELS, rightly_collated, with_tensors
from bitline.data.decoder_inputs import with_decoder_inputs
from bitline.data.loaded_samples import Runs, has_numbers
from bitline.data.other_masks import tell_of_other_masks
from bitline.data.refused_arguments import how_inputs_are_cut, name_of_argument, no_tensor
from bitline.data.sample_list import with_objects
from bitline.data.samples import Samples
from bitline.data.stored_images import StoredImages
from bitline.errors import BitlineError, CalibrationError, DataError
from bitline.nn.padding import Marks, padding_in, padding_of
from bitline.nn.steps_first import samples_axis
from bitline.numerics.out_of_memory import is_out_of_memory
from bitline.numerics.text import type_in_words

BATCH = 8
"""Samples in a batch of calibration inputs."""


@dataclass(frozen=True)
class Inputs:
    """Batches of inputs, in memory, in the precision of the network.

    Examples:
        >>> import torch
        >>> network = torch.nn.Linear(4, 2)
        >>> Inputs.of(torch.rand(16, 4), network).run(network)  # batch by batch, without gradients

    Attributes:
        calls: one for each batch.
    """

    calls: tuple[Call, ...]

    @classmethod
    def of(cls, given: Any, model: nn.Module) -> Inputs:
        """What a user gave, as calls of `model`.

        Args:
            given: a tensor or array (samples, ...); a list of samples; a tuple of several inputs, or a mapping of
                inputs by the names of the network's arguments, each (samples, ...); a data set, or a list of inputs
                with one label each; or an iterable of batches, such as a `DataLoader`, whose batches are one of these,
                or ((inputs, ...), labels), labels after the inputs left out; `Samples`.
            model: the network.

        Raises:
            CalibrationError: something else, nothing, or values that are NaN, infinite or too large for the network.
            DataError: values that are masked.

        Warns:
            LeftOutWarning: an argument may be a mask of padding, but its name does not say so.
        """
        if isinstance(given, Inputs):
            return given
        if isinstance(given, Samples):
            given = given.beside(model)
            calls = tuple(batch.call for batch in given.batches(BATCH))
            for call in calls[:1]:
                tell_of_other_masks(call, model)
            if calls and samples_axis(calls[0], model):
                calls = tuple(_in_batches(given.first(len(given)).call, model))
            return cls(calls)
        calls = _read(given, model)
        if not calls or all(call.samples == 0 for call in calls):
            raise CalibrationError("there are no calibration images: pass at least one, typically 100 to 500")
        tell_of_other_masks(calls[0], model)
        return cls(tuple(usable(call, model, "calibration images", CalibrationError) for call in calls))

    @property
    def sample(self) -> Call:
        """Two samples where there are as many: the first ones, or the first with padding and the one before it."""
        for call in self.calls:
            if call.real is not None and not bool(call.real.all()):
                padded = int((~call.real).any(1).nonzero()[0, 0])
                return call.part(max(padded - 1, 0), max(padded + 1, 2))
        return self.calls[0].part(0, 2)

    @torch.no_grad()
    def run(self, network: nn.Module, padding: Sequence[Marks] | None = None) -> None:
        """Run all batches.

        Args:
            network: takes them.
            padding: what `padding_in` finds in each batch, for layers that ask; None where none does.
        """
        for call, marks in zip(self.calls, padding or [{}] * len(self.calls), strict=True):
            with padding_of(marks):
                call.on(network)

    def padding(self, network: nn.Module) -> list[Marks]:
        """What is padding in a converted network, batch by batch."""
        return [padding_in(call, network) for call in self.calls]

    def first(self, count: int) -> Inputs:
        """The first samples, `count` of them at most."""
        kept, left = [], count
        for call in self.calls:
            if left > 0:
                kept.append(call.part(0, left) if call.samples > left else call)
                left -= call.samples
        return Inputs(tuple(kept))

    def at_most(self, count: int) -> Inputs:
        """The same samples, `count` of them at once at most.

        Examples:
            >>> import torch
            >>> [call.samples for call in Inputs.of(torch.rand(10, 4), torch.nn.Linear(4, 2)).at_most(4).calls]
            [4, 4, 2]
        """
        return Inputs(tuple(part for call in self.calls for part in call.parts(count)))

    def __len__(self) -> int:
        """Number of samples."""
        return sum(call.samples for call in self.calls)


def as_images(given: Any, model: nn.Module, what: str = "images") -> Tensor:
    """One input of a network as a tensor (samples, ...), in the precision of the network.

    Examples:
        >>> import numpy as np
        >>> as_images(np.zeros((2, 1, 4, 4)), nn.Conv2d(1, 4, 3)).dtype
        torch.float32

    Raises:
        DataError: it is no tensor or array of numbers, or holds values that are masked, NaN, infinite, or too large for
            the precision of the network.
    """
    tensor = tensor_of_numbers(given)
    if tensor is None and isinstance(given, list):
        tensor = stacked_samples(given)
    if tensor is None or tensor.ndim == 0:
        raise DataError(f"the {what} are {type_in_words(given)}: give one tensor or array (samples, ...)")
    return usable(Call((tensor,), {}), model, what, DataError).arguments[0]  # type: ignore[no-any-return]


def first_run(call: Call, network: nn.Module) -> Any:
    """What a float network makes of its first inputs.

    Raises:
        CalibrationError: it cannot take them.
    """
    try:
        return call.on(network)
    except (Exception, SystemExit) as error:  # a user's network can raise anything
        if is_out_of_memory(error):
            raise
        shapes = ", ".join(f"{tuple(tensor.shape)} {_short(tensor.dtype)}" for tensor in call.tensors())
        whole = any(tensor.dtype == torch.uint8 for tensor in call.tensors())
        remedy = "normalise the images to floating point first" if whole else "check their shape, type and number"
        raise CalibrationError(
            f"{type(network).__name__} cannot compute inputs {shapes} ({failure(error, 200)}): {remedy}"
            f"{how_inputs_are_cut(call)}"
        ) from None


def _read(given: Any, model: nn.Module) -> tuple[Call, ...]:
    try:
        return tuple(_calls(given, model))
    except BitlineError:
        raise
    except Exception as error:  # whatever a user's data raises
        if is_out_of_memory(error):
            raise
        raise CalibrationError(f"the calibration inputs cannot be read, {failure(error)}") from error


def _calls(given: Any, model: nn.Module) -> Iterator[Call]:
    listed = with_objects(given)
    call = _call(given, model) if listed is None else Call((listed[0],), {})
    if call is not None:
        yield from _in_batches(call, model)
        return
    if isinstance(given, list):
        stacked = stacked_samples(given)
        if stacked is not None:
            yield from _in_batches(Call((stacked,), {}), model)
            return
    batches = Runs(given) if _holds_samples(given) else rightly_collated(given, model)
    if not isinstance(batches, Iterable) or isinstance(given, (str, bytes)):
        raise CalibrationError(_wanted(given))
    axis = None
    for batch in batches:
        call = _call_of_batch(tuple(batch) if isinstance(batch, list) else batch, model)
        if call is None:
            raise CalibrationError(
                f"a batch of the calibration inputs is a {_in_words(batch)}: give batches that are tensors, tuples or "
                "dictionaries of them, or ((inputs, ...), labels)"
            )
        axis = samples_axis(call, model) if axis is None else axis
        yield replace(call, axis=axis)


def _in_batches(call: Call, model: nn.Module) -> Iterator[Call]:
    """Inputs of a network, a few samples at a time, whichever axis these lie along."""
    return replace(call, axis=samples_axis(call, model)).parts(BATCH)


def _holds_samples(given: Any) -> bool:
    """Whether a data set, or a list of inputs with one label each, holds samples and not batches."""
    if isinstance(given, list):
        last = given[0][-1] if given and isinstance(given[0], (tuple, list)) and len(given[0]) > 1 else None
        return isinstance(last, (int, float, np.generic)) or getattr(last, "shape", None) == ()
    return has_numbers(given) and not isinstance(given, Mapping)


def _call_of_batch(batch: Any, model: nn.Module) -> Call | None:
    """A batch as arguments of `model`: all inputs of ((inputs, ...), labels), and as many as it needs of others."""
    listed = with_objects(batch)
    if listed is not None:
        return Call((listed[0],), {})
    inputs = batch[0] if isinstance(batch, tuple) and batch else None
    if isinstance(inputs, (tuple, list, Mapping)):
        return _call(tuple(inputs) if isinstance(inputs, list) else inputs, model)
    if isinstance(batch, tuple):  # as many as the network needs, and of three or more all but the labels
        batch = batch[: max(1, required_arguments(model), len(batch) - 1)]
    return _call(batch, model)


def _call(given: Any, model: nn.Module) -> Call | None:
    """Inputs as arguments of `model`, None where they are something else."""
    if isinstance(given, StoredImages):
        return Call((given.tensor(),), {})
    tensor = tensor_of_numbers(given)
    if tensor is not None:
        return Call((tensor,), {}) if tensor.ndim else None
    if isinstance(given, Mapping):
        keywords = {str(name): tensor_of_numbers(value) for name, value in with_tensors(given).items()}
        labels = next((keywords.pop(name) for name in LABELS if name in keywords), None)
        known = accepted_keywords(model, keywords)
        tell_left_out(model, left_out(keywords, known), known)
        tensors = {name: value for name, value in known.items() if value is not None}
        for name, value in given.items() if tensors else ():
            if str(name) in known.keys() - tensors.keys() and value is not None:
                raise CalibrationError(no_tensor(str(name), value))
        if not tensors:
            return None
        return with_decoder_inputs(Call((), tensors), labels, model)
    if isinstance(given, tuple):
        most = max(1, possible_arguments(model))  # labels after the inputs are left out
        values = [tensor_of_numbers(value) for value in given[:most]]
        tensors_given = tuple(value for value in values if value is not None)
        for place, value in enumerate(given[:most] if tensors_given else ()):
            if isinstance(value, (bool, int, float, complex, str)):
                raise CalibrationError(no_tensor(name_of_argument(place, model), value))
        whole = values and len(tensors_given) == len(values)
        return Call(tensors_given, {}).with_names(model) if whole else None
    return None


def _wanted(given: Any) -> str:
    return (
        f"calibration inputs are a tensor or array (samples, ...), a tuple or dictionary of them for networks with "
        f"several inputs, or a DataLoader, not {type_in_words(given)}"
    )


def _in_words(batch: Any) -> str:
    of = f" of {', '.join(type(part).__name__ for part in batch)}" if isinstance(batch, (tuple, list)) else ""
    return type(batch).__name__ + of


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
