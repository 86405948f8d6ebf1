"""Products of bytes in float64, which is exact on any processor and on GPUs."""

from __future__ import annotations

from torch import Tensor

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
        exact = codes.double() - self._zero
        sums = (self._windows.convolve(exact, weights, self._matrices).float() for weights, _ in self._pieces)
        return [each.mul_(scale) for each, (_, scale) in zip(sums, self._pieces, strict=True)]

    @classmethod
    def why_not(cls, device: str) -> str:
        return ""
