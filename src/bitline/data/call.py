"""One call of a network: a batch of inputs as its arguments."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.data.eager import uncompiled_networks
from bitline.data.masks import DECODER, DECODER_INPUTS, INPUTS
from bitline.data.sample_list import SampleList
from bitline.errors import BitlineError, DataError, LeftOutWarning
from bitline.numerics.real_tensors import all_finite, refuse_indirect, refuse_masked


@dataclass(frozen=True)
class Call:
    """One batch of inputs: the arguments of one call of a network.

    Attributes:
        arguments: positional ones, tensors or a `SampleList`.
        keywords: those by name.
        axis: of the inputs that has the samples: 0, or 1 where steps come first.

    Examples:
        >>> call = Call((torch.tensor([[1.0], [2.0]]),), {})
        >>> call.samples, call.part(1, 2).on(nn.Identity())
        (2, tensor([[2.]]))
        >>> steps_first = Call((torch.zeros(7, 5, 3),), {}, axis=1)
        >>> steps_first.samples, steps_first.part(0, 1).arguments[0].shape
        (5, torch.Size([7, 1, 3]))
    """

    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    axis: int = 0

    @property
    def _inputs(self) -> list[Tensor | SampleList]:
        values = (*self.arguments, *self.keywords.values())
        return [value for value in values if isinstance(value, (Tensor, SampleList))]

    def tensors(self) -> list[Tensor]:
        """All tensors among the arguments, and in lists of them."""
        return [tensor for value in self._inputs for tensor in ([value] if isinstance(value, Tensor) else value)]

    @property
    def samples(self) -> int:
        """Samples of the batch, which its first input that has axes tells."""
        shape = next((tuple(value.shape) for value in self._inputs if value.shape), (1,))
        return int(shape[self.axis if self.axis < len(shape) else 0])

    @property
    def mask(self) -> tuple[str, Tensor] | None:
        """The argument that says where padding is, with its name, (samples, positions); None where there is none."""
        return INPUTS.find(self.keywords, self.samples)

    @property
    def real(self) -> Tensor | None:
        """Where inputs are no padding, (samples, positions), bool; None where no argument says so.

        Raises:
            DataError: the argument holds numbers that are no counts.
        """
        return None if self.mask is None else INPUTS.real_in(*self.mask)

    @property
    def has_decoder(self) -> bool:
        """Whether outputs stand at positions of what a decoder takes."""
        return any(name in self.keywords for name in DECODER_INPUTS)

    @property
    def real_outputs(self) -> Tensor | None:
        """Where outputs at positions are no padding, as `real`: where inputs are none, or those of a decoder."""
        if not self.has_decoder:
            return self.real
        found = DECODER.find(self.keywords, self.samples)
        return None if found is None else DECODER.real_in(*found)

    def with_names(self, model: nn.Module) -> Call:
        """The same call, with masks of padding, inputs of a decoder and what follows them by their names.

        Examples:
            >>> class Masked(nn.Linear):
            ...     def forward(self, input, attention_mask=None):
            ...         return super().forward(input)
            >>> call = Call((torch.ones(2, 3, 4), torch.ones(2, 3)), {})
            >>> list(call.with_names(Masked(4, 1)).keywords)
            ['attention_mask']
        """
        known = (*INPUTS.real, *INPUTS.padded, *DECODER.real, *DECODER.padded, *DECODER_INPUTS)
        names = [each.name for each in positional(model) if each.kind is not inspect.Parameter.POSITIONAL_ONLY]
        given = names[: len(self.arguments)]
        first = next((place for place, name in enumerate(given) if name in known), None)
        if first is None or len(given) < len(self.arguments):
            return self
        named = dict(zip(given[first:], self.arguments[first:], strict=True))
        return replace(self, arguments=self.arguments[:first], keywords={**named, **self.keywords})

    def part(self, start: int, stop: int) -> Call:
        """Some samples; what has another number of entries goes along whole."""
        count = self.samples

        def some(value: Any) -> Any:
            if not isinstance(value, (Tensor, SampleList)):
                return value
            if isinstance(value, Tensor) and self.axis and value.shape[self.axis : self.axis + 1] == (count,):
                return value[:, start:stop]
            return value[start:stop] if value.shape and len(value) == count else value

        return self.changed(some)

    def parts(self, most: int) -> Iterator[Call]:
        """All samples, at most so many at once."""
        for start in range(0, self.samples, most):
            yield self.part(start, start + most)

    def each(self, change: Callable[[Tensor], Tensor]) -> Call:
        """The same call with changed tensors."""

        def of(value: Any) -> Any:
            if isinstance(value, SampleList):
                return value.each(change)
            return change(value) if isinstance(value, Tensor) else value

        return self.changed(of)

    def changed(self, change: Callable[[Any], Any]) -> Call:
        """The same call with changed arguments."""
        keywords = {name: change(part) for name, part in self.keywords.items()}
        return replace(self, arguments=tuple(map(change, self.arguments)), keywords=keywords)

    def for_network(self, model: nn.Module) -> Call:
        """Floating-point inputs in the precision and on the device of a network, where it has one.

        Inputs stay where they are for weights on the meta device: whoever loads these moves the inputs, too.
        """
        weights = [parameter for parameter in model.parameters() if parameter.is_floating_point()]
        dtypes, devices = ({getattr(weight, name) for weight in weights} for name in ("dtype", "device"))
        if len(dtypes) != 1 or len(devices) != 1:
            return self
        dtype, device = dtypes.pop(), devices.pop()
        device = None if device.type == "meta" else device
        return self.each(lambda value: value.to(device, dtype if value.is_floating_point() else None))

    def on(self, network: nn.Module) -> Any:
        """What a network makes of it, or of a copy: a network may write into its inputs, which are somebody's data."""
        call = self.each(torch.clone).changed(lambda value: list(value) if isinstance(value, SampleList) else value)
        with uncompiled_networks():
            return network(*call.arguments, **call.keywords)


