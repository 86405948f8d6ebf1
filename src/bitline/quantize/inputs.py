"""Activations to integer codes."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.errors import DataError
from bitline.numerics.real_tensors import real_tensor
from bitline.quantize.input_ranges import InputScale
from bitline.shapes import Codes, Shaped


def input_codes(inputs: Shaped[Tensor, "*codes"], scale: InputScale) -> Codes:
    """Quantise inputs: code = clip(round(x / step)), halves to even.

    The quotient is that of the inputs' precision: a product with 1 / step would miss some of the halves.

    Args:
        inputs: a tensor of any shape; integers count as float32.
        scale: step and limits of the codes.

    Returns:
        Integer codes in a new tensor of the inputs' shape and dtype.

    Raises:
        DataError: an input is NaN, infinite or complex.

    Examples:
        >>> input_codes(torch.tensor([-0.3, 0.25, 0.75, 99.0]), InputScale(step=0.5, magnitude_bits=4, signed=False))
        tensor([ 0.,  0.,  2., 15.])
    """
    if not inputs.is_floating_point():
        inputs = real_tensor(inputs, "the input of a layer", DataError)
    if inputs.device.type == "cpu" and inputs.dtype == torch.float32:
        from bitline.quantize._inputs_numba import input_codes_float32

        inputs = inputs.contiguous()
        codes = torch.empty_like(inputs)
        flat, written = inputs.view(-1).numpy(), codes.view(-1).numpy()
        finite = input_codes_float32(flat, scale.step, scale.low, scale.high, written)
    else:
        finite = bool(inputs.isfinite().all())
        codes = plain_input_codes(inputs, scale)
    if not finite:
        raise DataError("the inputs of a layer hold NaN or infinite values: check the images and the weights before it")
    return codes


def plain_input_codes(inputs: Codes, scale: InputScale) -> Codes:
    """`input_codes` in plain PyTorch, for any device and dtype, without the check.

    Examples:
        >>> plain_input_codes(torch.tensor([0.75, 99.0]), InputScale(step=0.5, magnitude_bits=4, signed=False))
        tensor([ 2., 15.])
    """
    step = torch.full((), scale.step, dtype=inputs.dtype, device=inputs.device)  # GPUs multiply by 1 / (a number)
    return (inputs / step).round_().clamp_(scale.low, scale.high)
