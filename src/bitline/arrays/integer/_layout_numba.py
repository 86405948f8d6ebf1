"""CPU kernel of `PackedLayout`."""

from __future__ import annotations

import numpy as np

from bitline.numerics.threads import njit, prange

BLOCK = 64
"""Outputs, and fours of channels, that are written together: what they are read from and written to stays in cache."""
B8, B16, B24 = (np.uint32(bits) for bits in (8, 16, 24))


@njit(parallel=True, cache=True)
def fill_matrix(fours, of_outputs, of_channels, memory):  # type: ignore[no-untyped-def]
    """Write weights of a kernel of one position, (products, fours of channels) uint32, into memory (words,).

    All places are in words, uint64.
    """
    products, count = fours.shape
    for task in prange((products + BLOCK - 1) // BLOCK):
        for block in range(0, count, BLOCK):
            places = of_channels[block : block + BLOCK]
            for output in range(task * BLOCK, min(products, (task + 1) * BLOCK)):
                own, start = fours[output, block : block + BLOCK], of_outputs[output]
                for four in range(len(own)):
                    memory[start + places[four]] = own[four]


@njit(parallel=True, cache=True)
def fill_kernels(weights, of_outputs, of_channels, of_positions, memory):  # type: ignore[no-untyped-def]
    """Write weights (products, channels, positions) uint8 into memory (words,) uint32, on little-endian machines."""
    products, _, positions = weights.shape
    for task in prange((products + BLOCK - 1) // BLOCK):
        for four in range(len(of_channels)):
            for output in range(task * BLOCK, min(products, (task + 1) * BLOCK)):
                start, own = of_outputs[output] + of_channels[four], weights[output, 4 * four : 4 * four + 4]
                for position in range(positions):
                    low = np.uint32(own[0, position]) | (np.uint32(own[1, position]) << B8)
                    high = (np.uint32(own[2, position]) << B16) | (np.uint32(own[3, position]) << B24)
                    memory[start + of_positions[position]] = low | high
