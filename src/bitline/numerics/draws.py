"""Random numbers that depend on what they are for, never on when they are drawn.

Every draw comes from a generator keyed by (seed, chip, layer, what). The same key gives the same numbers on every
machine and device, whatever the batch size, the order of the layers or the number of workers.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bitline.numerics.normal_stream import NormalStream, standard_normals


@dataclass(frozen=True)
class Draws:
    """A branch of the tree of random numbers.

    Args:
        key: the path of this branch: (seed, chip, layer name, ...).

    Examples:
        What a number is for decides its value, not when it is drawn:

        >>> draws = Draws((0, 2)).of("conv1")  # seed 0, chip 2, layer conv1
        >>> draws.normal((3,), "programming error")
        tensor([-1.1061,  0.5330,  0.9152])
        >>> _ = draws.normal((1000,), "read noise")
        >>> draws.normal((3,), "programming error")
        tensor([-1.1061,  0.5330,  0.9152])
    """

    key: tuple[str | int, ...]

    def of(self, *what: str | int) -> Draws:
        """The branch `what` below this one."""
        return Draws((*self.key, *what))

    def normal(self, shape: torch.Size | tuple[int, ...], what: str) -> Tensor:
        """Standard normal numbers of this shape for the purpose `what`, float32, on the CPU."""
        return torch.from_numpy(standard_normals(self._bits(what), math.prod(shape))).reshape(tuple(shape))

    def normal_stream(self, what: str) -> NormalStream:
        """The numbers of `normal` for the purpose `what`, one after another in any number."""
        return NormalStream(self._bits(what))

    def standard_uniform(self, shape: torch.Size | tuple[int, ...], what: str) -> Tensor:
        """Uniform numbers with mean 0 and standard deviation 1 for the purpose `what`, float32, on the CPU."""
        unit = self._generator(what).random(tuple(shape), dtype=np.float32)
        return torch.from_numpy((unit - np.float32(0.5)) * np.float32(np.sqrt(12.0)))

    def uniform01(self, shape: torch.Size | tuple[int, ...], what: str) -> Tensor:
        """Uniform numbers from 0 to 1 for the purpose `what`, float32, on the CPU."""
        return torch.from_numpy(self._generator(what).random(tuple(shape), dtype=np.float32))

    def integer(self, what: str) -> int:
        """A number of 63 bits: the key of a stream of random numbers that is drawn elsewhere."""
        return int.from_bytes(self._digest(what)[:8], "little") >> 1

    def _digest(self, what: str) -> bytes:
        return hashlib.blake2b(repr((*self.key, what)).encode(), digest_size=16).digest()

    def _generator(self, what: str) -> np.random.Generator:
        return np.random.Generator(self._bits(what))

    def _bits(self, what: str) -> np.random.SFC64:
        return np.random.SFC64(np.random.SeedSequence(int.from_bytes(self._digest(what), "little")))
