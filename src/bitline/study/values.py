"""The values of each sample, such as whether it was classified right, in the few bytes that a store keeps of them.

Behind these bytes, which have a checksum of their own, lies one of the rest of the row: see `sealed`.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from bitline.errors import DataError

MOST = 65_536
"""Values of a sample at most: three for each of 21,000 classes."""


def pack(values: NDArray[np.generic]) -> bytes:
    """Bytes for a store: zlib over little-endian numbers, float32 where all are 0 or 1 and float64 where they are not.

    Args:
        values: of each sample, (samples,) or (samples, columns): 1 where it was classified right, and 0 where it was
            not, or what another measure is made of.

    Raises:
        DataError: a sample has more values than `MOST`.

    Examples:
        >>> unpack(pack(np.array([True, False, True])), 3).tolist()
        [[1.0], [0.0], [1.0]]
    """
    if values.size > MOST * len(values):
        raise DataError(
            f"the measure keeps {values.size // len(values):,} values of each sample: a store has room for {MOST:,}"
        )
    is_right = values.size == len(values) and bool(np.isin(values, (0, 1)).all())
    return zlib.compress(values.astype("<f4" if is_right else "<f8").tobytes(), level=9)


MARK = b"\x00row"
"""Stands before the checksum of a row; rows of earlier versions end without both."""
SEAL = len(MARK) + 4
"""Bytes that `sealed` adds."""


def sealed(packed: bytes, *row: str | int) -> bytes:
    """Packed values, and a checksum (CRC-32) of what else their row says, which `unpack` passes over.

    Args:
        packed: as from `pack`.
        row: what was measured, and how many images were right.

    Examples:
        >>> packed = sealed(pack(np.ones(3)), "analog", "a1", 3)
        >>> unpack(packed, 3).tolist(), is_genuine(packed[-SEAL:], "analog", "a1", 3)
        ([[1.0], [1.0], [1.0]], True)
    """
    return packed + MARK + _checksum(row)


def is_genuine(end: bytes, *row: str | int) -> bool:
    """Whether a row says what it said when it was written, or was written without a checksum.

    Args:
        end: the last bytes of its packed values.
        row: as given to `sealed`.

    Examples:
        >>> is_genuine(sealed(b"", "analog", 3), "analog", 2), is_genuine(pack(np.ones(3))[-SEAL:], "analog", 2)
        (False, True)
    """
    return not end.startswith(MARK) or end[len(MARK) :] == _checksum(row)


def _checksum(row: tuple[str | int, ...]) -> bytes:
    return zlib.crc32("\n".join(map(str, row)).encode()).to_bytes(4, "little")


def unpack(packed: bytes, images: int) -> NDArray[np.float64]:
    """What `pack` was given, (samples, columns).

    Args:
        packed: bytes of a store.
        images: how many samples there should be; nothing bigger is unpacked.

    Raises:
        ValueError: the bytes are damaged, or hold another number of values.

    Examples:
        >>> unpack(pack(np.zeros(3)), 4)
        Traceback (most recent call last):
        ValueError: the values of 4 images are damaged
    """
    try:
        content = zlib.decompressobj().decompress(packed, max_length=8 * images * MOST + 1)
    except (zlib.error, TypeError):
        content = b""
    is_right = len(content) == 4 * images
    if not content or not (is_right or len(content) % (8 * images) == 0) or len(content) > 8 * images * MOST:
        raise ValueError(f"the values of {images} images are damaged")
    return np.frombuffer(content, "<f4" if is_right else "<f8").astype(np.float64).reshape(images, -1)
