"""The value of each image, such as whether it was classified right, in the few bytes that a store keeps of it."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray


def pack(values: NDArray[np.generic]) -> bytes:
    """Bytes for a store: zlib over little-endian float32.

    Args:
        values: one for each image, (images,): 1 where it was classified right, and 0 where it was not.

    Examples:
        >>> unpack(pack(np.array([True, False, True])), 3).tolist()
        [1.0, 0.0, 1.0]
    """
    return zlib.compress(values.astype("<f4").tobytes(), level=9)


def unpack(packed: bytes, images: int) -> NDArray[np.float32]:
    """What `pack` was given, as float32, (images,).

    Args:
        packed: bytes of a store.
        images: how many values there should be; nothing bigger is unpacked.

    Raises:
        ValueError: the bytes are damaged, or hold another number of values.

    Examples:
        >>> unpack(pack(np.zeros(3)), 4)
        Traceback (most recent call last):
        ValueError: the values of 4 images are damaged
    """
    try:
        content = zlib.decompressobj().decompress(packed, max_length=4 * images + 1)
    except (zlib.error, TypeError):
        content = b""
    if len(content) != 4 * images:
        raise ValueError(f"the values of {images} images are damaged")
    return np.frombuffer(content, "<f4").astype(np.float32)
