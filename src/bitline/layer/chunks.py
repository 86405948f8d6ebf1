"""How many images of a batch a layer evaluates at once.

Signals should stay in the processor's caches until they are converted, which asks for few images. Every chunk reads all
weights of the layer again, which asks for many vectors: in wide layers with slices the weights are far more than the
signals of a vector.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

SIGNALS = 1 << 19
"""Signals evaluated at once on a CPU, so that they stay in its caches."""
VECTORS = 256
"""Input vectors evaluated at once at least, so that reading the weights costs little beside multiplying with them."""
GPU_SIGNALS = 1 << 27
"""On a GPU: half a gigabyte, large enough to keep it busy."""


def chunks(inputs: Tensor, signals: int, positions: int, factor: int = 1) -> Iterator[slice]:
    """Parts of a batch to evaluate one after another.

    Args:
        inputs: (batch, channels, *space).
        signals: of one vector.
        positions: vectors of one image.
        factor: more signals at once, by this much.

    Examples:
        >>> import torch
        >>> list(chunks(torch.zeros(1000, 64), signals=1 << 15, positions=1))
        [slice(0, 256, None), slice(256, 512, None), slice(512, 768, None), slice(768, 1000, None)]
    """
    batch, each = len(inputs), signals * positions
    size = max(factor * (GPU_SIGNALS if inputs.is_cuda else SIGNALS) // each, 1)
    size = size if inputs.is_cuda else max(size, VECTORS // positions)
    return (slice(first, min(first + size, batch)) for first in range(0, batch, size))
