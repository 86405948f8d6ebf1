"""Products of bytes on GPUs, by the 8-bit matrix products of their tensor cores, which add in 32 bits.

Tensor cores multiply bytes with signs. A code from 0 to 255 therefore counts as itself less 128; what is missing is
128 times the sum of a column's weights, the same for every input.
"""

from __future__ import annotations

from importlib.util import find_spec

import torch
from torch import Tensor

from bitline.arrays.integer.product import Multiply
from bitline.arrays.integer.windows import Windows
from bitline.shapes import Float, Int, Shaped


class TensorCoreMultiply(Multiply):
    """A kernel in Triton; codes that lie outside an image are those of 0."""

    name = "bytes, tensor cores"

    def __init__(self, pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int) -> None:
        first, device = pieces[0][0], pieces[0][0].device
        _, channels, *kernel = first.shape
        by_row = [as_rows(weights, matrices) for weights, _ in pieces]
        self._weights = torch.stack(by_row).contiguous()
        sums = self._weights.sum(2, dtype=torch.int32)
        self._shift = (sums * (128 - zero)).contiguous()
        self._scales = torch.tensor([scale for _, scale in pieces], dtype=torch.float32, device=device)
        self._taps = taps((kernel[0], kernel[1]), channels, windows.dilation).to(device)
        self._kernel, self._windows, self._zero = kernel, windows, zero

    def parts(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "images products h w"]]:
        from bitline.arrays.integer._bytes_triton import bytes_on_gpu

        windows = self._windows
        space = zip(codes.shape[2:], self._kernel, windows.stride, windows.padding, windows.dilation, strict=True)
        high, wide = (
            (size + 2 * pad - step * (reach - 1) - 1) // stride + 1 for size, reach, stride, pad, step in space
        )
        by_position = codes.permute(0, 2, 3, 1).contiguous()
        walk = (*windows.stride, *windows.padding)
        own = (self._weights, self._shift, self._scales, self._taps)
        sums: Tensor = bytes_on_gpu(by_position, *own, (high, wide), walk, self._zero)
        return [sums.permute(0, 3, 1, 2)]

    @classmethod
    def why_not(cls, device: str) -> str:
        if device != "cuda":
            return f"{device} has no tensor cores"
        return "" if find_spec("triton") is not None else "Triton is not installed"


def as_rows(
    weights: Int[Tensor, "products channels height width"], matrices: int
) -> Int[Tensor, "matrices rows own_products"]:
    """Kernels as matrices, whose rows are positions of the kernel one after another, with all channels of each.

    Examples:
        >>> as_rows(torch.arange(4).reshape(1, 2, 1, 2), matrices=1).flatten()
        tensor([0, 2, 1, 3])
    """
    products, channels, height, width = weights.shape
    apart = weights.reshape(matrices, products // matrices, channels, height, width)
    return apart.permute(0, 3, 4, 2, 1).reshape(matrices, height * width * channels, products // matrices)


def taps(kernel: tuple[int, int], channels: int, dilation: tuple[int, int]) -> Int[Tensor, "three rows"]:
    """Where each row of `as_rows` lies: how far down, how far right, and in which channel, int32.

    Examples:
        >>> taps((1, 2), channels=2, dilation=(1, 3))
        tensor([[0, 0, 0, 0],
                [0, 0, 3, 3],
                [0, 1, 0, 1]], dtype=torch.int32)
    """
    spans = [torch.arange(size, dtype=torch.int32) * step for size, step in zip(kernel, dilation, strict=True)]
    grids = torch.meshgrid(*spans, torch.arange(channels, dtype=torch.int32), indexing="ij")
    return torch.stack([grid.flatten() for grid in grids])
