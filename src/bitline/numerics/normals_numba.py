"""CPU kernel of `NormalStream`: NumPy's normal numbers, many at a time.

NumPy takes 32 bits of SFC64 for a number, the lower half of each 64 first, and turns them into one by the ziggurat of
Marsaglia and Tsang ("The Ziggurat Method for Generating Random Variables", Journal of Statistical Software 5(8), 2000)
with 256 layers: 8 bits choose a layer, one is the sign, 23 the place in it. 98.6 % of them lie inside. Here all bits of
a piece become numbers first, in loops without branches, and those outside are looked at afterwards, one by one.
"""

from __future__ import annotations

import math

import numpy as np

from bitline.numerics.threads import njit, uint64

TAIL = 3.6541528853610087963519472518
"""Where the last layer begins, beyond which is the tail."""
PLACES = 2.0**23
PIECE = 2048
"""Numbers of 32 bits that are drawn at once."""
SPARE = 64
"""Of them kept for what lies outside a layer: a number in the tail takes two in 93 % of all trials."""


def _edges() -> list[float]:
    """Where the layers end, from the innermost to the last, which reaches as far as its area asks for."""
    area = TAIL * math.exp(-0.5 * TAIL**2) + math.sqrt(math.pi / 2) * math.erfc(TAIL / math.sqrt(2))
    edges = [area / math.exp(-0.5 * TAIL**2), TAIL]
    while len(edges) < 256:
        edges.append(math.sqrt(-2 * math.log(area / edges[-1] + math.exp(-0.5 * edges[-1] ** 2))))
    return edges[::-1]


_ENDS = _edges()  # of layers 1 to 255 and of layer 0, the one with the tail
_INNER = [TAIL, 0.0, *_ENDS[:-2]]
_OUTER = [_ENDS[-1], *_ENDS[:-1]]
WIDTH = np.array([outer / PLACES for outer in _OUTER], np.float32)
INSIDE = np.array([round(inner / outer * PLACES) for inner, outer in zip(_INNER, _OUTER, strict=True)], np.uint32)
HEIGHT = np.array([1.0, *(math.exp(-0.5 * outer**2) for outer in _OUTER[1:])], np.float32)
START, INVERSE = np.float32(TAIL), np.float32(1 / TAIL)
UNIT = np.float32(2.0**-24)
U3, U11, U24, U32, U40, ONE = (uint64(bits) for bits in (3, 11, 24, 32, 40, 1))
BYTE, SIGN, NINE, EIGHT = (np.uint32(bits) for bits in (255, 256, 9, 8))


@njit(inline="always")
def _draw(state, raw):  # type: ignore[no-untyped-def]
    """Fill `raw` (n,) uint64 by SFC64, whose state is (4,) uint64."""
    a, b, c, counter = state[0], state[1], state[2], state[3]
    for place in range(len(raw)):
        drawn = a + b + counter
        counter += ONE
        a = b ^ (b >> U11)
        b = c + (c << U3)
        c = ((c << U24) | (c >> U40)) + drawn
        raw[place] = drawn
    state[0], state[1], state[2], state[3] = a, b, c, counter


@njit(cache=True)
def _refill(state, raw, values, outside, places, at):  # type: ignore[no-untyped-def]
    """Keep what is left of a piece from `at` on, draw the rest, and make numbers of all.

    Writes where numbers lie outside their layers into `places`, the end of the piece last, and gives the new `at`.
    """
    bits = raw.view(np.uint32)
    first = at & ~1  # whole 64 bits
    left = PIECE - first
    for index in range(left):
        bits[index] = bits[first + index]
    _draw(state, raw[left // 2 :])
    for index in range(PIECE):
        layer, where = bits[index] & BYTE, bits[index] >> NINE
        value = np.float32(np.int32(where)) * WIDTH[layer]
        values[index] = -value if bits[index] & SIGN else value
        outside[index] = where >= INSIDE[layer]
    _list(outside, places)
    return at - first


@njit(inline="always")
def _list(outside, places):  # type: ignore[no-untyped-def]
    """Write where `outside` is not 0 into `places`, PIECE last; without branches, which would be guessed wrong."""
    eight = outside.view(np.uint64)
    words = np.empty(PIECE // 8 + 1, np.int32)
    count = 0
    for word in range(PIECE // 8):
        words[count] = word
        count += eight[word] != 0
    found = 0
    for index in range(count):
        first = 8 * words[index]
        for place in range(first, first + 8):
            places[found] = place
            found += outside[place]
    places[found] = PIECE


@njit(inline="always")
def _unit(bits):  # type: ignore[no-untyped-def]
    return np.float32(np.int32(bits >> EIGHT)) * UNIT


@njit(inline="always")
def _outside(bits, values, at):  # type: ignore[no-untyped-def]
    """A number that is not inside its layer: the next place, whether it is taken, and the number."""
    layer, where, value = bits[at] & BYTE, bits[at] >> NINE, values[at]
    if layer > 0:
        high, low = HEIGHT[layer - np.uint32(1)], HEIGHT[layer]
        height = (high - low) * _unit(bits[at + 1]) + low
        return at + 2, height < math.exp(-0.5 * np.float64(value) * np.float64(value)), value
    while True:
        beyond = -INVERSE * np.float32(math.log1p(-_unit(bits[at + 1])))
        chance = -np.float32(math.log1p(-_unit(bits[at + 2])))
        at += 2
        if chance + chance > beyond * beyond:
            number = START + beyond
            return at + 1, True, -number if (where >> EIGHT) & np.uint32(1) else number


@njit(cache=True)
def take_normals(state, raw, values, outside, places, position, numbers):  # type: ignore[no-untyped-def]
    """See `NormalStream.take`; writes `numbers` (n,) float32. `position` is that in the piece and in `places`."""
    bits = raw.view(np.uint32)
    at, listed, taken, wanted = position[0], position[1], 0, len(numbers)
    while taken < wanted:
        if at > PIECE - SPARE:
            at, listed = _refill(state, raw, values, outside, places, at), 0
        while places[listed] < at:  # bits that were taken for something else
            listed += 1
        end = min(PIECE - SPARE + 1, at + wanted - taken, places[listed])
        found, room = values[at:end], numbers[taken : taken + end - at]
        for index in range(len(room)):
            room[index] = found[index]
        taken += end - at
        at = end
        if end == places[listed] and taken < wanted and at <= PIECE - SPARE:
            at, is_taken, number = _outside(bits, values, at)
            numbers[taken] = number
            taken += is_taken
    position[0], position[1] = at, listed
