"""Products of bytes in float64, which is exact on any processor and on GPUs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from bitline.arrays.integer.product import Multiply
from bitline.arrays.integer.windows import Windows
from bitline.shapes import Float, Shaped


class FloatingMultiply(Multiply):
    """Convolutions in float64: libraries have no algorithms of it that round on the way, as Winograd's does."""

    name = "bytes, in float64"

    def __init__(self, pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int) -> None:
        self._pieces = [(weights.double(), scale) for weights, scale in pieces]
        self._windows, self._matrices, self._zero = windows, matrices, zero

    def parts(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "images products h w"]]:
        windows, found = self._windows, []
        exact = codes.double() - self._zero
        for weights, scale in self._pieces:
            sums = functional.conv2d(
                exact, weights, None, windows.stride, windows.padding, windows.dilation, self._matrices
            ).float()
            found.append(sums.mul_(scale).contiguous(memory_format=torch.channels_last))
        return found

    @classmethod
    def why_not(cls, device: str) -> str:
        return ""
