"""NumPy's standard normal numbers in float32, the same to the bit, in a quarter of the time.

NumPy draws them one by one, through calls of functions. Chips have tens of millions of cells, and stored results
depend on their numbers, so the same numbers are made here many at a time.
"""

from __future__ import annotations

import platform
import sys
from functools import cache

import numpy as np

ENOUGH = 2048
"""Numbers from which on a piece of the stream pays off."""
TRIED = 1 << 20
"""Numbers that are compared with NumPy's before any is used, which takes 15 ms: among them are some 270 of the tail."""


class NormalStream:
    """The normal numbers that a generator of NumPy draws one after another.

    Args:
        bits: the generator's bits, not yet drawn from; they stay as they are.

    Examples:
        >>> stream = NormalStream(np.random.SFC64(1))
        >>> numbers = np.empty(3, np.float32)
        >>> stream.take(numbers)
        >>> numbers.tolist() == np.random.Generator(np.random.SFC64(1)).standard_normal(3, np.float32).tolist()
        True
    """

    def __init__(self, bits: np.random.SFC64) -> None:
        from bitline.numerics.normals_numba import PIECE

        state = np.array(bits.state["state"]["state"], np.uint64)
        raw, values, outside = np.empty(PIECE // 2, np.uint64), np.empty(PIECE, np.float32), np.empty(PIECE, np.uint8)
        places, position = np.full(PIECE + 1, PIECE, np.int32), np.array([PIECE, 0])
        self.buffers = state, raw, values, outside, places, position

    def take(self, numbers: np.ndarray) -> None:
        """Fill `numbers` (n,) float32 with the next ones."""
        from bitline.numerics.normals_numba import take_normals

        take_normals(*self.buffers, numbers)


def standard_normals(bits: np.random.SFC64, count: int) -> np.ndarray:
    """So many normal numbers, float32: those of `numpy.random.Generator(bits)`.

    Examples:
        >>> standard_normals(np.random.SFC64(0), 5000)[:2].tolist() == standard_normals(np.random.SFC64(0), 2).tolist()
        True
    """
    if count < ENOUGH or not is_numpys():
        return np.random.Generator(bits).standard_normal(count, dtype=np.float32)
    numbers = np.empty(count, np.float32)
    NormalStream(bits).take(numbers)
    return numbers


@cache
def is_numpys() -> bool:
    """Whether the numbers of the stream are NumPy's here.

    They are compared once in a process. Compilers for other processors than x86 fuse multiplications with additions in
    NumPy, which changes one number in millions: too few to be found.
    """
    if platform.machine().lower() not in ("x86_64", "amd64") or sys.byteorder != "little":
        return False
    numbers = np.empty(TRIED, np.float32)
    NormalStream(np.random.SFC64(0)).take(numbers)
    return np.array_equal(numbers, np.random.Generator(np.random.SFC64(0)).standard_normal(TRIED, np.float32))
