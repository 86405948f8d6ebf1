"""Products of bytes in float32, each of them exact by its bounds: for processors without fast products of bytes.

A sum of whole numbers is exact in float32, in whatever order it is made, as long as no partial sum can exceed 2^24.
What a sum can be follows from the weights and from the largest code that comes: codes of one bit leave room for 16 bits
of a weight, so that its pieces are joined again, and one product does. Where a piece could exceed 2^24, its rows are
multiplied in shares (`shares.py`), which cost a tenth more, where float64 costs two to eight times as much.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor
from torch.nn import functional

from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.product import Multiply
from bitline.arrays.integer.shares import EXACT, Reach, Shares, fewest_shares
from bitline.arrays.integer.windows import Windows
from bitline.numerics.parts import added
from bitline.shapes import Float, Shaped

REACHES = (1, 3, 15, 128, 255)
"""Largest codes for which weights are laid out: a layer meets one of them, unless its inputs vary much."""


class Float32Multiply(Multiply):
    """Convolutions in float32, or products of matrices where kernels have one weight.

    Examples:
        >>> pieces = [(torch.full((2, 3, 1, 1), 100, dtype=torch.int8), scale) for scale in (1.0, 256.0)]
        >>> multiply = Float32Multiply(pieces, Windows(), matrices=1, zero=0)
        >>> [len(multiply.parts(torch.full((1, 3, 1, 1), code, dtype=torch.uint8))) for code in (1, 255)]
        [1, 2]
    """

    name = "bytes, in float32"

    def __init__(self, pieces: list[tuple[Tensor, float]], windows: Windows, matrices: int, zero: int) -> None:
        self._pieces, self._windows, self._matrices, self._zero = pieces, windows, matrices, zero
        self._factors: dict[tuple[Reach, bool], list[_Factor]] = {}
        self._made: dict[tuple[int | None, Shares | None], _Factor] = {}

    @cached_property
    def _largest_sum(self) -> float:
        """No sum of whole weights, each as positive as it can be, is larger; nor is one of a piece."""
        sums = [scale * weights.int().abs().sum((1, 2, 3)) for weights, scale in self._pieces]
        return float(added(sums).max())

    def parts(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "images products h w"]]:
        exact = codes.to(torch.float32, memory_format=torch.channels_last)
        exact = exact.sub_(self._zero) if self._zero else exact
        return [factor.sums(exact) for factor in self._factors_for(codes)]

    def _factors_for(self, codes: Tensor) -> list[_Factor]:
        """What codes are multiplied by, one after another."""
        key = self._reach(codes), is_full_precision()
        if key not in self._factors:
            self._factors[key] = self._laid_out(*key)
        return self._factors[key]

    def _reach(self, codes: Tensor) -> Reach:
        low, high = (int(code) - self._zero for code in torch.aminmax(codes.permute(0, 2, 3, 1).reshape(-1)))
        above, below = (next(reach for reach in REACHES if code <= reach) for code in (max(0, high), max(0, -low)))
        return above, below if low < 0 else 0

    def _laid_out(self, reach: Reach, full: bool) -> list[_Factor]:
        if len(self._pieces) > 1 and full and max(reach) * self._largest_sum <= EXACT:
            return [self._factor(None, Shares(self._matrices, 1))]
        shares = [fewest_shares(weights, self._matrices, reach=reach) for weights, _ in self._pieces]
        return [self._factor(index, each) for index, each in enumerate(shares)]

    def _factor(self, index: int | None, shares: Shares | None) -> _Factor:
        """A piece of the weights, or all of them, in shares of rows; made once for all codes that need it so."""
        if (index, shares) not in self._made:
            pieces = self._pieces if index is None else [self._pieces[index]]
            precision = torch.float64 if shares is None else torch.float32
            split = shares or Shares(self._matrices, 1)
            laid_out = [split.split(weights).to(precision) * scale for weights, scale in pieces]
            self._made[index, shares] = _Factor(added(laid_out), self._windows, split)
        return self._made[index, shares]

    @classmethod
    def why_not(cls, device: str) -> str:
        return _inexact() if device == "cpu" else "shares of rows are added on the CPU"


@dataclass(frozen=True)
class _Factor:
    """What codes are multiplied by in one go.

    Attributes:
        weights: (products, channels, height, width), those of each share; float64 where no shares are small enough.
        windows: how the kernels walk over images.
        shares: of the rows.
    """

    weights: Tensor
    windows: Windows
    shares: Shares

    def sums(self, codes: Float[Tensor, "images channels height width"]) -> Float[Tensor, "images products h w"]:
        """Sums over the rows, channels last in memory.

        Args:
            codes: float32, channels last in memory, 0 for code 0.
        """
        shares, windows = self.shares, self.windows
        if shares.matrices * shares.count == 1 and self.weights.shape[2:].numel() == 1 and windows == Windows():
            vectors = codes.permute(0, 2, 3, 1)  # never in float64: a share can be one row
            return functional.linear(vectors, self.weights.flatten(1)).permute(0, 3, 1, 2)
        own = shares.split_codes(codes, 0)
        sums = windows.convolve(own.to(self.weights.dtype), self.weights, shares.matrices * shares.count).float()
        return sums if shares.count == 1 else shares.added(sums)


@cache
def _inexact() -> str:
    """Why convolutions in float32 cannot be used: of kernels for which libraries have other algorithms, they round."""
    draws = torch.Generator().manual_seed(0)
    codes = torch.randint(0, 256, (16, 48, 12, 12), generator=draws).to(torch.uint8)
    for size in (3, 5):
        pieces = [(torch.randint(-128, 128, (32, 48 // size, size, size), generator=draws).to(torch.int8), 1.0)]
        own = (pieces, Windows(padding=(1, 1)), 1, 0)
        images = codes[:, : 48 // size].contiguous(memory_format=torch.channels_last)
        if not torch.equal(Float32Multiply(*own)(images), FloatingMultiply(*own)(images)):
            return "convolutions in float32 are not exact here"
    return ""


def is_full_precision() -> bool:
    """Whether products in float32 take all bits of their factors: nobody asked PyTorch for fewer.

    Examples:
        >>> is_full_precision()
        True
    """
    kinds = (getattr(torch.backends.mkldnn, name, None) for name in ("conv", "matmul"))
    settings = [getattr(kind, "fp32_precision", "none") for kind in kinds]
    return torch.get_float32_matmul_precision() == "highest" and set(settings) <= {"none", "ieee"}
