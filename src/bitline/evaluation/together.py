"""How many samples go through a network together, so that its outputs stay in memory that was used before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree

from bitline.nn.hooks import hooked

TOGETHER = 32 << 20
"""Bytes of the largest output of a module, of all samples that go together.

The C library of Linux keeps freed blocks of up to 32 MiB for the next tensors (mallopt(3), `M_MMAP_THRESHOLD`). It asks
the system for larger ones every time, which clears them page by page: of ResNet-50 with 64 images at once, that was up
to half of the time.
"""


class LargestOutput:
    """The largest output of a module on the CPU that was seen so far.

    Attributes:
        size: its bytes; those of GPUs have memory of their own, and are not counted.
    """

    def __init__(self) -> None:
        self.size = 0

    def note(self, module: nn.Module, inputs: Any, outputs: Any) -> None:
        """Look at what a module has returned, as a hook of PyTorch's."""
        for value in _pytree.tree_leaves(outputs):
            if isinstance(value, Tensor) and value.device.type == "cpu":
                self.size = max(self.size, value.nbytes)

    def together(self, samples: int, most: int) -> int:
        """How many samples go through the network together.

        Args:
            samples: how many the outputs that were seen are of.
            most: at most.

        Examples:
            >>> seen = LargestOutput()
            >>> seen.size = 2 * 3_211_264  # of two images, as the first layer of ResNet-50 has them
            >>> seen.together(samples=2, most=64)
            10
        """
        return max(1, min(most, TOGETHER * samples // max(1, self.size)))


@contextmanager
def largest_output(network: nn.Module) -> Iterator[LargestOutput]:
    """Watch what the modules of a network return.

    Examples:
        >>> import torch
        >>> network = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
        >>> with largest_output(network) as seen:
        ...     _ = network(torch.rand(3, 4))
        >>> seen.size == 3 * 8 * 4
        True
    """
    seen = LargestOutput()
    with hooked(module.register_forward_hook(seen.note) for module in network.modules()):
        yield seen
