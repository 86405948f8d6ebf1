"""The generators that users draw from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def keeping_random_state() -> Iterator[None]:
    """Leave PyTorch's generators, those of GPUs that are in use too, as they were, whatever is drawn for a while.

    Examples:
        >>> before = torch.random.get_rng_state()
        >>> with keeping_random_state():
        ...     _ = torch.rand(3)
        >>> torch.equal(torch.random.get_rng_state(), before)
        True
    """
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()):
        yield
