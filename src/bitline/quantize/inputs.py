"""Activations to integer codes."""

from __future__ import annotations

import torch
from torch import Tensor

from bitline.errors import DataError
from bitline.numerics.quotient import quotient
from bitline.numerics.real_tensors import all_finite, real_tensor
from bitline.numerics.triton_kernels import runs_kernels
from bitline.quantize.input_ranges import InputScale
from bitline.shapes import Codes, Shaped

NOT_FINITE = "the inputs of a layer hold NaN or infinite values: check the images and the weights before it"


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
        finite = all_finite(inputs)
        codes = plain_input_codes(inputs, scale)
    if not finite:
        raise DataError(NOT_FINITE)
    return codes


def plain_input_codes(inputs: Codes, scale: InputScale) -> Codes:
    """`input_codes` in plain PyTorch, for any device and dtype, without the check.

    Examples:
        >>> plain_input_codes(torch.tensor([0.75, 99.0]), InputScale(step=0.5, magnitude_bits=4, signed=False))
        tensor([ 2., 15.])
    """
    return quotient(inputs, scale.step).round_().clamp_(scale.low, scale.high)


def input_bytes(inputs: Shaped[Tensor, "*codes"], scale: InputScale) -> Shaped[Tensor, "*codes"]:
    """`input_codes` as bytes, `scale.zero_byte` for code 0, in the order in memory of the inputs.

    Args:
        inputs: a tensor of any shape, in which no element lies apart from the others.
        scale: of at most 8 magnitude bits, or 7 with a sign.

    Returns:
        uint8, code + `scale.zero_byte`.

    Raises:
        DataError: an input is NaN, infinite or complex.

    Examples:
        >>> input_bytes(torch.tensor([-0.3, 0.25, 0.75, 99.0]), InputScale(step=0.5, magnitude_bits=4, signed=True))
        tensor([127, 128, 130, 143], dtype=torch.uint8)
    """
    if runs_kernels(inputs, bytes_agree):
        from bitline.quantize._inputs_triton import input_bytes_on_gpu

        codes, finite = input_bytes_on_gpu(inputs, (scale.step, scale.low, scale.high, scale.zero_byte))
        if not finite:
            raise DataError(NOT_FINITE)
        return codes
    if inputs.device.type != "cpu" or inputs.dtype != torch.float32:
        return (input_codes(inputs, scale) + scale.zero_byte).to(torch.uint8)
    from bitline.quantize._inputs_numba import input_bytes_float32

    codes = torch.empty_like(inputs, dtype=torch.uint8)
    flat, written = (torch.as_strided(tensor, (tensor.numel(),), (1,)).numpy() for tensor in (inputs, codes))
    if not input_bytes_float32(flat, scale.step, scale.low, scale.high, scale.zero_byte, written):
        raise DataError(NOT_FINITE)
    return codes


def bytes_agree(device: str = "cuda") -> bool:
    """Whether the GPU kernel of `input_bytes` gives what plain PyTorch gives, halves between codes included."""
    from bitline.quantize._inputs_triton import input_bytes_on_gpu

    draws = torch.Generator().manual_seed(0)
    inputs = torch.cat([torch.randn(3000, generator=draws), torch.arange(-300, 300) * 0.125]).to(device)
    scale = InputScale(step=0.25, magnitude_bits=7, signed=True)
    found, finite = input_bytes_on_gpu(inputs, (scale.step, scale.low, scale.high, scale.zero_byte))
    _, infinite = input_bytes_on_gpu(torch.tensor([0.0, float("nan")], device=device), (1.0, 0.0, 255.0, 0.0))
    expected = (plain_input_codes(inputs, scale) + scale.zero_byte).to(torch.uint8)
    return torch.equal(found, expected) and finite and not infinite
