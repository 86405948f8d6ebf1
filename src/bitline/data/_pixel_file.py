"""Files of decoded images that processes map into memory.

A file is a head, and from a multiple of `PAGE` on the bytes of the images, (images, ...), one after the other. The head
is `MAGIC`, the number of axes and the shape as little-endian integers of 8 bytes, the digest of the file of every image
(16 bytes each), the CRC-32 of the bytes of every image (4 bytes each), and a digest of all that (16 bytes).
"""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bitline.config.files import replacing
from bitline.data.stored_images import rows_at

MAGIC = b"bitline pixels 1\n"
PAGE = 4096
DIGEST = 16
"""Bytes of a digest."""
AXES = 8
"""Most axes of a shape."""


@dataclass(frozen=True)
class PixelFile:
    """A file of decoded images whose head is whole; images are compared with their checksums when they are first read.

    Attributes:
        path: the file.
        shape: (images, ...).
        digests: of the source of each image, (images, 16), uint8.
        checksums: CRC-32 of each image, (images,).
    """

    path: Path
    shape: tuple[int, ...]
    digests: np.ndarray = field(repr=False)
    checksums: np.ndarray = field(repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Without the map, which every process makes for itself."""
        return {name: value for name, value in self.__dict__.items() if name not in ("values", "seen")}

    @cached_property
    def values(self) -> Tensor:
        """All images, mapped.

        Raises:
            OSError, ValueError: the file is not there any more, or shorter.
        """
        # "c": writes, which nobody makes, would stay in this process
        mapped = np.memmap(self.path, np.uint8, "c", _start(self.shape), self.shape)
        return torch.from_numpy(mapped)

    @cached_property
    def seen(self) -> np.ndarray:
        """Which images this process found whole."""
        return np.zeros(self.shape[0], dtype=bool)

    def read(self, places: Tensor) -> tuple[Tensor, list[int]]:
        """Images, and where among them those are whose bytes are damaged.

        Args:
            places: numbers of images, (places,), int64.

        Raises:
            OSError, ValueError: the file is not there any more, or shorter.
        """
        values = rows_at(self.values, places)
        damaged = []
        for index, place in enumerate(places.tolist()):
            if not self.seen[place]:
                if zlib.crc32(_buffer(values[index])) == self.checksums[place]:
                    self.seen[place] = True
                else:
                    damaged.append(index)
        return values, damaged


def read_pixel_file(path: Path) -> PixelFile | None:
    """A file of decoded images; None if there is none, or it is damaged.

    Args:
        path: the file.
    """
    try:
        with path.open("rb") as file:
            fixed = file.read(len(MAGIC) + 8)
            (axes,) = struct.unpack("<q", fixed[len(MAGIC) :])
            if not fixed.startswith(MAGIC) or not 1 <= axes <= AXES:
                return None
            sizes = file.read(8 * axes)
            shape = struct.unpack(f"<{axes}q", sizes)
            if min(shape) < 1 or _start(shape) + math.prod(shape) != path.stat().st_size:
                return None
            digests, checksums = file.read(DIGEST * shape[0]), file.read(4 * shape[0])
            if file.read(DIGEST) != _digest(fixed + sizes + digests + checksums):
                return None
    except (OSError, ValueError, struct.error):
        return None
    known = np.frombuffer(digests, np.uint8).reshape(-1, DIGEST)
    return PixelFile(path, shape, known, np.frombuffer(checksums, "<u4"))


def write_pixel_file(
    path: Path, shape: tuple[int, ...], digests: np.ndarray, images: Iterable[np.ndarray], room: Callable[[int], None]
) -> None:
    """Write a file of decoded images, whole or not at all.

    Args:
        path: the file.
        shape: (images, ...).
        digests: of the source of each image, (images, 16), uint8.
        images: the images one by one, uint8.
        room: makes room for so many bytes.

    Raises:
        OSError: it cannot be written.
    """
    room(_start(shape) + math.prod(shape))
    checksums = np.zeros(shape[0], "<u4")
    with replacing(path) as part, part.open("wb") as file:
        file.seek(_start(shape))
        for index, image in enumerate(images):
            content = np.ascontiguousarray(image).data
            checksums[index] = zlib.crc32(content)
            file.write(content)
        head = MAGIC + struct.pack(f"<{1 + len(shape)}q", len(shape), *shape) + digests.tobytes() + checksums.tobytes()
        file.seek(0)
        file.write(head + _digest(head))


def _start(shape: tuple[int, ...]) -> int:
    """Where the bytes of the images begin."""
    head = len(MAGIC) + 8 * (1 + len(shape)) + (DIGEST + 4) * shape[0] + DIGEST
    return -(-head // PAGE) * PAGE


def _buffer(image: Tensor) -> memoryview:
    return np.ascontiguousarray(image.numpy()).data


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST).digest()
