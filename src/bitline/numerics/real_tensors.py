"""Numbers that users give, in whatever container, as a real floating-point tensor."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.masked import is_masked_tensor

from bitline.errors import BitlineError


def real_tensor(values: Any, name: str, error: type[BitlineError]) -> Tensor:
    """Numbers as a dense tensor of float32 or float64, without gradients.

    Integers, booleans and half precision become float32, which represents them exactly or with an error far below a
    step of quantisation; float64 stays.

    Args:
        values: a tensor, a NumPy array, nested lists of numbers, or what NumPy takes for an array of numbers.
        name: what messages call the values, such as "core 'fc': the matrix".
        error: class of the error that is raised.

    Raises:
        BitlineError: of the class `error`, for complex, sparse, quantised, masked or missing values and for what holds
            no numbers.

    Examples:
        >>> real_tensor([[1, 2], [3, 4]], "the matrix", BitlineError)
        tensor([[1., 2.],
                [3., 4.]])
        >>> real_tensor(["a"], "the matrix", BitlineError)
        Traceback (most recent call last):
        bitline.errors.BitlineError: the matrix holds list values of type <U1, not numbers: pass an array of float32 ...
    """
    tensor = values.detach() if isinstance(values, Tensor) else _from_array(values, name, error)
    refuse_unusable(tensor, name, error)
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def refuse_unusable(tensor: Tensor, name: str, error: type[BitlineError]) -> None:
    """Refuse tensors that a cast would change in silence, or that hold no numbers.

    Args:
        tensor: what a user gave.
        name: what messages call it.
        error: class of the error that is raised.

    Raises:
        BitlineError: of the class `error`.

    Examples:
        >>> refuse_unusable(torch.eye(2).to_sparse(), "the matrix", BitlineError)
        Traceback (most recent call last):
        bitline.errors.BitlineError: the matrix is a sparse tensor (torch.sparse_coo): pass its .to_dense()
    """
    if tensor.is_complex():
        raise error(
            f"{name} is complex ({tensor.dtype}), but conductances and voltages are real: multiply real and imaginary "
            "parts apart, (A + iB)(x + iy) = (Ax - By) + i(Ay + Bx)"
        )
    refuse_indirect(tensor, name, error)


def refuse_indirect(tensor: Tensor, name: str, error: type[BitlineError]) -> None:
    """Refuse tensors that do not hold one number for each element.

    Args:
        tensor: what a user gave.
        name: what messages call it.
        error: class of the error that is raised.

    Raises:
        BitlineError: of the class `error`, for sparse, quantised, nested and masked tensors and those on 'meta'.

    Examples:
        >>> refuse_indirect(torch.zeros(2, device="meta"), "the matrix", BitlineError)
        Traceback (most recent call last):
        bitline.errors.BitlineError: the matrix is on the device 'meta', where tensors hold no numbers: load its ...
    """
    if tensor.is_quantized:
        raise error(f"{name} is a quantised tensor ({tensor.dtype}): pass its .dequantize()")
    if tensor.is_nested:
        raise error(f"{name} is a nested tensor, whose rows differ in length: pass one tensor of one shape")
    if is_masked_tensor(tensor):
        raise error(f"{name} is a masked tensor, whose mask would be lost: pass its .to_tensor(value)")
    if tensor.layout != torch.strided:
        raise error(f"{name} is a sparse tensor ({tensor.layout}): pass its .to_dense()")
    if tensor.is_meta:
        raise error(f"{name} is on the device 'meta', where tensors hold no numbers: load its values first")


def refuse_masked(values: Any, name: str, error: type[BitlineError]) -> None:
    """Refuse arrays of which some values are masked: PyTorch takes what lies below the mask.

    Args:
        values: what a user gave.
        name: what messages call it.
        error: class of the error that is raised.

    Raises:
        BitlineError: of the class `error`.

    Examples:
        >>> refuse_masked(np.ma.masked_equal([1, 2], 2), "the matrix", BitlineError)
        Traceback (most recent call last):
        bitline.errors.BitlineError: the matrix is a masked array, whose mask would be lost: pass its .filled(value)
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise error(f"{name} is a masked array, whose mask would be lost: pass its .filled(value)")


def all_finite(values: Tensor) -> bool:
    """Whether no number is NaN or infinite; in one pass over the memory, where `isfinite` makes several.

    Examples:
        >>> all_finite(torch.tensor([1.0, -2.0])), all_finite(torch.tensor([1.0, torch.nan])), all_finite(torch.ones(0))
        (True, False, True)
    """
    if not values.numel():
        return True
    if not values.is_floating_point() or values.itemsize == 1:
        return bool(values.isfinite().all())
    return bool(torch.stack(torch.aminmax(values)).isfinite().all())


def finite_like(given: Tensor, name: str, error: type[BitlineError], like: Tensor) -> Tensor:
    """Numbers with the dtype and on the device of `like`, unless some are NaN, infinite or too large for that.

    Args:
        given: numbers of any dtype and device.
        name: what messages call them, in the plural.
        error: class of the error that is raised.
        like: a tensor that has the dtype and the device wanted.

    Raises:
        BitlineError: of the class `error`.

    Examples:
        >>> finite_like(torch.tensor([1e300], dtype=torch.float64), "the inputs", BitlineError, torch.zeros(1))
        Traceback (most recent call last):
        bitline.errors.BitlineError: the inputs go up to 1e+300, too large for torch.float32: scale them down
    """
    tensor = given.to(like)
    if all_finite(tensor):
        return tensor
    lost = int((~given.isfinite()).sum())
    if lost:
        raise error(f"{name} hold NaN or infinite values, {lost} of {given.numel()}: check where they come from")
    raise error(f"{name} go up to {float(given.abs().max()):g}, too large for {like.dtype}: scale them down")


def _from_array(values: Any, name: str, error: type[BitlineError]) -> Tensor:
    refuse_masked(values, name, error)
    if hasattr(values, "todense"):
        raise error(f"{name} is a sparse {type(values).__name__}: pass its .toarray()")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as problem:
        raise error(f"{name} is no array of numbers: {str(problem).splitlines()[0]}") from None
    if array.dtype.kind not in "biufc":
        raise error(
            f"{name} holds {type(values).__name__} values of type {array.dtype}, not numbers: pass an array of float32 "
            "or float64"
        )
    if array.dtype.kind == "c":
        return torch.from_numpy(np.zeros(0, np.complex128))  # refused by its type, whatever it holds
    wide = array.dtype.kind == "f" and array.dtype.itemsize >= 8
    return torch.from_numpy(np.array(array, dtype=np.float64 if wide else np.float32, order="C"))
