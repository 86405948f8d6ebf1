"""One call of a network: a batch of inputs as its arguments."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.errors import BitlineError, DataError, LeftOutWarning
from bitline.numerics.real_tensors import refuse_indirect, refuse_masked

REAL = ("attention_mask",)
"""Names of arguments that are 1 where inputs are real and 0 where they are padding."""
PADDED = ("key_padding_mask", "src_key_padding_mask", "padding_mask")
"""Names of arguments that are True where inputs are padding."""
MASKS = ("mask", "pad", "valid", "length")
"""What names of arguments have in them that may say where padding is."""


@dataclass(frozen=True)
class Call:
    """One batch of inputs: the arguments of one call of a network.

    Attributes:
        arguments: positional ones.
        keywords: those by name.

    Examples:
        >>> call = Call((torch.tensor([[1.0], [2.0]]),), {})
        >>> call.samples, call.part(1, 2).on(nn.Identity())
        (2, tensor([[2.]]))
    """

    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]

    def tensors(self) -> list[Tensor]:
        """All tensors among the arguments."""
        return [value for value in (*self.arguments, *self.keywords.values()) if isinstance(value, Tensor)]

    @property
    def samples(self) -> int:
        """Samples of the batch: the first axis of its first tensor."""
        first = self.tensors()[0]
        return len(first) if first.ndim else 1

    @property
    def mask(self) -> tuple[str, Tensor] | None:
        """The argument that says where padding is, with its name, (samples, positions); None where there is none."""
        for name in (*REAL, *PADDED):
            mask = self.keywords.get(name)
            if isinstance(mask, Tensor) and mask.ndim == 2 and (name in REAL or mask.dtype == torch.bool):
                return name, mask
        return None

    @property
    def real(self) -> Tensor | None:
        """Where inputs are no padding, (samples, positions), bool; None where no argument says so."""
        if self.mask is None:
            return None
        name, mask = self.mask
        return mask.bool() == (name in REAL)

    def with_named_masks(self, model: nn.Module) -> Call:
        """The same call, with masks of padding by their names, and what follows them, where a network has such.

        Examples:
            >>> class Masked(nn.Linear):
            ...     def forward(self, input, attention_mask=None):
            ...         return super().forward(input)
            >>> call = Call((torch.ones(2, 3, 4), torch.ones(2, 3)), {})
            >>> list(call.with_named_masks(Masked(4, 1)).keywords)
            ['attention_mask']
        """
        names = [each.name for each in _positional(model) if each.kind is not inspect.Parameter.POSITIONAL_ONLY]
        given = names[: len(self.arguments)]
        first = next((place for place, name in enumerate(given) if name in (*REAL, *PADDED)), None)
        if first is None or len(given) < len(self.arguments):
            return self
        named = dict(zip(given[first:], self.arguments[first:], strict=True))
        return Call(self.arguments[:first], {**named, **self.keywords})

    def part(self, start: int, stop: int) -> Call:
        """Some samples; what has another number of entries goes along whole."""
        count = self.samples
        return self.each(lambda value: value[start:stop] if value.ndim and len(value) == count else value)

    def each(self, change: Callable[[Tensor], Tensor]) -> Call:
        """The same call with changed tensors."""

        def of(value: Any) -> Any:
            return change(value) if isinstance(value, Tensor) else value

        return Call(tuple(map(of, self.arguments)), {name: of(value) for name, value in self.keywords.items()})

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
        """What a network makes of it."""
        return network(*self.arguments, **self.keywords)


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
    return sum(each.default is inspect.Parameter.empty for each in _positional(model))


def possible_arguments(model: nn.Module) -> int:
    """Positional arguments that a network can take; very many where it takes any number.

    Examples:
        >>> possible_arguments(nn.Linear(2, 2)), possible_arguments(nn.LSTM(2, 2))
        (1, 2)
    """
    parameters = inspect.signature(model.forward).parameters.values()
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
        return 1 << 30
    return len(_positional(model))


def _positional(model: nn.Module) -> list[inspect.Parameter]:
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


def tell_of_other_masks(call: Call, model: nn.Module) -> None:
    """Tell of an argument that looks as if it said where padding is, by a name that does not say how.

    It has "mask", "pad", "valid" or "length" in its name, and holds a truth (a bool, 0 or 1) for every position, or a
    number of positions for each sample.

    Args:
        call: a batch.
        model: the network that takes it.

    Warns:
        LeftOutWarning: there is one, and no mask of padding.

    Examples:
        >>> tell_of_other_masks(Call((torch.ones(2, 3, 4),), {}), nn.Linear(4, 1))
    """
    if call.mask is not None:
        return
    named = dict(zip((each.name for each in _positional(model)), call.arguments, strict=False)) | dict(call.keywords)
    for name, value in named.items():
        if not (isinstance(value, Tensor) and any(word in name.lower() for word in MASKS)):
            continue
        shapes = {other.shape[:2] for other in call.tensors() if other.ndim > 1 and other is not value}
        doubt = _may_be_mask(value, shapes)
        if doubt:
            warnings.warn(
                f"{name!r} {doubt}, so all positions count: call it {REAL[0]} (1 where inputs are real) or {PADDED[0]} "
                "(True where they are padding)",
                LeftOutWarning,
                stacklevel=2,
            )


def _may_be_mask(value: Tensor, shapes: Collection[torch.Size]) -> str:
    """Why a tensor may say where padding is: it holds truths for all positions of an input, or lengths; else empty."""
    if value.ndim == 2 and value.shape in shapes and bool(((value == 0) | (value == 1)).all()):
        return "may be a mask of padding, but does not say whether padding is 0 or 1"
    if value.ndim != 1 or value.is_floating_point() or value.dtype == torch.bool:
        return ""
    longest = [positions for samples, positions in shapes if samples == len(value)]
    if longest and bool(((value >= 0) & (value <= max(longest))).all()):
        return "may say how long samples are, which is no mask of padding"
    return ""


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
        if not tensor.is_floating_point() or tensor.itemsize == 1 or bool(tensor.isfinite().all()):
            continue
        if before.itemsize > 1 and bool(before.isfinite().all()):
            raise error(f"the {what} go up to {float(before.abs().max()):g}, too large for {tensor.dtype}: scale them")
        raise error(f"the {what} hold NaN or infinite values: check how they are loaded and normalised")
    return cast
