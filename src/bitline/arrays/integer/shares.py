"""Products of bytes whose rows are multiplied in shares, and the sums of these added.

Some ways to multiply round sums twice (`Multiply.rounds_twice`), or are wrong for the shape of a layer. Rows are then
shared out, as channels of further matrices: the sums of each share are whole numbers that float32 holds, whatever the
codes are, and right where a trial of its shape is. They are added in float64 and rounded once, so the sum is that of
all rows, to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from bitline.arrays.integer.product import Multiply
from bitline.arrays.integer.windows import with_more_channels
from bitline.shapes import Float, Int, Shaped

Reach = tuple[int, int]
"""How far codes reach above 0, and how far below."""
LARGEST_BYTE, EXACT = 255, 2**24
"""The largest code, and the magnitude up to which float32 holds all whole numbers."""
EXACT_ROWS = EXACT // (LARGEST_BYTE * 128)
"""Rows whose products of bytes add up exactly in float32, in any order and whatever the weights are."""
BYTES: Reach = (LARGEST_BYTE, 0)
"""The reach of bytes that code 0 is not taken away from."""


@dataclass(frozen=True)
class Shares:
    """How the rows of some matrices are shared out, along their channels.

    Attributes:
        matrices: of the product.
        count: shares of each; the last may have channels without weights.
    """

    matrices: int
    count: int

    def missing(self, channels: int) -> int:
        """Channels that a matrix lacks for equal shares."""
        return -channels % self.count

    def shape(self, weights: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of `split` weights of a shape.

        Examples:
            >>> Shares(matrices=1, count=2).shape((2, 3, 1, 1))
            (4, 2, 1, 1)
        """
        products, channels, *kernel = weights
        return (products * self.count, (channels + self.missing(channels)) // self.count, *kernel)

    def split(
        self, weights: Int[Tensor, "products channels height width"]
    ) -> Int[Tensor, "more_products fewer_channels height width"]:
        """Weights with a product for each share, matrix by matrix and share by share.

        Examples:
            >>> Shares(matrices=1, count=2).split(torch.arange(6).reshape(2, 3, 1, 1)).flatten(1)
            tensor([[0, 1],
                    [3, 4],
                    [2, 0],
                    [5, 0]])
        """
        products, channels, *kernel = weights.shape
        whole = functional.pad(weights, (0, 0, 0, 0, 0, self.missing(channels)))
        apart = whole.reshape(self.matrices, products // self.matrices, self.count, -1, *kernel)
        return apart.transpose(1, 2).reshape(self.shape(weights.shape))

    def split_codes(
        self, codes: Shaped[Tensor, "images channels height width"], zero: int
    ) -> Shaped[Tensor, "images more_channels height width"]:
        """Codes of the channels that the shares of all matrices have, one after another."""
        missing = self.missing(codes.shape[1] // self.matrices)
        return with_more_channels(codes, self.matrices, missing, zero) if missing else codes

    def added(self, sums: Float[Tensor, "images more_products h w"]) -> Float[Tensor, "images products h w"]:
        """Sums of the shares of each product, rounded once.

        Examples:
            >>> Shares(matrices=1, count=2).added(torch.tensor([2.0**24, 0.0, 3.0, 1.0]).reshape(1, 4, 1, 1)).flatten()
            tensor([1.6777e+07, 1.0000e+00])
        """
        from bitline.arrays.integer._shares_numba import add_shares

        images, products, high, wide = sums.shape
        total = sums.new_empty(images, high, wide, products // self.count)
        by_share = sums.permute(0, 2, 3, 1).reshape(-1, self.matrices, self.count, total.shape[3] // self.matrices)
        add_shares(by_share.numpy(), total.view(len(by_share), self.matrices, -1).numpy())
        return total.permute(0, 3, 1, 2)


class SharedMultiply(Multiply):
    """Each piece of the weights by a multiplication of its own, its rows in shares.

    Args:
        each: how each piece is multiplied, and its shares.
        zero: byte of code 0.
    """

    def __init__(self, each: Sequence[tuple[Multiply, Shares]], zero: int) -> None:
        self.name = each[0][0].name
        self._each, self._zero = each, zero

    def parts(
        self, codes: Shaped[Tensor, "images channels height width"]
    ) -> list[Float[Tensor, "images products h w"]]:
        found = []
        for multiply, shares in self._each:
            own = shares.split_codes(codes, self._zero)
            (sums,) = multiply.for_space(tuple(codes.shape[2:])).parts(own)
            found.append(sums if shares.count == 1 else shares.added(sums))
        return found

    @classmethod
    def why_not(cls, device: str) -> str:
        return "" if device == "cpu" else "shares of rows are added on the CPU"


def fewest_shares(
    weights: Int[Tensor, "products channels height width"], matrices: int, least: int = 1, reach: Reach = BYTES
) -> Shares | None:
    """The fewest shares whose sums float32 holds, whatever the codes are; None where those of a channel alone do not.

    A sum of bytes with weights lies between those of the largest byte with all weights below 0, and with all above. As
    long as both are at most 2^24, so is their difference, and what is left of a sum without the bytes of code 0.

    Args:
        weights: int8.
        matrices: groups of channels.
        least: shares.
        reach: of the codes.

    Examples:
        >>> weights = torch.full((4, 1152, 1, 1), 127, dtype=torch.int8)
        >>> fewest_shares(weights, matrices=1)
        Shares(matrices=1, count=3)
    """
    channels, positions = weights.shape[1], weights.shape[2:].numel()
    if least == 1 and max(reach) * 128 * channels * positions <= EXACT:
        return Shares(matrices, 1)
    sides = weights.clamp(0, 127), weights.clamp(-128, 0)
    above, below = (side.sum((2, 3), keepdim=True, dtype=torch.int64).abs() for side in sides)
    limits = torch.cat([reach[0] * above + reach[1] * below, reach[0] * below + reach[1] * above])
    for each in sorted({-(-channels // count) for count in range(least, channels + 1)}, reverse=True):
        count = -(-channels // each)
        if int(Shares(1, count).split(limits).sum(1).max()) <= EXACT:
            return Shares(matrices, count)
    return None