def beside(marks: Tensor, values: Tensor) -> Tensor:
    """Marks of positions, (samples, positions), with further axes as values have them, and on their device.

    Examples:
        >>> beside(torch.ones(2, 3), torch.ones(2, 3, 4, 5)).shape
        torch.Size([2, 3, 1, 1])
    """
    return marks.reshape(*marks.shape, *[1] * (values.ndim - marks.ndim)).to(values.device)


def tensor_of_numbers(value: Any) -> Tensor | None:
    """A tensor, an array or a table of pandas, of numbers, as a tensor; None for anything else.

    Examples:
        >>> tensor_of_numbers(np.array([1, 2])), tensor_of_numbers("two")
        (tensor([1, 2]), None)
    """
    if isinstance(value, Tensor):
        refuse_indirect(value, "a tensor of the data", DataError)
        return value.detach().resolve_conj().resolve_neg()
    if hasattr(value, "__array__") and not isinstance(value, (np.ndarray, np.generic)):
        value = np.array(value)  # a table or a column of pandas
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        refuse_masked(value, "an array of the data", DataError)
        wide = value.dtype.kind == "f" and value.dtype.itemsize > 8  # which PyTorch does not have
        native = value.astype(np.float64 if wide else value.dtype.newbyteorder("="), copy=False)
        return torch.from_numpy(np.ascontiguousarray(native))
    return None


def required_arguments(model: nn.Module) -> int:
    """Positional arguments that a network cannot do without.

    Examples:
        >>> required_arguments(nn.Linear(2, 2)), required_arguments(nn.Bilinear(2, 2, 2))
        (1, 2)
    """
    return sum(each.default is inspect.Parameter.empty for each in positional(model))


def possible_arguments(model: nn.Module) -> int:
    """Positional arguments that a network can take; very many where it takes any number.

    Examples:
        >>> possible_arguments(nn.Linear(2, 2)), possible_arguments(nn.LSTM(2, 2))
        (1, 2)
    """
    parameters = inspect.signature(model.forward).parameters.values()
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return 1 << 30
    return len(positional(model))


def positional(model: nn.Module) -> list[inspect.Parameter]:
    """Arguments of a network that can be given by place.

    Examples:
        >>> [each.name for each in positional(nn.Linear(2, 2))]
        ['input']
    """
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [each for each in inspect.signature(model.forward).parameters.values() if each.kind in positional]


def accepted_keywords(model: nn.Module, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a batch's entries that a network has an argument for.

    Examples:
        >>> accepted_keywords(nn.Linear(2, 2), {"input": 1, "idx": 2})
        {'input': 1}
    """
    parameters = inspect.signature(model.forward).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return dict(keywords)
    return {name: value for name, value in keywords.items() if name in parameters}


def tell_left_out(model: nn.Module, names: Collection[str], given: Collection[str]) -> None:
    """Tell of entries of a batch that a network has no argument for, as nobody else would.

    Args:
        model: the network.
        names: of the entries.
        given: its arguments that the batch has.

    Raises:
        DataError: one is called almost like an argument that the batch lacks.

    Warns:
        LeftOutWarning: all others are left out.

    Examples:
        >>> tell_left_out(nn.Bilinear(2, 2, 2), ["input_2"], given=["input1"])
        Traceback (most recent call last):
        bitline.errors.DataError: Bilinear has no argument called 'input_2': did you mean 'input2'?
    """
    missing = [name for name in inspect.signature(model.forward).parameters if name not in given]
    for name in names:
        close = get_close_matches(name, missing, n=1, cutoff=0.8)
        if close:
            raise DataError(f"{type(model).__name__} has no argument called {name!r}: did you mean {close[0]!r}?")
    if names:
        entries = ", ".join(map(repr, names))
        message = f"{type(model).__name__} has no argument for these entries of the data, which are left out: {entries}"
        warnings.warn(message, LeftOutWarning, stacklevel=2)


def usable(call: Call, model: nn.Module, what: str, error: type[BitlineError]) -> Call:
    """A call in the precision of a network, and on its device, whose numbers are finite there.

    Args:
        call: what a user gave.
        model: the network.
        what: what messages call the inputs, in the plural.
        error: class of the error that is raised.

    Raises:
        BitlineError: of the class `error`, for numbers that are NaN, infinite or too large, and tensors without any.

    Examples:
        >>> large = Call((torch.tensor([1e300], dtype=torch.float64),), {})
        >>> usable(large, nn.Linear(1, 1), "images", DataError)
        Traceback (most recent call last):
        bitline.errors.DataError: the images go up to 1e+300, too large for torch.float32: scale them
    """
    for tensor in call.tensors():
        refuse_indirect(tensor, f"a tensor of {what}", error)
    cast = call.for_network(model)
    for before, tensor in zip(call.tensors(), cast.tensors(), strict=True):
        if not tensor.is_floating_point() or tensor.itemsize == 1 or all_finite(tensor):
            continue
        if before.itemsize > 1 and all_finite(before):
            raise error(f"the {what} go up to {float(before.abs().max()):g}, too large for {tensor.dtype}: scale them")
        raise error(f"the {what} hold NaN or infinite values: check how they are loaded and normalised")
    return cast
