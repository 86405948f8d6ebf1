"""How oneDNN lays weights of bytes out for its products, learnt by trying, and weights laid out so without it.

Its own way takes as long as drawing the cells' errors. Four channels of an output lie side by side, and where they lie
is a sum of what output, channel and kernel position add: so one pass writes them there. What is around them (channels
that fill a block up, gaps between lines of cache) stays what the library left there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bitline.shapes import Int

DIGIT = 7
"""Bits of a weight's number that a byte without sign holds."""


@dataclass(frozen=True)
class PackedLayout:
    """Where weights lie: four channels of an output for one position of the kernel fill a word of 32 bits.

    Attributes:
        template: weights as the library packs them.
        of_outputs, of_channels, of_positions: what each output, four channels and each position of the kernel add to
            the place of a word, uint64.
    """

    template: Tensor
    of_outputs: np.ndarray
    of_channels: np.ndarray
    of_positions: np.ndarray

    @classmethod
    def learnt(cls, pack: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> PackedLayout | None:
        """The layout of weights of a shape; None where it is another, or where weights cannot be written.

        Args:
            pack: the library's own way, for int8 weights.
            shape: of the weights, (products, channels, height, width).
        """
        try:
            places = _places(pack, shape)
        except (AttributeError, RuntimeError, NotImplementedError):  # operations that are no public interface
            return None
        if places is None or shape[1] % 4:
            return None
        first = places[0, 0, 0]
        outputs, channels, positions = places[:, 0, 0], places[0, :, 0] - first, places[0, 0] - first
        sums = outputs[:, None, None] + channels[None, :, None] + positions
        side_by_side = channels.reshape(-1, 4) == channels[::4, None] + np.arange(4)
        by_four = (outputs % 4 == 0).all() and (channels[::4] % 4 == 0).all() and (positions % 4 == 0).all()
        if not (by_four and side_by_side.all() and np.array_equal(sums, places)):
            return None
        random = torch.randint(-128, 128, shape, generator=torch.Generator().manual_seed(0)).to(torch.int8)
        words = [(added // 4).astype(np.uint64) for added in (outputs, channels[::4], positions)]
        layout = cls(pack(torch.zeros(shape, dtype=torch.int8)), *words)
        mine, theirs = layout.packed(random), pack(random)  # which may keep sums of weights beside them
        return layout if np.array_equal(memory_of(mine), memory_of(theirs)) else None

    def packed(self, weights: Int[Tensor, "products channels height width"]) -> Tensor:
        """Weights as the library packs them; int8, contiguous."""
        from bitline.arrays.integer._layout_numba import fill_kernels, fill_matrix

        room = self.template.clone()
        plain, memory = weights.reshape(*weights.shape[:2], -1).numpy().view(np.uint8), memory_of(room).view(np.uint32)
        if plain.shape[2] == 1:
            fill_matrix(plain[:, :, 0].view(np.uint32), self.of_outputs, self.of_channels, memory)
        else:
            fill_kernels(plain, self.of_outputs, self.of_channels, self.of_positions, memory)
        return room


def name_of(packed: Tensor) -> bytes:
    """What the library calls a layout, with the shape of the weights."""
    described: Tensor = torch.ops.mkldnn._get_mkldnn_serialized_md(packed)
    return described.numpy().tobytes()


def _places(pack: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> np.ndarray | None:
    """Where each weight lies, (products, channels, positions): weights are packed that are digits of their number."""
    count = int(np.prod(shape))
    numbers = torch.arange(count)
    found: np.ndarray | None = None
    for digit in range(-(-count.bit_length() // DIGIT)):
        digits = ((numbers >> (DIGIT * digit)) & (2**DIGIT - 1)).to(torch.int8).reshape(shape)
        packed = pack(digits)
        own = memory_of(packed).astype(np.int64) << (DIGIT * digit)
        found = own if found is None else found + own
    assert found is not None
    packed = pack(torch.ones(shape, dtype=torch.int8))
    held = np.flatnonzero(memory_of(packed) == 1)
    places = np.full(count, -1)
    inside = held[found[held] < count]
    places[found[inside]] = inside
    return None if (places < 0).any() or len(memory_of(packed)) % 4 else places.reshape(*shape[:2], -1)


def memory_of(packed: Tensor) -> np.ndarray:
    """The bytes of packed weights, which live as long as these do."""
    size, address = torch.ops.mkldnn._nbytes(packed), torch.ops.mkldnn.data_ptr(packed)
    memory = memoryview((ctypes.c_uint8 * size).from_address(address)).cast("B")
    return np.frombuffer(memory, np.uint8)
