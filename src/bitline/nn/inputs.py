"""Inputs of a network as users have them: tensors, arrays, lists of samples, several inputs, loaders."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bitline.config.messages import first_line
from bitline.errors import BitlineError, CalibrationError, DataError
from bitline.numerics.real_tensors import refuse_indirect, refuse_masked

BATCH = 8
"""Samples in a batch of calibration inputs."""


@dataclass(frozen=True)
class Call:
    """One batch of inputs: the arguments of one call of a network.

    Attributes:
        arguments: positional ones.
        keywords: those by name.
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

    def part(self, start: int, stop: int) -> Call:
        """Some samples; what has another number of entries goes along whole."""
        count = self.samples
        return self.each(lambda value: value[start:stop] if value.ndim and len(value) == count else value)

    def each(self, change: Callable[[Tensor], Tensor]) -> Call:
        """The same call with changed tensors."""

        def of(value: Any) -> Any:
            return change(value) if isinstance(value, Tensor) else value

        return Call(tuple(map(of, self.arguments)), {name: of(value) for name, value in self.keywords.items()})

    def on(self, network: nn.Module) -> Any:
        """What a network makes of it."""
        return network(*self.arguments, **self.keywords)


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
                inputs by the names of the network's arguments, each (samples, ...); or an iterable of batches, such as
                a `DataLoader`, whose batches are one of these, labels after the inputs left out.
            model: the network.

        Raises:
            CalibrationError: something else, nothing, or values that are NaN, infinite or too large for the network.
            DataError: values that are masked.
        """
        calls = tuple(_calls(given, model))
        if not calls or all(call.samples == 0 for call in calls):
            raise CalibrationError("there are no calibration images: pass at least one, typically 100 to 500")
        return cls(tuple(_usable(call, model, "calibration images", CalibrationError) for call in calls))

    @property
    def sample(self) -> Call:
        """The first samples, two where there are as many."""
        return self.calls[0].part(0, 2)

    @torch.no_grad()
    def run(self, network: nn.Module) -> None:
        """Run all batches."""
        for call in self.calls:
            call.on(network)


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
    tensor = _tensor(given)
    if tensor is None and isinstance(given, list):
        tensor = _stacked(given)
    if tensor is None or tensor.ndim == 0:
        raise DataError(f"the {what} are a {type(given).__name__}: give one tensor or array (samples, ...)")
    return _usable(Call((tensor,), {}), model, what, DataError).arguments[0]  # type: ignore[no-any-return]


def first_run(call: Call, network: nn.Module) -> Any:
    """What a float network makes of its first inputs.

    Raises:
        CalibrationError: it cannot take them.
    """
    try:
        return call.on(network)
    except (Exception, SystemExit) as error:  # a user's network can raise anything
        shapes = ", ".join(f"{tuple(tensor.shape)} {_short(tensor.dtype)}" for tensor in call.tensors())
        reason = first_line(error, 200)
        whole = any(tensor.dtype == torch.uint8 for tensor in call.tensors())
        remedy = "normalise the images to floating point first" if whole else "check their shape, type and number"
        raise CalibrationError(
            f"{type(network).__name__} cannot compute inputs {shapes} ({type(error).__name__}: {reason}): {remedy}"
        ) from None


def _calls(given: Any, model: nn.Module) -> Iterator[Call]:
    call = _call(given, model)
    if call is not None:
        yield from _batches(call)
        return
    if isinstance(given, list):
        stacked = _stacked(given)
        if stacked is not None:
            yield from _batches(Call((stacked,), {}))
            return
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes)):
        raise CalibrationError(_wanted(given))
    for batch in given:
        call = _call(tuple(batch) if isinstance(batch, list) else batch, model, with_labels=True)
        if call is None:
            raise CalibrationError(_wanted(batch))
        yield call


def _call(given: Any, model: nn.Module, with_labels: bool = False) -> Call | None:
    """A batch as arguments of `model`, None where it is something else."""
    tensor = _tensor(given)
    if tensor is not None:
        return Call((tensor,), {}) if tensor.ndim else None
    if isinstance(given, Mapping):
        keywords = {str(name): _tensor(value) for name, value in given.items()}
        known = _accepted(model, keywords) if with_labels else keywords
        tensors = {name: value for name, value in known.items() if value is not None}
        return Call((), tensors) if tensors and len(tensors) == len(known) else None
    if isinstance(given, tuple):
        values = [_tensor(value) for value in given]
        if with_labels:
            values = values[: max(1, _required(model))]
        tensors_given = tuple(value for value in values if value is not None)
        return Call(tensors_given, {}) if values and len(tensors_given) == len(values) else None
    return None


def _batches(call: Call) -> Iterator[Call]:
    for start in range(0, call.samples, BATCH):
        yield call.part(start, start + BATCH)


def _tensor(value: Any) -> Tensor | None:
    """A tensor or array of numbers as a tensor, None for anything else."""
    if isinstance(value, Tensor):
        return value.detach() if value.is_quantized else value.detach().resolve_conj().resolve_neg()
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        refuse_masked(value, "an array of inputs", DataError)
        wide = value.dtype.kind == "f" and value.dtype.itemsize > 8  # which PyTorch does not have
        native = value.astype(np.float64 if wide else value.dtype.newbyteorder("="), copy=False)
        return torch.from_numpy(np.ascontiguousarray(native))
    return None


def _stacked(samples: list[Any]) -> Tensor | None:
    """A list of samples of one shape as one tensor."""
    tensors = [_tensor(sample) for sample in samples]
    found = [tensor for tensor in tensors if tensor is not None]
    if not found or len(found) < len(tensors) or len({(tensor.shape, tensor.dtype) for tensor in found}) > 1:
        return None
    return torch.stack(found)


def _usable(call: Call, model: nn.Module, what: str, error: type[BitlineError]) -> Call:
    """A call in the precision of the network, whose numbers are finite there."""
    for tensor in call.tensors():
        refuse_indirect(tensor, f"a tensor of {what}", error)
    cast = _in_precision(call, model)
    for before, tensor in zip(call.tensors(), cast.tensors(), strict=True):
        if not tensor.is_floating_point() or tensor.itemsize == 1 or bool(tensor.isfinite().all()):
            continue
        if before.itemsize > 1 and bool(before.isfinite().all()):
            raise error(f"the {what} go up to {float(before.abs().max()):g}, too large for {tensor.dtype}: scale them")
        raise error(f"the {what} hold NaN or infinite values: check how they are loaded and normalised")
    return cast


def _in_precision(call: Call, model: nn.Module) -> Call:
    """Floating-point inputs in the precision and on the device of the network, where it has one."""
    places = {(parameter.dtype, parameter.device) for parameter in model.parameters() if parameter.is_floating_point()}
    if len(places) != 1:
        return call
    dtype, device = places.pop()
    return call.each(lambda value: value.to(device, dtype) if value.is_floating_point() else value.to(device))


def _required(model: nn.Module) -> int:
    """Positional arguments that a network cannot do without."""
    parameters = inspect.signature(model.forward).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(each.kind in positional and each.default is inspect.Parameter.empty for each in parameters)


def _accepted(model: nn.Module, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a batch's entries that a network has an argument for."""
    parameters = inspect.signature(model.forward).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return dict(keywords)
    return {name: value for name, value in keywords.items() if name in parameters}


def _wanted(given: Any) -> str:
    return (
        f"calibration inputs are a tensor or array (samples, ...), a tuple or dictionary of them for networks with "
        f"several inputs, or a DataLoader, not a {type(given).__name__}"
    )


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
