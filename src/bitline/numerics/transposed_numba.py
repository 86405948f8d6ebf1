"""Rows and columns of a matrix of bytes change places, eight by eight in registers.

See Warren, "Hacker's Delight", section 7-3.
"""

from __future__ import annotations

from bitline.numerics.threads import njit, uint64

TILE = 64
"""Rows that are read before the next columns, so that lines of both matrices stay in cache."""
FOUR, TWO, ONE = (uint64(bits) for bits in (0x00000000FFFFFFFF, 0x0000FFFF0000FFFF, 0x00FF00FF00FF00FF))
S32, S16, S8 = (uint64(bits) for bits in (32, 16, 8))


@njit(inline="always")
def _swapped(a, b, shift, mask):  # type: ignore[no-untyped-def]
    """The upper parts of `a` and the lower ones of `b` change places."""
    both = ((a >> shift) ^ b) & mask
    return a ^ (both << shift), b ^ both


@njit(inline="always")
def transpose_eights(source, target):  # type: ignore[no-untyped-def]
    """A matrix (rows, columns / 8) into (columns, rows / 8), uint64 of eight bytes each, on little-endian machines."""
    rows, eights = source.shape
    for first in range(0, rows, TILE):
        for eight in range(eights):
            for row in range(first, min(rows, first + TILE), 8):
                a, b, c, d = source[row, eight], source[row + 1, eight], source[row + 2, eight], source[row + 3, eight]
                row += 4
                e, f, g, h = source[row, eight], source[row + 1, eight], source[row + 2, eight], source[row + 3, eight]
                a, e = _swapped(a, e, S32, FOUR)
                b, f = _swapped(b, f, S32, FOUR)
                c, g = _swapped(c, g, S32, FOUR)
                d, h = _swapped(d, h, S32, FOUR)
                a, c = _swapped(a, c, S16, TWO)
                b, d = _swapped(b, d, S16, TWO)
                e, g = _swapped(e, g, S16, TWO)
                f, h = _swapped(f, h, S16, TWO)
                a, b = _swapped(a, b, S8, ONE)
                c, d = _swapped(c, d, S8, ONE)
                e, f = _swapped(e, f, S8, ONE)
                g, h = _swapped(g, h, S8, ONE)
                column, place = 8 * eight, row >> 3
                target[column, place], target[column + 1, place] = a, b
                target[column + 2, place], target[column + 3, place] = c, d
                target[column + 4, place], target[column + 5, place] = e, f
                target[column + 6, place], target[column + 7, place] = g, h


@njit(inline="always")
def transpose_all(source, target):  # type: ignore[no-untyped-def]
    """Any matrix (rows, columns) into (columns, rows)."""
    rows, columns = source.shape
    for first in range(0, rows, TILE):
        for column in range(columns):
            for row in range(first, min(rows, first + TILE)):
                target[column, row] = source[row, column]
