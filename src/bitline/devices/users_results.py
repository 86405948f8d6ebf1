"""What the classes of users return, before anything is computed with it: one value for each cell, or an error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bitline.config.users_methods import UsersMethod
from bitline.errors import DeviceError
from bitline.numerics.real_tensors import refuse_indirect
from bitline.numerics.text import type_in_words

LARGEST = 1e6
"""G/G_max that no cell has, not even a broken one: beyond it is a mistake of the unit."""


@dataclass(frozen=True)
class Wanted:
    """What results of a method are, and between which ends they may lie.

    Attributes:
        what: it is called.
        low: smallest value.
        high: largest value.
        remedy: for values beyond them.
    """

    what: str
    low: float
    high: float
    remedy: str


CONDUCTANCES = Wanted("G/G_max", -LARGEST, LARGEST, "return conductances as fractions of G_max")
SIGMAS = Wanted(
    "the standard deviation of G/G_max", 0.0, LARGEST, "return what is at least 0, such as with .abs() or .clamp(min=0)"
)
CURRENTS = Wanted(
    "the current in units of G_max V_read",
    -torch.finfo(torch.float32).max,
    torch.finfo(torch.float32).max,
    "return currents as fractions of G_max V_read",
)


def checked(result: Any, wanted: Wanted, method: UsersMethod, **arguments: Tensor) -> Tensor:
    """A result with one real number for each cell.

    Args:
        result: what the method returned.
        wanted: what it should be.
        method: that returned it.
        arguments: something of every cell, by name; whole numbers become numbers of the first one's type.

    Raises:
        DeviceError: the result is no tensor of real numbers, has another shape, holds NaN or infinities, or values
            that nothing of the kind can have.

    Examples:
        >>> from bitline.devices import StateProportional
        >>> method = UsersMethod("cell.device", "mylab:Mine", StateProportional(alpha=0.02), "program")
        >>> target = torch.tensor([0.0, 0.5, 1.0])
        >>> checked(target / 2, CONDUCTANCES, method, target=target)
        tensor([0.0000, 0.2500, 0.5000])
        >>> checked(target.log(), CONDUCTANCES, method, target=target)
        Traceback (most recent call last):
        bitline.errors.DeviceError: ... returned -inf for 1 of 3 cells, first for target = 0: return ...
    """
    _require_tensor(result, wanted, method, arguments)
    tensor: Tensor = result if result.is_floating_point() else result.to(next(iter(arguments.values())).dtype)
    if tensor.numel():
        low, high = map(float, torch.aminmax(tensor.detach()))
        if not (wanted.low <= low and high <= wanted.high):  # not true of NaN either
            raise DeviceError(_beyond(tensor.detach(), wanted, method, arguments))
    return tensor


def like(tensor: Tensor, cells: Tensor) -> Tensor:
    """The same values in the precision and on the device of the cells, without gradients."""
    return (tensor.detach() if tensor.requires_grad else tensor).to(cells)


@contextmanager
def unchanged(method: UsersMethod, **arguments: Tensor) -> Iterator[None]:
    """Refuse a method that writes into its arguments, which others read after it.

    Args:
        method: that is called inside.
        arguments: by name.

    Raises:
        DeviceError: it changed one of them.

    Examples:
        >>> from bitline.devices import StateProportional
        >>> target = torch.tensor([0.0, 0.5, 1.0])
        >>> with unchanged(UsersMethod("cell.device", "a:B", StateProportional(alpha=0.02), "program"), target=target):
        ...     _ = target.mul_(2)
        Traceback (most recent call last):
        bitline.errors.DeviceError: ... changes its argument target: start with target.clone()
    """
    before = {name: _version(tensor) for name, tensor in arguments.items()}
    yield
    for name, tensor in arguments.items():
        if _version(tensor) != before[name]:
            raise DeviceError(f"{method} changes its argument {name}: start with {name}.clone()")


def _version(tensor: Tensor) -> int:
    """How often a tensor was written into; tensors of inference mode do not count it."""
    return 0 if tensor.is_inference() else tensor._version


def _require_tensor(result: Any, wanted: Wanted, method: UsersMethod, arguments: dict[str, Tensor]) -> None:
    names = " and ".join(arguments)
    shape = torch.broadcast_shapes(*(tensor.shape for tensor in arguments.values()))
    if not isinstance(result, Tensor):
        returned = repr(result) if result is None or isinstance(result, (int, float)) else f"{type_in_words(result)}"
        raise DeviceError(
            f"{method} returned {returned}: return a torch.Tensor of the shape of {names}, {tuple(shape)}, with "
            f"{wanted.what} of each cell"
        )
    refuse_indirect(result, f"the result of {method.name} of {method.setting} {method.kind!r}", DeviceError)
    if result.is_complex():
        raise DeviceError(f"{method} returned complex numbers ({result.dtype}): return {wanted.what}, which is real")
    if result.shape != shape:
        raise DeviceError(
            f"{method} returned a tensor of the shape {tuple(result.shape)} for {names} of the shape {tuple(shape)}: "
            f"return {wanted.what} of each cell"
        )


def _beyond(tensor: Tensor, wanted: Wanted, method: UsersMethod, arguments: dict[str, Tensor]) -> str:
    """What a message says of values that are not between the ends."""
    wrong = ~((tensor >= wanted.low) & (tensor <= wanted.high))
    value = float(tensor[wrong][0])
    at = [f"{name} = {float(given.expand(wrong.shape)[wrong][0]):.4g}" for name, given in arguments.items()]
    remedy = wanted.remedy if math.isfinite(value) else f"return {wanted.what}, a finite number for every cell"
    return (
        f"{method} returned {value:.4g} for {int(wrong.sum())} of {wrong.numel()} cells, first for "
        f"{' and '.join(at)}: {remedy}"
    )
