"""Whether a way to multiply bytes is exact where it is used: found out by trying, once for each shape of a layer."""

from __future__ import annotations

from functools import cache

import torch

from bitline.arrays.integer.floating import FloatingMultiply
from bitline.arrays.integer.product import Multiply
from bitline.arrays.integer.shares import EXACT_ROWS
from bitline.arrays.integer.windows import Windows
from bitline.numerics.out_of_memory import is_out_of_memory


@cache
def is_exact(
    kind: type[Multiply],
    shape: tuple[int, ...],
    windows: Windows,
    matrices: int,
    zero: int,
    device: str = "cpu",
    space: tuple[int, ...] | None = None,
) -> bool:
    """Whether products of this shape are exact for random codes and weights, and for the largest that it may meet.

    Args:
        kind: the way to multiply.
        shape: of the weights, (products, channels, height, width).
        windows, matrices, zero: as for `Multiply`.
        device: where it multiplies.
        space: height and width of the images; a few windows along both axes if not given.

    Examples:
        >>> is_exact(FloatingMultiply, (4, 2, 3, 3), Windows(), matrices=1, zero=128)
        True
    """
    draws = torch.Generator().manual_seed(0)

    def random(low: int, high: int, *shape: int) -> torch.Tensor:
        return torch.randint(low, high, shape, generator=draws)

    weights = random(-128, 128, *shape).to(torch.int8)
    first, last = weights[0].view(-1), weights[-1].view(-1)
    count = min(len(first), EXACT_ROWS) if kind.rounds_twice(zero) else len(first)
    first[:count], first[count:] = 127, 0
    last[-count:], last[: len(last) - count] = -128, 0
    few = [places + 2 * s for places, s in zip(windows.reach(shape[2:]), windows.stride, strict=True)]
    codes = random(0, 256, 2, matrices * shape[1], *(space or few)).to(torch.uint8)
    codes[0] = 255
    images = codes.contiguous(memory_format=torch.channels_last)
    pieces = [(weights, 1.0), (weights.flip(0), 256.0)]
    try:
        there = [(piece.to(device), scale) for piece, scale in pieces]
        found = kind(there, windows, matrices, zero)(images.to(device)).cpu()
    except Exception as error:  # whatever a library or a compiler raises that cannot do this
        if is_out_of_memory(error):
            raise  # which says nothing of the next time
        return False
    return torch.equal(found, FloatingMultiply(pieces, windows, matrices, zero)(images))
