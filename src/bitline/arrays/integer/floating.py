"""Products of bytes in floating point, where it is exact: on any processor and on GPUs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from bitline.arrays.integer.product import Multiply
from bitline.arrays.integer.windows import Windows
from bitline.shapes import Float, Shaped

EXACT_ROWS = 2**24 // (255 * 128)
"""Rows whose products of bytes add up exactly in float32, in any order."""


class FloatingMultiply(Multiply):
    """Convolutions in float32 where their sums are exact, in float64 elsewhere."""

    name = "bytes, in floating point"

    def __init__(self, pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int) -> None:
        rows = pieces[0][0][0].numel()
        precision = torch.float32 if rows <= EXACT_ROWS else torch.float64
        self._pieces = [(weights.to(precision), scale) for weights, scale in pieces]
        self._windows, self._matrices, self._zero = windows, matrices, zero

    def parts(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "images products h w"]]:
        windows, found = self._windows, []
        exact = codes.to(self._pieces[0][0].dtype) - self._zero
        for weights, scale in self._pieces:
            sums = functional.conv2d(
                exact, weights, None, windows.stride, windows.padding, windows.dilation, self._matrices
            ).float()
            found.append(sums.mul_(scale).contiguous(memory_format=torch.channels_last))
        return found

    @classmethod
    def why_not(cls, device: str) -> str:
        return ""
